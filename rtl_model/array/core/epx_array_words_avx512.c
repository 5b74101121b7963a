/* SPDX-License-Identifier: Apache-2.0 */
/* Products of many words, by AVX-512 VNNI: eight words by a panel of 16 lines at a time. Their sums
 * stay in registers for a whole read, and so do conversion and shift-and-add. */
#include "epx_array_words_internal.h"
#include "epx_gemm_u8s8s32.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define EPX_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vnni")))
#define EPX_INLINE EPX_TARGET static inline __attribute__((always_inline))

enum { LANES = EPX_GEMM_N_BLOCK, ROWS = 8 };

bool words_avx512_available(void) {
  return __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd");
}

/* Lanes 0 to 7 and 8 to 15. */
typedef struct pair_t {
  __m512d half[2];
} pair_t;

/* Converters of one panel of one slice. */
typedef struct lines_t {
  pair_t gain, zero, step, own_gain, own_offset, lsb;
} lines_t;

/* What noise takes of eight words: numbers of their draws without slice and pass; the roots of the
 * sums of squares of this pass's digits. */
typedef struct rows_t {
  uint64_t draw[ROWS];
  double root[ROWS];
} rows_t;

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

/* epx_random_mix. */
EPX_INLINE __m512i mix(__m512i z) {
  z = _mm512_add_epi64(z, _mm512_set1_epi64((long long)UINT64_C(0x9e3779b97f4a7c15)));
  z = _mm512_mullo_epi64(_mm512_xor_si512(z, _mm512_srli_epi64(z, 30)),
                         _mm512_set1_epi64((long long)UINT64_C(0xbf58476d1ce4e5b9)));
  z = _mm512_mullo_epi64(_mm512_xor_si512(z, _mm512_srli_epi64(z, 27)),
                         _mm512_set1_epi64((long long)UINT64_C(0x94d049bb133111eb)));
  return _mm512_xor_si512(z, _mm512_srli_epi64(z, 31));
}

/* words_draw of eight words. */
EPX_INLINE void draw_keys(const words_product_t *product, const rows_t *rows, uint64_t array_key,
                          int slice, int pass, uint64_t keys[ROWS]) {
  const uint64_t own =
      (uint64_t)(product->backward ? slice : 0) << 8 | (uint64_t)product->words->pass[pass].number;
  const __m512i command = _mm512_set1_epi64((long long)epx_random_mix(product->command));
  const __m512i array = _mm512_set1_epi64((long long)epx_random_mix(array_key));
  const __m512i number =
      _mm512_or_si512(_mm512_loadu_si512(rows->draw), _mm512_set1_epi64((long long)own));
  const __m512i draw = mix(_mm512_xor_si512(command, number));
  _mm512_storeu_si512(keys, mix(_mm512_xor_si512(array, draw)));
}

/* epx_array_noise of 16 lines, by the mixes of their numbers. */
EPX_INLINE pair_t normals(uint64_t key, const uint64_t *line_mix) {
  const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  const __m512i keys = _mm512_set1_epi64((long long)key);
  const __m512i first = mix(_mm512_xor_si512(keys, _mm512_loadu_si512(line_mix)));
  const __m512i second = mix(_mm512_xor_si512(keys, _mm512_loadu_si512(line_mix + 8)));
  const __m512i bits = _mm512_permutex2var_epi32(first, odd, second);
  const __m512i y = _mm512_or_si512(_mm512_slli_epi32(bits, 1), _mm512_set1_epi32(1));
  const __m512i k = _mm512_lzcnt_epi32(y);
  const __m512i behind = _mm512_srli_epi32(_mm512_slli_epi32(_mm512_sllv_epi32(y, k), 1), 9);
  const __m512 x =
      _mm512_sub_ps(_mm512_castsi512_ps(_mm512_or_si512(behind, _mm512_set1_epi32(0x3f800000))),
                    _mm512_set1_ps(1.5f));
  __m512 value = _mm512_setzero_ps();
#pragma GCC unroll 6
  for (int power = EPX_ARRAY_NOISE_POWERS - 1; power >= 0; --power) {
    const float *row = epx_array_noise_table[power];
    const __m512 c = _mm512_permutex2var_ps(_mm512_loadu_ps(row), k, _mm512_loadu_ps(row + 16));
    value = power == EPX_ARRAY_NOISE_POWERS - 1 ? c : _mm512_add_ps(_mm512_mul_ps(value, x), c);
  }
  const __m512i sign = _mm512_and_si512(bits, _mm512_set1_epi32(INT32_MIN));
  value = _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(value), sign));
  return (pair_t){{_mm512_cvtps_pd(_mm512_castps512_ps256(value)),
                   _mm512_cvtps_pd(_mm512_extractf32x8_ps(value, 1))}};
}

