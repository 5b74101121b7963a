/* SPDX-License-Identifier: Apache-2.0 */
/* What the twin's files share. Not for callers.
 *
 * Images are channels last. "Compact" is [height][width][channels] without gaps, one byte a neuron;
 * states lie compact between calls. While a sample relaxes on a thread, its states lie in that
 * thread's workspace as the next layer's product reads them: bordered by zeros, the channels of
 * each pixel padded to a multiple of 4. An 8 x 8 image of 3 channels with padding 1 is 192 bytes
 * compact and 10 * 10 * 4 = 400 bytes bordered. */
#ifndef EPX_TWIN_INTERNAL_H
#define EPX_TWIN_INTERNAL_H

#include <stdbool.h>

#include "epx_array.h"
#include "epx_patch.h"
#include "epx_plan.h"
#include "epx_pulsed.h"
#include "epx_twin.h"
#include "epx_update.h"

enum {
  TWIN_HELD_PARTS = 5, /* memories in which an event-driven layer holds a sample */
  TWIN_WORDS = 64      /* that are multiplied at once, a multiple of all windows */
};

/* What a tile's last update took: its pulses, and its cycles, of which each bias takes one. */
typedef struct twin_pulses_t {
  uint64_t pulses, cycles;
} twin_pulses_t;

/* Cycles that packets of a layer take on an event-driven chip.
 *
 * While the network is idle:
 *   partial    a vector's partial sums, from one row block to the next
 *   credit     a credit, back to the row block before
 *   link       from one vector's partial sums to the next one's, as fast as their link takes flits
 *   position   from one position's posts to the next one's, as fast as the home sends them
 *   post       [row block] a position's posts, from the home
 *   feedback   [row block] its backward sums, to the homes below
 *
 * While the network is busy with all packets of a step:
 *   row        [free, nudged] a row of positions' share of the cycles that the busiest link takes
 *   drain      feedback of the last row of positions down, and the states that it makes up again */
typedef struct twin_ways_t {
  double partial, credit, link, position, row[2], drain;
  double *post, *feedback;
} twin_ways_t;

/* A tile layer (epx_mapping.h). */
typedef struct twin_layer_t {
  const epx_plan_layer_t *plan;
  epx_driver_t driver[2]; /* of rows, of units */

  /* Registers, in [units][fan_in] order. */
  int32_t *shadow, *velocity;
  int32_t *bias, *bias_velocity; /* NULL of feedback arrays */
  epx_lfsr_t *lfsr;              /* by tile: [row_blocks][column_blocks] */
  uint32_t
      *written; /* of arrays that are not exact: the update that last wrote a synapse's cells */

  /* Derived from the registers after every update. */
  int8_t *code;    /* [units][fan_in] */
  int32_t *offset; /* bias at fraction F less the input's offset correction, [units] */
  int8_t *packed_forward, *packed_backward;

  epx_pulsed_t **pulsed; /* by tile, as below; NULL: weights are written */
  twin_pulses_t *pulses; /* likewise */
  int64_t *reaches;      /* of its arrays, tile by tile (epx_tile_reach_count); NULL: fixed */
  epx_array_t **array;   /* by tile, [column_blocks][row_blocks]; NULL: products are exact */
  const epx_stop_t *const *stop; /* the substrate's, looked at before a tile's product */

  int32_t *forward_rows; /* epx_conv_rows of conv */

  /* Sums of coefficient * pre code * post code, of layer 0 less the input's offset. With rule
   * `same` a layer's own arrays and its feedback arrays share them. */
  int64_t *correlation; /* [units][fan_in] */
  int64_t *bias_correlation;

  /* Event-driven. */
  size_t held_at[TWIN_HELD_PARTS]; /* where each memory begins, in bytes of a sample's held ones */
  size_t pace_at;                  /* where the layer's edges begin in a workspace's */
  twin_ways_t ways;
} twin_layer_t;

