set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(idn2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(psl REQUIRED IMPORTED_TARGET libpsl)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)

# Debian 12's unversioned Boost is 1.74 and lacks Boost.JSON; its libboost1.81-* has it. Newer ones come first.
find_package(Boost 1.81 REQUIRED COMPONENTS json OPTIONAL_COMPONENTS unit_test_framework)

# Beast and Asio are compiled once, in adapters/boost_impl.cpp: their inline form costs every source 20 s.
add_library(hosting_boost INTERFACE)
target_link_libraries(hosting_boost INTERFACE Boost::json OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_definitions(hosting_boost INTERFACE
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
    BOOST_ASIO_DISABLE_BOOST_COROUTINE BOOST_ALLOW_DEPRECATED_HEADERS)

if(HOSTING_SANITIZER STREQUAL thread)
    # ThreadSanitizer does not understand the fences of Asio's std::atomic reference counts: it would see races where
    # the last owner frees. Asio's other counts have none.
    target_compile_definitions(hosting_boost INTERFACE BOOST_ASIO_DISABLE_STD_ATOMIC)
endif()

include(cmake/libssh2.cmake)
