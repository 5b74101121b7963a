/* SPDX-License-Identifier: Apache-2.0 */
/* The second law, measured: with wide formats and converters that lose nothing, the twin's states
 * and gradients are the golden model's.
 *
 * Three quantities are varied, one at a time, the others as configured: bits of a state, bits of a
 * synapse, bits of the ADCs. The chip is that of the file without its devices' errors, and drives
 * every line in every step (held sums would keep a lossy converter's errors); its arrays are exact
 * but for the ADCs where these are varied. Images are rounded to chip.input first. The reference is
 * the golden model in float64 with the twin's own weights; where synapses are varied, with those
 * before rounding. */
#ifndef CONVERGENCE_MEASURE_H
#define CONVERGENCE_MEASURE_H

#include "epx_convergence_record.h"
#include "epx_experiment.h"
#include "epx_params.h"

typedef enum convergence_axis_t {
  CONVERGENCE_STATE,
  CONVERGENCE_ADC,
  CONVERGENCE_SYNAPSE,
  CONVERGENCE_AXES
} convergence_axis_t;

const char *convergence_axis_name(convergence_axis_t axis);

typedef struct convergence_bits_t {
  int low, high; /* high < low: none */
} convergence_bits_t;

enum { CONVERGENCE_MAX_ROWS = 64 };

typedef struct convergence_request_t {
  const epx_experiment_t *experiment;
  convergence_bits_t bits[CONVERGENCE_AXES];
  const epx_params_t *params;
  float *x; /* [images][C][H][W]; rounded in place */
  const uint8_t *labels;
  int images;
  void (*point)(const epx_convergence_row_t *row); /* after each */
} convergence_request_t;

/* Bits at which no ADC of the chip's arrays loses anything: enough for a level for each sum. */
int convergence_lossless_bits(const epx_chip_t *chip);

/* Measures all points, axis by axis, fewest bits first. Numbers do not depend on threads. rows:
 * room for as many points as asked for. */
EPX_CHECKED epx_status_t convergence_measure(const convergence_request_t *request,
                                             epx_convergence_row_t *rows, int *count,
                                             epx_error_t *error);

#endif
