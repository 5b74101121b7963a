/* SPDX-License-Identifier: Apache-2.0 */
/* The angle between the forward and the backward weights of unidirectional connections. */
#ifndef ALIGNMENT_H
#define ALIGNMENT_H

#include "epx_substrate.h"

/* Records the angles after an epoch (0: before training) in folder/alignment.csv (folder NULL:
 * nowhere) and prints them to stderr unless quiet. Nothing happens for bidirectional connections.
 */
EPX_CHECKED epx_status_t alignment_record(const char *folder, int epoch, int quiet,
                                          epx_substrate_t *substrate, epx_error_t *error);

#endif
