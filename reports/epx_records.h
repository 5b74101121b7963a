/* SPDX-License-Identifier: Apache-2.0 */
/* The other records of a run folder: gradient.json, cost.json, tile.json.
 *
 * Each function writes its file whole and atomically, making the folder if missing and replacing a
 * record of before. Texts may be NULL (written as null); numbers that are not finite become null.
 */
#ifndef EPX_RECORDS_H
#define EPX_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How well one parameter layer's estimated gradient agrees with the reference's. */
typedef struct epx_gradient_row_t {
  const char *network;   /* short description, "conv 16 - dense 10" */
  const char *pool;      /* "none", "max", "avg" */
  const char *estimator; /* "symmetric", "one_sided" */
  const char *substrate; /* "golden", "twin" */
  double beta;           /* nudging factor */
  const char *layer;     /* "conv0", ... */
  double cosine;         /* of estimate and reference, -1 .. 1 */
  double relative_l2;    /* |estimate - reference| / |reference| */
  double sign_agreement; /* fraction of elements with equal sign, 0 .. 1 */
} epx_gradient_row_t;

typedef struct epx_gradient_record_t {
  int batch;             /* images of the mini-batch */
  const char *reference; /* what the estimates are compared with */
  const char *precision; /* of the reference: "float64" */
  const epx_gradient_row_t *rows;
  int row_count;
} epx_gradient_record_t;

EPX_CHECKED epx_status_t epx_gradient_record_write(const char *folder,
                                                   const epx_gradient_record_t *record,
                                                   epx_error_t *error);

/* Energy of one kind of event, per image. */
typedef struct epx_cost_component_t {
  const char *name;      /* "ADC conversion" */
  double events;         /* per image */
  const char *unit;      /* of an event: "conversion", "64-bit read" */
  double unit_energy_pj; /* of one event, as used */
  double low, high;      /* range of the unit energy over sources, pJ */
  double energy_nj;      /* events * unit_energy_pj / 1000 */
  const char *source;
} epx_cost_component_t;

/* Cycles that one part takes of an image's critical path. */
typedef struct epx_cost_cycles_t {
  const char *name; /* "array products", "barriers" */
  double cycles;
} epx_cost_cycles_t;

/* Commands of one kind: how many an image takes (means may be broken), and the cycles of all. */
typedef struct epx_cost_command_t {
  const char *name; /* "free step" */
  double count, cycles;
} epx_cost_command_t;

/* Events of one tile layer, or the host, in commands of one kind. */
typedef struct epx_cost_address_t {
  const char *owner, *command;
  const double *events; /* of an image, for each of the section's components */
} epx_cost_address_t;

/* One image through the chip. */
typedef struct epx_cost_section_t {
  double latency_us;
  double energy_uj;
  double low, high; /* range of the energy, uJ */
  const epx_cost_component_t *components;
  int component_count;
  double cycles; /* of latency_us */
  const epx_cost_cycles_t *breakdown;
  int breakdown_count;
  const epx_cost_command_t *commands;
  int command_count;
  const epx_cost_address_t *addresses; /* whose events sum up to the components' */
  int address_count;
} epx_cost_section_t;

/* Steps, or events of one kind, in a training image of a chip that spares some. */
typedef struct epx_cost_saving_t {
  const char *name;
  double made, whole; /* measured; of a chip that makes every step and drives everything */
} epx_cost_saving_t;

/* What was measured where it depends on the data. */
typedef struct epx_cost_measured_t {
  int64_t inference_images, training_images;
  bool stop_settled, event_driven; /* what the chip spares; neither: no savings */
  const epx_cost_saving_t *savings;
  int saving_count;
  /* Of updates by pulses; else 0. */
  int64_t updates;
  double pulses, weights; /* of an update; of the chip */
} epx_cost_measured_t;

typedef struct epx_cost_record_t {
  const char *technology; /* name of the technology file, node */
  const char *unpriced;   /* why there are no energies, which then are NAN; NULL: there are */
  double clock_mhz;
  epx_cost_section_t inference;
  epx_cost_section_t training;         /* all phases and the image's share of the update */
  const epx_cost_measured_t *measured; /* NULL: nothing depends on the data */
} epx_cost_record_t;

EPX_CHECKED epx_status_t epx_cost_record_write(const char *folder, const epx_cost_record_t *record,
                                               epx_error_t *error);

/* One count of the tile check: values compared ("states"), or events ("wordline pulses"). */
typedef struct epx_tile_count_t {
  const char *name;
  int64_t count;
} epx_tile_count_t;

/* A SystemC tile compared with the twin, value by value. */
typedef struct epx_tile_record_t {
  const char *layer;
  int row_block, column_block;
  int images;
  const epx_tile_count_t *compared; /* partial_sums, states, switches, correlations, ... */
  int compared_count;
  int64_t differing;            /* values that differ; 0: bit for bit equal */
  const char *first_difference; /* in words, or NULL */
  const epx_tile_count_t *events;
  int event_count;
  int64_t cycles;
  const char *vcd; /* waveform file inside the folder, or NULL */
} epx_tile_record_t;

EPX_CHECKED epx_status_t epx_tile_record_write(const char *folder, const epx_tile_record_t *record,
                                               epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
