/* SPDX-License-Identifier: Apache-2.0 */
/* Products of many words, by AVX-512 VNNI: eight words by a panel of 16 lines at a time. Their sums
 * stay in registers for a whole read, and so do conversion and shift-and-add. */
#include "epx_array_words_internal.h"
#include "epx_gemm_u8s8s32.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define EPX_INLINE EPX_TARGET static inline __attribute__((always_inline))

enum { LANES = EPX_GEMM_N_BLOCK, ROWS = 8 };

/* Lanes 0 to 7 and 8 to 15. */
typedef struct pair_t {
  __m512d half[2];
} pair_t;

/* Converters of one panel of one slice. */
typedef struct lines_t {
  pair_t gain, zero, step, own_gain, own_offset;
} lines_t;

EPX_INLINE pair_t load(const double *from) {
  return (pair_t){{_mm512_loadu_pd(from), _mm512_loadu_pd(from + 8)}};
}

EPX_INLINE pair_t widen(__m512i sums) {
  return (pair_t){{_mm512_cvtepi32_pd(_mm512_castsi512_si256(sums)),
                   _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(sums, 1))}};
}

/* sum += four products of unsigned and signed bytes in each lane. Around the intrinsic gcc 12
 * copies every sum twice. */
EPX_INLINE __m512i add_products(__m512i sum, __m512i digits, __m512i weights) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(digits), "v"(weights));
  return sum;
}

EPX_INLINE __m512i broadcast(const uint8_t *four) {
  int32_t bytes;
  memcpy(&bytes, four, sizeof bytes);
  return _mm512_set1_epi32(bytes);
}

/* Sums of eight words. A function of its own, so that the sums keep registers whatever surrounds
 * the call. */
EPX_TARGET static __attribute__((noinline)) void dot(int k, const uint8_t *const *row,
                                                     const int8_t *panel, __m512i *sum) {
  __m512i s[ROWS];
  const uint8_t *at[ROWS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    s[r] = _mm512_setzero_si512();
    at[r] = row[r];
  }
  for (ptrdiff_t i = 0; i < k; i += 4, panel += 4 * LANES) {
    const __m512i weights = _mm512_load_si512(panel);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      s[r] = add_products(s[r], broadcast(at[r] + i), weights);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    sum[r] = s[r];
  }
}

/* What a converter without noise decides on: round(c own_gain + own_offset). Adding 1.5 2^52 rounds
 * to whole numbers, ties to even, and 2^51 is far beyond every range. */
EPX_INLINE __m512d with_errors(__m512d c, __m512d gain, __m512d offset) {
  const __m512d limit = _mm512_set1_pd(0x1p51 - 1.0), whole = _mm512_set1_pd(0x1.8p52);
  const __m512d x = _mm512_add_pd(_mm512_mul_pd(c, gain), offset);
  const __m512d limited =
      _mm512_max_pd(_mm512_min_pd(x, limit), _mm512_sub_pd(_mm512_setzero_pd(), limit));
  return _mm512_sub_pd(_mm512_add_pd(limited, whole), whole);
}

/* z of half a panel. */
EPX_INLINE __m512d place(const words_side_t *side, const lines_t *lines, int half, __m512d c) {
  const __m512d t =
      side->errors ? with_errors(c, lines->own_gain.half[half], lines->own_offset.half[half]) : c;
  return _mm512_fmadd_pd(t, lines->gain.half[half], lines->zero.half[half]);
}

/* total += worth step floor(z) for 16 lanes; returns the lanes that clipped. */
EPX_INLINE unsigned add_converted(const words_side_t *side, const lines_t *lines, pair_t c,
                                  __m512d worth, __m512d top, pair_t *total) {
  unsigned clipped = 0;
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m512d level = c.half[half];
    if (!side->ideal) {
      const __m512d z = place(side, lines, half, c.half[half]);
      const __m512d limited = _mm512_min_pd(_mm512_max_pd(z, _mm512_setzero_pd()), top);
      clipped |= (unsigned)_mm512_cmp_pd_mask(z, limited, _CMP_NEQ_UQ) << (8 * half);
      level = _mm512_roundscale_pd(limited, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    }
    total->half[half] =
        _mm512_fmadd_pd(level, _mm512_mul_pd(worth, lines->step.half[half]), total->half[half]);
  }
  return clipped;
}

/* Counts the clips of a read, which are rare, by line. */
EPX_TARGET static __attribute__((noinline)) void count_clips(const words_side_t *side, int slice,
                                                             pair_t c, const lines_t *lines,
                                                             unsigned clipped,
                                                             words_tally_t *tally) {
  unsigned below = 0;
  for (int half = 0; half < 2; ++half) {
    const __m512d z = place(side, lines, half, c.half[half]);
    below |= (unsigned)_mm512_cmp_pd_mask(z, _mm512_setzero_pd(), _CMP_LT_OQ) << (8 * half);
  }
  for (int up = 0; up < 2; ++up) {
    uint32_t *const to = up == 0 ? tally->below[slice] : tally->above[slice];
    const __mmask16 lanes = (__mmask16)(up == 0 ? below : clipped & ~below);
    const __m512i before = _mm512_loadu_si512(to);
    _mm512_storeu_si512(to, _mm512_mask_add_epi32(before, lanes, before, _mm512_set1_epi32(1)));
  }
  tally->any = true;
}

