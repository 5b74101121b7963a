/* SPDX-License-Identifier: Apache-2.0 */
/* Golden template, part 4: what a golden substrate holds.
 *
 * Parameters, which whoever includes it defines:
 *   REAL         the element type: float or double
 */
#ifndef EPX_GOLDEN_MEMORY_TEMPLATE_H
#define EPX_GOLDEN_MEMORY_TEMPLATE_H

#if !defined REAL
#error "define REAL before including this template"
#endif

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_golden_transpose_template.h"
#include "epx_parallel.h"
#include "epx_qformat.h"
#include "epx_substrate.h"

enum {
  GRADIENT_GROUPS = 8, /* fixed, so that sums are ordered the same on any number of threads */
  GROUP = 8,           /* samples that relax side by side on one thread */
  PRODUCT_ROWS = 256   /* rows that a forward product gathers over samples, about */
};

/* What the samples of one thread share. */
typedef struct scratch_t {
  REAL *columns;   /* patches of the largest product */
  REAL *z;         /* its output */
  REAL *bordered;  /* input of the largest layer with its padding */
  item_t *item[4]; /* of backward(), by place; item[0] is the whole array */
  winograd_t winograd;
} scratch_t;

/* One sample while it relaxes.
 *
 * Products stay valid until what they read has moved, so that a layer whose inputs rest costs
 * nothing; see epx_golden_product_template.h. */
typedef struct workspace_t {
  const scratch_t *scratch;
  REAL *forward[EPX_MAX_LAYERS];  /* pooled forward product of each layer, without bias */
  REAL *backward[EPX_MAX_LAYERS]; /* product from the layer above into each layer */
  REAL *v[EPX_MAX_LAYERS];        /* preactivation */
  REAL *state[EPX_MAX_LAYERS];    /* s(t) */
  REAL *before[EPX_MAX_LAYERS];   /* s(t - 1) where `moved`; else it equals s(t) */
  REAL *next[EPX_MAX_LAYERS];
  uint8_t *switches[EPX_MAX_LAYERS];      /* of the forward product */
  uint8_t *back_switches[EPX_MAX_LAYERS]; /* of the backward weights; bidirectional: switches */
  bool forward_valid[EPX_MAX_LAYERS];
  bool back_switches_valid[EPX_MAX_LAYERS];
  bool backward_valid[EPX_MAX_LAYERS];
  bool v_valid[EPX_MAX_LAYERS]; /* v is that of the products and, nudged, of the state */
  bool moved[EPX_MAX_LAYERS];   /* in the step before */
} workspace_t;

/* Accumulators of one group of samples: all parameter layers. */
typedef struct gradient_t {
  double *weight[EPX_MAX_LAYERS + 1];
  long double *bias[EPX_MAX_LAYERS + 1];
  double *backward[EPX_MAX_LAYERS + 1]; /* bidirectional: weight itself */
} gradient_t;

typedef struct golden_t {
  epx_substrate_t base;
  int layers;           /* state layers */
  int parameter_layers; /* and the read-out */
  layer_t layer[EPX_MAX_LAYERS + 1];
  bool quantised; /* states are rounded to state_format after every step */
  epx_qformat_t state_format;
  int samples;      /* of the present mini-batch that are held here */
  int first, total; /* place of the first of them in the mini-batch, and its size */
  uint8_t *labels;
  REAL *input;                 /* [sample][in_size] channels last */
  REAL *drive;                 /* layer 0's pooled forward product, static: [sample][out_size] */
  uint8_t *input_switches;     /* of layer 0 */
  bool drive_stale;            /* layer 0's weights have changed since */
  bool winograd_stale;         /* some layer's weights have changed since they were transformed */
  REAL *state[EPX_MAX_LAYERS]; /* [sample][out_size] */
  REAL *free_state[EPX_MAX_LAYERS];
  bool held; /* switches are those of the free state */
  uint8_t *held_switches[EPX_MAX_LAYERS];
  uint8_t *held_back_switches[EPX_MAX_LAYERS];
  gradient_t gradient[GRADIENT_GROUPS];
  int threads;
  scratch_t *scratch;     /* [threads] */
  workspace_t *workspace; /* [threads][GROUP] */
} golden_t;

