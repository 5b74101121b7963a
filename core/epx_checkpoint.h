/* SPDX-License-Identifier: Apache-2.0 */
/* A training run on disk: one .npz, written atomically.
 *
 * Holds the substrate's registers bit for bit, the trainer's position, and the parameters as real
 * numbers under "param.<layer>.weight" and "param.<layer>.bias" for other programs. */
#ifndef EPX_CHECKPOINT_H
#define EPX_CHECKPOINT_H

#include "epx_substrate.h"
#include "epx_trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Errors: EPX_ERR_DIVERGED for parameters that are not finite; the file stays as it was. */
EPX_CHECKED epx_status_t epx_checkpoint_write(const char *path, epx_substrate_t *substrate,
                                              const epx_trainer_state_t *state, epx_error_t *error);

/* Restores the substrate's registers and the trainer's position; a checkpoint of another network or
 * substrate is an error that names what differs.
 */
EPX_CHECKED epx_status_t epx_checkpoint_read(const char *path, epx_substrate_t *substrate,
                                             epx_trainer_state_t *state, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