typedef struct twin_workspace_t {
  uint8_t *image[EPX_MAX_LAYERS + 1];     /* bordered input of layer l (of the read-out: last) */
  uint8_t *previous[EPX_MAX_LAYERS];      /* compact states of the step before */
  uint8_t *switches[EPX_MAX_TILE_LAYERS]; /* compact */
  int32_t *forward[EPX_MAX_LAYERS];       /* pooled forward product, compact */
  int32_t *backward[EPX_MAX_LAYERS];      /* product from layer l + 1, [in positions][ldc] */
  void *scratch;                          /* of the kernels in quant/epx_conv.h */
  int32_t *nudge;                         /* of the last layer, compact, at its fraction */
  /* By tile layer that learns by itself. */
  int32_t *correlation[EPX_MAX_TILE_LAYERS]; /* [units][padded fan_in]; not of the read-out */
  int64_t *bias_correlation[EPX_MAX_TILE_LAYERS];
  int64_t *readout_correlation; /* [classes][fan_in] */
  uint64_t draw;                /* epx_array_command of the products to come */
  uint64_t asked, computed;
  uint64_t made[2]; /* steps that a chip with stop_settled makes: free, nudged */

  /* Event-driven, or of arrays that are not exact. */
  uint8_t *lines;       /* a vector's codes; event-driven: as last driven, then as they are now */
  int32_t *posts;       /* a position's posts as they are now */
  uint8_t *no_switches; /* zeros */

  /* Arrays that are not exact. */
  epx_words_t words;            /* that arrays are driven with, TWIN_WORDS at most */
  int32_t *word_products;       /* [TWIN_WORDS][a layer's units, or its fan-in] */
  epx_array_workspace_t *array; /* of any tile's products */
  int64_t *sums;                /* what an array makes of what it is driven with */
  int64_t *products;            /* a vector's, of all arrays of the layer */

  /* Event-driven. */
  uint8_t *held;       /* memories of the sample at work; NULL: not event-driven */
  int32_t *change;     /* changes of a vector's codes, or of a position's posts */
  epx_pace_t *at_work; /* the one of `pace` that belongs to the command at work */
  epx_pace_t pace[EPX_COMMAND_KINDS];
  uint64_t *cycles; /* of each row block (forward) or column block (backward) in one command */
  uint64_t *word;   /* likewise, of the word at work alone */
  double *edges;    /* epx_twin_pace.c: when tiles and homes are done */
  bool nudged;      /* whether the step at work is a nudged one */
  double carried;   /* the edge at which the feedback of the rows of positions so far is down */
  double end[EPX_MAX_TILE_LAYERS]; /* the edge at which each layer is done with the command */

  /* Lossy converters: clips of each tile layer, forward and backward; clips_before has them as they
   * were before the last even and the last odd step. */
  epx_clips_t clips[EPX_MAX_TILE_LAYERS][2], clips_before[2][EPX_MAX_TILE_LAYERS][2];
} twin_workspace_t;

/* Counts since the parameters were loaded, from which draw numbers are made. */
typedef struct twin_counters_t {
  uint32_t updates, images;
} twin_counters_t;

typedef struct twin_t {
  epx_substrate_t base;
  epx_plan_t *plan; /* never changed */
  twin_layer_t layer[EPX_MAX_TILE_LAYERS];
  epx_softmax_t softmax;
  int samples;        /* of the present mini-batch that are held here */
  int total;          /* samples of the whole mini-batch */
  uint64_t presented; /* samples since creation */
  uint8_t *labels;
  uint8_t *input;         /* offset input codes, compact */
  int32_t *input_product; /* layer 0's pooled product, static */
  uint8_t *input_switches;
  twin_counters_t counters;
  epx_clips_t clips[EPX_MAX_TILE_LAYERS][2]; /* what the workspaces do not have */
  uint32_t first_image, reads; /* of this mini-batch; commands so far that read arrays */
  bool noisy;
  uint8_t *state[EPX_MAX_LAYERS], *free_state[EPX_MAX_LAYERS];
  int8_t *pack_buffer;
  uint8_t *held; /* event-driven: by sample, held_size each */
  size_t held_size;
  size_t pace_shared, pace_size; /* edges: where those begin that layers share; how many in all */
  epx_pulsing_t pulsing;
  int workspaces;
  twin_workspace_t *workspace;
} twin_t;