/* x within +-limit, to whole numbers, ties to even: adding 1.5 2^52 leaves no fraction. */
EPX_INLINE __m512d round_within(__m512d x, double limit) {
  const __m512d most = _mm512_set1_pd(limit), whole = _mm512_set1_pd(0x1.8p52);
  const __m512d limited = _mm512_max_pd(_mm512_min_pd(x, most), _mm512_set1_pd(-limit));
  return _mm512_sub_pd(_mm512_add_pd(limited, whole), whole);
}

/* words_disturb of 16 lines. */
EPX_INLINE void disturb(const words_side_t *side, int slice, const epx_pass_t *pass, double root,
                        pair_t eta, pair_t *c) {
  const double limit = side->read_limit[slice] * (double)((1 << pass->bits) - 1);
  const __m512d factor = _mm512_set1_pd(side->read_factor[slice] * root);
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const __m512d scaled = _mm512_mul_pd(c->half[half], _mm512_set1_pd(side->read_scale));
    c->half[half] =
        round_within(_mm512_add_pd(scaled, _mm512_mul_pd(factor, eta.half[half])), limit);
  }
}

/* z of half a panel; eta: where conversions have noise. */
EPX_INLINE __m512d place(const words_side_t *side, const lines_t *lines, int half, __m512d c,
                         __m512d eta) {
  if (side->errors) {
    __m512d offset = lines->own_offset.half[half];
    if (side->noise != 0.0) {
      offset = _mm512_add_pd(offset, _mm512_mul_pd(_mm512_set1_pd(side->noise), eta));
    }
    const __m512d shift = _mm512_mul_pd(offset, lines->lsb.half[half]);
    c = round_within(_mm512_add_pd(_mm512_mul_pd(c, lines->own_gain.half[half]), shift),
                     0x1p51 - 1.0);
  }
  return _mm512_fmadd_pd(c, lines->gain.half[half], lines->zero.half[half]);
}

/* total += worth step floor(z) for 16 lanes; returns the lanes that clipped, and of these those
 * that clipped below. */
EPX_INLINE unsigned add_converted(const words_side_t *side, const lines_t *lines, pair_t c,
                                  pair_t eta, __m512d worth, __m512d top, pair_t *total,
                                  unsigned *below) {
  unsigned clipped = 0;
  *below = 0;
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m512d level = c.half[half];
    if (!side->ideal) {
      const __m512d z = place(side, lines, half, c.half[half], eta.half[half]);
      const __m512d limited = _mm512_min_pd(_mm512_max_pd(z, _mm512_setzero_pd()), top);
      clipped |= (unsigned)_mm512_cmp_pd_mask(z, limited, _CMP_NEQ_UQ) << (8 * half);
      *below |= (unsigned)_mm512_movepi64_mask(_mm512_castpd_si512(z)) << (8 * half);
      level = _mm512_roundscale_pd(limited, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    }
    total->half[half] =
        _mm512_fmadd_pd(level, _mm512_mul_pd(worth, lines->step.half[half]), total->half[half]);
  }
  return clipped;
}

/* Counts the clips of a read, which are rare, by line; below: negative z, clipped or -0. */
EPX_TARGET static __attribute__((noinline)) void count_clips(int slice, unsigned clipped,
                                                             unsigned below, words_tally_t *tally) {
  for (int up = 0; up < 2; ++up) {
    uint32_t *const to = up == 0 ? tally->below[slice] : tally->above[slice];
    const __mmask16 lanes = (__mmask16)(up == 0 ? clipped & below : clipped & ~below);
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

/* One pass of eight words, of which the first `rows` are there. */
typedef struct reading_t {
  const uint8_t *row[ROWS];
  int rows, pass;
  __m512d worth;
  rows_t noise;
} reading_t;

EPX_INLINE lines_t load_lines(const words_side_t *side, size_t at) {
  lines_t lines = {.step = load(side->step + at)};
  if (!side->ideal) {
    lines.gain = load(side->gain + at);
    lines.zero = load(side->zero + at);
  }
  if (side->errors) {
    lines.own_gain = load(side->own_gain + at);
    lines.own_offset = load(side->own_offset + at);
    lines.lsb = load(side->lsb + at);
  }
  return lines;
}

/* Adds a read of one panel of one slice. `planes` and `noisy` are constants where this is inlined.
 */
EPX_INLINE void read_panel(const words_product_t *product, const reading_t *reading, int slice,
                           int line, int planes, bool noisy, pair_t *total, words_tally_t *tally) {
  const words_side_t *side = product->side;
  const size_t at = (size_t)slice * side->padded + (size_t)line;
  const __m512d top = _mm512_set1_pd(side->top);
  const lines_t lines = load_lines(side, at);
  uint64_t read_key[ROWS], adc_key[ROWS];
  pair_t c[ROWS];
  count(side, reading->row, slice, line, planes, c);
  if (noisy && side->reads_noise) {
    draw_keys(product, &reading->noise, side->read_key, slice, reading->pass, read_key);
  }
  if (noisy && side->noise != 0.0) {
    draw_keys(product, &reading->noise, side->adc_key, slice, reading->pass, adc_key);
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    pair_t eta = {{_mm512_setzero_pd(), _mm512_setzero_pd()}};
    unsigned below;
    if (noisy && side->reads_noise) {
      disturb(side, slice, &product->words->pass[reading->pass], reading->noise.root[r],
              normals(read_key[r], side->line_mix + at), &c[r]);
    }
    if (noisy && side->noise != 0.0) {
      eta = normals(adc_key[r], side->line_mix + at);
    }
    const unsigned clipped =
        add_converted(side, &lines, c[r], eta, reading->worth, top, &total[r], &below);
    if (clipped != 0 && r < reading->rows) {
      count_clips(slice, clipped, below, tally);
    }
    if (product->observing && r < reading->rows) {
      observe(product, slice, line, c[r]);
    }
  }
}

/* The root of the sum of squares of a word's digits. */
EPX_TARGET static double root_of(const uint8_t *digits, int k) {
  const __m512i even = _mm512_set1_epi16(255);
  __m512i sums = _mm512_setzero_si512();
  for (int at = 0; at < k; at += 64) {
    const __mmask64 lines = k - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (k - at)) - 1;
    const __m512i d = _mm512_maskz_loadu_epi8(lines, digits + at);
    const __m512i low = _mm512_and_si512(d, even), high = _mm512_srli_epi16(d, 8);
    sums = _mm512_add_epi32(sums, _mm512_madd_epi16(low, low));
    sums = _mm512_add_epi32(sums, _mm512_madd_epi16(high, high));
  }
  const __m512i wide = _mm512_add_epi64(_mm512_cvtepu32_epi64(_mm512_castsi512_si256(sums)),
                                        _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(sums, 1)));
  return sqrt((double)_mm512_reduce_add_epi64(wide));
}

