/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of substrates: one line each. substrate.kind takes its names from here, and commands
 * find here how a substrate is checked and made. */
#ifndef EPX_SUBSTRATES_H
#define EPX_SUBSTRATES_H

#include "epx_substrate_kind.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Name of the constant, and of the epx_substrate_kind_t that the substrate's file defines. */
#define EPX_SUBSTRATES(SUBSTRATE)                  \
  SUBSTRATE(EPX_SUBSTRATE_GOLDEN, epx_golden_kind) \
  SUBSTRATE(EPX_SUBSTRATE_TWIN, epx_twin_kind)

#define EPX_SUBSTRATE_CONSTANT(CONSTANT, KIND) CONSTANT,
typedef enum epx_substrate_id_t { EPX_SUBSTRATES(EPX_SUBSTRATE_CONSTANT) } epx_substrate_id_t;
#undef EPX_SUBSTRATE_CONSTANT

/* NULL past the last. */
const epx_substrate_kind_t *epx_substrate_kind(int id);
const char *epx_substrate_name(int id);
const char *epx_substrate_help(int id);

#ifdef __cplusplus
}
#endif
#endif
