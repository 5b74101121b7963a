// SPDX-License-Identifier: Apache-2.0
// The program's entry. SystemC's library defines main() for models of its own; this one comes
// first.
#include "command.h"

int main(int argc, char **argv) {
  return command_main(argc, argv);
}
