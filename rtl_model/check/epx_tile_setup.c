/* SPDX-License-Identifier: Apache-2.0 */
/* Which tile of which chip it is, and the devices that its update pulses. */
#include "epx_circuit.h"
#include "epx_tile_vectors.h"
#include "epx_update.h"

epx_status_t epx_tile_setup_make(const epx_plan_t *plan, epx_tile_place_t place,
                                 const epx_estimator_t *estimator, const epx_update_rule_t *rule,
                                 int batch, epx_tile_setup_t *setup, epx_error_t *error) {
  if (place.layer < 0 || place.layer >= plan->parameter_layers) {
    return epx_fail(
        error, EPX_ERR_ARGUMENT, "layer %d; expected 0 to %d (%s)", place.layer,
        plan->parameter_layers - 1,
        plan->parameter_layers > plan->layers ? "the last is the read-out" : "the state layers");
  }
  const bool one_way = epx_network_has_backward(plan->network, place.layer);
  if (place.feedback && !one_way) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "layer %d has no feedback arrays; expected network.connections: "
                    "unidirectional, and a state layer from 1",
                    place.layer);
  }
  const int tile_layer = place.feedback ? epx_plan_back(plan, place.layer) : place.layer;
  const epx_plan_layer_t *layer = &plan->layer[tile_layer];
  const epx_layer_map_t *map = &layer->map;
  if (place.row_block < 0 || place.row_block >= map->row_blocks || place.column_block < 0 ||
      place.column_block >= map->column_blocks) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "tile %d,%d of layer %d; expected row block 0 to %d, column block 0 to %d",
                    place.row_block, place.column_block, place.layer, map->row_blocks - 1,
                    map->column_blocks - 1);
  }
  *setup = (epx_tile_setup_t){
      .chip = *plan->chip,
      .map = *map,
      .place = place,
      .role = layer->role,
      .tile_layer = tile_layer,
      .fed = layer->fed || !place.feedback, /* vectors drive layer 0, too */
      .acts_back = layer->acts_back,
      .number = epx_plan_tile_number(plan, tile_layer, place.row_block, place.column_block),
      .window = layer->window,
      .forward_shift = layer->forward_shift,
      .neuron = layer->neuron,
      .weight_circuit = epx_circuit_of(plan, tile_layer, false, estimator, rule, batch),
      .bias_circuit = epx_circuit_of(plan, tile_layer, true, estimator, rule, batch),
  };
  setup->chip.event_driven = false; /* a vector has no step before */
  return EPX_OK;
}

epx_status_t epx_tile_vectors_pulsed(const epx_tile_vectors_t *v, epx_pulsed_t **pulsed,
                                     epx_error_t *error) {
  const epx_chip_t *chip = &v->setup.chip;
  *pulsed = NULL;
  return v->update && epx_chip_pulsed(chip)
             ? epx_pulsed_create(chip, epx_chip_synapse(chip, v->setup.place.layer), &v->shape,
                                 v->setup.number, pulsed, error)
             : EPX_OK;
}

epx_status_t epx_tile_vectors_program(epx_tile_vectors_t *v, bool weights, epx_error_t *error) {
  const epx_qformat_t synapse = epx_chip_synapse(&v->setup.chip, v->setup.place.layer);
  int32_t *shadow = v->input[EPX_TILE_SHADOW];
  int8_t *weight = v->input[EPX_TILE_WEIGHT];
  epx_pulsed_t *pulsed;
  const epx_status_t status = epx_tile_vectors_pulsed(v, &pulsed, error);
  for (int i = 0; status == EPX_OK && v->update && i < v->shape.rows * v->shape.units; ++i) {
    if (pulsed != NULL) {
      shadow[i] = epx_pulsed_limit(pulsed, i / v->shape.units, i % v->shape.units, shadow[i]);
    }
    if (weights) {
      weight[i] = epx_update_visible(shadow[i], v->setup.chip.shadow_bits, synapse);
    }
  }
  epx_pulsed_destroy(pulsed);
  return status;
}
