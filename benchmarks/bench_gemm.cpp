// SPDX-License-Identifier: Apache-2.0
// Speed of the integer matrix product at the shapes of the networks, for every level that the
// processor has.
//
// Counters: GMACs is 10^9 multiply-adds a second (the columns asked for, not the padded ones); peak
// is the same for a loop of the processor's fastest exact multiply-add on registers alone, measured
// next to the shape; of_peak is their ratio. Time is that of the thread's processor, so that a busy
// machine disturbs little.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "epx_cpu.h"
#include "epx_gemm_u8s8s32.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace {

double thread_seconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

constexpr int peak_rounds = 20000;  // about 0.1 ms

#if defined(__x86_64__) && defined(__GNUC__)

// Sixteen independent sums in flight; returns the multiply-adds done. The empty asm statements keep
// the compiler from moving or merging the instructions.
__attribute__((target("avx512f,avx512vnni"))) double vnni512_loop() {
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

// The same with 16-bit operands, as far as AVX2 goes: a multiplication and an addition.
__attribute__((target("avx2"))) double madd256_loop() {
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

double peak_loop() {
#if defined(__x86_64__) && defined(__GNUC__)
  switch (epx_cpu_detected()) {
    case EPX_CPU_AVX512:
      return vnni512_loop();
    case EPX_CPU_AVX2:
      return madd256_loop();
    case EPX_CPU_SCALAR:
      break;
  }
#endif
  uint32_t sum = 0;
  for (int i = 0; i < peak_rounds; i++) {
    sum += static_cast<uint32_t>(i) * static_cast<uint32_t>(i);
    benchmark::DoNotOptimize(sum);
  }
  return peak_rounds;
}

// Multiply-adds a second: the best of some tries.
double peak_rate() {
  double best = 0.0;
  for (int i = 0; i < 50; i++) {
    const double start = thread_seconds();
    const double done = peak_loop();
    best = std::max(best, done / (thread_seconds() - start));
  }
  return best;
}

// A convolution 3x3 (pixels = side^2 rows) over a zero-bordered channels-last image, or a dense
// layer (side = 0) of `rows` rows.
struct Shape {
  const char *name;
  int side;
  int channels;
  int n;
  int rows;  // the strip of the convolution that is computed
};

constexpr Shape shapes[] = {
    {"conv_32_to_64_of_16x16", 16, 32, 64, 256}, {"conv_64_to_128_of_8x8", 8, 64, 128, 64},
    {"conv_64_to_32_of_16x16", 16, 64, 32, 256}, {"conv_128_to_64_of_8x8", 8, 128, 64, 64},
    {"conv_4_to_32_of_32x32", 32, 4, 32, 1024},  {"strip_32_to_64_of_16x16", 16, 32, 64, 48},
    {"strip_64_to_32_of_16x16", 16, 64, 32, 48}, {"dense_2048_to_10_of_1", 0, 2048, 10, 1},
    {"dense_2048_to_10_of_16", 0, 2048, 10, 16}, {"dense_2048_to_10_of_64", 0, 2048, 10, 64},
};

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};

void measure(benchmark::State &state, epx_gemm_u8s8s32_fn *kernel, const Shape &shape) {
  const bool dense = shape.side == 0;
  const int segments = dense ? 1 : 3;
  const int run = dense ? shape.channels : 3 * shape.channels;
  const int k = segments * run;
  const int row_bytes = dense ? shape.channels : (shape.side + 2) * shape.channels;
  const int image_rows = dense ? shape.rows : shape.side + 2;
  std::mt19937 random(1);
  std::vector<uint8_t> a(static_cast<size_t>(row_bytes) * static_cast<size_t>(image_rows));
  std::generate(a.begin(), a.end(), [&] { return static_cast<uint8_t>(random()); });
  std::vector<int8_t> b(static_cast<size_t>(k) * static_cast<size_t>(shape.n));
  std::generate(b.begin(), b.end(), [&] { return static_cast<int8_t>(random()); });
  std::unique_ptr<int8_t, Free> packed(
      static_cast<int8_t *>(std::aligned_alloc(64, epx_pack_s8_size(k, shape.n))));
  epx_pack_s8(b.data(), k, shape.n, shape.n, 1, packed.get());
  std::vector<int32_t> offset;
  for (int row = 0; row < shape.rows; row++) {
    offset.push_back(dense ? row * row_bytes
                           : row / shape.side * row_bytes + row % shape.side * shape.channels);
  }
  const int ldc = epx_gemm_padded_n(shape.n);
  std::vector<int32_t> c(static_cast<size_t>(shape.rows) * static_cast<size_t>(ldc));

  const double start = thread_seconds();
  for (auto _ : state) {
    kernel(a.data(), offset.data(), shape.rows, segments, run, row_bytes, packed.get(), shape.n,
           c.data(), ldc);
    benchmark::ClobberMemory();
  }
  const double seconds = thread_seconds() - start;
  const double macs = static_cast<double>(state.iterations()) * shape.rows * shape.n * k;
  const double peak = peak_rate();
  state.counters["GMACs"] = 1e-9 * macs / seconds;
  state.counters["peak"] = 1e-9 * peak;
  state.counters["of_peak"] = macs / seconds / peak;
}

bool register_all() {
  constexpr epx_cpu_level_t levels[] = {EPX_CPU_SCALAR, EPX_CPU_AVX2, EPX_CPU_AVX512};
  epx_gemm_u8s8s32_fn *const kernels[] = {epx_gemm_u8s8s32_ref, epx_gemm_u8s8s32_avx2,
                                          epx_gemm_u8s8s32_avx512};
  for (int i = 0; i < 3 && levels[i] <= epx_cpu_detected(); i++) {
    for (const Shape &shape : shapes) {
      const std::string name = std::string(epx_cpu_level_name(levels[i])) + "/" + shape.name;
      epx_gemm_u8s8s32_fn *const kernel = kernels[i];
      benchmark::RegisterBenchmark(name.c_str(), [kernel, &shape](benchmark::State &state) {
        measure(state, kernel, shape);
      })->MinTime(0.1);
    }
  }
  return true;
}

const bool registered = register_all();

}  // namespace
