# Debian 12 packages; why each one is here stands in docs/dependencies.md.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
# LDL and AMD come without a pkg-config file. CHOLMOD is not asked for: Debian's library holds its
# GPL modules too (docs/dependencies.md).
find_path(EPX_SUITESPARSE_INCLUDE ldl.h PATH_SUFFIXES suitesparse REQUIRED)
find_library(EPX_LDL ldl REQUIRED)
find_library(EPX_AMD amd REQUIRED)
add_library(epx_ldl INTERFACE IMPORTED)
add_library(EPX::LDL ALIAS epx_ldl)
target_include_directories(epx_ldl INTERFACE ${EPX_SUITESPARSE_INCLUDE})
target_link_libraries(epx_ldl INTERFACE ${EPX_LDL} ${EPX_AMD})
find_program(EPX_NGSPICE ngspice REQUIRED) # tests run it
include(GoogleTest)
