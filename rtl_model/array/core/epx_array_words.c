/* SPDX-License-Identifier: Apache-2.0 */
/* Products of many words at once: what the kernels read, and which of them multiplies. */
#include "epx_array_words_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_array_internal.h"
#include "epx_cpu.h"
#include "epx_gemm_u8s8s32.h"

bool words_serve(const epx_array_t *array) {
  return array->cells == NULL &&
         (!array->lossy || !epx_converter_has_errors(&array->adc.converter));
}

static void destroy_side(words_side_t *side) {
  if (side != NULL) {
    free(side->packed);
    free(side->gain);
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
  const int k4 = (k + 3) / 4 * 4;
  side->k = k;
  side->n = n;
  side->slices = array->shape.slices;
  side->slice_size = epx_pack_s8_size(k4, n);
  side->padded = (size_t)epx_gemm_padded_n(n);
  side->top = nextafter((double)(INT64_C(1) << array->adc.converter.bits), 0.0);
  side->unit = ldexp(1.0, -epx_array_fraction(array));
  const size_t packed = (size_t)side->slices * side->slice_size;
  const size_t lines = (size_t)side->slices * side->padded;
  side->packed = aligned_alloc(64, (packed + 63) / 64 * 64);
  side->gain = calloc(4 * lines + side->padded, sizeof *side->gain);
  if (side->packed == NULL || side->gain == NULL) {
    destroy_side(side);
    return NULL;
  }
  memset(side->packed, 0, packed);
  side->zero = side->gain + lines;
  side->step = side->zero + lines;
  side->lowest = side->step + lines;
  side->low = side->lowest + lines;
  return side;
}

epx_status_t words_create(epx_array_t *array, epx_error_t *error) {
  array->side[0] = create_side(array, array->shape.rows, array->shape.units);
  array->side[1] = create_side(array, array->shape.units, array->shape.rows);
  if (array->side[0] == NULL || array->side[1] == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for an array's products");
  }
  if (!array->lossy) {
    words_set_ideal(array);
  }
  return EPX_OK;
}

void words_set_ideal(epx_array_t *array) {
  for (int i = 0; i < 2 && array->side[i] != NULL; ++i) {
    words_side_t *side = array->side[i];
    side->ideal = true;
    memset(side->low, 0, side->padded * sizeof *side->low);
    for (size_t at = 0; at < (size_t)side->slices * side->padded; ++at) {
      side->step[at] = value_of(array, (int)(at / side->padded)) / side->unit;
    }
  }
}

/* The byte of (k, n) of a slice, as epx_pack_s8 has it. */
static int8_t *digit_at(const words_side_t *side, int slice, int k, int n) {
  const size_t fours = ((size_t)side->k + 3) / 4;
  const size_t panel = (size_t)(n / EPX_GEMM_N_BLOCK), lane = (size_t)(n % EPX_GEMM_N_BLOCK);
  return side->packed + (size_t)slice * side->slice_size +
         ((panel * fours + (size_t)k / 4) * EPX_GEMM_N_BLOCK + lane) * 4 + (size_t)k % 4;
}

void words_write(epx_array_t *array, int row, int unit, int code) {
  for (int s = 0; s < array->shape.slices && array->side[0] != NULL; ++s) {
    const int bits = array->bits_per_cell, upper = code >> (s * bits);
    const int digit = s + 1 == array->shape.slices ? upper : upper & ((1 << bits) - 1);
    *digit_at(array->side[0], s, row, unit) = (int8_t)digit;
    *digit_at(array->side[1], s, unit, row) = (int8_t)digit;
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
  const double q = (double)step;
  side->gain[at] = (double)(1 << EPX_CONVERTER_FRACTION) / q;
  side->zero[at] = ((double)(step - 2 * low) + 0.5) / (2.0 * q);
  side->step[at] = q * value_of(array, slice);
  side->lowest[at] = (double)low * value_of(array, slice);
  side->low[n] = 0.0;
  for (int s = 0; s < side->slices; ++s) {
    side->low[n] += side->lowest[(size_t)s * side->padded + (size_t)n];
  }
}

/* The number of line n of a slice among its side's converters; epx_adc.h. */
static int line_of(const words_product_t *product, int slice, int n) {
  return product->backward ? n : n * product->array->shape.slices + slice;
}

void words_count_clips(const words_product_t *product, int slice, int line, unsigned below,
                       unsigned above) {
  const epx_array_t *array = product->array;
  for (unsigned left = below | above; array->clips != NULL && left != 0; left &= left - 1) {
    const int i = __builtin_ctz(left);
    epx_adc_clips_t *clips = array->clips + array_line(array, product->backward, slice,
                                                       line_of(product, slice, line + i));
    __atomic_fetch_add((below >> i & 1) != 0 ? &clips->below : &clips->above, 1, __ATOMIC_RELAXED);
  }
}

void words_observe(const words_product_t *product, int slice, int line, const int32_t *sums) {
  for (int i = 0; i < EPX_GEMM_N_BLOCK && line + i < product->side->n; ++i) {
    epx_observed_add(
        product->array->observed,
        array_line(product->array, product->backward, slice, line_of(product, slice, line + i)),
        sums[i], sums[i]);
  }
}

static words_kernel_t *kernel(void) {
  return epx_cpu_level() == EPX_CPU_AVX512 ? words_multiply_avx512 : words_multiply_ref;
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
  const uint64_t clips = kernel()(&product);
  if (!array->lossy) {
    return (epx_clips_t){0};
  }
  count_reads(&product);
  const uint64_t reads = (uint64_t)words->count * (uint64_t)words->passes;
  const uint64_t lines = (uint64_t)product.side->n * (uint64_t)product.side->slices;
  return (epx_clips_t){reads * lines, clips};
}