/* Geometry of the bordered image that layer l reads. */
static inline int twin_image_pitch(const twin_layer_t *layer) {
  return (layer->plan->g.in_width + 2 * layer->plan->g.padding) * layer->plan->padded_channels;
}
static inline size_t twin_image_size(const twin_layer_t *layer) {
  return (size_t)(layer->plan->g.in_height + 2 * layer->plan->g.padding) *
         (size_t)twin_image_pitch(layer);
}
/* Elements of a layer's correlations as a thread sums them, channels padded. */
static inline size_t twin_raw_size(const twin_layer_t *layer) {
  return (size_t)epx_conv_padded_fan_in(&layer->plan->conv) * (size_t)layer->plan->g.units;
}
/* The first byte of pixel (y, x) of layer l's bordered image. */
static inline size_t twin_image_at(const twin_layer_t *layer, int y, int x) {
  return (size_t)(y + layer->plan->g.padding) * (size_t)twin_image_pitch(layer) +
         (size_t)(x + layer->plan->g.padding) * (size_t)layer->plan->padded_channels;
}
/* Row width of layer l + 1's backward product into layer l's states, in int32. */
int twin_backward_ldc(const twin_layer_t *above);

/* Where a run of a patch, one that lies inside, begins in the layer's backward product, whose
 * pixels lie ldc apart. */
static inline size_t twin_feedback_at(const twin_layer_t *layer, const epx_patch_t *run, int ldc) {
  const epx_geometry_t *g = &layer->plan->g;
  const int pitch = layer->plan->dense ? g->in_channels : ldc;
  return (size_t)(run->y * g->in_width + run->x) * (size_t)pitch + (size_t)run->channel;
}

/* Feedback arrays take the states of the layer below in a step only where they pool. */
static inline bool twin_fed(const twin_layer_t *layer) {
  return layer->plan->role != EPX_ROLE_FEEDBACK || layer->plan->window > 1;
}
/* Whether tile layer i is feedback arrays that learn what the layer's own arrays learn. */
static inline bool twin_shares_gradient(const twin_t *twin, int i) {
  return twin->layer[i].plan->role == EPX_ROLE_FEEDBACK && !twin->plan->keeps_free;
}
static inline uint8_t *twin_sample(const twin_t *twin, uint8_t *const *states, int l, int sample) {
  return states[l] + (size_t)sample * twin->layer[l].plan->g.out_size;
}

/* Where the states of layer l lie in a workspace while its sample relaxes. */
typedef struct twin_place_t {
  uint8_t *at;
  size_t pixel_stride, row_stride;
} twin_place_t;

static inline twin_place_t twin_state_place(const twin_t *twin, const twin_workspace_t *w, int l) {
  const epx_geometry_t *g = &twin->layer[l].plan->g;
  if (l + 1 == twin->plan->parameter_layers) { /* squared error: the output feeds no product */
    const twin_place_t dense = {w->image[l + 1], (size_t)g->units,
                                (size_t)(g->units * g->out_width)};
    return dense;
  }
  const twin_layer_t *above = &twin->layer[l + 1];
  const twin_place_t place = {w->image[l + 1] + twin_image_at(above, 0, 0),
                              (size_t)above->plan->padded_channels,
                              (size_t)twin_image_pitch(above)};
  return place;
}

/* The shape of a layer's tile; tiles are numbered [column_blocks][row_blocks]. */
static inline epx_tile_shape_t twin_tile_shape(const twin_t *twin, const twin_layer_t *layer,
                                               int tile) {
  const int blocks = layer->plan->map.row_blocks;
  return epx_plan_tile(twin->plan, (int)(layer - twin->layer), tile % blocks, tile / blocks);
}

/* epx_twin.c: epx_twin_create, given up after a requested stop. */
EPX_CHECKED epx_status_t twin_create(const epx_network_t *network, const epx_chip_t *chip,
                                     int capacity, const epx_stop_t *stop,
                                     epx_substrate_t **substrate, epx_error_t *error);

/* epx_twin_memory.c */
bool twin_allocate(twin_t *twin);
void twin_destroy(epx_substrate_t *self);

/* epx_twin_product.c: the two products of a layer. */
/* Tile layer i: derived arrays from the registers. */
EPX_CHECKED epx_status_t twin_pack(twin_t *twin, int i, epx_error_t *error);
void twin_forward(const twin_t *twin, int i, twin_workspace_t *w, const uint8_t *image,
                  int32_t *out, uint8_t *switches);
void twin_backward(const twin_t *twin, int i, twin_workspace_t *w, twin_place_t place,
                   const uint8_t *switches, int32_t *out);

/* epx_twin_calibrate.c: how many numbers a layer's reaches are; gives them to the arrays. */
size_t twin_reach_count(const twin_layer_t *layer);
EPX_CHECKED epx_status_t twin_set_reaches(twin_t *twin, epx_error_t *error);
epx_status_t twin_calibrate(epx_substrate_t *self, const epx_calibration_t *step,
                            epx_error_t *error);
