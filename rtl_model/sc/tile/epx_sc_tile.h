/* SPDX-License-Identifier: Apache-2.0 */
/* The SystemC tile: one clocked array of rows x columns cells with its drivers, converters,
 * shift-and-add, accumulators, pooling and neuron units and local update circuit, given a list of
 * work.
 *
 * The order is fixed: forward vectors, firing of the pooled sums, backward positions, correlation
 * terms, one update. Any may be left out (count 0). Results are bit for bit the twin's; events and
 * cycles are those of epx_events.h. SystemC elaborates once per process: a second call is
 * EPX_ERR_UNSUPPORTED. */
#ifndef EPX_SC_TILE_H
#define EPX_SC_TILE_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_array.h"
#include "epx_events.h"
#include "epx_mapping.h"
#include "epx_neuron.h"
#include "epx_update.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the tile holds: [rows][units] row-major, rows and units from epx_sc_tile_shape. The update
 * writes epx_update_visible of the new shadow into weight. */
typedef struct epx_sc_memory_t {
  int8_t *weight;
  int32_t *shadow, *velocity;    /* NULL where the job has no update */
  int32_t *bias, *bias_velocity; /* [units]; row block 0 with an update only */
  uint32_t lfsr;                 /* state of the rounding register, not 0 */
  uint32_t *written;      /* the update that last wrote a synapse's cells; NULL: none counts them */
  const int64_t *reaches; /* of its converters (epx_tile_reach_count); NULL: fixed */
} epx_sc_memory_t;

/* Draw numbers of noise and of errors of programming, as a chip counts them (epx_array.h). The
 * job's vectors, and its backward positions, are those of `images` images (0 counts as 1) one after
 * another, equally many of each image; the first image has the number `image`. All are read in the
 * command number `read` of their image. */
typedef struct epx_sc_tile_draw_t {
  uint32_t image, images, read;
  uint32_t update; /* of the job's update */
} epx_sc_tile_draw_t;

/* The draw numbers of one word: its command (epx_array_command), and its number in that command. */
typedef struct epx_sc_tile_read_t {
  uint64_t command;
  int word;
} epx_sc_tile_read_t;

/* The same for word `index` of a job's `words`; words is a multiple of the images. */
static inline epx_sc_tile_read_t epx_sc_tile_read(const epx_sc_tile_draw_t *draw, int words,
                                                  int index) {
  const int each = draw->images > 1 ? words / (int)draw->images : words;
  const uint64_t image = (uint64_t)draw->image + (uint64_t)(index / each);
  const epx_sc_tile_read_t read = {epx_array_command(image, draw->read), index % each};
  return read;
}

typedef struct epx_sc_tile_job_t {
  const epx_chip_t *chip;
  const epx_layer_map_t *map;
  int layer, row_block, column_block;
  int number; /* of the tile on its chip (epx_floorplan.h): selects its converters' errors */
  int window; /* 4: 2x2 max pool; 1: none */
  epx_array_role_t role; /* read-out: posts are signed errors of EPX_SOFTMAX_ERROR_BITS, else codes
                            of states; feedback arrays have no biases */

  /* Forward: x [vectors][rows], window by window. Layer 0: code + 2^(bits-1) of the signed input.
   */
  int vectors;
  const uint8_t *x;
  const int64_t *psum_in; /* [vectors][units], or NULL */
  const int64_t *operand; /* bias + feedback + nudge at the accumulator's fraction,
                             [vectors / window][units]; NULL: partial sums only */
  int forward_shift;      /* partial sum -> accumulator, left */
  epx_neuron_t neuron;

  /* Backward: post codes with their switches (0 .. window-1) of pooled positions. */
  int positions;
  const int32_t *post; /* [positions][units] */
  const uint8_t *post_switches;

  /* Correlations: coefficient * (pre - offset) at the switch * post. */
  int terms;
  const uint8_t *pre;       /* [terms][window][rows] */
  const int32_t *term_post; /* [terms][units] */
  const uint8_t *term_switches;
  const int *coefficient; /* [terms] */

  bool update;
  epx_update_circuit_t weight_circuit, bias_circuit;

  epx_sc_tile_draw_t draw;

  /* Bench: chance in percent (0 .. 90) that a word, partial sums or a result wait a cycle; waveform
   * file (*.vcd) or NULL. */
  int stall_percent;
  uint32_t stall_seed;
  const char *vcd_path;
  const char *update_log_path; /* CSV of every synapse updated (rtl_model/sc/tile/epx_update_log.h),
                                  or NULL */
  const char *pulse_log_path; /* CSV of every device pulsed (rtl_model/array/pulse/epx_pulse_log.h),
                                 or NULL */
  uint64_t watchdog_cycles;   /* without progress at any port; 0: epx_sc_tile_patience */
} epx_sc_tile_job_t;

/* Caller's buffers; NULL: not wanted. */
typedef struct epx_sc_tile_result_t {
  int64_t *psum;             /* [vectors][units]: with offset correction and psum_in */
  uint8_t *state, *switches; /* [vectors / window][units], where the job has operands */
  int64_t *backward;         /* [positions][window][rows] */
  int64_t *correlation;      /* [rows][units], before the update clears them */
  int64_t *bias_correlation; /* [units], row block 0 */
  uint64_t *psum_ps, *state_ps, *backward_ps; /* when they came, in picoseconds: [vectors],
                                                 [vectors / window], [positions][window] */
  bool correlated, counted, timed; /* whether the tile gave correlations, events, cycles */
  epx_events_t events;
  double seconds; /* of the simulation on the host */
  uint64_t forward_cycles, fire_cycles, backward_cycles, correlate_cycles, update_cycles;
} epx_sc_tile_result_t;

/* The job's tile: rows and units in use and what its digital part does, for epx_events.h. */
epx_tile_shape_t epx_sc_tile_shape(const epx_sc_tile_job_t *job);

/* Cycles after which a tile without progress counts as stuck: eight times what its longest word
 * takes, and room for stalls. */
uint64_t epx_sc_tile_patience(const epx_sc_tile_job_t *job);

/* Runs the job; `memory` is read and, by an update, written. Errors: EPX_ERR_ARGUMENT (a size,
 * switch or setting out of range, named), EPX_ERR_IO (waveform file, logs),
 * EPX_ERR_UNSUPPORTED (second call), EPX_ERR_MISMATCH (a conservation law of the tile or a rule of
 * its ports broken, or no progress). */
EPX_CHECKED epx_status_t epx_sc_tile_run(const epx_sc_tile_job_t *job, epx_sc_memory_t *memory,
                                         epx_sc_tile_result_t *result, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
