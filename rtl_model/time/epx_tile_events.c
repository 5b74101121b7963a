/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_tile_events.h"

int epx_tile_adcs(const epx_chip_t *chip) {
  return chip->array_kind == EPX_ARRAY_DIGITAL
             ? 1
             : (chip->columns + chip->adc.converter.lines_each - 1) /
                   chip->adc.converter.lines_each;
}

int epx_tile_conversion_turns(const epx_chip_t *chip, int lines) {
  const int adcs = epx_tile_adcs(chip);
  return chip->array_kind == EPX_ARRAY_DIGITAL ? 1 : (lines + adcs - 1) / adcs;
}

uint64_t epx_tree_bits(int leaves, int bits) {
  uint64_t sum = 0;
  for (; leaves > 1; leaves -= leaves / 2, ++bits) {
    sum += (uint64_t)(leaves / 2) * (uint64_t)bits;
  }
  return sum;
}

void epx_tile_conversions(const epx_chip_t *chip, uint64_t readings, int lines, int leaves,
                          epx_events_t *events) {
  const uint64_t conversions = readings * (uint64_t)lines;
  if (chip->array_kind == EPX_ARRAY_DIGITAL) {
    events->tree_bits += conversions * epx_tree_bits(leaves, chip->bits_per_cell);
  } else {
    events->adc_conversions += conversions;
  }
  events->shift_adds += conversions;
}

uint64_t epx_tile_conversion_cycles(const epx_chip_t *chip) {
  const int64_t steps =
      chip->array_kind == EPX_ARRAY_ANALOG
          ? epx_converter_steps(chip->adc.converter.kind, chip->adc.converter.bits)
          : 1;
  return (uint64_t)steps * (uint64_t)chip->convert_cycles;
}

uint64_t epx_tile_reading_cycles(const epx_chip_t *chip, int lines) {
  return (uint64_t)chip->settle_cycles +
         (uint64_t)epx_tile_conversion_turns(chip, lines) * epx_tile_conversion_cycles(chip);
}

static int switch_bits(const epx_tile_shape_t *tile) {
  return tile->window > 1 ? EPX_SWITCH_BITS : 0;
}

/* The input, which an image sets once, is driven whole. */
static bool event_driven(const epx_chip_t *chip, const epx_tile_shape_t *tile) {
  return chip->event_driven && !tile->offset;
}

uint64_t epx_tile_forward(const epx_chip_t *chip, const epx_tile_shape_t *tile, uint64_t vectors,
                          epx_events_t *events) {
  const int columns = tile->units * tile->slices;
  const epx_driver_t driver = epx_driver_of(chip, tile, false);
  const uint64_t passes = (uint64_t)epx_driver_pass_count(&driver), units = (uint64_t)tile->units;
  const uint64_t codes = vectors * (uint64_t)tile->rows, read = codes * (uint64_t)tile->input_bits;
  events->state_bits_read += read;
  if (event_driven(chip, tile)) {
    events->state_bits_read += read; /* and as it was last driven */
    events->accumulator_bits += vectors * units * EPX_ACCUMULATOR_BITS;
  } else {
    events->line_drives += codes * passes;
    events->cell_reads += codes * passes * (uint64_t)columns;
    epx_tile_conversions(chip, vectors * passes, columns, tile->rows, events);
  }
  events->psum_adds += vectors * units * ((tile->offset ? 1u : 0u) + (tile->psum_in ? 1u : 0u));
  if (tile->pools) {
    const uint64_t neurons = vectors / (uint64_t)tile->window * units;
    events->pool_compares += neurons * (uint64_t)(tile->window - 1);
    events->state_bits_written += neurons * (uint64_t)switch_bits(tile);
  }
  return vectors * (1 + passes * epx_tile_reading_cycles(chip, columns)) + 3;
}

uint64_t epx_tile_fire(const epx_tile_shape_t *tile, uint64_t positions, epx_events_t *events) {
  const uint64_t neurons = positions * (uint64_t)tile->units;
  events->neuron_ops += neurons;
  events->state_bits_written += neurons * (uint64_t)tile->state_bits;
  return positions;
}

uint64_t epx_tile_backward(const epx_chip_t *chip, const epx_tile_shape_t *tile, uint64_t positions,
                           epx_events_t *events) {
  const epx_driver_t driver = epx_driver_of(chip, tile, true);
  const uint64_t passes = (uint64_t)epx_driver_pass_count(&driver);
  const uint64_t posts = positions * (uint64_t)tile->units;
  const uint64_t drives = posts * (uint64_t)tile->slices * passes;
  const uint64_t readings = (uint64_t)tile->window * (uint64_t)tile->slices * passes;
  const uint64_t read = posts * (uint64_t)(tile->state_bits + switch_bits(tile));
  events->state_bits_read += read;
  if (event_driven(chip, tile)) {
    events->state_bits_read += read;
  } else {
    events->line_drives += drives;
    events->cell_reads += drives * (uint64_t)tile->rows;
    epx_tile_conversions(chip, positions * readings, tile->rows, tile->units, events);
  }
  return positions * (1 + readings * epx_tile_reading_cycles(chip, tile->rows)) + 3;
}

uint64_t epx_tile_correlate(const epx_tile_shape_t *tile, uint64_t positions,
                            epx_events_t *events) {
  const uint64_t rows_used = (uint64_t)tile->rows, units = (uint64_t)tile->units;
  const uint64_t posts = positions * units, macs = posts * rows_used;
  events->state_bits_read +=
      positions * (uint64_t)tile->window * rows_used * (uint64_t)tile->input_bits +
      posts * (uint64_t)(tile->state_bits + switch_bits(tile));
  events->update_macs += macs;
  events->psum_adds += tile->bias ? posts : 0;
  events->correlation_bits += 2 * EPX_CORRELATION_BITS * (macs + (tile->bias ? posts : 0));
  return positions * (1 + rows_used);
}

uint64_t epx_tile_update(const epx_chip_t *chip, const epx_tile_shape_t *tile,
                         epx_events_t *events) {
  const uint64_t synapses = (uint64_t)tile->rows * (uint64_t)tile->units;
  const uint64_t biases = tile->bias ? (uint64_t)tile->units : 0;
  const uint64_t velocity = (uint64_t)epx_qformat_bits(chip->velocity);
  const uint64_t shadow = (uint64_t)(tile->synapse_bits + chip->shadow_bits);
  events->update_ops += synapses + biases;
  events->correlation_bits += 2 * EPX_CORRELATION_BITS * (synapses + biases);
  events->register_bits += 2 * (synapses * (shadow + velocity) +
                                biases * ((uint64_t)epx_qformat_bits(chip->bias) + velocity));
  events->cell_writes += chip->pulse_preset > 0 ? 0 : synapses * (uint64_t)tile->slices;
  return 1 + synapses + biases;
}

void epx_drive_events(const epx_chip_t *chip, const epx_driver_t *driver, const epx_drive_t *drive,
                      int slices, int lines, int leaves, epx_events_t *events) {
  epx_pass_t passes[EPX_MAX_PASSES];
  const int count = epx_drive_passes(driver, drive, passes);
  uint64_t drives = 0;
  for (int i = 0; i < count; ++i) {
    drives += (uint64_t)drive->lines[passes[i].sign > 0 ? EPX_DRIVE_RISEN : EPX_DRIVE_FALLEN];
  }
  drives *= (uint64_t)slices;
  events->line_drives += drives;
  events->cell_reads += drives * (uint64_t)lines;
  epx_tile_conversions(chip, (uint64_t)(count * slices), lines, leaves, events);
}
