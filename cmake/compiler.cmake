# Flags for every target, gathered in one interface library.
add_library(hosting_flags INTERFACE)
target_include_directories(hosting_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(hosting_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow=local -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # g++ 12.2 reports these on correct code: coroutines, and "text" + std::string.
    target_compile_options(hosting_flags INTERFACE -Wno-mismatched-new-delete -Wno-restrict)
endif()
if(HOSTING_WARNINGS_AS_ERRORS)
    target_compile_options(hosting_flags INTERFACE -Werror)
endif()
if(HOSTING_SANITIZER)
    # -O0: g++ needs four times as long to instrument optimised coroutines.
    add_compile_options(-fsanitize=${HOSTING_SANITIZER} -fno-omit-frame-pointer -fno-sanitize-recover=all -O0 -g1)
    add_link_options(-fsanitize=${HOSTING_SANITIZER})
    if(HOSTING_SANITIZER STREQUAL thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        target_compile_options(hosting_flags INTERFACE -Wno-tsan)
    endif()
endif()

# What one checkout compiled, another one finds: paths of the checkout are relative to it.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    set(compiler_cache ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
    set(CMAKE_C_COMPILER_LAUNCHER ${compiler_cache})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${compiler_cache})
endif()
