/* SPDX-License-Identifier: Apache-2.0 */
/* Products of many words at once: what the kernels read, and which of them multiplies. */
#include "epx_array_words_internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_array_cells_internal.h"
#include "epx_array_internal.h"
#include "epx_cpu.h"
#include "epx_gemm_u8s8s32.h"

/* Whether an array is multiplied by these kernels: its lines carry their digits (DACs make no
 * errors), and noise of reads, if any, is that of every cell alike. */
static bool serves(const epx_array_t *array) {
  if (array->dac[0] != NULL) {
    return false;
  }
  const epx_read_noise_t *noise = array->cells != NULL ? &array->cells->device.read_noise : NULL;
  return noise == NULL || noise->sigma == 0.0 || noise->kind == EPX_NOISE_INDEPENDENT;
}

static void destroy_side(words_side_t *side) {
  if (side != NULL) {
    words_destroy_bits(side->bits);
    free(side->packed);
    free(side->gain);
    free(side->line_mix);
    free(side);
  }
}

void words_destroy(epx_array_t *array) {
  destroy_side(array->side[0]);
  destroy_side(array->side[1]);
}

/* What slice `slice` counts for a weight. */
static double value_of(const epx_array_t *array, int slice) {
  return (double)(INT64_C(1) << (slice * array->bits_per_cell));
}

static words_side_t *create_side(const epx_array_t *array, int k, int n) {
  words_side_t *side = calloc(1, sizeof *side);
  if (side == NULL) {
    return NULL;
  }
  side->k = k;
  side->n = n;
  side->slices = array->shape.slices;
  side->plane_size = epx_pack_s8_size((k + 3) / 4 * 4, n);
  side->padded = (size_t)epx_gemm_padded_n(n);
  side->errors = array->lossy && epx_converter_has_errors(&array->adc.converter);
  side->top = nextafter((double)(INT64_C(1) << array->adc.converter.bits), 0.0);
  side->unit = ldexp(1.0, -epx_array_fraction(array));
  side->count_unit = array->cells != NULL ? ldexp(1.0, -EPX_CELL_FRACTION) : 1.0;
  for (int s = 0; s < side->slices; ++s) {
    side->planes[s] = 1;
  }
  const size_t packed = (size_t)side->slices * WORDS_MAX_PLANES * side->plane_size;
  const size_t lines = (size_t)side->slices * side->padded;
  side->packed = aligned_alloc(64, (packed + 63) / 64 * 64);
  side->gain = calloc(7 * lines + side->padded, sizeof *side->gain);
  side->line_mix = calloc(lines, sizeof *side->line_mix);
  if (side->packed == NULL || side->gain == NULL || side->line_mix == NULL) {
    destroy_side(side);
    return NULL;
  }
  memset(side->packed, 0, packed);
  side->zero = side->gain + lines;
  side->step = side->zero + lines;
  side->own_gain = side->step + lines;
  side->own_offset = side->own_gain + lines;
  side->lsb = side->own_offset + lines;
  side->lowest = side->lsb + lines;
  side->low = side->lowest + lines;
  return side;
}

/* What noise needs to know. */
static void set_noise(const epx_array_t *array, bool rows) {
  words_side_t *side = array->side[rows];
  const epx_array_cells_t *cells = array->cells;
  side->noise = array->lossy ? array->adc.converter.noise : 0.0;
  side->adc_key = array->lossy ? epx_adc_key(rows ? array->rows[0] : array->columns) : 0;
  side->reads_noise = cells != NULL && cells->device.read_noise.sigma != 0.0;
  for (int s = 0; s < side->slices; ++s) {
    for (int n = 0; n < side->n; ++n) {
      const int line = rows ? n : n * side->slices + s;
      side->line_mix[(size_t)s * side->padded + (size_t)n] = epx_random_mix((uint64_t)line);
    }
  }
  if (side->reads_noise) {
    const double one = (double)(1 << EPX_CELL_FRACTION);
    side->read_key = cells->noise_key[rows];
    for (int s = 0; s < side->slices; ++s) {
      const double steps = cells->digit[s].steps;
      side->read_factor[s] =
          one * (cells->device.read_noise.sigma / (1.0 - cells->device.g_min)) * steps;
      side->read_limit[s] = one * 8.0 * steps * (double)side->k;
    }
  }
}

