/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of converters from a batch: a copy of the twin, whose converters are ideal and observe,
 * makes a training step of it. */
#include <stdlib.h>

#include "epx_array.h"
#include "epx_ep.h"
#include "epx_twin.h"
#include "epx_twin_internal.h"

static int tiles_of(const twin_layer_t *layer) {
  return layer->plan->map.row_blocks * layer->plan->map.column_blocks;
}

size_t twin_reach_count(const twin_layer_t *layer) {
  return epx_map_reaches(&layer->plan->map, tiles_of(layer));
}

static bool follows_batches(const twin_t *twin) {
  return twin->layer[0].reaches != NULL;
}

bool twin_uncalibrated(const epx_substrate_t *self) {
  const twin_t *twin = (const twin_t *)self;
  if (!follows_batches(twin)) {
    return false;
  }
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const size_t count = twin_reach_count(&twin->layer[i]);
    for (size_t k = 0; k < count; ++k) {
      if (twin->layer[i].reaches[k] != 0) {
        return false;
      }
    }
  }
  return true;
}

epx_status_t twin_set_reaches(twin_t *twin, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; follows_batches(twin) && i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &twin->layer[i];
    for (int tile = 0; status == EPX_OK && tile < tiles_of(layer); ++tile) {
      const int64_t *reaches = layer->reaches + epx_map_reaches(&layer->plan->map, tile);
      status = epx_array_set_reaches(layer->array[tile], reaches, error);
    }
  }
  return status;
}

static epx_status_t copy_registers(epx_substrate_t *from, epx_substrate_t *to, epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_status_t status = epx_npz_create(&npz, error);
  status = status == EPX_OK ? epx_substrate_save(from, npz, error) : status;
  status = status == EPX_OK ? epx_substrate_restore(to, npz, "the twin", error) : status;
  epx_npz_destroy(npz);
  return status;
}

static epx_status_t observe(twin_t *copy, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; i < copy->plan->tile_layers; ++i) {
    for (int tile = 0; status == EPX_OK && tile < tiles_of(&copy->layer[i]); ++tile) {
      status = epx_array_observe(copy->layer[i].array[tile], error);
    }
  }
  copy->noisy = true; /* every conversion counts, those of settled samples too */
  return status;
}

static void take_reaches(const twin_t *copy, twin_t *twin) {
  for (int i = 0; i < twin->plan->tile_layers; ++i) {
    const twin_layer_t *layer = &copy->layer[i];
    for (int tile = 0; tile < tiles_of(layer); ++tile) {
      epx_array_observed(layer->array[tile], twin->plan->chip,
                         twin->layer[i].reaches + epx_map_reaches(&layer->plan->map, tile));
    }
  }
}

static epx_status_t run(epx_substrate_t *copy, const epx_calibration_t *step, epx_error_t *error) {
  const size_t n = (size_t)step->batch.n;
  double *loss = malloc(n * sizeof *loss);
  uint8_t *predicted = malloc(n);
  epx_status_t status = observe((twin_t *)copy, error);
  if (loss == NULL || predicted == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory to calibrate on %zu images", n);
  }
  status = status == EPX_OK
               ? epx_ep_free(copy, &step->dynamics, &step->batch, loss, predicted, error)
               : status;
  status =
      status == EPX_OK ? epx_ep_nudged(copy, &step->dynamics, &step->estimator, 1, error) : status;
  free(loss);
  free(predicted);
  return status;
}

epx_status_t twin_calibrate(epx_substrate_t *self, const epx_calibration_t *step,
                            epx_error_t *error) {
  twin_t *twin = (twin_t *)self;
  epx_substrate_t *copy = NULL;
  if (!follows_batches(twin)) {
    return EPX_OK;
  }
  epx_status_t status =
      twin_create(&self->network, twin->plan->chip, step->batch.n, self->stop, &copy, error);
  if (status != EPX_OK) {
    return status;
  }
  status = copy_registers(self, copy, error);
  status = status == EPX_OK ? run(copy, step, error) : status;
  if (status == EPX_OK) {
    take_reaches((const twin_t *)copy, twin);
    status = twin_set_reaches(twin, error);
  }
  epx_substrate_destroy(copy);
  return status;
}
