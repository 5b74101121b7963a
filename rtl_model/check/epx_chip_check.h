/* SPDX-License-Identifier: Apache-2.0 */
/* The first law, on the whole chip: one training step of a mini-batch in SystemC and by the twin,
 * bit for bit. */
#ifndef EPX_CHIP_CHECK_H
#define EPX_CHIP_CHECK_H

#include "epx_dynamics.h"
#include "epx_sc_chip.h"
#include "epx_substrate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_chip_check_kind_t {
  EPX_CHIP_CHECK_STATES,
  EPX_CHIP_CHECK_SWITCHES,
  EPX_CHIP_CHECK_PREDICTIONS,
  EPX_CHIP_CHECK_SHADOWS, /* and, of arrays that are not exact, when cells were last written */
  EPX_CHIP_CHECK_VELOCITIES,
  EPX_CHIP_CHECK_BIASES, /* and their velocities */
  EPX_CHIP_CHECK_LFSRS,
  EPX_CHIP_CHECK_KINDS
} epx_chip_check_kind_t;

const char *epx_chip_check_name(epx_chip_check_kind_t kind);

typedef struct epx_chip_check_t {
  int64_t compared[EPX_CHIP_CHECK_KINDS], differing[EPX_CHIP_CHECK_KINDS];
  char first_difference[200]; /* in words; empty where all agree */
  epx_sc_chip_result_t chip;
  epx_activity_t activity; /* of the twin */
} epx_chip_check_t;

typedef struct epx_chip_check_request_t {
  epx_dynamics_t dynamics;
  epx_estimator_t estimator;
  int sign; /* of random_sign's phases: +1 or -1 */
  epx_update_rule_t rule;
  const float *x; /* [images][C][H][W] */
  const uint8_t *labels;
  int images; /* at most the twin's capacity */
  int stall_percent;
  uint32_t stall_seed;
  const char *vcd_path;                         /* NULL: no waveform */
  epx_sc_view_t view;                           /* of the waveform */
  const char *update_log_path, *pulse_log_path; /* as in epx_sc_chip_job_t */
  int lose_packet;                              /* as in epx_sc_chip_job_t */
  uint64_t watchdog_cycles;                     /* likewise */
} epx_chip_check_request_t;

/* Runs the step on the twin (its registers change) and on the chip. EPX_OK also where values
 * differ: look at `differing`. */
EPX_CHECKED epx_status_t epx_chip_check_run(epx_substrate_t *twin,
                                            const epx_chip_check_request_t *request,
                                            epx_chip_check_t *check, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
