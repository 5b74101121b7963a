/* SPDX-License-Identifier: Apache-2.0 */
/* What drives one tile on the bench and, where known, what it must answer.
 *
 * A setup says which tile of which chip; vectors are the arrays of its job, owned. They come from a
 * training step of the twin, a file or a generator (epx_tile_source.h, epx_tile_npz.h) and go to
 * the bench and to the reference (epx_tile_check.h). */
#ifndef EPX_TILE_VECTORS_H
#define EPX_TILE_VECTORS_H

#include "epx_dynamics.h"
#include "epx_npz.h"
#include "epx_plan.h"
#include "epx_pulsed.h"
#include "epx_sc_tile.h"
#include "epx_substrate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_tile_place_t {
  int layer, row_block, column_block; /* a parameter layer's tile: the read-out's number is that of
                                         the state layers */
  bool feedback;                      /* of the layer's feedback arrays (epx_mapping.h) */
} epx_tile_place_t;

/* Everything about the tile that is not data. */
typedef struct epx_tile_setup_t {
  epx_chip_t chip;
  epx_layer_map_t map;
  epx_tile_place_t place;
  epx_array_role_t role;
  int tile_layer;      /* its number (epx_mapping.h) */
  bool fed, acts_back; /* on its chip the tile makes forward products; backward ones */
  int number;          /* of the tile on its chip */
  int window;          /* 4: 2x2 max pool; 1: none */
  int forward_shift;   /* product -> accumulator, left */
  epx_neuron_t neuron;
  epx_update_circuit_t weight_circuit, bias_circuit;
} epx_tile_setup_t;

/* The setup of a tile of the plan, its update circuits for mini-batches of `batch` samples.
 * EPX_ERR_ARGUMENT for a tile that does not exist. */
EPX_CHECKED epx_status_t epx_tile_setup_make(const epx_plan_t *plan, epx_tile_place_t place,
                                             const epx_estimator_t *estimator,
                                             const epx_update_rule_t *rule, int batch,
                                             epx_tile_setup_t *setup, epx_error_t *error);

/* Arrays that go in. */
typedef enum epx_tile_input_t {
  EPX_TILE_X,
  EPX_TILE_PSUM_IN,
  EPX_TILE_OPERAND,
  EPX_TILE_POST,
  EPX_TILE_POST_SWITCHES,
  EPX_TILE_PRE,
  EPX_TILE_TERM_POST,
  EPX_TILE_TERM_SWITCHES,
  EPX_TILE_COEFFICIENT,
  EPX_TILE_WEIGHT, /* from here on: registers, as the job finds them */
  EPX_TILE_SHADOW,
  EPX_TILE_VELOCITY,
  EPX_TILE_BIAS,
  EPX_TILE_BIAS_VELOCITY,
  EPX_TILE_LFSR,
  EPX_TILE_WRITTEN,     /* numbers of the writes of cells that are not ideal */
  EPX_TILE_ADC_REACHES, /* of converters that follow batches (epx_tile_reach_count) */
  EPX_TILE_INPUTS
} epx_tile_input_t;

/* Arrays that come out. */
typedef enum epx_tile_output_t {
  EPX_TILE_OUT_PSUM,
  EPX_TILE_OUT_SWITCHES,
  EPX_TILE_OUT_STATE,
  EPX_TILE_OUT_BACKWARD,
  EPX_TILE_OUT_CORRELATION,
  EPX_TILE_OUT_BIAS_CORRELATION,
  EPX_TILE_OUT_SHADOW,
  EPX_TILE_OUT_VELOCITY,
  EPX_TILE_OUT_WEIGHT,
  EPX_TILE_OUT_BIAS,
  EPX_TILE_OUT_BIAS_VELOCITY,
  EPX_TILE_OUT_LFSR,
  EPX_TILE_OUT_WRITTEN,
  EPX_TILE_OUTPUTS
} epx_tile_output_t;

/* A row of either table. Letters of `shape`: v vectors, n neurons' positions (vectors / window),
 * p backward positions, t correlation terms, w window, r rows (wordlines), u units (output
 * channels); "": a single number. */
typedef struct epx_tile_array_t {
  const char *name;  /* in files; of an output after "expect." */
  const char *label; /* for people; outputs only */
  epx_dtype_t dtype; /* in memory and as written */
  const char *shape;
} epx_tile_array_t;

const epx_tile_array_t *epx_tile_inputs(void);
const epx_tile_array_t *epx_tile_outputs(void);

typedef struct epx_tile_counts_t {
  int vectors, positions, terms;
} epx_tile_counts_t;

typedef struct epx_tile_vectors_t {
  epx_tile_setup_t setup;
  epx_tile_counts_t counts;
  epx_tile_shape_t shape;
  bool update;
  epx_sc_tile_draw_t draw;        /* created: image 0, update 1 */
  void *input[EPX_TILE_INPUTS];   /* NULL: the job has none */
  void *expect[EPX_TILE_OUTPUTS]; /* NULL: not known */
} epx_tile_vectors_t;

/* Which optional parts a job has. */
typedef struct epx_tile_parts_t {
  bool psum_in, operand, update;
} epx_tile_parts_t;

/* Zeroed arrays for a job of so many words. Errors: EPX_ERR_ARGUMENT (counts that are negative or
 * not whole windows), EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_tile_vectors_create(const epx_tile_setup_t *setup,
                                                 epx_tile_counts_t counts, epx_tile_parts_t parts,
                                                 epx_tile_vectors_t **vectors, epx_error_t *error);
void epx_tile_vectors_destroy(epx_tile_vectors_t *vectors);

/* The devices that the job's update pulses; NULL where weights are written, or nothing is updated.
 */
EPX_CHECKED epx_status_t epx_tile_vectors_pulsed(const epx_tile_vectors_t *vectors,
                                                 epx_pulsed_t **pulsed, epx_error_t *error);

/* Registers of an update as a tile can have them: where pulses move the weights, within the bounds
 * of each cell; with `weights`, the weights are what the registers round to. */
EPX_CHECKED epx_status_t epx_tile_vectors_program(epx_tile_vectors_t *vectors, bool weights,
                                                  epx_error_t *error);

/* The job over these arrays, without stalls and waveform; valid as long as the vectors. */
epx_sc_tile_job_t epx_tile_vectors_job(const epx_tile_vectors_t *vectors);

/* Dimensions and elements of a table's row for these vectors. */
int epx_tile_array_shape(const epx_tile_vectors_t *vectors, const epx_tile_array_t *row,
                         size_t shape[EPX_NPZ_MAX_DIMENSIONS]);
size_t epx_tile_array_count(const epx_tile_vectors_t *vectors, const epx_tile_array_t *row);

/* Whether the job gives that output at all. */
bool epx_tile_output_given(const epx_tile_vectors_t *vectors, epx_tile_output_t output);

/* Codes that an input or output may hold. */
void epx_tile_input_range(const epx_tile_vectors_t *vectors, epx_tile_input_t input, int64_t *low,
                          int64_t *high);

/* Element i of an array of integers; 64-bit unsigned values above INT64_MAX become INT64_MAX. */
int64_t epx_tile_get(epx_dtype_t dtype, const void *data, size_t i);
void epx_tile_set(epx_dtype_t dtype, void *data, size_t i, int64_t value);

#ifdef __cplusplus
}
#endif
#endif
