// SPDX-License-Identifier: Apache-2.0
// Speed of the integer matrix products at the shapes of the networks' convolutions (forward, and
// transposed without regard to zeros) and of dense layers, for every level that the processor has.
//
// Counters: GMACs is 10^9 multiply-adds a second (the columns asked for, not the padded ones); peak
// is the same for a loop on registers (bench_peak.h); of_peak is their ratio. Images of three
// channels are squeezed, as epx_conv_internal.h describes: of_peak counts 27 terms of a patch,
// of_peak_counted the 28 that the kernel reads. C is one strip of rows that is
// overwritten, as epx_conv_forward.c has it.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench_peak.h"
#include "epx_gemm_s16.h"
#include "epx_gemm_u8s8s32.h"

namespace {

using epx_bench::Aligned;
using epx_bench::thread_seconds;

struct Shape {
  std::string name;
  int side;  // rows = side^2 output pixels, or a dense layer (0) of `rows` rows
  int channels, n, rows;
  bool squeezed() const { return side > 0 && channels < 4; }
  int terms() const { return side == 0 ? channels : 9 * channels; }
};

// Gathered rows of one shape, with elements of type T.
template <typename T>
struct Operands {
  explicit Operands(const Shape &shape)
      : dense(shape.side == 0),
        segments(dense || shape.squeezed() ? 1 : 3),
        run(shape.squeezed() ? (shape.terms() + 3) / 4 * 4 : shape.terms() / segments),
        pixel(shape.squeezed() ? 3 * shape.channels : shape.channels),
        row_elements(dense ? shape.channels : (shape.side + 2) * pixel),
        a(static_cast<size_t>(row_elements) *
              static_cast<size_t>(dense ? shape.rows : shape.side + 2) +
          4),
        b(static_cast<size_t>(segments * run) * static_cast<size_t>(shape.n)) {
    std::mt19937 random(1);
    std::generate_n(a.data, a.count, [&] { return static_cast<T>(random()); });
    std::generate(b.begin(), b.end(), [&] { return static_cast<int8_t>(random()); });
    for (int row = 0; row < shape.rows; row++) {
      offset.push_back(dense ? row * row_elements
                             : row / shape.side * row_elements + row % shape.side * pixel);
    }
  }
  bool dense;
  int segments, run, pixel, row_elements;
  Aligned<T> a;
  std::vector<int8_t> b;
  std::vector<int32_t> offset;
};

int strip_rows(int ld) {
  return std::max(24, 8192 / ld / 12 * 12);
}

void measure(benchmark::State &state, epx_gemm_u8s8s32_fn *kernel, const Shape &shape) {
  const Operands<uint8_t> in(shape);
  const int k = in.segments * in.run, ldc = epx_gemm_padded_n(shape.n), step = strip_rows(ldc);
  Aligned<int8_t> packed(epx_pack_s8_size(k, shape.n));
  epx_pack_s8(in.b.data(), k, shape.n, shape.n, 1, packed.data);
  Aligned<int32_t> c(static_cast<size_t>(step) * static_cast<size_t>(ldc));
  const double start = thread_seconds();
  for (auto _ : state) {
    for (int row = 0; row < shape.rows; row += step) {
      kernel(in.a.data, in.offset.data() + row, std::min(step, shape.rows - row), in.segments,
             in.run, in.row_elements, packed.data, shape.n, c.data, ldc);
    }
    benchmark::ClobberMemory();
  }
  epx_bench::report(state,
                    static_cast<double>(state.iterations()) * shape.rows * shape.n * shape.terms(),
                    thread_seconds() - start, 8, static_cast<double>(k) / shape.terms());
}

void measure_16(benchmark::State &state, epx_gemm_s16_fn *kernel, bool split, const Shape &shape) {
  const Operands<uint16_t> in(shape);
  const int k = in.segments * in.run, ldc = epx_gemm_padded_n(shape.n), step = strip_rows(2 * ldc);
  Aligned<int16_t> packed(epx_pack_s16_size(k, shape.n) / 2);
  const std::vector<int16_t> b(in.b.begin(), in.b.end());
  epx_pack_s16(b.data(), k, shape.n, shape.n, 1, packed.data);
  Aligned<int64_t> c(static_cast<size_t>(step) * static_cast<size_t>(ldc));
  const auto sums = epx_gemm_s16_sums(false, split ? 65535 : 4095, 128);
  const double start = thread_seconds();
  for (auto _ : state) {
    for (int row = 0; row < shape.rows; row += step) {
      kernel(in.a.data, in.offset.data() + row, std::min(step, shape.rows - row), in.segments,
             in.run, in.row_elements, packed.data, shape.n, sums, c.data, ldc);
    }
    benchmark::ClobberMemory();
  }
  epx_bench::report(state,
                    static_cast<double>(state.iterations()) * shape.rows * shape.n * shape.terms(),
                    thread_seconds() - start, 16, static_cast<double>(k) / shape.terms());
}

std::vector<Shape> make_shapes() {
  std::vector<Shape> shapes;
  for (const epx_bench::Layer &layer : epx_bench::layers) {
    const int side = layer.side + 2 * layer.padding - 2;
    shapes.push_back(
        {std::string("forward/") + layer.name, side, layer.channels, layer.units, side * side});
    if (layer.channels > 3) {  // the first layer sends nothing back
      shapes.push_back({std::string("transpose/") + layer.name, layer.side, layer.units,
                        layer.channels, layer.side * layer.side});
    }
  }
  for (const int rows : {1, 16, 64}) {
    shapes.push_back({"dense_2048_to_10/" + std::to_string(rows), 0, 2048, 10, rows});
  }
  return shapes;
}

bool register_all() {
  constexpr epx_cpu_level_t levels[] = {EPX_CPU_SCALAR, EPX_CPU_AVX2, EPX_CPU_AVX512};
  epx_gemm_u8s8s32_fn *const kernels[] = {epx_gemm_u8s8s32_ref, epx_gemm_u8s8s32_avx2,
                                          epx_gemm_u8s8s32_avx512};
  epx_gemm_s16_fn *const kernels_16[] = {epx_gemm_s16_ref, epx_gemm_s16_avx2, epx_gemm_s16_avx512};
  for (int i = 0; i < 3 && levels[i] <= epx_cpu_detected(); i++) {
    for (const Shape &shape : make_shapes()) {
      const std::string level = epx_cpu_level_name(levels[i]);
      const auto add = [](const std::string &name, auto function) {
        benchmark::RegisterBenchmark(name.c_str(), function)->MinTime(0.1);
      };
      add(level + "/u8s8s32/" + shape.name,
          [=](benchmark::State &state) { measure(state, kernels[i], shape); });
      add(level + "/u16s16s64/" + shape.name,
          [=](benchmark::State &state) { measure_16(state, kernels_16[i], false, shape); });
      add(level + "/u16s16s64_split/" + shape.name,
          [=](benchmark::State &state) { measure_16(state, kernels_16[i], true, shape); });
    }
  }
  return true;
}

const bool registered = register_all();

}  // namespace
