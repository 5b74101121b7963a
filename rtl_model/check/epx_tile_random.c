/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "epx_random.h"
#include "epx_tile_source.h"

typedef struct stream_t {
  uint64_t key, counter;
} stream_t;

static uint32_t below(stream_t *stream, uint32_t bound) {
  return epx_random_below(stream->key, stream->counter++, bound);
}

/* Uniform; one in eight the lowest, the highest or (where it can be) zero. */
static int64_t draw(stream_t *stream, int64_t low, int64_t high) {
  switch (below(stream, 24)) {
    case 0:
      return low;
    case 1:
      return high;
    case 2:
      return low <= 0 && high >= 0 ? 0 : low;
    default:
      return low + (int64_t)(epx_random_bits(stream->key, stream->counter++) %
                             (uint64_t)(high - low + 1));
  }
}

/* A register of many bits: a random width first, so that small values come too. */
static int64_t draw_wide(stream_t *stream, int64_t low, int64_t high) {
  const int64_t value = draw(stream, low, high);
  return below(stream, 4) == 0 ? value : value / (INT64_C(1) << below(stream, 31));
}

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static void fill(epx_tile_vectors_t *v, epx_tile_input_t input, uint64_t seed) {
  const epx_tile_array_t *row = &epx_tile_inputs()[input];
  stream_t stream = {epx_random_key(seed, (uint64_t)input), 0};
  const size_t count = v->input[input] != NULL ? epx_tile_array_count(v, row) : 0;
  const size_t word = (size_t)(input == EPX_TILE_X || input == EPX_TILE_PRE ? v->shape.rows : 1);
  /* What spans the neuron's range, in its accumulator and before the shift. */
  const int64_t span = (int64_t)v->setup.neuron.max_code << v->setup.neuron.shift;
  bool dark = false;
  int64_t low, high;
  epx_tile_input_range(v, input, &low, &high);
  if (input == EPX_TILE_OPERAND || input == EPX_TILE_PSUM_IN) {
    high = least(high, input == EPX_TILE_OPERAND ? span : span >> v->setup.forward_shift);
    low = -high;
  }
  if (input == EPX_TILE_ADC_REACHES) { /* what lines reach; low above high: as their digits do */
    const int64_t lines = v->shape.rows > v->shape.units ? v->shape.rows : v->shape.units;
    high = (lines << v->setup.chip.bits_per_cell) * ((1 << v->setup.chip.dac.converter.bits) - 1);
    low = -high;
  }
  const bool wide = input == EPX_TILE_VELOCITY || input == EPX_TILE_BIAS_VELOCITY;
  for (size_t i = 0; i < count; ++i) {
    if (word > 1 && i % word == 0) {
      dark = below(&stream, 8) == 0;
    }
    const int64_t value = dark   ? 0
                          : wide ? draw_wide(&stream, low, high)
                                 : draw(&stream, low, high);
    epx_tile_set(row->dtype, v->input[input], i, value);
  }
}

/* One in four vectors of a window is the one before again, with its partial sums: ties in the pool.
 */
static void repeat_vectors(epx_tile_vectors_t *v, uint64_t seed) {
  stream_t stream = {epx_random_key(seed, EPX_TILE_INPUTS), 0};
  const size_t rows = (size_t)v->shape.rows, units = (size_t)v->shape.units;
  uint8_t *x = v->input[EPX_TILE_X];
  int64_t *psum_in = v->input[EPX_TILE_PSUM_IN];
  for (int i = 0; i < v->counts.vectors; ++i) {
    const size_t at = (size_t)i;
    if (below(&stream, 4) != 0 || i % v->setup.window == 0) {
      continue;
    }
    memcpy(x + at * rows, x + (at - 1) * rows, rows);
    if (psum_in != NULL) {
      memcpy(psum_in + at * units, psum_in + (at - 1) * units, units * sizeof *psum_in);
    }
  }
}

epx_status_t epx_tile_random(const epx_tile_setup_t *setup, int positions, uint64_t seed,
                             epx_tile_vectors_t **vectors, epx_error_t *error) {
  epx_tile_vectors_t *v = NULL;
  const epx_tile_counts_t counts = {setup->fed ? positions * setup->window : 0,
                                    setup->acts_back ? positions : 0, positions};
  const epx_tile_parts_t parts = {.psum_in = setup->map.row_blocks > 1, .operand = true, true};
  epx_status_t status = epx_tile_vectors_create(setup, counts, parts, &v, error);
  if (status != EPX_OK) {
    return status;
  }
  for (int i = 0; i < EPX_TILE_INPUTS; ++i) {
    fill(v, (epx_tile_input_t)i, seed);
  }
  repeat_vectors(v, seed);
  const uint64_t key = epx_random_key(seed, EPX_TILE_INPUTS + 1);
  v->draw.image = epx_random_below(key, 0, 1 << 16);
  v->draw.read = epx_random_below(key, 1, 1 << 10);
  v->draw.update = epx_random_below(key, 2, 1 << 16);
  status = epx_tile_vectors_program(v, true, error);
  if (status != EPX_OK) {
    epx_tile_vectors_destroy(v);
    return status;
  }
  *vectors = v;
  return EPX_OK;
}
