/* SPDX-License-Identifier: Apache-2.0 */
/* The whole chip in SystemC: a mesh of tiles with routers, a phase controller and a host port,
 * given one mini-batch to train on.
 *
 * For each image the controller broadcasts: load, free steps, predict, store s*, and for each phase
 * of the estimator recall, steps under the nudge, store, correlate; after the last image, update.
 * Every command ends when every tile has done its part (a barrier). Results are bit for bit the
 * twin's. SystemC elaborates once per process: a second call is EPX_ERR_UNSUPPORTED. */
#ifndef EPX_SC_CHIP_H
#define EPX_SC_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_account.h"
#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_ledger.h"
#include "epx_plan.h"
#include "epx_update.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tile layer's registers, and the constants of its update (epx_mapping.h). */
typedef struct epx_sc_layer_t {
  epx_update_circuit_t weight_circuit, bias_circuit;
  int32_t *shadow, *velocity;    /* [units][fan_in]; read, and written at the end */
  int32_t *bias, *bias_velocity; /* [units]; NULL of feedback arrays */
  epx_lfsr_t *lfsr;              /* [row_blocks][column_blocks] */
  uint32_t *written; /* [units][fan_in]: the update that last wrote a synapse's cells, 0: none; NULL
                        where arrays are exact */
  const int64_t *reaches; /* of its arrays' converters, tile by tile (epx_tile_reach_count),
                            [column_blocks][row_blocks]; NULL: fixed */
} epx_sc_layer_t;

/* Called at the end of the free phase (phase -1) and of every phase, for every tile layer but the
 * read-out: states [out positions][units] as its homes hold them; switches likewise, those that it
 * learned through, after a phase only, NULL without pooling. */
typedef void epx_sc_observe_t(void *context, int image, int phase, int layer, const uint8_t *states,
                              const uint8_t *switches);

/* What of the chip a waveform shows, and when; zeros: everything, from beginning to end. Clock,
 * reset and controller are always there. */
typedef struct epx_sc_view_t {
  const char *tiles; /* comma-separated names (conv1_r0_c0) or numbers of tiles, with *, ? and [] as
                        a shell has them; "none"; NULL: all. A tile's router comes with it. */
  uint64_t cycles[2];   /* first and last, from 1; 0: no bound */
  uint64_t commands[2]; /* likewise, by number, as the waveform's controller.sequence shows it */
} epx_sc_view_t;

typedef struct epx_sc_chip_job_t {
  const epx_plan_t *plan; /* of network and chip */
  epx_dynamics_t dynamics;
  epx_estimator_t estimator;
  int sign;                     /* +1 or -1, of the phases; read by random_sign only */
  const epx_sc_layer_t *layers; /* by tile layer */
  int images;
  const uint8_t *input;  /* [images][height][width][channels]: code + 2^(bits-1) */
  const uint8_t *labels; /* [images] */
  bool update;
  uint32_t update_number;    /* of that update: 1 for the first */
  uint64_t first_image;      /* number of image 0 since the parameters were loaded */
  epx_sc_observe_t *observe; /* or NULL */
  void *context;

  int stall_percent; /* chance, 0 .. 90, that a channel waits a cycle; every channel draws its own
                      */
  uint32_t stall_seed;
  const char *vcd_path;        /* waveform (*.vcd) or NULL */
  epx_sc_view_t view;          /* of the waveform */
  const char *update_log_path; /* CSV of every synapse updated (rtl_model/sc/tile/epx_update_log.h),
                                  or NULL */
  const char *pulse_log_path; /* CSV of every device pulsed (rtl_model/array/pulse/epx_pulse_log.h),
                                 or NULL */
  int lose_packet; /* a fault for the watchdog's test: the n-th packet is lost; 0: none */
  uint64_t
      watchdog_cycles; /* cycles without any movement before a deadlock is reported; 0: 10000 */
} epx_sc_chip_job_t;

typedef struct epx_sc_chip_result_t {
  uint8_t *predicted;  /* [images]; caller's, or NULL */
  epx_ledger_t ledger; /* events by owner and command */
  epx_events_t events; /* of all */
  uint64_t cycles;
  uint64_t kind_cycles[EPX_COMMAND_KINDS], kind_count[EPX_COMMAND_KINDS];
  int tiles;
  uint64_t products; /* vectors through arrays, either way: one for each place of a window */
  double seconds;    /* of the simulation on the host */
} epx_sc_chip_result_t;

/* Errors: EPX_ERR_ARGUMENT and EPX_ERR_UNSUPPORTED (a setting, named; a second call), EPX_ERR_IO
 * (waveform, logs), EPX_ERR_MISMATCH (a conservation law broken, or a deadlock: the message says
 * who waits for whom). */
EPX_CHECKED epx_status_t epx_sc_chip_run(const epx_sc_chip_job_t *job, epx_sc_chip_result_t *result,
                                         epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