/* The largest weight, bias or pixel: 2^48 (float32) or 2^496 (float64), so that no sum of as many
 * products as a layer has can overflow. A NaN is not seen everywhere: pooling passes over it. */
static REAL largest(void) {
  return (REAL)ldexp(1.0, sizeof(REAL) == sizeof(float) ? 48 : 496);
}

/* "conv0.weight, element 0 of 300, is 1e+300; ...", with `array` "conv0" and `part` ".weight". */
static epx_status_t fail_large(const char *array, const char *part, size_t i, size_t count,
                               double value, epx_error_t *error) {
  return epx_fail(error, EPX_ERR_ARGUMENT,
                  "%s%s, element %zu of %zu, is %g; the golden model in float%d takes values of at "
                  "most %g",
                  array, part, i, count, value, 8 * (int)sizeof(REAL), (double)largest());
}

/* Fails where a value is larger, or NaN. */
static epx_status_t check_values(const double *values, size_t count, const char *array,
                                 const char *part, epx_error_t *error) {
  for (size_t i = 0; i < count; ++i) {
    if (!(fabs(values[i]) <= (double)largest())) {
      return fail_large(array, part, i, count, values[i], error);
    }
  }
  return EPX_OK;
}

/* Samples whose patches or tiles make one forward product: chunks of a group, fixed, so that the
 * bits of a product do not depend on which of its samples still move. */
static inline int product_samples(const epx_geometry_t *g) {
  const int samples = winograd_pays(g) ? tile_rows(g) / (tiles_high(g) * tiles_wide(g))
                                       : PRODUCT_ROWS / (g->conv_height * g->conv_width);
  return samples < 1 ? 1 : samples > GROUP ? GROUP : samples;
}

/* The same of a transposed product. */
static inline int transpose_samples(const epx_geometry_t *g) {
  const int samples = transpose_rows(g) / (g->out_height * g->out_width);
  return samples < 1 ? 1 : samples > GROUP ? GROUP : samples;
}

/* Layer l has backward weights of its own. */
static inline bool own_backward(const golden_t *golden, int l) {
  return epx_network_has_backward(&golden->base.network, l) != 0;
}

static inline size_t max_size(size_t a, size_t b) {
  return a > b ? a : b;
}

static inline REAL *sample_state(const golden_t *golden, REAL *const *states, int l, int sample) {
  return states[l] + (size_t)sample * golden->layer[l].g.out_size;
}

static inline uint8_t *sample_switches(const golden_t *golden, uint8_t *const *switches, int l,
                                       int sample) {
  return switches[l] + (size_t)sample * golden->layer[l].g.out_size;
}

static inline const REAL *sample_input(const golden_t *golden, int sample) {
  return golden->input + (size_t)sample * golden->layer[0].g.in_size;
}

/* The workspace of a thread that has one sample at a time. */
static inline workspace_t *thread_workspace(const golden_t *golden, int thread) {
  return &golden->workspace[(size_t)thread * GROUP];
}

/* The first sample held here of a gradient group. Groups are parts of the whole mini-batch, so that
 * sums are the same wherever its samples are. */
static inline int group_begin(const golden_t *golden, int group) {
  const long begin = (long)golden->total * group / GRADIENT_GROUPS - golden->first;
  return begin < 0 ? 0 : begin > golden->samples ? golden->samples : (int)begin;
}

static void free_workspace(const golden_t *golden, workspace_t *w) {
  for (int l = 0; l < golden->layers; ++l) {
    free(w->forward[l]);
    free(w->backward[l]);
    free(w->v[l]);
    free(w->state[l]);
    free(w->before[l]);
    free(w->next[l]);
    free(w->switches[l]);
    if (own_backward(golden, l)) {
      free(w->back_switches[l]);
    }
  }
}

static void free_layer(golden_t *golden, int l) {
  layer_t *layer = &golden->layer[l];
  const bool own = own_backward(golden, l);
  free(layer->weight);
  free(layer->bias);
  free(layer->winograd);
  free(layer->transposed);
  free(layer->weight_velocity);
  free(layer->bias_velocity);
  if (own) {
    free(layer->backward);
    free(layer->backward_velocity);
    free(layer->winograd_backward);
  }
  for (int i = 0; i < GRADIENT_GROUPS; ++i) {
    free(golden->gradient[i].weight[l]);
    free(golden->gradient[i].bias[l]);
    if (own) {
      free(golden->gradient[i].backward[l]);
    }
  }
}

