/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_wires_fast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_parallel.h"
#include "epx_wires_fast_internal.h"

/* ---- create ---- */

/* Hands out pieces of one allocation, each aligned to 64 bytes; or adds up their size. */
typedef struct arena_t {
  double *base;
  size_t used;
} arena_t;

static double *take(arena_t *arena, size_t count) {
  double *piece = arena->base != NULL ? arena->base + arena->used : NULL;
  arena->used += (count + 7) / 8 * 8;
  return piece;
}

static void lay_out(epx_wires_fast_t *fast, arena_t *arena) {
  const size_t inputs = (size_t)fast->factors.ladder.inputs;
  const size_t outputs = (size_t)fast->factors.ladder.outputs, cells = inputs * outputs;
  fast->factors.g = take(arena, cells);
  fast->factors.driven = take(arena, cells);
  fast->factors.sensed = take(arena, cells);
  fast->factors.inverse = take(arena, cells);
  for (int t = 0; t < fast->threads; ++t) {
    epx_wires_scratch_t *s = &fast->scratch[t];
    s->block.residual[0] = take(arena, cells * EPX_WIRES_LANES);
    s->block.residual[1] = take(arena, cells * EPX_WIRES_LANES);
    s->block.work = take(arena, cells * EPX_WIRES_LANES);
    s->block.line = take(arena, outputs * EPX_WIRES_LANES);
    s->block.below = take(arena, outputs * EPX_WIRES_LANES);
    s->block.sense = take(arena, outputs * EPX_WIRES_LANES);
    s->volts = take(arena, inputs * EPX_WIRES_LANES);
    s->amps[0] = take(arena, outputs * EPX_WIRES_LANES);
    s->amps[1] = take(arena, outputs * EPX_WIRES_LANES);
  }
}

epx_status_t epx_wires_fast_create(const epx_wires_t *wires, epx_wires_fast_t **fast,
                                   epx_error_t *error) {
  const epx_status_t status = epx_wires_check(wires, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_wires_fast_t *f = calloc(1, sizeof *f);
  if (f != NULL) {
    f->wires = *wires;
    f->factors.ladder = epx_ladder_of(wires);
    f->threads = epx_parallel_threads();
    f->scratch = calloc((size_t)f->threads, sizeof *f->scratch);
  }
  if (f != NULL && f->scratch != NULL) {
    arena_t arena = {NULL, 0};
    lay_out(f, &arena);
    f->memory = aligned_alloc(64, arena.used * sizeof(double));
    if (f->memory != NULL) {
      memset(f->memory, 0, arena.used * sizeof(double)); /* 0 * what was there must be 0 */
      arena = (arena_t){f->memory, 0};
      lay_out(f, &arena);
      *fast = f;
      return EPX_OK;
    }
  }
  epx_wires_fast_destroy(f);
  return epx_fail(error, EPX_ERR_MEMORY, "wires: no memory for an array of %d x %d cells",
                  wires->rows, wires->columns);
}

void epx_wires_fast_destroy(epx_wires_fast_t *fast) {
  if (fast == NULL) {
    return;
  }
  free(fast->memory);
  free(fast->scratch);
  free(fast);
}

/* ---- program ---- */

epx_status_t epx_wires_fast_program(epx_wires_fast_t *fast, const double *conductance,
                                    epx_error_t *error) {
  const epx_status_t status = epx_wires_check_conductance(&fast->wires, conductance, error);
  if (status != EPX_OK) {
    return status;
  }
  const epx_ladder_t *l = &fast->factors.ladder;
  epx_ladder_arrange(&fast->wires, conductance, fast->factors.g);
  epx_wires_factor(&fast->factors);
  epx_wires_find_bound(fast);
  fast->programmed = isfinite(fast->gain);
  if (!fast->programmed) {
    return epx_fail(error, EPX_ERR_NO_CONVERGENCE,
                    "wires: no error bound was found for these conductances: cells conduct far "
                    "better than the wires between them");
  }
  fast->full_scale = 0.0;
  for (int j = 0; j < l->outputs; ++j) {
    double sum = 0.0;
    for (int i = 0; i < l->inputs; ++i) {
      sum += fast->factors.g[(size_t)i * l->outputs + j];
    }
    fast->full_scale = fmax(fast->full_scale, sum);
  }
  return EPX_OK;
}
