# libssh2 >= 1.11: older ones cannot log in with an RSA key on OpenSSH >= 8.8 (no rsa-sha2 signatures).
# The system's, where it is new enough; else Debian 13's source, built once into the build tree.
pkg_check_modules(libssh2_system QUIET IMPORTED_TARGET libssh2>=1.11)
if(libssh2_system_FOUND AND NOT HOSTING_SANITIZER)
    add_library(hosting_libssh2 ALIAS PkgConfig::libssh2_system)
    return()
endif()

set(libssh2_prefix ${PROJECT_BINARY_DIR}/libssh2)
if(NOT EXISTS ${libssh2_prefix}/lib/libssh2.a)
    message(STATUS "libssh2 >= 1.11 is not installed: building Debian 13's into ${libssh2_prefix}")
    execute_process(
        COMMAND ${PROJECT_SOURCE_DIR}/cmake/build-libssh2 ${libssh2_prefix} "${HOSTING_SANITIZER}"
        RESULT_VARIABLE libssh2_failed)
    if(libssh2_failed)
        message(FATAL_ERROR "cmake/build-libssh2 failed; what it printed above says why")
    endif()
endif()
add_library(hosting_libssh2 INTERFACE)
target_include_directories(hosting_libssh2 SYSTEM INTERFACE ${libssh2_prefix}/include)
target_link_libraries(hosting_libssh2 INTERFACE ${libssh2_prefix}/lib/libssh2.a OpenSSL::Crypto)
