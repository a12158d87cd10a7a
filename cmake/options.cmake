# dmp_options: what every module of the product is compiled with.
option(DMP_TESTS "Build the tests" ON)
set(DMP_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (address,undefined or thread)")
option(DMP_HARDEN "Exploit mitigations for what people run" OFF)

find_program(DMP_CCACHE ccache)
if(DMP_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DMP_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${DMP_CCACHE})
endif()

add_library(dmp_options INTERFACE)
target_compile_features(dmp_options INTERFACE cxx_std_20)
target_include_directories(dmp_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(dmp_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wold-style-cast -Werror
  # nlohmann's and the standard library's inlined code trips these two at -O2 under sanitizers.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-stringop-overflow -Wsuggest-override>)
target_compile_definitions(dmp_options INTERFACE DMP_VERSION="${PROJECT_VERSION}")
set_property(TARGET dmp_options PROPERTY INTERFACE_POSITION_INDEPENDENT_CODE ON)

find_package(Threads REQUIRED)
target_link_libraries(dmp_options INTERFACE Threads::Threads)

if(DMP_SANITIZE)
  # Left out: checks before every use of a pointer. The address sanitizer or the
  # hardware stops at most of what they would find, and they double what the tests take to compile.
  target_compile_options(dmp_options INTERFACE
    -fsanitize=${DMP_SANITIZE} -fno-sanitize=null,alignment,object-size,vptr
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(dmp_options INTERFACE -fsanitize=${DMP_SANITIZE})
endif()

if(DMP_HARDEN)
  target_compile_options(dmp_options INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS
    -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  target_link_options(dmp_options INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
