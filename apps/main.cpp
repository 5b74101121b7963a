// SPDX-License-Identifier: Apache-2.0
// The program's entry. SystemC's library defines main() for models of its own; this one comes first.
#include "command.h"

int main(int argc, char **argv) {
  return command_main(argc, argv);
}

// SystemC's kernel library refers to it; the program never starts a simulation through it.
extern "C" int sc_main(int, char **) {
  return 0;
}