static void destroy(epx_substrate_t *self) {
  golden_t *golden = (golden_t *)self;
  for (int l = 0; l < golden->parameter_layers; ++l) {
    free_layer(golden, l);
  }
  for (int l = 0; l < golden->layers; ++l) {
    free(golden->state[l]);
    free(golden->free_state[l]);
    free(golden->held_switches[l]);
    if (own_backward(golden, l)) {
      free(golden->held_back_switches[l]);
    }
  }
  for (int i = 0; golden->workspace != NULL && i < golden->threads * GROUP; ++i) {
    free_workspace(golden, &golden->workspace[i]);
  }
  for (int i = 0; golden->scratch != NULL && i < golden->threads; ++i) {
    free(golden->scratch[i].columns);
    free(golden->scratch[i].z);
    free(golden->scratch[i].bordered);
    free(golden->scratch[i].item[0]);
    free(golden->scratch[i].winograd.bordered);
    free(golden->scratch[i].winograd.v);
    free(golden->scratch[i].winograd.m);
  }
  free(golden->workspace);
  free(golden->scratch);
  free(golden->labels);
  free(golden->input);
  free(golden->drive);
  free(golden->input_switches);
  free(golden);
}

/* Zeroed arrays on cache lines, which wide loads must not straddle; sets *failed where memory runs
 * out, so that a caller checks once. */
static REAL *reals(size_t count, bool *failed) {
  const size_t bytes = (count * sizeof(REAL) / 64 + 1) * 64;
  REAL *array = aligned_alloc(64, bytes);
  if (array == NULL) {
    *failed = true;
    return NULL;
  }
  memset(array, 0, bytes);
  return array;
}

static double *doubles(size_t count, bool *failed) {
  double *array = calloc(count > 0 ? count : 1, sizeof(double));
  *failed = *failed || array == NULL;
  return array;
}

static uint8_t *bytes(size_t count, bool *failed) {
  uint8_t *array = calloc(count > 0 ? count : 1, 1);
  *failed = *failed || array == NULL;
  return array;
}

static void allocate_winograd(const golden_t *golden, winograd_t *winograd, bool *failed) {
  size_t border = 0, v = 0, m = 0;
  for (int l = 0; l < golden->layers; ++l) {
    const epx_geometry_t *g = &golden->layer[l].g;
    if (winograd_pays(g)) {
      border = max_size(border, winograd_border_size(g));
      v = max_size(v, 16 * tiles_stride(g));
      m = max_size(m, 16 * sums_stride(g));
    }
    if (transpose_pays(g)) {
      const size_t samples = (size_t)transpose_samples(g);
      border = max_size(border, samples * transpose_border_size(g));
      v = max_size(v, samples * g->out_size);
      m = max_size(m, 9 * transpose_stride(g));
    }
  }
  winograd->bordered = reals(border, failed);
  winograd->v = reals(v, failed);
  winograd->m = reals(m, failed);
}

static bool allocate_scratch(const golden_t *golden, scratch_t *scratch) {
  bool failed = false;
  size_t columns = 0, z = 0, bordered = 0, units = 0;
  for (int l = 0; l < golden->parameter_layers; ++l) {
    const epx_geometry_t *g = &golden->layer[l].g;
    const size_t rows = (size_t)(g->conv_height * g->conv_width) * (size_t)product_samples(g);
    columns = max_size(columns, rows * (size_t)g->fan_in);
    z = max_size(z, rows * (size_t)g->units);
    bordered = max_size(bordered, bordered_size(g));
    units = max_size(units, (size_t)g->units);
  }
  scratch->columns = reals(columns, &failed);
  scratch->z = reals(z, &failed);
  scratch->bordered = reals(bordered, &failed);
  allocate_winograd(golden, &scratch->winograd, &failed);
  scratch->item[0] = calloc(4 * units, sizeof *scratch->item[0]);
  failed = failed || scratch->item[0] == NULL;
  for (size_t p = 1; p < 4 && !failed; ++p) {
    scratch->item[p] = scratch->item[0] + p * units;
  }
  return !failed;
}

