# The toolchain of the preset fuzz: libFuzzer is clang's. Version 16 where there is one: Debian 12's plain clang (14) does
# not understand its libstdc++.
find_program(HOSTING_CLANG NAMES clang-16 clang REQUIRED)
find_program(HOSTING_CLANGXX NAMES clang++-16 clang++ REQUIRED)
set(CMAKE_C_COMPILER ${HOSTING_CLANG})
set(CMAKE_CXX_COMPILER ${HOSTING_CLANGXX})
set(ENV{CC} ${HOSTING_CLANG}) # for cmake/build-libssh2
