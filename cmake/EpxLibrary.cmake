# One library target per folder: the folder rtl_model/map is the target epx_rtl_model_map, alias
# epx::rtl_model_map. The dependency arrows of docs/architecture.md are enforced here: a folder may
# link only to folders on a lower floor, and sees only the headers of what it links.

set(EPX_C_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                   -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef)
# Plain-data structs: what an initialiser leaves out is zero, and zero is the default.
set(EPX_CXX_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers)
# Threads' stacks are small on some systems, and a stack that is too small is a crash: what grows with
# a network, an array or a file is allocated. Tests may have what they like; sanitizers and coverage
# counters widen frames.
set(EPX_FRAME_WARNING -Wframe-larger-than=65536)
option(EPX_WERROR "Treat warnings as errors" OFF)
set(EPX_SANITIZE "" CACHE STRING "Sanitizers for every target, for example address,undefined")
option(EPX_FUZZ "Instrument for libFuzzer (clang only); see script/fuzz" OFF)
option(EPX_COVERAGE "Build with coverage counters" OFF)

function(epx_floors)
  set(EPX_FLOORS ${ARGN} PARENT_SCOPE)
endfunction()

# Compiler settings shared by every target of the project.
function(epx_settings target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:C>:${EPX_C_WARNINGS}>
    $<$<COMPILE_LANGUAGE:CXX>:${EPX_CXX_WARNINGS}>
    -ffp-contract=off
    $<$<BOOL:${EPX_WERROR}>:-Werror>)
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
  if(EPX_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${EPX_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${EPX_SANITIZE})
  endif()
  if(EPX_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(EPX_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage)
    target_link_options(${target} PRIVATE --coverage)
  endif()
endfunction()

# epx_target(folder VARIABLE): the name of a folder's target, less its prefix.
function(epx_target folder variable)
  string(REPLACE "/" "_" name ${folder})
  set(${variable} ${name} PARENT_SCOPE)
endfunction()

# epx_library(folder SOURCES ... [DEPS folder ...] [LIBS external ...]): of the current folder.
# Without SOURCES it is a name for what it links.
function(epx_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  file(RELATIVE_PATH here ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT here STREQUAL folder)
    message(FATAL_ERROR "${folder} is declared in ${here}; a library is the folder it lies in")
  endif()
  list(FIND EPX_FLOORS ${folder} own_floor)
  if(own_floor EQUAL -1)
    message(FATAL_ERROR "${folder} is not a floor of the project (see CMakeLists.txt)")
  endif()
  epx_target(${folder} name)
  if(ARG_SOURCES)
    set(scope PUBLIC)
    add_library(epx_${name} STATIC ${ARG_SOURCES})
    epx_settings(epx_${name})
    if(NOT (EPX_SANITIZE OR EPX_FUZZ OR EPX_COVERAGE))
      target_compile_options(epx_${name} PRIVATE ${EPX_FRAME_WARNING})
    endif()
  else()
    set(scope INTERFACE)
    add_library(epx_${name} INTERFACE)
  endif()
  add_library(epx::${name} ALIAS epx_${name})
  target_include_directories(epx_${name} ${scope}
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/epxbar/${folder}>)
  foreach(dep IN LISTS ARG_DEPS)
    list(FIND EPX_FLOORS ${dep} floor)
    if(floor EQUAL -1 OR NOT floor LESS own_floor)
      message(FATAL_ERROR "${folder} may not depend on ${dep}: arrows between floors point down only")
    endif()
    epx_target(${dep} below)
    target_link_libraries(epx_${name} ${scope} epx::${below})
  endforeach()
  target_link_libraries(epx_${name} ${scope} ${ARG_LIBS})
endfunction()

# epx_link(target folder ...): a program links folders' libraries.
function(epx_link target)
  foreach(folder IN LISTS ARGN)
    epx_target(${folder} name)
    target_link_libraries(${target} PRIVATE epx::${name})
  endforeach()
endfunction()

# epx_test(name SOURCES ... [DEPS folder ...] [LIBS ...]): a GoogleTest program, one process a case.
function(epx_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  epx_link(${name} ${ARG_DEPS})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/testbenches)
  epx_settings(${name})
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES ENVIRONMENT "EPX_BINS_FOLDER=${CMAKE_BINARY_DIR}/bins") # testbenches/rtl_model/bin_log.h
endfunction()