/* Pass `pass` of eight words from `word` on; the last ones repeat the last that is there. */
EPX_INLINE reading_t begin_pass(const words_product_t *product, int word, int pass, bool noisy) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  reading_t reading = {.pass = pass};
  reading.rows = words->count - word < ROWS ? words->count - word : ROWS;
  reading.worth = _mm512_set1_pd(words_worth(&words->pass[pass]));
  for (int r = 0; r < ROWS; ++r) {
    const int w = word + (r < reading.rows ? r : reading.rows - 1);
    reading.row[r] = words->digit[pass] + (size_t)w * words->pitch + product->first_line;
    if (noisy) {
      reading.noise.draw[r] =
          (uint64_t)(words->first + w / words->places) << 16 | (uint64_t)(w % words->places) << 12;
    }
    if (noisy && side->reads_noise) {
      reading.noise.root[r] = root_of(reading.row[r], side->k);
    }
  }
  return reading;
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
EPX_INLINE void multiply_tile(const words_product_t *product, int word, int line, bool noisy,
                              words_tally_t *tally) {
  const words_side_t *side = product->side;
  const epx_words_t *words = product->words;
  const pair_t low = load(side->low + line);
  const __m512d worths = _mm512_set1_pd(product->worths);
  pair_t total[ROWS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    total[r].half[0] = _mm512_mul_pd(worths, low.half[0]);
    total[r].half[1] = _mm512_mul_pd(worths, low.half[1]);
  }
  for (int pass = 0; pass < words->passes; ++pass) {
    const reading_t reading = begin_pass(product, word, pass, noisy);
    for (int slice = 0; slice < side->slices; ++slice) {
      if (side->planes[slice] == 1) {
        read_panel(product, &reading, slice, line, 1, noisy, total, tally);
      } else {
        read_panel(product, &reading, slice, line, side->planes[slice], noisy, total, tally);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    if (word + r < words->count) {
      int32_t *sums = product->sums + (size_t)(word + r) * product->ldc + line;
      const __m512i more = finish(total[r], side->unit);
      _mm512_storeu_si512(sums, _mm512_add_epi32(_mm512_loadu_si512(sums), more));
    }
  }
}

EPX_TARGET static void multiply_quiet(const words_product_t *product, int word, int line,
                                      words_tally_t *tally) {
  multiply_tile(product, word, line, false, tally);
}

EPX_TARGET static void multiply_noisy(const words_product_t *product, int word, int line,
                                      words_tally_t *tally) {
  multiply_tile(product, word, line, true, tally);
}

uint64_t words_multiply_avx512(const words_product_t *product) {
  const words_side_t *side = product->side;
  const bool noisy = side->reads_noise || side->noise != 0.0;
  words_tally_t tally = {.any = false};
  uint64_t clips = 0;
  for (int line = 0; line < side->n; line += LANES) {
    for (int word = 0; word < product->words->count; word += ROWS) {
      (noisy ? multiply_noisy : multiply_quiet)(product, word, line, &tally);
    }
    clips += words_count_clips(product, line, &tally);
  }
  return clips;
}

#else
bool words_avx512_available(void) {
  return false;
}
uint64_t words_multiply_avx512(const words_product_t *product) {
  return words_multiply_ref(product);
}
#endif
