/* SPDX-License-Identifier: Apache-2.0 */
/* Events and cycles of one image on the whole chip, in closed form from sizes alone.
 *
 * Every relaxation step is charged, settled or not. Layer 0's forward product runs once per image
 * (its input is static). A step: every array's forward products, then on the same array the
 * backward products into the layer below (all window positions in time, driven columns only in
 * energy), then the neuron units, then a barrier; it lasts as long as its slowest layer. A phase's
 * correlations need the switches of its last states: one more forward product. Charged besides: s*
 * and s^beta with their switches stored and recalled, states copied to every tile that reads them,
 * feedback sums overlapping in convolutions, the read-out at every nudged step, and the update,
 * shared by the mini-batch.
 *
 * Tiles are counted by epx_events.h, exactly as the SystemC tile does. Not modelled: contention on
 * the network-on-chip (every bit makes one hop), DRAM latency (the next image loads meanwhile),
 * leakage. Networks with average pooling are EPX_ERR_UNSUPPORTED: the pool unit has none. */
#ifndef EPX_ACCOUNT_H
#define EPX_ACCOUNT_H

#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_events.h"
#include "epx_mapping.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_BARRIER_CYCLES = 8, /* at the end of each step */
  EPX_HOP_CYCLES = 2      /* a partial sum to the next row block */
};

typedef enum epx_part_t {
  EPX_PART_INPUT, /* layer 0's forward products */
  EPX_PART_FORWARD,
  EPX_PART_BACKWARD,
  EPX_PART_NEURONS,      /* neuron units and hops of partial sums */
  EPX_PART_READOUT,      /* prediction, and nudges that the arrays do not hide */
  EPX_PART_STORES,       /* s* and s^beta stored and recalled */
  EPX_PART_CORRELATIONS, /* with the forward product that gives their switches */
  EPX_PART_UPDATE,       /* the image's share */
  EPX_PART_BARRIERS,
  EPX_PART_COUNT
} epx_part_t;

const char *epx_part_name(epx_part_t part);

typedef struct epx_account_t {
  int tiles;              /* of all parameter layers */
  epx_events_t inference; /* one image: free phase and prediction */
  epx_events_t training;  /* one image: free phase and every phase of the estimator */
  epx_events_t update;    /* one mini-batch */
  double inference_cycles[EPX_PART_COUNT];
  double training_cycles[EPX_PART_COUNT]; /* with the image's share of the update */
} epx_account_t;

/* batch >= 1: images of a mini-batch. Errors as epx_network_shapes and epx_map_layer. */
EPX_CHECKED epx_status_t epx_account_make(const epx_network_t *network, const epx_chip_t *chip,
                                          const epx_dynamics_t *dynamics,
                                          const epx_estimator_t *estimator, int batch,
                                          epx_account_t *account, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