void words_set_ideal(epx_array_t *array) {
  for (int i = 0; i < 2 && array->side[i] != NULL; ++i) {
    words_side_t *side = array->side[i];
    side->ideal = true;
    memset(side->low, 0, side->padded * sizeof *side->low);
    for (int s = 0; s < side->slices; ++s) {
      for (int n = 0; n < side->n; ++n) { /* what lies beyond is to add nothing */
        side->step[(size_t)s * side->padded + (size_t)n] =
            value_of(array, s) * side->count_unit / side->unit;
      }
    }
  }
}

/* The byte of (k, n) of a plane, as epx_pack_s8 has it. */
static int8_t *byte_at(const words_side_t *side, int slice, int plane, int k, int n) {
  const size_t fours = ((size_t)side->k + 3) / 4;
  const size_t panel = (size_t)(n / EPX_GEMM_N_BLOCK), lane = (size_t)(n % EPX_GEMM_N_BLOCK);
  return side->packed + (size_t)(slice * WORDS_MAX_PLANES + plane) * side->plane_size +
         ((panel * fours + (size_t)k / 4) * EPX_GEMM_N_BLOCK + lane) * 4 + (size_t)k % 4;
}

void words_write(epx_array_t *array, int row, int unit, int code) {
  for (int s = 0; s < array->shape.slices && array->side[0] != NULL; ++s) {
    const int bits = array->bits_per_cell, upper = code >> (s * bits);
    const int digit = s + 1 == array->shape.slices ? upper : upper & ((1 << bits) - 1);
    *byte_at(array->side[0], s, 0, row, unit) = (int8_t)digit;
    *byte_at(array->side[1], s, 0, unit, row) = (int8_t)digit;
  }
}

/* How many bytes, each -128 to 127, hold every count from least to most. */
static int planes_of(int32_t least, int32_t most) {
  int planes = 1;
  for (int64_t high = 127, low = -128; least < low || most > high; ++planes) {
    high = 256 * high + 127;
    low = 256 * low - 128;
  }
  return planes;
}

/* value: of slice s, line n and driven line k, at value[k * k_stride + n * n_stride], in `unit`. */
static void pack_slice(words_side_t *side, int slice, const int32_t *value, size_t k_stride,
                       size_t n_stride, int unit) {
  int32_t least = 0, most = 0;
  for (size_t k = 0; k < (size_t)side->k; ++k) {
    for (size_t n = 0; n < (size_t)side->n; ++n) {
      const int32_t v = value[k * k_stride + n * n_stride] / unit;
      least = v < least ? v : least;
      most = v > most ? v : most;
    }
  }
  side->planes[slice] = planes_of(least, most);
  assert(side->planes[slice] <= WORDS_MAX_PLANES); /* a cell counts below 2^20 */
  for (size_t k = 0; k < (size_t)side->k; ++k) {
    for (size_t n = 0; n < (size_t)side->n; ++n) {
      int32_t rest = value[k * k_stride + n * n_stride] / unit;
      for (int plane = 0; plane < side->planes[slice]; ++plane) {
        const int8_t byte = (int8_t)(uint8_t)(rest & 255);
        *byte_at(side, slice, plane, (int)k, (int)n) = byte;
        rest = (rest - byte) / 256;
      }
    }
  }
}

/* Whether cells count whole digits, as they do where only their reads are noisy. */
static bool count_digits(const int32_t *value, size_t count) {
  int32_t rest = 0;
  for (size_t i = 0; i < count; ++i) {
    rest |= value[i] & ((1 << EPX_CELL_FRACTION) - 1);
  }
  return rest == 0;
}

