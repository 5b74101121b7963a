/* SPDX-License-Identifier: Apache-2.0 */
/* Products of many words, in plain loops. */
#include <math.h>

#include "epx_array_words_internal.h"
#include "epx_gemm_u8s8s32.h"

enum { LANES = EPX_GEMM_N_BLOCK };

static void dot(const words_side_t *side, const uint8_t *digits, const int8_t *panel,
                int32_t sums[LANES]) {
  for (int i = 0; i < LANES; ++i) {
    sums[i] = 0;
  }
  for (int k = 0; k < side->k; ++k) {
    const int8_t *four = panel + k / 4 * 4 * LANES + k % 4;
    for (int i = 0; i < LANES; ++i) {
      sums[i] += digits[k] * four[4 * i];
    }
  }
}

/* Adds a read of one panel of one slice; returns its clips. */
static uint64_t read_panel(const words_product_t *product, int pass, int word, int slice, int line,
                           double total[LANES]) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  const size_t at = (size_t)slice * side->padded + (size_t)line;
  const size_t panel = (size_t)line * (((size_t)side->k + 3) / 4 * 4);
  const double worth = words_worth(&words->pass[pass]);
  int32_t sums[LANES];
  unsigned below = 0, above = 0;
  dot(side, words->digit[pass] + (size_t)word * words->pitch + product->first_line,
      side->packed + (size_t)slice * side->slice_size + panel, sums);
  if (product->observing) {
    words_observe(product, slice, line, sums);
  }
  for (int i = 0; i < LANES; ++i) {
    double z = sums[i];
    if (!side->ideal) {
      z = z * side->gain[at + (size_t)i] + side->zero[at + (size_t)i];
      below |= z < 0.0 ? 1u << i : 0;
      above |= z > side->top ? 1u << i : 0;
      z = z < 0.0 ? 0.0 : z > side->top ? side->top : z;
    }
    total[i] += worth * side->step[at + (size_t)i] * floor(z);
  }
  if ((below | above) != 0) {
    words_count_clips(product, slice, line, below, above);
  }
  return (uint64_t)__builtin_popcount(below | above);
}

uint64_t words_multiply_ref(const words_product_t *product) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  uint64_t clips = 0;
  for (int word = 0; word < words->count; ++word) {
    for (int line = 0; line < side->n; line += LANES) {
      double total[LANES];
      for (int i = 0; i < LANES; ++i) {
        total[i] = product->worths * side->low[line + i];
      }
      for (int pass = 0; pass < words->passes; ++pass) {
        for (int slice = 0; slice < side->slices; ++slice) {
          clips += read_panel(product, pass, word, slice, line, total);
        }
      }
      int32_t *sums = product->sums + (size_t)word * product->ldc + line;
      for (int i = 0; i < LANES; ++i) {
        sums[i] += (int32_t)nearbyint(total[i] * side->unit);
      }
    }
  }
  return clips;
}
