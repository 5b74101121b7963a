// SPDX-License-Identifier: Apache-2.0
// The main() of a bench program for a designer's own tile:
//
//   #include <epx_tile_main.h>
//   #include "my_tile.h"
//   int main(int argc, char **argv) { return epx::testbench::tile_main<MyTile>(argc, argv); }
//
// rtl_model/sc/tile/epx_tile_fixture.h says what MyTile must have. The program takes a
// configuration, --set KEY=VALUE and the options of epx_tile_command.h, prints the table of `epxbar
// tile` and ends with 0 (all equal), 1 (a difference, or the tile stuck or broke a rule of its
// ports) or 2 (usage, configuration, vectors). It does not return from --help and errors of usage.
#ifndef EPX_TILE_MAIN_H
#define EPX_TILE_MAIN_H

#include "epx_tile_command.h"
#include "epx_tile_fixture.h"

namespace epx::testbench {

int tile_main_with(epx_tile_run_fn run, int argc, char **argv);

template <typename Module>
int tile_main(int argc, char **argv) {
  return tile_main_with(&epx::run_tile<Module>, argc, argv);
}

}  // namespace epx::testbench

#endif
