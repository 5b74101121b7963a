/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to know of a kind of substrate before one is made: its name, what it is, what it
 * refuses, how it is created. A substrate's own file defines one, and config/epx_substrates.h lists
 * it; configuration and commands know substrates from that list alone. */
#ifndef EPX_SUBSTRATE_KIND_H
#define EPX_SUBSTRATE_KIND_H

#include <stdbool.h>

#include "epx_substrate.h"
#include "epx_training.h"

#ifdef __cplusplus
extern "C" {
#endif

struct epx_chip_t; /* of rtl_model/, for the substrates that model a chip */

typedef enum epx_precision_t { EPX_PRECISION_FLOAT32, EPX_PRECISION_FLOAT64 } epx_precision_t;

/* What a substrate may be made from; each takes what it models. */
typedef struct epx_substrate_setup_t {
  const epx_network_t *network;
  const epx_dynamics_t *dynamics;
  const epx_estimator_t *estimator;
  const epx_training_t *training; /* NULL: parameters are not updated */
  epx_precision_t precision;      /* of floating point */
  const struct epx_chip_t *chip;  /* of a chip's integers */
} epx_substrate_setup_t;

typedef struct epx_substrate_kind_t {
  const char *name; /* in configurations and records */
  const char *help; /* one phrase */
  bool on_chip;     /* its integers are those of setup->chip: an account, tiles and SystemC's chip
                       can be compared with it */
  /* Whether the substrate models the setup; messages begin with the key at fault. */
  epx_status_t (*check)(const epx_substrate_setup_t *setup, epx_error_t *error);
  /* For up to `capacity` samples; parameters start at 0. */
  epx_status_t (*create)(const epx_substrate_setup_t *setup, int capacity,
                         epx_substrate_t **substrate, epx_error_t *error);
} epx_substrate_kind_t;

#ifdef __cplusplus
}
#endif
#endif
