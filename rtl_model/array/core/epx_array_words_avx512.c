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

/* Of one panel of one slice; each pair holds lanes 0 to 7 and 8 to 15. */
typedef struct lines_t {
  __m512d gain[2], zero[2], step[2];
} lines_t;

EPX_INLINE void load_pair(const double *from, __m512d pair[2]) {
  pair[0] = _mm512_loadu_pd(from);
  pair[1] = _mm512_loadu_pd(from + 8);
}

EPX_INLINE void dot(int k, const uint8_t *const *row, const int8_t *panel, __m512i *sum) {
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    sum[r] = _mm512_setzero_si512();
  }
  for (int at = 0; at < k; at += 4, panel += 4 * LANES) {
    const __m512i weights = _mm512_load_si512(panel);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      int32_t four;
      memcpy(&four, row[r] + at, sizeof four);
      sum[r] = _mm512_dpbusd_epi32(sum[r], _mm512_set1_epi32(four), weights);
    }
  }
}

/* Half a panel's level, limited; *clipped has a bit for each lane that was. */
EPX_INLINE __m512d level(__m256i sum, __m512d gain, __m512d zero, __m512d top, unsigned *clipped) {
  const __m512d z = _mm512_fmadd_pd(_mm512_cvtepi32_pd(sum), gain, zero);
  const __m512d limited = _mm512_min_pd(_mm512_max_pd(z, _mm512_setzero_pd()), top);
  *clipped = _mm512_cmp_pd_mask(z, limited, _CMP_NEQ_UQ);
  return _mm512_roundscale_pd(limited, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

/* total += worth step floor(z) for 16 lanes; the lanes that clipped. */
EPX_INLINE unsigned add_converted(const words_side_t *side, const lines_t *lines, __m512i sum,
                                  __m512d worth, __m512d top, __m512d total[2]) {
  unsigned clipped[2] = {0, 0};
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const __m256i part =
        half == 0 ? _mm512_castsi512_si256(sum) : _mm512_extracti64x4_epi64(sum, 1);
    const __m512d z = side->ideal
                          ? _mm512_cvtepi32_pd(part)
                          : level(part, lines->gain[half], lines->zero[half], top, &clipped[half]);
    total[half] = _mm512_fmadd_pd(z, _mm512_mul_pd(worth, lines->step[half]), total[half]);
  }
  return clipped[0] | clipped[1] << 8;
}

/* Counts the clips of a read, which are rare, and tells which lines clipped below. */
EPX_TARGET static __attribute__((noinline)) void count_clips(const words_product_t *product,
                                                             int slice, int line, __m512i sum,
                                                             const lines_t *lines,
                                                             unsigned clipped) {
  unsigned below = 0;
  for (int half = 0; half < 2; ++half) {
    const __m256i part =
        half == 0 ? _mm512_castsi512_si256(sum) : _mm512_extracti64x4_epi64(sum, 1);
    const __m512d z =
        _mm512_fmadd_pd(_mm512_cvtepi32_pd(part), lines->gain[half], lines->zero[half]);
    below |= (unsigned)_mm512_cmp_pd_mask(z, _mm512_setzero_pd(), _CMP_LT_OQ) << (8 * half);
  }
  words_count_clips(product, slice, line, below, clipped & ~below);
}

EPX_TARGET static __attribute__((noinline)) void observe(const words_product_t *product, int slice,
                                                         int line, int rows, const __m512i *sum) {
  for (int r = 0; r < rows; ++r) {
    int32_t sums[LANES];
    _mm512_storeu_si512(sums, sum[r]);
    words_observe(product, slice, line, sums);
  }
}

/* Eight words from `word` on, of which the last ones may not be there, by one panel. */
EPX_TARGET static uint64_t multiply_tile(const words_product_t *product, int word, int line) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  const int rows = words->count - word < ROWS ? words->count - word : ROWS;
  const size_t k4 = ((size_t)side->k + 3) / 4 * 4;
  const __m512d top = _mm512_set1_pd(side->top), worths = _mm512_set1_pd(product->worths);
  __m512d total[ROWS][2], low[2];
  uint64_t clips = 0;
  load_pair(side->low + line, low);
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    total[r][0] = _mm512_mul_pd(worths, low[0]);
    total[r][1] = _mm512_mul_pd(worths, low[1]);
  }
  for (int pass = 0; pass < words->passes; ++pass) {
    const uint8_t *row[ROWS];
    const __m512d worth = _mm512_set1_pd(words_worth(&words->pass[pass]));
    for (int r = 0; r < ROWS; ++r) {
      const int w = word + (r < rows ? r : rows - 1);
      row[r] = words->digit[pass] + (size_t)w * words->pitch + product->first_line;
    }
    for (int slice = 0; slice < side->slices; ++slice) {
      const size_t at = (size_t)slice * side->padded + (size_t)line;
      __m512i sum[ROWS];
      lines_t lines;
      dot(side->k, row, side->packed + (size_t)slice * side->slice_size + (size_t)line * k4, sum);
      if (product->observing) {
        observe(product, slice, line, rows, sum);
      }
      load_pair(side->step + at, lines.step);
      if (!side->ideal) {
        load_pair(side->gain + at, lines.gain);
        load_pair(side->zero + at, lines.zero);
      }
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; ++r) {
        const unsigned clipped = add_converted(side, &lines, sum[r], worth, top, total[r]);
        if (clipped != 0 && r < rows) {
          clips += (uint64_t)__builtin_popcount(clipped);
          count_clips(product, slice, line, sum[r], &lines, clipped);
        }
      }
    }
  }
  const __m512d unit = _mm512_set1_pd(side->unit);
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    if (r < rows) {
      int32_t *sums = product->sums + (size_t)(word + r) * product->ldc + line;
      const __m256i first = _mm512_cvt_roundpd_epi32(_mm512_mul_pd(total[r][0], unit),
                                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
      const __m256i second = _mm512_cvt_roundpd_epi32(
          _mm512_mul_pd(total[r][1], unit), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
      const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
      _mm512_storeu_si512(sums, _mm512_add_epi32(_mm512_loadu_si512(sums), both));
    }
  }
  return clips;
}

EPX_TARGET uint64_t words_multiply_avx512(const words_product_t *product) {
  uint64_t clips = 0;
  for (int line = 0; line < product->side->n; line += LANES) {
    for (int word = 0; word < product->words->count; word += ROWS) {
      clips += multiply_tile(product, word, line);
    }
  }
  return clips;
}

#else
uint64_t words_multiply_avx512(const words_product_t *product) {
  return words_multiply_ref(product);
}
#endif
