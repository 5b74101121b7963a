# Debian 12 packages; why each one is here stands in docs/dependencies.md. What the libraries link is
# in a file of its own, which the installed package brings along.
include(EpxLinked)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
# Loaded when the golden model is made, not linked (core/golden/epx_blas.h).
find_file(EPX_OPENBLAS libopenblas.so.0
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread NO_DEFAULT_PATH REQUIRED)
find_program(EPX_NGSPICE ngspice REQUIRED) # tests run it
include(GoogleTest)
