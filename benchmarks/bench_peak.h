// SPDX-License-Identifier: Apache-2.0
// The processor's peak, measured next to each shape: the fastest exact multiply-add of 8 or 16 bits
// on registers alone. Times are those of the thread's processor, so that a busy machine disturbs
// little.
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "epx_cpu.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace epx_bench {

inline double thread_seconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

constexpr int peak_rounds = 20000;  // about 0.1 ms

#if defined(__x86_64__) && defined(__GNUC__)

// Sixteen independent sums in flight; returns the multiply-adds done. The empty asm statements keep
// the compiler from moving or merging the instructions.
__attribute__((target("avx512f,avx512vnni"))) inline double vnni512_loop() {
  __m512i sum[16];
  __m512i x = _mm512_set1_epi32(0x01020304);
  for (__m512i &s : sum) {
    s = _mm512_setzero_si512();
  }
  for (int i = 0; i < peak_rounds; i++) {
    __asm__ volatile("" : "+v"(x));
#pragma GCC unroll 16
    for (int j = 0; j < 16; j++) {
      sum[j] = _mm512_dpbusd_epi32(sum[j], x, x);
    }
  }
  for (__m512i &s : sum) {
    __asm__ volatile("" : : "v"(s));
  }
  return 16.0 * 64.0 * peak_rounds;
}

// The same with pairs of 16-bit operands.
__attribute__((target("avx512f,avx512vnni"))) inline double vnni512_16_loop() {
  __m512i sum[16];
  __m512i x = _mm512_set1_epi32(0x00020004);
  for (__m512i &s : sum) {
    s = _mm512_setzero_si512();
  }
  for (int i = 0; i < peak_rounds; i++) {
    __asm__ volatile("" : "+v"(x));
#pragma GCC unroll 16
    for (int j = 0; j < 16; j++) {
      sum[j] = _mm512_dpwssd_epi32(sum[j], x, x);
    }
  }
  for (__m512i &s : sum) {
    __asm__ volatile("" : : "v"(s));
  }
  return 16.0 * 32.0 * peak_rounds;
}

// 16-bit operands, as far as AVX2 goes: a multiplication and an addition.
__attribute__((target("avx2"))) inline double madd256_loop() {
  __m256i sum[12];
  __m256i x = _mm256_set1_epi32(0x00020004);
  for (__m256i &s : sum) {
    s = _mm256_setzero_si256();
  }
  for (int i = 0; i < peak_rounds; i++) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; j++) {
      __asm__ volatile("" : "+x"(x));
      sum[j] = _mm256_add_epi32(sum[j], _mm256_madd_epi16(x, x));
    }
  }
  for (__m256i &s : sum) {
    __asm__ volatile("" : : "x"(s));
  }
  return 12.0 * 16.0 * peak_rounds;
}

#endif

inline double peak_loop(int bits) {
#if defined(__x86_64__) && defined(__GNUC__)
  switch (epx_cpu_detected()) {
    case EPX_CPU_AVX512:
      return bits == 8 ? vnni512_loop() : vnni512_16_loop();
    case EPX_CPU_AVX2:
      return madd256_loop();
    case EPX_CPU_SCALAR:
      break;
  }
#endif
  (void)bits;
  uint32_t sum = 0;
  for (int i = 0; i < peak_rounds; i++) {
    sum += static_cast<uint32_t>(i) * static_cast<uint32_t>(i);
    benchmark::DoNotOptimize(sum);
  }
  return peak_rounds;
}

// Multiply-adds a second: the best of some tries.
inline double peak_rate(int bits) {
  double best = 0.0;
  for (int i = 0; i < 50; i++) {
    const double start = thread_seconds();
    const double done = peak_loop(bits);
    best = std::max(best, done / (thread_seconds() - start));
  }
  return best;
}

// Sets the counters of a benchmark that made `macs` multiply-adds in `seconds`; `counted` is the
// number by which they grow if those that meet the padding of K are counted too.
inline void report(benchmark::State &state, double macs, double seconds, int bits,
                   double counted = 1.0) {
  const double peak = peak_rate(bits);
  state.counters["GMACs"] = 1e-9 * macs / seconds;
  state.counters["peak"] = 1e-9 * peak;
  state.counters["of_peak"] = macs / seconds / peak;
  if (counted > 1.0) {
    state.counters["of_peak_counted"] = counted * macs / seconds / peak;
  }
}

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};

// Zeroed, 64-byte aligned.
template <typename T>
struct Aligned {
  explicit Aligned(size_t elements) : count(elements) {
    const size_t bytes = (count * sizeof(T) / 64 + 1) * 64;
    data = static_cast<T *>(std::aligned_alloc(64, bytes));
    std::fill_n(reinterpret_cast<char *>(data), bytes, 0);
  }
  ~Aligned() { std::free(data); }
  Aligned(const Aligned &) = delete;
  Aligned &operator=(const Aligned &) = delete;
  size_t count;
  T *data;
};

// The convolutions of the two networks: kernel 3, 2x2 max pooling behind each, 32x32x3 inputs.
struct Layer {
  const char *name;
  int side, channels, units, padding;
};
constexpr Layer layers[] = {
    {"32-64-128/0", 32, 3, 32, 1},          {"32-64-128/1", 16, 32, 64, 1},
    {"32-64-128/2", 8, 64, 128, 1},         {"128-256-512-512/0", 32, 3, 128, 1},
    {"128-256-512-512/1", 16, 128, 256, 1}, {"128-256-512-512/2", 8, 256, 512, 1},
    {"128-256-512-512/3", 4, 512, 512, 0}};

}  // namespace epx_bench

#endif