bool twin_uncalibrated(const epx_substrate_t *self);

/* epx_twin_clips.c. Whether arrays have lossy converters; all that was counted, to be set, too. A
 * step of a sample begins; `times` more periods like the one that ends with this step (1 or 2
 * steps long) were not computed, but are made. */
bool twin_converts(const twin_t *twin);
void twin_clips_total(const twin_t *twin, epx_clips_t total[EPX_MAX_TILE_LAYERS][2]);
void twin_clips_set(twin_t *twin, epx_clips_t total[EPX_MAX_TILE_LAYERS][2]);
void twin_clips_begin_step(const twin_t *twin, twin_workspace_t *w, int step);
void twin_clips_repeat(const twin_t *twin, twin_workspace_t *w, int step, int period, int times);
/* Ranges that follow clips: lines are counted from here on; a mini-batch begins; and has ended.
 * twin_counts_shares: every step must be computed for that. */
EPX_CHECKED epx_status_t twin_follow_create(twin_t *twin, epx_error_t *error);
void twin_follow_forget(twin_t *twin);
bool twin_counts_shares(const twin_t *twin);
epx_status_t twin_follow(epx_substrate_t *self, epx_error_t *error);

/* Whether what a layer's arrays would compute is wanted no more; a product of a slow array may take
 * a good part of a second, and a step of one sample minutes. */
static inline bool twin_stopped(const twin_layer_t *layer) {
  return epx_stop_requested(*layer->stop);
}

/* epx_twin_analog.c: products on arrays that are not exact (epx_chip_exact). */
epx_status_t twin_analog_create(twin_t *twin, int i, int first_tile, epx_error_t *error);
void twin_analog_destroy(twin_layer_t *layer);
epx_status_t twin_analog_pack(const twin_layer_t *layer, const epx_stop_t *stop,
                              epx_error_t *error);
epx_clips_t twin_analog_forward(const twin_layer_t *layer, twin_workspace_t *w,
                                const uint8_t *image, int32_t *out, uint8_t *switches);
epx_clips_t twin_analog_backward(const twin_layer_t *layer, twin_workspace_t *w, twin_place_t place,
                                 const uint8_t *switches, int32_t *out, int ldc);
epx_clips_t twin_analog_errors(const twin_layer_t *readout, twin_workspace_t *w,
                               const int32_t *error, int32_t *nudge);
/* The command key (epx_array_command) of a sample's products in the read after `ahead` more reads.
 */
uint64_t twin_draw(const twin_t *twin, int sample, int ahead);

epx_array_t *twin_array(const twin_layer_t *layer, int row_block, int column_block);
/* The codes of wordlines [row, row_end) of convolution row m. */
void twin_gather_lines(const twin_layer_t *layer, const uint8_t *image, int m, int row, int row_end,
                       uint8_t *lines);

/* epx_twin_event.c: what the arrays of an event-driven chip hold and do. The functions forward,
 * backward and errors drive one tile layer, but never the first. They count what the drive takes;
 * where converters lose bits they also write its products. */
size_t twin_event_size(twin_t *twin); /* bytes of the memories that hold one sample */
void twin_event_forget(twin_t *twin); /* clears what is held: the next drives are of whole codes */
void twin_event_command(twin_workspace_t *w, epx_command_kind_t kind); /* drives that follow */
/* `steps` more steps like the last, of a sample that has settled. */
void twin_event_idle(const twin_t *twin, twin_workspace_t *w, int steps);
void twin_event_sample(const twin_t *twin, twin_workspace_t *w, int sample);
void twin_event_forward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w,
                        const uint8_t *image, int32_t *out, uint8_t *switches);
void twin_event_backward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w,
                         twin_place_t place, const uint8_t *switches, int32_t *out);
void twin_event_errors(const twin_t *twin, twin_workspace_t *w, const int32_t *error,
                       int32_t *nudge);

/* epx_twin_pace.c: how long drives take, word by word, with what tiles wait for each other. Before
 * each vector or position the caller puts the word's cycles in each row block (vector) or column
 * block (position) into w->word. The functions end_* add up what was found to w->at_work; idle_* do
 * all of a product whose words drive nothing. */