static bool allocate_workspace(const golden_t *golden, const scratch_t *scratch, workspace_t *w) {
  bool failed = false;
  w->scratch = scratch;
  for (int l = 0; l < golden->layers; ++l) {
    const size_t size = golden->layer[l].g.out_size;
    w->forward[l] = reals(size, &failed);
    w->backward[l] = reals(size, &failed);
    w->v[l] = reals(size, &failed);
    w->state[l] = reals(size, &failed);
    w->before[l] = reals(size, &failed);
    w->next[l] = reals(size, &failed);
    w->switches[l] = bytes(size, &failed);
    w->back_switches[l] = own_backward(golden, l) ? bytes(size, &failed) : w->switches[l];
  }
  return !failed;
}

static void allocate_layer(golden_t *golden, int l, bool *failed) {
  layer_t *layer = &golden->layer[l];
  const size_t weights = (size_t)layer->g.units * (size_t)layer->g.fan_in;
  const size_t units = (size_t)layer->g.units;
  const bool own = own_backward(golden, l);
  layer->weight = reals(weights, failed);
  layer->bias = reals(units, failed);
  layer->winograd = NULL;
  if (l < golden->layers && winograd_pays(&layer->g)) {
    layer->winograd = reals(winograd_weights_size(&layer->g), failed);
  }
  layer->winograd_backward = layer->winograd;
  if (own && layer->winograd != NULL) {
    layer->winograd_backward = reals(winograd_weights_size(&layer->g), failed);
  }
  layer->transposed = NULL;
  if (l > 0 && l < golden->layers && transpose_pays(&layer->g)) {
    layer->transposed = reals(winograd_weights_size(&layer->g), failed);
  }
  layer->weight_velocity = reals(weights, failed);
  layer->bias_velocity = reals(units, failed);
  layer->backward = own ? reals(weights, failed) : layer->weight;
  layer->backward_velocity = own ? reals(weights, failed) : NULL;
  for (int i = 0; i < GRADIENT_GROUPS; ++i) {
    gradient_t *gradient = &golden->gradient[i];
    gradient->weight[l] = doubles(weights, failed);
    gradient->bias[l] = calloc(units, sizeof(long double));
    *failed = *failed || gradient->bias[l] == NULL;
    gradient->backward[l] = own ? doubles(weights, failed) : gradient->weight[l];
  }
}

static bool allocate(golden_t *golden) {
  bool failed = false;
  const size_t samples = (size_t)golden->base.capacity;
  for (int l = 0; l < golden->parameter_layers; ++l) {
    allocate_layer(golden, l, &failed);
  }
  for (int l = 0; l < golden->layers; ++l) {
    const size_t size = samples * golden->layer[l].g.out_size;
    golden->state[l] = reals(size, &failed);
    golden->free_state[l] = reals(size, &failed);
    golden->held_switches[l] = bytes(size, &failed);
    golden->held_back_switches[l] =
        own_backward(golden, l) ? bytes(size, &failed) : golden->held_switches[l];
  }
  golden->labels = bytes(samples, &failed);
  golden->input = reals(samples * golden->layer[0].g.in_size, &failed);
  golden->drive = reals(samples * golden->layer[0].g.out_size, &failed);
  golden->input_switches = bytes(samples * golden->layer[0].g.out_size, &failed);
  golden->threads = epx_parallel_threads();
  golden->scratch = calloc((size_t)golden->threads, sizeof *golden->scratch);
  golden->workspace = calloc((size_t)golden->threads * GROUP, sizeof *golden->workspace);
  failed = failed || golden->scratch == NULL || golden->workspace == NULL;
  for (int i = 0; !failed && i < golden->threads * GROUP; ++i) {
    scratch_t *scratch = &golden->scratch[i / GROUP];
    failed = (i % GROUP == 0 && !allocate_scratch(golden, scratch)) ||
             !allocate_workspace(golden, scratch, &golden->workspace[i]);
  }
  return !failed;
}

#endif
