/* SPDX-License-Identifier: Apache-2.0 */
/* alignment.csv of a run with unidirectional connections: the angle between the forward and the
 * backward weights of each layer, in degrees, after every epoch (0: before training). */
#ifndef ALIGNMENT_H
#define ALIGNMENT_H

#include "epx_substrate.h"

/* Appends the rows of an epoch to folder/alignment.csv (folder NULL: nowhere), in place of rows of
 * that and later epochs (a run that was killed and resumed repeats them), and prints the angles to
 * stderr unless quiet. Nothing happens for bidirectional connections. */
EPX_CHECKED epx_status_t alignment_record(const char *folder, int epoch, int quiet,
                                          epx_substrate_t *substrate, epx_error_t *error);

#endif
