# What the libraries link: here, and where find_package(epxbar) brings them in.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
# LDL and AMD come without a pkg-config file. CHOLMOD is not asked for: Debian's library holds its
# GPL modules too (docs/dependencies.md).
find_path(EPX_SUITESPARSE_INCLUDE ldl.h PATH_SUFFIXES suitesparse REQUIRED)
find_library(EPX_LDL ldl REQUIRED)
find_library(EPX_AMD amd REQUIRED)
if(NOT TARGET EPX::LDL)
  add_library(EPX::LDL INTERFACE IMPORTED)
  target_include_directories(EPX::LDL INTERFACE ${EPX_SUITESPARSE_INCLUDE})
  target_link_libraries(EPX::LDL INTERFACE ${EPX_LDL} ${EPX_AMD})
endif()
