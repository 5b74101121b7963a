/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_command_kind.h"

static const char *const command_names[EPX_COMMAND_KINDS] = {
    "load", "free step", "nudged step", "predict", "store", "recall", "correlate", "update"};

const char *epx_command_name(epx_command_kind_t kind) {
  return command_names[kind];
}