EPX_TARGET static __attribute__((noinline)) void observe(const words_product_t *product, int slice,
                                                         int line, pair_t c) {
  double counts[LANES];
  _mm512_storeu_pd(counts, c.half[0]);
  _mm512_storeu_pd(counts + 8, c.half[1]);
  words_observe(product, slice, line, counts);
}

/* Eight words of a pass by a panel of one slice: c of each; `planes` as the slice has. */
EPX_INLINE void count(const words_side_t *side, const uint8_t *const *row, int slice, int line,
                      int planes, pair_t *c) {
  __m512i sum[ROWS];
  for (int plane = planes - 1; plane >= 0; --plane) {
    dot(side->k, row, words_panel(side, slice, plane, line), sum);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      const pair_t wide = widen(sum[r]);
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        c[r].half[half] =
            plane == planes - 1
                ? wide.half[half]
                : _mm512_fmadd_pd(c[r].half[half], _mm512_set1_pd(256.0), wide.half[half]);
      }
    }
  }
}

/* Adds a read of eight words, of which the first `rows` are there. */
EPX_INLINE void read_panel(const words_product_t *product, const uint8_t *const *row, int rows,
                           int slice, int line, int planes, __m512d worth, pair_t *total,
                           words_tally_t *tally) {
  const words_side_t *side = product->side;
  const size_t at = (size_t)slice * side->padded + (size_t)line;
  const __m512d top = _mm512_set1_pd(side->top);
  pair_t c[ROWS];
  lines_t lines;
  count(side, row, slice, line, planes, c);
  lines.step = load(side->step + at);
  if (!side->ideal) {
    lines.gain = load(side->gain + at);
    lines.zero = load(side->zero + at);
  }
  if (side->errors) {
    lines.own_gain = load(side->own_gain + at);
    lines.own_offset = load(side->own_offset + at);
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    const unsigned clipped = add_converted(side, &lines, c[r], worth, top, &total[r]);
    if (clipped != 0 && r < rows) {
      count_clips(side, slice, c[r], &lines, clipped, tally);
    }
    if (product->observing && r < rows) {
      observe(product, slice, line, c[r]);
    }
  }
}

/* Whole results of 16 lanes. */
EPX_INLINE __m512i finish(pair_t total, double unit) {
  const __m256i first = _mm512_cvt_roundpd_epi32(_mm512_mul_pd(total.half[0], _mm512_set1_pd(unit)),
                                                 _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256i second =
      _mm512_cvt_roundpd_epi32(_mm512_mul_pd(total.half[1], _mm512_set1_pd(unit)),
                               _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
}

/* Eight words from `word` on, of which the last ones may not be there, by one panel. */
EPX_TARGET static void multiply_tile(const words_product_t *product, int word, int line,
                                     words_tally_t *tally) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  const int rows = words->count - word < ROWS ? words->count - word : ROWS;
  const pair_t low = load(side->low + line);
  const __m512d worths = _mm512_set1_pd(product->worths);
  pair_t total[ROWS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    total[r].half[0] = _mm512_mul_pd(worths, low.half[0]);
    total[r].half[1] = _mm512_mul_pd(worths, low.half[1]);
  }
  for (int pass = 0; pass < words->passes; ++pass) {
    const uint8_t *row[ROWS];
    const __m512d worth = _mm512_set1_pd(words_worth(&words->pass[pass]));
    for (int r = 0; r < ROWS; ++r) {
      const int w = word + (r < rows ? r : rows - 1);
      row[r] = words->digit[pass] + (size_t)w * words->pitch + product->first_line;
    }
    for (int slice = 0; slice < side->slices; ++slice) {
      const int planes = side->planes[slice];
      if (planes == 1) {
        read_panel(product, row, rows, slice, line, 1, worth, total, tally);
      } else {
        read_panel(product, row, rows, slice, line, planes, worth, total, tally);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    if (r < rows) {
      int32_t *sums = product->sums + (size_t)(word + r) * product->ldc + line;
      const __m512i more = finish(total[r], side->unit);
      _mm512_storeu_si512(sums, _mm512_add_epi32(_mm512_loadu_si512(sums), more));
    }
  }
}

EPX_TARGET uint64_t words_multiply_avx512(const words_product_t *product) {
  words_tally_t tally = {.any = false};
  uint64_t clips = 0;
  for (int line = 0; line < product->side->n; line += LANES) {
    for (int word = 0; word < product->words->count; word += ROWS) {
      multiply_tile(product, word, line, &tally);
    }
    clips += words_count_clips(product, line, &tally);
  }
  return clips;
}

#else
uint64_t words_multiply_avx512(const words_product_t *product) {
  return words_multiply_ref(product);
}
#endif
