/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EPX_COMMAND_KIND_H
#define EPX_COMMAND_KIND_H

#ifdef __cplusplus
extern "C" {
#endif

/* What the phase controller broadcasts. */
typedef enum epx_command_kind_t {
  EPX_COMMAND_LOAD,
  EPX_COMMAND_FREE_STEP,
  EPX_COMMAND_NUDGED_STEP,
  EPX_COMMAND_PREDICT,
  EPX_COMMAND_STORE,
  EPX_COMMAND_RECALL,
  EPX_COMMAND_CORRELATE,
  EPX_COMMAND_UPDATE,
  EPX_COMMAND_KINDS
} epx_command_kind_t;

const char *epx_command_name(epx_command_kind_t kind);

#ifdef __cplusplus
}
#endif
#endif