epx_status_t twin_pace_create(twin_t *twin, epx_error_t *error);
void twin_pace_destroy(twin_layer_t *layer);
size_t twin_pace_size(twin_t *twin); /* edges of a workspace */
void twin_pace_begin_forward(const twin_layer_t *layer, twin_workspace_t *w);
void twin_pace_vector(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w, int m);
void twin_pace_end_forward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w);
void twin_pace_begin_backward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w);
void twin_pace_position(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w, int p);
void twin_pace_end_backward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w);
void twin_pace_end_step(const twin_t *twin, twin_workspace_t *w);
void twin_pace_idle_forward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w);
void twin_pace_idle_backward(const twin_t *twin, const twin_layer_t *layer, twin_workspace_t *w);

/* epx_twin_pulsed.c */
epx_status_t twin_pulsed_create(twin_t *twin, int i, int first_tile, epx_error_t *error);
void twin_pulsed_destroy(twin_layer_t *layer);
void twin_pulsed_limit(twin_layer_t *layer); /* registers within the bounds of their cells */
void twin_pulsed_count(twin_t *twin, int i); /* adds tile layer i's last update to twin->pulsing */

/* epx_twin_relax.c */
epx_status_t twin_present(epx_substrate_t *self, const epx_batch_t *batch, epx_error_t *error);
epx_status_t twin_relax(epx_substrate_t *self, int steps, double beta, epx_error_t *error);
epx_status_t twin_predict(epx_substrate_t *self, double *loss, uint8_t *predicted,
                          epx_error_t *error);
void twin_load_image(const twin_t *twin, twin_workspace_t *w, uint8_t *const *states, int l,
                     int sample);
void twin_load_images(const twin_t *twin, twin_workspace_t *w, int sample);
void twin_load_input(const twin_t *twin, twin_workspace_t *w, int sample);
void twin_logits(const twin_t *twin, twin_workspace_t *w, int64_t *logits); /* of its states */
void twin_products(const twin_t *twin, twin_workspace_t *w, int sample, double beta);

/* epx_twin_update.c */
void twin_clear_gradient(epx_substrate_t *self);
epx_status_t twin_accumulate(epx_substrate_t *self, const epx_phase_t *phase, epx_error_t *error);
void twin_gradient(epx_substrate_t *self, const epx_estimator_t *estimator, epx_params_t *out);
epx_status_t twin_update(epx_substrate_t *self, const epx_estimator_t *estimator,
                         const epx_update_rule_t *rule, epx_error_t *error);
size_t twin_sums_count(const epx_substrate_t *self);
void twin_sums(epx_substrate_t *self, epx_sums_access_t access, void *sums);
/* Errors where a setting of an update, on mini-batches of `total` samples, leaves the range of the
 * update circuits; the message begins with its key, that of a learning rate being rate_key. */
epx_status_t twin_check_rule(const epx_plan_t *plan, const epx_estimator_t *estimator,
                             const epx_update_rule_t *rule, const char *rate_key, int total,
                             epx_error_t *error);
/* The switches through which tile layer i learns from a sample; leaves the codes of its wordlines
 * in w->image. Both are those of the present states, but of the free ones with rule `different` for
 * a layer's own arrays. */
const uint8_t *twin_learning_switches(const twin_t *twin, twin_workspace_t *w, int i, int sample);

/* A tile layer's weights in the exchange format. */
static inline double *twin_weights_of(const twin_layer_t *layer, const epx_params_t *params) {
  return layer->plan->role == EPX_ROLE_FEEDBACK ? params->backward[layer->plan->parameter]
                                                : params->weight[layer->plan->parameter];
}

/* epx_twin_health.c */
epx_status_t twin_health(const epx_substrate_t *self, const epx_estimator_t *estimator,
                         const epx_update_rule_t *rule, epx_health_t *health, epx_error_t *error);

/* epx_twin_registers.c: parameters and checkpoints. */
epx_status_t twin_load(epx_substrate_t *self, const epx_params_t *params, epx_error_t *error);
epx_status_t twin_store(epx_substrate_t *self, epx_params_t *params, epx_error_t *error);
epx_status_t twin_save(epx_substrate_t *self, epx_npz_t *npz, epx_error_t *error);
epx_status_t twin_restore(epx_substrate_t *self, const epx_npz_t *npz, const char *label,
                          epx_error_t *error);

#endif
