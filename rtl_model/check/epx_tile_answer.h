/* SPDX-License-Identifier: Apache-2.0 */
/* What a tile answers to vectors, as arrays; and the reference's answer: whole integers by plain
 * loops over the twin's neuron and update functions, without bits, slices, pipelines or time. Where
 * cells or converters are not ideal, products are those of epx_array.h, as in the twin. */
#ifndef EPX_TILE_ANSWER_H
#define EPX_TILE_ANSWER_H

#include "epx_tile_vectors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_tile_answer_t {
  void *output[EPX_TILE_OUTPUTS];      /* of every output's size, owned */
  uint64_t *came_ps[EPX_TILE_OUTPUTS]; /* when its words came, in picoseconds: a number for each
                                          last dimension's worth; owned; NULL: not known */
  uint64_t pulses, pulse_cycles; /* of the update, computed only: in all, and their cycles beyond
                                    one a synapse */
} epx_tile_answer_t;

/* Zeroed outputs; the registers among them as the vectors have them (zero where they have none). */
EPX_CHECKED epx_status_t epx_tile_answer_create(const epx_tile_vectors_t *vectors,
                                                epx_tile_answer_t *answer, epx_error_t *error);
void epx_tile_answer_clear(epx_tile_answer_t *answer);

/* Fills a created answer with what the tile must give. Errors: EPX_ERR_MEMORY. */
EPX_CHECKED epx_status_t epx_tile_answer_compute(const epx_tile_vectors_t *vectors,
                                                 epx_tile_answer_t *answer, epx_error_t *error);

/* Puts the answer's outputs into the vectors as given expectations, where the job has them. */
EPX_CHECKED epx_status_t epx_tile_answer_expect(const epx_tile_answer_t *answer,
                                                epx_tile_vectors_t *vectors, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