void words_pack_cells(const epx_array_t *array) {
  const epx_array_cells_t *cells = array->cells;
  const size_t rows = (size_t)array->shape.rows, slices = (size_t)array->shape.slices;
  for (int back = 0; back < 2 && array->side[0] != NULL; ++back) {
    words_side_t *side = array->side[back];
    const int32_t *value = back == 0 ? cells->forward.value : cells->backward.value;
    const bool digits = side->reads_noise && count_digits(value, rows * (size_t)cells->columns);
    const int unit = digits ? 1 << EPX_CELL_FRACTION : 1;
    side->read_scale = (double)unit;
    for (size_t s = 0; s < slices; ++s) {
      if (back == 0) {
        pack_slice(side, (int)s, value + s, (size_t)cells->columns, slices, unit);
      } else {
        pack_slice(side, (int)s, value + s * rows, slices * rows, 1, unit);
      }
    }
  }
}

void words_set_converter(const epx_array_t *array, bool rows, int slice, int line) {
  words_side_t *side = array->side[rows];
  if (side == NULL || side->ideal) {
    return;
  }
  const int n = rows ? line : line / array->shape.slices;
  const size_t at = (size_t)slice * side->padded + (size_t)n;
  int64_t low, step;
  epx_adc_levels(rows ? array->rows[slice] : array->columns, line, &low, &step);
  const double q = (double)step, u = side->count_unit / side->unit;
  side->gain[at] = side->errors ? 1.0 / q : u / q;
  epx_adc_errors(rows ? array->rows[slice] : array->columns, line, &side->own_gain[at],
                 &side->own_offset[at]);
  side->own_gain[at] *= u;
  side->lsb[at] = q;
  side->zero[at] = ((double)(step - 2 * low) + 0.5) / (2.0 * q);
  side->step[at] = q * value_of(array, slice);
  side->lowest[at] = (double)low * value_of(array, slice);
  if (side->bits != NULL) {
    words_set_bits(side, slice, n);
  }
  side->low[n] = 0.0;
  for (int s = 0; s < side->slices; ++s) {
    side->low[n] += side->lowest[(size_t)s * side->padded + (size_t)n];
  }
}

/* Whether the side's lines and cells are bits, and counts and levels fit a byte: levels are a whole
 * sum apart, or more, so that they are no more than counts, but for a gain of the converter's own.
 */
static bool serve_bits(const epx_array_t *array, int back) {
  const epx_converter_t *adc = &array->adc.converter;
  return array->lossy && array->cells == NULL && array->bits_per_cell == 1 && adc->noise == 0.0 &&
         (adc->bits <= 8 || !epx_converter_has_errors(adc)) &&
         array->driver[back].digit_bits == 1 && array->side[back]->k < 255 &&
         words_bits_available();
}

static bool create_bits(const epx_array_t *array, int back) {
  words_side_t *side = array->side[back];
  const size_t bits = (size_t)array->shape.synapse_bits, rows = (size_t)array->shape.rows;
  side->bits = back == 0 ? words_create_bits(side, array->column_planes, bits * array->row_chunks,
                                             array->row_chunks)
                         : words_create_bits(side, array->row_planes, array->unit_chunks,
                                             rows * array->unit_chunks);
  return side->bits != NULL;
}

/* The ranges that a side's converters have. */
static void set_converters(const epx_array_t *array, bool rows) {
  for (int s = 0; s < array->shape.slices; ++s) {
    for (int n = 0; n < array->side[rows]->n; ++n) {
      words_set_converter(array, rows, s, rows ? n : n * array->shape.slices + s);
    }
  }
}

epx_status_t epx_array_serve_words(epx_array_t *array, epx_error_t *error) {
  if (!serves(array)) {
    return EPX_OK;
  }
  array->side[0] = create_side(array, array->shape.rows, array->shape.units);
  array->side[1] = create_side(array, array->shape.units, array->shape.rows);
  for (int back = 0; back < 2; ++back) {
    if (array->side[back] == NULL || (serve_bits(array, back) && !create_bits(array, back))) {
      return epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array's products");
    }
    set_noise(array, back != 0);
    if (array->lossy) {
      set_converters(array, back != 0);
    }
  }
  if (!array->lossy) {
    words_set_ideal(array);
  }
  return EPX_OK;
}

