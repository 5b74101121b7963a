/* SPDX-License-Identifier: Apache-2.0 */
/* Products of many words where lines carry bits and cells hold bits: population counts of 64 cells
 * at a time, for eight words in the eight lanes of a register.
 *
 * A word's count c of a line and pass fits a byte (k < 255); a lane holds those of up to eight
 * passes. All 64 belong to one line, so that its converter is a table of 256 bytes, whatever its
 * errors: the level of c, less the lowest level of that table, which low carries. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "epx_array_internal.h"

/* BLOCKS of words share the loads of a panel's tables. */
enum { COUNTS = 256, WORDS = 8, BLOCKS = 8, LANES = EPX_ARRAY_LINES };

void words_destroy_bits(words_bits_t *bits) {
  if (bits != NULL) {
    free(bits->level);
    free(bits->low);
    free(bits);
  }
}

words_bits_t *words_create_bits(const words_side_t *side, const uint64_t *planes, size_t n_stride,
                                size_t slice_stride) {
  words_bits_t *bits = calloc(1, sizeof *bits);
  const size_t lines = (size_t)side->slices * side->padded;
  if (bits == NULL) {
    return NULL;
  }
  bits->planes = planes;
  bits->n_stride = n_stride;
  bits->slice_stride = slice_stride;
  bits->level = calloc(lines, COUNTS + 2);
  bits->low = calloc(lines, sizeof *bits->low);
  if (bits->level == NULL || bits->low == NULL) {
    words_destroy_bits(bits);
    return NULL;
  }
  bits->least = bits->level + lines * COUNTS;
  bits->past = bits->least + lines;
  return bits;
}

