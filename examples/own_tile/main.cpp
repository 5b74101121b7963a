// SPDX-License-Identifier: Apache-2.0
#include <epx_tile_main.h>

#include "own_tile.h"

int main(int argc, char **argv) {
  return epx::testbench::tile_main<OwnTile>(argc, argv);
}
