/* SPDX-License-Identifier: Apache-2.0 */
/* How many conversions of an epoch clipped. */
#ifndef CLIPS_H
#define CLIPS_H

#include "epx_experiment.h"
#include "epx_substrate.h"

/* Records what the twin's lossy converters clipped since the last call in folder/clips.csv (folder
 * NULL: nowhere), and counts anew. Unless quiet, prints to stderr the layers and directions of
 * which more clipped than the coverage asked for and one in a hundred. Nothing happens where
 * converters lose nothing. */
EPX_CHECKED epx_status_t clips_record(const char *folder, int epoch, int quiet,
                                      const epx_experiment_t *experiment,
                                      epx_substrate_t *substrate, epx_error_t *error);

#endif