void words_set_bits(const words_side_t *side, int slice, int n) {
  const size_t at = (size_t)slice * side->padded + (size_t)n;
  const double one = slice + 1 == side->slices ? -1.0 : 1.0; /* what a cell counts */
  const words_bits_t *bits = side->bits;
  double level[COUNTS], lowest = INFINITY;
  int least = 0, past = COUNTS - 1;
  for (int c = side->k; c >= 0; --c) {
    const double z = words_place(side, at, one * c, 0.0);
    const bool below = (z < 0.0);
    const bool above = (z > side->top);
    least = (one > 0.0 ? below : above) && least == 0 ? c + 1 : least;
    past = (one > 0.0 ? above : below) ? c : past;
    level[c] = floor(z < 0.0 ? 0.0 : z > side->top ? side->top : z);
    lowest = level[c] < lowest ? level[c] : lowest;
  }
  for (int c = 0; c <= side->k; ++c) {
    assert(level[c] - lowest < COUNTS);
    bits->level[at * COUNTS + (size_t)c] = (uint8_t)(level[c] - lowest);
  }
  bits->low[at] = lowest * side->step[at];
  bits->least[at] = (uint8_t)least;
  bits->past[at] = (uint8_t)past;
}

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define EPX_TARGET \
  __attribute__((  \
      target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vbmi,avx512vpopcntdq")))
#define EPX_INLINE EPX_TARGET static inline __attribute__((always_inline))

bool words_bits_available(void) {
  return words_avx512_available() && __builtin_cpu_supports("avx512vpopcntdq") &&
         __builtin_cpu_supports("avx512vbmi");
}

/* Bits of eight words: [pass][chunk][word]. Words that are not there, and passes, carry nothing. */
EPX_TARGET static void gather(const words_product_t *product, int word, int chunks, uint64_t *to) {
  const epx_words_t *words = product->words;
  const int k = product->side->k;
  for (int p = 0; p < 8; ++p) {
    for (int chunk = 0; chunk < chunks; ++chunk) {
      const int left = k - 64 * chunk;
      const __mmask64 lines = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
      for (int w = 0; w < WORDS; ++w, ++to) {
        const bool there = p < words->passes && word + w < words->count;
        *to = 0;
        if (there) {
          const __m512i digits =
              _mm512_maskz_loadu_epi8(lines, words->digit[p] + (size_t)(word + w) * words->pitch +
                                                 product->first_line + 64 * chunk);
          *to = _mm512_test_epi8_mask(digits, digits);
        }
      }
    }
  }
}

/* The counts of a line: byte p of lane w is that of pass p and word w. */
EPX_INLINE __m512i count(const uint64_t *driven, const uint64_t *plane, int chunks) {
  __m512i counts = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int p = 7; p >= 0; --p) {
    __m512i own = _mm512_setzero_si512();
    for (int chunk = 0; chunk < chunks; ++chunk) {
      const __m512i on = _mm512_and_si512(_mm512_load_si512(driven + (p * chunks + chunk) * WORDS),
                                          _mm512_set1_epi64((long long)plane[chunk]));
      own = _mm512_add_epi64(own, _mm512_popcnt_epi64(on));
    }
    counts = p == 7 ? own : _mm512_add_epi64(_mm512_slli_epi64(counts, 8), own);
  }
  return counts;
}

/* Levels of the counts that are reads, 0 of the others. Those of 128 and more are rare in arrays of
 * 128 lines. */
EPX_INLINE __m512i convert(const uint8_t *level, __m512i counts, uint64_t reads) {
  const __m512i lower = _mm512_maskz_permutex2var_epi8(reads, _mm512_loadu_si512(level), counts,
                                                       _mm512_loadu_si512(level + 64));
  const __mmask64 high = _mm512_movepi8_mask(counts) & reads;
  if (__builtin_expect(high == 0, 1)) {
    return lower;
  }
  const __m512i upper = _mm512_permutex2var_epi8(_mm512_loadu_si512(level + 128), counts,
                                                 _mm512_loadu_si512(level + 192));
  return _mm512_mask_blend_epi8(high, lower, upper);
}

/* The sum of a lane's levels, each times 2^p. */
EPX_INLINE __m512d add_passes(__m512i levels) {
  const __m512i halves = _mm512_dpbusd_epi32(_mm512_setzero_si512(), levels,
                                             _mm512_set1_epi32(0x08040201)); /* 1, 2, 4, 8 */
  const __m512i low = _mm512_and_si512(halves, _mm512_set1_epi64(0xffffffff));
  return _mm512_cvtepi64_pd(_mm512_add_epi64(low, _mm512_srli_epi64(halves, 28)));
}

/* Which of the 64 bytes are reads. */
static uint64_t reads_of(const epx_words_t *words, int word) {
  const int there = words->count - word < WORDS ? words->count - word : WORDS;
  const uint64_t passes = UINT64_C(0xff) >> (8 - words->passes);
  const uint64_t all = there == WORDS ? ~UINT64_C(0) : (UINT64_C(1) << (8 * there)) - 1;
  return passes * UINT64_C(0x0101010101010101) & all;
}

/* A panel's work: `blocks` times eight words. */
typedef struct panel_t {
  const words_product_t *product;
  const uint64_t *driven; /* [block], size each */
  size_t size;
  int chunks, line;
  uint64_t reads[BLOCKS];
  int32_t results[BLOCKS][LANES][WORDS];
  words_tally_t *tally;
} panel_t;

/* total[b] += the sums of one slice of a line; `clips`: whether some count clips. */
EPX_INLINE void add_slice(panel_t *panel, int blocks, int chunks, bool clips, int slice, int lane,
                          __m512d *total) {
  const words_side_t *side = panel->product->side;
  const words_bits_t *bits = side->bits;
  const size_t n = (size_t)(panel->line + lane), at = (size_t)slice * side->padded + n;
  const uint64_t *plane = bits->planes + n * bits->n_stride + (size_t)slice * bits->slice_stride;
  const uint8_t *level = bits->level + at * COUNTS;
  const __m512i least = _mm512_set1_epi8((char)bits->least[at]);
  const __m512i past = _mm512_set1_epi8((char)bits->past[at]);
  const __m512i one = _mm512_set1_epi8(1);
  const __m512d step = _mm512_set1_pd(side->step[at]);
  __m512i fewer = _mm512_setzero_si512(), more = fewer; /* how often, by lane and pass */
#pragma GCC unroll 1
  for (int b = 0; b < blocks; ++b) {
    const __m512i counts = count(panel->driven + (size_t)b * panel->size, plane, chunks);
    const __mmask64 reads = panel->reads[b];
    total[b] = _mm512_fmadd_pd(add_passes(convert(level, counts, reads)), step, total[b]);
    if (clips) {
      const __mmask64 below = _mm512_mask_cmplt_epu8_mask(reads, counts, least);
      const __mmask64 above = _mm512_mask_cmpge_epu8_mask(reads, counts, past);
      fewer = _mm512_mask_add_epi8(fewer, below, fewer, one);
      more = _mm512_mask_add_epi8(more, above, more, one);
    }
  }
  if (clips) {
    const __m512i zero = _mm512_setzero_si512();
    const uint32_t few = (uint32_t)_mm512_reduce_add_epi64(_mm512_sad_epu8(fewer, zero));
    const uint32_t many = (uint32_t)_mm512_reduce_add_epi64(_mm512_sad_epu8(more, zero));
    const bool negative = slice + 1 == side->slices;
    panel->tally->below[slice][lane] += negative ? many : few;
    panel->tally->above[slice][lane] += negative ? few : many;
    panel->tally->any = true;
  }
}

/* The results of one line. */
EPX_INLINE void multiply_line(panel_t *panel, int blocks, int chunks, int lane) {
  const words_product_t *product = panel->product;
  const words_side_t *side = product->side;
  const __m512d unit = _mm512_set1_pd(side->unit);
  const __m512d scale = _mm512_set1_pd(words_worth(&product->words->pass[0]));
  __m512d total[BLOCKS];
  double low = side->low[panel->line + lane];
#pragma GCC unroll 8
  for (int b = 0; b < blocks; ++b) {
    total[b] = _mm512_setzero_pd();
  }
  for (int slice = 0; slice < side->slices; ++slice) {
    const words_bits_t *bits = side->bits;
    const size_t at = (size_t)slice * side->padded + (size_t)(panel->line + lane);
    low += bits->low[at];
    if (bits->least[at] > 0 || bits->past[at] <= side->k) {
      add_slice(panel, blocks, chunks, true, slice, lane, total);
    } else {
      add_slice(panel, blocks, chunks, false, slice, lane, total);
    }
  }
  const __m512d lowest = _mm512_set1_pd(product->worths * low);
#pragma GCC unroll 8
  for (int b = 0; b < blocks; ++b) {
    const __m512d sum = _mm512_mul_pd(_mm512_fmadd_pd(total[b], scale, lowest), unit);
    _mm256_storeu_si256(
        (__m256i *)(void *)panel->results[b][lane],
        _mm512_cvt_roundpd_epi32(sum, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
}

EPX_INLINE void multiply_panel(panel_t *panel, int blocks, int chunks, int lanes) {
  for (int lane = 0; lane < lanes; ++lane) {
    multiply_line(panel, blocks, chunks, lane);
  }
}

/* Adds a panel's results to the sums. */
static void add_results(const panel_t *panel, int word, int blocks, int lanes) {
  const words_product_t *product = panel->product;
  for (int w = 0; w < blocks * WORDS && word + w < product->words->count; ++w) {
    int32_t *sums = product->sums + (size_t)(word + w) * product->ldc + panel->line;
    for (int lane = 0; lane < lanes; ++lane) {
      sums[lane] += panel->results[w / WORDS][lane][w % WORDS];
    }
  }
}

/* Words from `word` on, 1 or BLOCKS blocks of eight, of which the last may not be whole. */
EPX_TARGET static uint64_t multiply_blocks(const words_product_t *product, int word, int blocks,
                                           words_tally_t *tally) {
  const words_side_t *side = product->side;
  _Alignas(64) uint64_t driven[BLOCKS * 8 * WORDS * (COUNTS / 64)];
  panel_t panel = {.product = product, .driven = driven, .tally = tally};
  uint64_t clips = 0;
  panel.chunks = (int)epx_array_chunks(side->k);
  panel.size = (size_t)(8 * WORDS * panel.chunks);
  for (int b = 0; b < blocks; ++b) {
    gather(product, word + b * WORDS, panel.chunks, driven + (size_t)b * panel.size);
    panel.reads[b] = reads_of(product->words, word + b * WORDS);
  }
  for (panel.line = 0; panel.line < side->n; panel.line += LANES) {
    const int lanes = side->n - panel.line < LANES ? side->n - panel.line : LANES;
    if (blocks == BLOCKS && panel.chunks == 2) {
      multiply_panel(&panel, BLOCKS, 2, lanes);
    } else if (blocks == BLOCKS) {
      multiply_panel(&panel, BLOCKS, panel.chunks, lanes);
    } else {
      multiply_panel(&panel, 1, panel.chunks, lanes);
    }
    add_results(&panel, word, blocks, lanes);
    clips += words_count_clips(product, panel.line, tally);
  }
  return clips;
}

uint64_t words_multiply_bits(const words_product_t *product) {
  words_tally_t tally = {.any = false};
  uint64_t clips = 0;
  for (int word = 0; word < product->words->count;) {
    const int left = product->words->count - word;
    const int blocks = left > (BLOCKS - 1) * WORDS ? BLOCKS : 1;
    clips += multiply_blocks(product, word, blocks, &tally);
    word += blocks * WORDS;
  }
  return clips;
}

#else
bool words_bits_available(void) {
  return false;
}
uint64_t words_multiply_bits(const words_product_t *product) {
  return words_multiply_ref(product);
}
#endif
