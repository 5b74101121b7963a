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

/* c of a panel's lines. */
static void count(const words_product_t *product, int pass, int word, int slice, int line,
                  double counts[LANES]) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  const uint8_t *digits = words->digit[pass] + (size_t)word * words->pitch + product->first_line;
  for (int i = 0; i < LANES; ++i) {
    counts[i] = 0.0;
  }
  for (int plane = side->planes[slice] - 1; plane >= 0; --plane) {
    int32_t sums[LANES];
    dot(side, digits, words_panel(side, slice, plane, line), sums);
    for (int i = 0; i < LANES; ++i) {
      counts[i] = 256.0 * counts[i] + sums[i];
    }
  }
}

/* The normal number of a line, by its place among the side's. */
static double number(const words_side_t *side, size_t at, uint64_t key) {
  return epx_array_noise_of((uint32_t)(epx_random_mix(key ^ side->line_mix[at]) >> 32));
}

/* Adds the noise of a read. */
static void disturb(const words_product_t *product, int pass, int word, int slice, int line,
                    double counts[LANES]) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  const uint64_t key = words_draw(product, side->read_key, word, slice, pass);
  const uint8_t *digits = words->digit[pass] + (size_t)word * words->pitch + product->first_line;
  int64_t squares = 0;
  for (int k = 0; k < side->k; ++k) {
    squares += digits[k] * digits[k];
  }
  for (int i = 0; i < LANES; ++i) {
    const size_t at = (size_t)slice * side->padded + (size_t)(line + i);
    counts[i] = words_disturb(side, slice, &words->pass[pass], sqrt((double)squares), counts[i],
                              number(side, at, key));
  }
}

/* Adds a read of one panel of one slice. */
static void read_panel(const words_product_t *product, int pass, int word, int slice, int line,
                       double total[LANES], words_tally_t *tally) {
  const words_side_t *side = product->side;
  const size_t first = (size_t)slice * side->padded + (size_t)line;
  const double worth = words_worth(&product->words->pass[pass]);
  const uint64_t key = words_draw(product, side->adc_key, word, slice, pass);
  double z[LANES];
  count(product, pass, word, slice, line, z);
  if (side->reads_noise) {
    disturb(product, pass, word, slice, line, z);
  }
  if (product->observing) {
    words_observe(product, slice, line, z);
  }
  for (int i = 0; i < LANES; ++i) {
    const size_t at = first + (size_t)i;
    if (!side->ideal) {
      z[i] = words_place(side, at, z[i], side->noise != 0.0 ? number(side, at, key) : 0.0);
      tally->below[slice][i] += z[i] < 0.0;
      tally->above[slice][i] += z[i] > side->top;
      tally->any = tally->any || z[i] < 0.0 || z[i] > side->top;
      z[i] = z[i] < 0.0 ? 0.0 : z[i] > side->top ? side->top : z[i];
    }
    total[i] += worth * side->step[at] * floor(z[i]);
  }
}

uint64_t words_multiply_ref(const words_product_t *product) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  words_tally_t tally = {.any = false};
  uint64_t clips = 0;
  for (int line = 0; line < side->n; line += LANES) {
    for (int word = 0; word < words->count; ++word) {
      double total[LANES];
      for (int i = 0; i < LANES; ++i) {
        total[i] = product->worths * side->low[line + i];
      }
      for (int pass = 0; pass < words->passes; ++pass) {
        for (int slice = 0; slice < side->slices; ++slice) {
          read_panel(product, pass, word, slice, line, total, &tally);
        }
      }
      int32_t *sums = product->sums + (size_t)word * product->ldc + line;
      for (int i = 0; i < LANES; ++i) {
        sums[i] += (int32_t)nearbyint(total[i] * side->unit);
      }
    }
    clips += words_count_clips(product, line, &tally);
  }
  return clips;
}
