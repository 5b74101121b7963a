/* SPDX-License-Identifier: Apache-2.0 */
#include "tile_source.h"

#include <stdio.h>
#include <stdlib.h>

#include "epx_config.h"
#include "run.h"

static epx_update_rule_t first_rule(const epx_experiment_t *experiment) {
  epx_update_rule_t rule = {.momentum = experiment->training.momentum,
                            .weight_decay = experiment->training.weight_decay};
  for (int l = 0; l <= EPX_MAX_LAYERS; ++l) {
    rule.learning_rate[l] = epx_trainer_learning_rate(&experiment->training, l, 0);
  }
  return rule;
}

/* The tile that was asked for, a default where nothing was. */
static epx_tile_place_t place_of(const tile_source_t *source, const epx_experiment_t *experiment) {
  epx_tile_place_t place = source->place;
  place.layer = place.layer >= 0 ? place.layer : experiment->network.layer_count > 1;
  place.row_block = place.row_block >= 0 ? place.row_block : 0;
  place.column_block = place.column_block >= 0 ? place.column_block : 0;
  return place;
}

static epx_status_t setup_of(const epx_experiment_t *experiment, const epx_substrate_t *twin,
                             epx_tile_place_t place, epx_tile_setup_t *setup, epx_error_t *error) {
  const epx_update_rule_t rule = first_rule(experiment);
  return epx_tile_setup_make(twin, place, &experiment->estimator, &rule, experiment->training.batch,
                             setup, error);
}

static epx_status_t from_run(const tile_source_t *source, const epx_experiment_t *experiment,
                             epx_substrate_t *twin, tile_vectors_t *tile, epx_error_t *error) {
  float *x = NULL;
  uint8_t *labels = NULL;
  epx_status_t status =
      run_test_images(experiment, source->image, source->images, &x, &labels, error);
  if (status == EPX_OK) {
    const epx_tile_step_t step = {
        .place = place_of(source, experiment),
        .dynamics = experiment->dynamics,
        .estimator = experiment->estimator,
        .rule = first_rule(experiment),
        .x = x,
        .labels = labels,
        .images = source->images,
    };
    status = epx_tile_from_twin(twin, &step, &tile->vectors, error);
  }
  free(x);
  free(labels);
  snprintf(tile->source, sizeof tile->source, "%d image%s from number %d", source->images,
           source->images == 1 ? "" : "s", source->image);
  return status;
}

static epx_status_t from_generator(const tile_source_t *source, const epx_experiment_t *experiment,
                                   const epx_substrate_t *twin, tile_vectors_t *tile,
                                   epx_error_t *error) {
  epx_tile_setup_t setup;
  epx_status_t status = setup_of(experiment, twin, place_of(source, experiment), &setup, error);
  if (status == EPX_OK) {
    status = epx_tile_random(&setup, source->random, source->seed, &tile->vectors, error);
  }
  snprintf(tile->source, sizeof tile->source, "%d random positions, seed %llu", source->random,
           (unsigned long long)source->seed);
  return status;
}

/* Options may name the tile where the file does not, and must agree where it does. */
static epx_status_t file_place(const tile_source_t *source, const epx_npz_t *npz,
                               const epx_experiment_t *experiment, epx_tile_place_t *place,
                               epx_error_t *error) {
  epx_tile_place_t file;
  bool given = false;
  const epx_status_t status = epx_tile_npz_place(npz, source->vectors, &file, &given, error);
  if (status != EPX_OK || !given) {
    *place = place_of(source, experiment);
    return status;
  }
  const epx_tile_place_t *asked = &source->place;
  if ((asked->layer >= 0 && asked->layer != file.layer) ||
      (asked->row_block >= 0 && asked->row_block != file.row_block) ||
      (asked->column_block >= 0 && asked->column_block != file.column_block)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s: array 'tile' says layer %d, row block %d, column block %d; the options "
                    "ask for another",
                    source->vectors, file.layer, file.row_block, file.column_block);
  }
  *place = file;
  return EPX_OK;
}

static epx_status_t from_file(const tile_source_t *source, const epx_experiment_t *experiment,
                              const epx_substrate_t *twin, tile_vectors_t *tile,
                              epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_tile_place_t place;
  epx_tile_setup_t setup;
  epx_status_t status = epx_npz_read(source->vectors, &npz, error);
  status = status == EPX_OK ? file_place(source, npz, experiment, &place, error) : status;
  status = status == EPX_OK ? setup_of(experiment, twin, place, &setup, error) : status;
  if (status == EPX_OK) {
    status = epx_tile_npz_read(npz, source->vectors, &setup, &tile->vectors, error);
  }
  epx_npz_destroy(npz);
  snprintf(tile->source, sizeof tile->source, "%s", source->vectors);
  return status;
}

static epx_status_t open_twin(const tile_source_t *source, epx_experiment_t *experiment,
                              epx_substrate_t **twin, epx_error_t *error) {
  const command_source_t *config = &source->config;
  epx_status_t status;
  if (source->run != NULL) {
    status = run_load(source->run, config, source->images, experiment, twin, error);
  } else {
    status =
        epx_config_load(config->file, config->overrides, config->override_count, experiment, error);
  }
  if (status == EPX_OK && experiment->substrate.kind != EPX_SUBSTRATE_TWIN) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s: substrate.kind is golden; tiles are those of a twin",
                    source->run != NULL    ? source->run
                    : config->file != NULL ? config->file
                                           : "default configuration");
  }
  return status == EPX_OK && *twin == NULL ? run_make_substrate(experiment, 1, twin, error)
                                           : status;
}

epx_status_t tile_vectors_open(const tile_source_t *source, tile_vectors_t *tile,
                               epx_error_t *error) {
  epx_experiment_t experiment;
  epx_substrate_t *twin = NULL;
  epx_status_t status = open_twin(source, &experiment, &twin, error);
  if (status == EPX_OK) {
    status = source->run != NULL       ? from_run(source, &experiment, twin, tile, error)
             : source->vectors != NULL ? from_file(source, &experiment, twin, tile, error)
                                       : from_generator(source, &experiment, twin, tile, error);
  }
  if (status == EPX_OK) {
    epx_network_layer_name(&experiment.network, tile->vectors->setup.place.layer, tile->layer);
  }
  epx_substrate_destroy(twin);
  return status;
}