/* The number of line n of a slice among its side's converters; epx_adc.h. */
static int line_of(const words_product_t *product, int slice, int n) {
  return product->backward ? n : n * product->array->shape.slices + slice;
}

uint64_t words_count_clips(const words_product_t *product, int line, words_tally_t *tally) {
  const epx_array_t *array = product->array;
  uint64_t clips = 0;
  if (!tally->any) {
    return 0;
  }
  for (int s = 0; s < product->side->slices; ++s) {
    for (int i = 0; i < EPX_ARRAY_LINES && line + i < product->side->n; ++i) {
      const uint32_t below = tally->below[s][i], above = tally->above[s][i];
      clips += (uint64_t)below + above;
      if (array->clips != NULL && (below | above) != 0) {
        const int own = array_line(array, product->backward, s, line_of(product, s, line + i));
        __atomic_fetch_add(&array->clips[own].below, below, __ATOMIC_RELAXED);
        __atomic_fetch_add(&array->clips[own].above, above, __ATOMIC_RELAXED);
      }
    }
  }
  *tally = (words_tally_t){.any = false};
  return clips;
}

void words_observe(const words_product_t *product, int slice, int line, const double *counts) {
  for (int i = 0; i < EPX_GEMM_N_BLOCK && line + i < product->side->n; ++i) {
    const double sum = counts[i] * product->side->count_unit;
    epx_observed_add(
        product->array->observed,
        array_line(product->array, product->backward, slice, line_of(product, slice, line + i)),
        (int64_t)floor(sum), (int64_t)ceil(sum));
  }
}

/* Whether each pass drives one bit, the next above the one before. */
static bool drive_bits(const epx_words_t *words) {
  bool bits = words->passes <= 8;
  for (int p = 0; p < words->passes; ++p) {
    const epx_pass_t *pass = &words->pass[p];
    bits = bits && pass->bits == 1 && pass->sign == 1 && pass->bit == words->pass[0].bit + p;
  }
  return bits;
}

static words_kernel_t *kernel(const words_product_t *product) {
  if (epx_cpu_level() != EPX_CPU_AVX512 || !words_avx512_available()) {
    return words_multiply_ref;
  }
  const bool bits = product->side->bits != NULL && !product->side->ideal;
  return bits && drive_bits(product->words) ? words_multiply_bits : words_multiply_avx512;
}

static void count_reads(const words_product_t *product) {
  const epx_array_t *array = product->array;
  const uint64_t reads = (uint64_t)product->words->count * (uint64_t)product->words->passes;
  const int slices = product->backward ? array->shape.slices : 1;
  for (int s = 0; array->reads != NULL && s < slices; ++s) {
    __atomic_fetch_add(&array->reads[product->backward ? 1 + s : 0], reads, __ATOMIC_RELAXED);
  }
}

epx_clips_t epx_array_multiply(const epx_array_t *array, uint64_t command, bool backward,
                               const epx_words_t *words, int first_line,
                               epx_array_workspace_t *workspace, int32_t *sums, size_t ldc) {
  if (array->side[backward] == NULL) {
    return array_multiply_each(array, command, backward, words, first_line, workspace, sums, ldc);
  }
  words_product_t product = {.array = array,
                             .command = command,
                             .backward = backward,
                             .observing = array->observed != NULL,
                             .side = array->side[backward],
                             .words = words,
                             .first_line = first_line,
                             .sums = sums,
                             .ldc = ldc};
  for (int p = 0; p < words->passes; ++p) {
    product.worths += words_worth(&words->pass[p]);
  }
  const uint64_t clips = kernel(&product)(&product);
  if (!array->lossy) {
    return (epx_clips_t){0};
  }
  count_reads(&product);
  const uint64_t reads = (uint64_t)words->count * (uint64_t)words->passes;
  const uint64_t lines = (uint64_t)product.side->n * (uint64_t)product.side->slices;
  return (epx_clips_t){reads * lines, clips};
}
