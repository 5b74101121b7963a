/* SPDX-License-Identifier: Apache-2.0 */
/* Building a twin: what is modelled, the formats of every layer, the vtable. */
#include "epx_twin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_array.h"
#include "epx_gemm_u8s8s32.h"
#include "epx_parallel.h"
#include "epx_twin_internal.h"

static void states(epx_substrate_t *self, int l, double *out) {
  const twin_t *twin = (const twin_t *)self;
  const epx_geometry_t *g = &twin->layer[l].plan->g;
  const size_t area = (size_t)(g->out_height * g->out_width);
  const double step = 1.0 / (double)(1 << twin->plan->chip->state.fraction_bits);
  for (int sample = 0; sample < twin->samples; ++sample) {
    const uint8_t *s = twin_sample(twin, twin->state, l, sample);
    for (size_t i = 0; i < g->out_size; ++i) {
      out[(size_t)sample * g->out_size + i] = step * s[i % area * (size_t)g->units + i / area];
    }
  }
}

static void copy_states(const twin_t *twin, uint8_t *const *from, uint8_t *const *to) {
  for (int l = 0; l < twin->plan->layers; ++l) {
    memcpy(to[l], from[l], (size_t)twin->samples * twin->layer[l].plan->g.out_size);
  }
}

static epx_status_t keep_free(epx_substrate_t *self, epx_error_t *error) {
  const twin_t *twin = (const twin_t *)self;
  (void)error;
  copy_states(twin, twin->state, twin->free_state);
  return EPX_OK;
}

static void recall_free(epx_substrate_t *self) {
  const twin_t *twin = (const twin_t *)self;
  copy_states(twin, twin->free_state, twin->state);
}

static const epx_substrate_ops_t ops = {
    .name = "twin",
    .destroy = twin_destroy,
    .load = twin_load,
    .store = twin_store,
    .save = twin_save,
    .restore = twin_restore,
    .calibrate = twin_calibrate,
    .uncalibrated = twin_uncalibrated,
    .follow = twin_follow,
    .present = twin_present,
    .relax = twin_relax,
    .predict = twin_predict,
    .keep_free = keep_free,
    .recall_free = recall_free,
    .clear_gradient = twin_clear_gradient,
    .accumulate = twin_accumulate,
    .gradient = twin_gradient,
    .update = twin_update,
    .sums_dtype = EPX_DTYPE_I64,
    .sums_count = twin_sums_count,
    .sums = twin_sums,
    .states = states,
    .health = twin_health,
};

epx_status_t epx_twin_check(const epx_network_t *network, const epx_chip_t *chip,
                            epx_error_t *error) {
  return epx_plan_check(network, chip, NULL, error);
}

/* Arrays, devices and what products need, of a twin whose memory is there. */
static epx_status_t equip(twin_t *twin, epx_error_t *error) {
  const epx_plan_t *plan = twin->plan;
  const epx_chip_t *chip = plan->chip;
  epx_status_t status = chip->event_driven ? twin_pace_create(twin, error) : EPX_OK;
  for (int i = 0; status == EPX_OK && i < plan->tile_layers; ++i) {
    const int first = plan->floor.first_tile[i];
    status = epx_chip_exact(chip) ? EPX_OK : twin_analog_create(twin, i, first, error);
    status = status == EPX_OK && epx_chip_pulsed(chip) ? twin_pulsed_create(twin, i, first, error)
                                                       : status;
  }
  for (int i = 0; status == EPX_OK && i < plan->tile_layers; ++i) {
    twin_layer_t *layer = &twin->layer[i];
    epx_conv_rows(&layer->plan->conv, layer->forward_rows);
  }
  epx_softmax_init(&twin->softmax);
  twin->noisy = epx_chip_noisy(chip) || twin_counts_shares(twin);
  return status == EPX_OK ? twin_follow_create(twin, error) : status;
}

epx_status_t twin_create(const epx_network_t *network, const epx_chip_t *chip, int capacity,
                         const epx_stop_t *stop, epx_substrate_t **substrate, epx_error_t *error) {
  if (capacity < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "mini-batch of %d samples; expected at least 1",
                    capacity);
  }
  epx_plan_t *plan = NULL;
  epx_status_t status = epx_plan_make(network, chip, NULL, &plan, error);
  if (status != EPX_OK) {
    return status;
  }
  twin_t *twin = calloc(1, sizeof *twin);
  if (twin == NULL) {
    epx_plan_destroy(plan);
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the twin");
  }
  twin->plan = plan;
  for (int i = 0; i < plan->tile_layers; ++i) {
    const epx_tile_shape_t shape = epx_plan_tile(plan, i, 0, 0);
    twin->layer[i].plan = &plan->layer[i];
    twin->layer[i].driver[0] = epx_driver_of(plan->chip, &shape, false);
    twin->layer[i].driver[1] = epx_driver_of(plan->chip, &shape, true);
  }
  twin->base =
      (epx_substrate_t){.ops = &ops, .network = *network, .capacity = capacity, .stop = stop};
  status = epx_network_shapes(network, twin->base.shapes, error);
  if (status == EPX_OK && !twin_allocate(twin)) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for the twin with mini-batches of %d",
                      capacity);
  }
  status = status == EPX_OK ? equip(twin, error) : status;
  if (status != EPX_OK) {
    twin_destroy(&twin->base);
    return status;
  }
  *substrate = &twin->base;
  return EPX_OK;
}

epx_status_t epx_twin_create(const epx_network_t *network, const epx_chip_t *chip, int capacity,
                             epx_substrate_t **substrate, epx_error_t *error) {
  return twin_create(network, chip, capacity, NULL, substrate, error);
}

void epx_twin_activity(const epx_substrate_t *substrate, epx_activity_t *activity) {
  const twin_t *twin = (const twin_t *)substrate;
  *activity = (epx_activity_t){.images = twin->presented, .pulsing = twin->pulsing};
  for (int i = 0; i < twin->workspaces; ++i) {
    const twin_workspace_t *w = &twin->workspace[i];
    activity->free_steps += w->made[0];
    activity->nudged_steps += w->made[1];
    for (int k = 0; k < EPX_COMMAND_KINDS; ++k) {
      epx_pace_add(&activity->pace[k], &w->pace[k], 1);
    }
  }
}

void epx_twin_steps(const epx_substrate_t *substrate, uint64_t *asked, uint64_t *computed) {
  const twin_t *twin = (const twin_t *)substrate;
  *asked = *computed = 0;
  for (int i = 0; i < twin->workspaces; ++i) {
    *asked += twin->workspace[i].asked;
    *computed += twin->workspace[i].computed;
  }
}
