/* SPDX-License-Identifier: Apache-2.0 */
/* How far an event-driven chip is from one that drives everything: nothing where its arrays are
 * exact; where converters lose bits, their errors of every drive stay in the sums held. */
#ifndef CHIP_DRIVE_H
#define CHIP_DRIVE_H

#include "agreement.h"
#include "epx_experiment.h"
#include "epx_substrate.h"

typedef struct chip_drive_t {
  double states;        /* compared, at the end of the free phase */
  double differing;     /* share of them */
  double rms, largest;  /* difference, in steps of the state's format */
  agreement_t gradient; /* with that of the chip that drives everything */
} chip_drive_t;

/* Runs one training step on two twins with the parameters of `twin`, which is only read: one event-
 * driven, one driving everything. */
EPX_CHECKED epx_status_t chip_drive_compare(const epx_experiment_t *experiment,
                                            epx_substrate_t *twin, const float *x,
                                            const uint8_t *labels, int n, chip_drive_t *result,
                                            epx_error_t *error);

#endif
