// SPDX-License-Identifier: Apache-2.0
// Speed of the convolutions of quant/epx_conv.h at the layers of the networks, on the level that
// EPX_CPU and the processor choose: forward with pooling, the transpose by each of its two ways
// over densities of states, and the correlation.
//
// of_peak counts the multiply-adds of the definition without regard to zeros, so that it may exceed
// 1 where zeros are skipped; of_peak_counted adds, to the forward product of few channels, those
// that meet the bytes to which a patch is rounded up. The argument is the percentage of states that
// are not zero.
#include <random>
#include <string>
#include <vector>

#include "bench_peak.h"
#include "epx_conv.h"
#include "epx_gemm_u8s8s32.h"

namespace {

using epx_bench::Aligned;
using epx_bench::thread_seconds;

struct Data {
  Data(const epx_bench::Layer &layer, int64_t percent)
      : c{layer.side, layer.side, layer.channels, 3, 3, 1, layer.padding, layer.units, 2},
        neurons(static_cast<size_t>(epx_conv_positions(&c) * c.units)),
        image(static_cast<size_t>((c.in_height + 2 * c.padding) * epx_conv_pitch(&c))),
        weights(static_cast<size_t>(c.units * epx_conv_fan_in(&c))),
        packed(epx_conv_packed_size(&c)),
        packed_transpose(epx_conv_packed_transpose_size(&c)),
        post(neurons),
        switches(neurons),
        rows(static_cast<size_t>(epx_conv_row_count(&c))),
        workspace(
            std::max({epx_conv_forward_workspace_size(&c), epx_conv_transpose_workspace_size(&c),
                      epx_conv_correlate_workspace_size(&c)})),
        out(neurons),
        r(static_cast<size_t>(c.in_height * c.in_width * epx_gemm_padded_n(c.channels))),
        sum(static_cast<size_t>(c.units * epx_conv_padded_fan_in(&c))),
        post_sum(static_cast<size_t>(c.units)) {
    std::mt19937 random(1);
    std::generate_n(image.data, image.count, [&] { return static_cast<uint8_t>(random()); });
    std::generate_n(weights.data, weights.count, [&] { return static_cast<int8_t>(random()); });
    std::generate_n(switches.data, neurons, [&] { return static_cast<uint8_t>(random() % 4); });
    std::generate_n(post.data, neurons, [&] {
      return static_cast<uint8_t>(
          static_cast<int64_t>(random() % 100) < percent ? random() % 255 + 1 : 0);
    });
    std::vector<int8_t> buffer(
        std::max(epx_conv_pack_buffer_size(&c), epx_conv_pack_transpose_buffer_size(&c)));
    epx_conv_pack(&c, weights.data, buffer.data(), packed.data);
    epx_conv_pack_transpose(&c, weights.data, buffer.data(), packed_transpose.data);
    epx_conv_rows(&c, rows.data);
    states = {post.data, static_cast<size_t>(c.units),
              static_cast<size_t>(c.units * epx_conv_out_width(&c)), switches.data};
  }
  epx_conv_t c;
  size_t neurons;
  Aligned<uint8_t> image;
  Aligned<int8_t> weights, packed, packed_transpose;
  Aligned<uint8_t> post, switches;
  Aligned<int32_t> rows;
  Aligned<uint8_t> workspace;
  Aligned<int32_t> out, r, sum;
  Aligned<int64_t> post_sum;
  epx_conv_states_t states;
};

template <typename Function>
void run(benchmark::State &state, double macs, Function function, double counted = 1.0) {
  const double start = thread_seconds();
  for (auto _ : state) {
    function();
    benchmark::ClobberMemory();
  }
  epx_bench::report(state, static_cast<double>(state.iterations()) * macs, thread_seconds() - start,
                    8, counted);
}

void forward(benchmark::State &state, const epx_bench::Layer &layer) {
  Data d(layer, 100);
  const double macs = static_cast<double>(d.neurons) * 4 * epx_conv_fan_in(&d.c);
  const double counted = static_cast<double>(epx_conv_forward_terms(&d.c)) / epx_conv_fan_in(&d.c);
  const auto product = [&] {
    epx_conv_forward_u8s8s32(&d.c, d.image.data, d.rows.data, d.packed.data, d.workspace.data,
                             d.out.data, d.switches.data);
  };
  run(state, macs, product, counted);
}

void transpose(benchmark::State &state, const epx_bench::Layer &layer, bool sparse) {
  Data d(layer, state.range(0));
  const int ld = epx_gemm_padded_n(d.c.channels);
  const double macs =
      static_cast<double>(d.c.in_height * d.c.in_width) * d.c.units * 9.0 * d.c.channels;
  run(state, macs, [&] {
    if (sparse) {
      epx_conv_transpose_sparse_u8s8s32(&d.c, &d.states, d.weights.data, d.workspace.data, d.r.data,
                                        ld);
    } else {
      epx_conv_transpose_dense_u8s8s32(&d.c, &d.states, d.packed_transpose.data, d.workspace.data,
                                       d.r.data, ld);
    }
  });
}

void correlate(benchmark::State &state, const epx_bench::Layer &layer) {
  Data d(layer, state.range(0));
  const double macs =
      static_cast<double>(epx_conv_positions(&d.c)) * d.c.units * epx_conv_fan_in(&d.c);
  int sign = 1;  // turns, so that sums stay small
  run(state, macs, [&] {
    epx_conv_correlate_u8u8s32(&d.c, d.image.data, d.post.data, d.switches.data, sign = -sign,
                               d.workspace.data, d.sum.data, d.post_sum.data);
  });
}

bool register_all() {
  const auto add = [](const std::string &name, auto function) {
    return benchmark::RegisterBenchmark(name.c_str(), function)->MinTime(0.1);
  };
  for (const epx_bench::Layer &layer : epx_bench::layers) {
    add(std::string("forward/") + layer.name,
        [&layer](benchmark::State &state) { forward(state, layer); });
    if (layer.channels > 3) {
      for (const int percent : {100, 50, 25, 10}) {
        add(std::string("transpose_dense/") + layer.name, [&layer](benchmark::State &state) {
          transpose(state, layer, false);
        })->Arg(percent);
        add(std::string("transpose_sparse/") + layer.name, [&layer](benchmark::State &state) {
          transpose(state, layer, true);
        })->Arg(percent);
      }
    }
    for (const int percent : {100, 50, 10}) {
      add(std::string("correlate/") + layer.name, [&layer](benchmark::State &state) {
        correlate(state, layer);
      })->Arg(percent);
    }
  }
  return true;
}

const bool registered = register_all();

}  // namespace
