/* SPDX-License-Identifier: Apache-2.0 */
/* Speed of a whole training step of the golden model (float32: present, free phase, both nudged
 * phases, update), in images per second on all processors, for the two networks and step counts of
 * which the speed of the published PyTorch program is known.
 *
 *   images_per_s    of this run
 *   times_pytorch   against 18.7 (32-64-128, T 60/15, batch 64) and 0.81 images/s (the paper's
 *                   network, T 250/25, batch 32), measured once on a quiet machine of two cores
 *   dense_of_peak   what the products would come to if none were skipped (the multiply-adds of a
 *                   dense program), against the peak of a large single-precision product measured
 *                   in the same run on as many threads: above 1 means less work, not faster work
 *
 * The argument is -log10 of dynamics.tolerance; 0: exact. Weights are fresh, images noise. */
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "epx_blas.h"
#include "epx_ep.h"
#include "epx_golden.h"
#include "epx_parallel.h"

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/* Multiply-adds a second of sgemm on every thread at once; best of five. */
double peak() {
  static double best = 0;
  if (best > 0) return best;
  epx_error_t error = {};
  if (epx_blas_open(&error) != EPX_OK) {
    std::fprintf(stderr, "%s\n", error.message);
    std::exit(1);
  }
  constexpr int n = 768;
  struct Thread {
    std::vector<float> a = std::vector<float>(n * n, 0.5f), b = a, c = a;
  };
  const int threads = epx_parallel_threads();
  std::vector<Thread> work((size_t)threads);
  auto product = [](void *context, int item, int) {
    Thread &t = ((Thread *)context)[item];
    for (int i = 0; i < 4; ++i) {
      epx_blas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1, t.a.data(), n, t.b.data(),
                     n, 0, t.c.data(), n);
    }
  };
  for (int i = 0; i < 5; ++i) {
    const double start = seconds();
    epx_parallel_for(threads, product, work.data());
    best = std::max(best, 4.0 * threads * n * n * n / (seconds() - start));
  }
  return best;
}

struct Case {
  std::vector<int> units;
  int last_padding, free_steps, nudged_steps, batch;
  double beta, pytorch;
  epx_pool_t pool = EPX_POOL_MAX;
};

epx_network_t network_of(const Case &c) {
  epx_network_t network = {};
  const int input[3] = {3, 32, 32};
  std::copy(input, input + 3, network.input);
  network.layer_count = (int)c.units.size();
  for (int l = 0; l < network.layer_count; ++l) {
    const bool last = l + 1 == network.layer_count;
    network.layers[l] = {EPX_LAYER_CONV, c.units[(size_t)l], 3, 1, last ? c.last_padding : 1,
                         c.pool};
  }
  network.classes = 10;
  network.loss = EPX_LOSS_CROSS_ENTROPY;
  return network;
}

/* Multiply-adds of a dense program for one image. */
double dense_macs(const epx_substrate_t *golden, const Case &c) {
  double step = 0;
  for (int l = 0; l < golden->network.layer_count; ++l) {
    const epx_layer_shape_t &s = golden->shapes[l];
    const double forward = (double)s.conv_height * s.conv_width * s.out_channels * s.fan_in;
    step += l > 0 ? 2 * forward : forward;
  }
  return step * (c.free_steps + 2 * c.nudged_steps);
}

void training_step(benchmark::State &state, const Case &c) {
  const epx_network_t network = network_of(c);
  epx_substrate_t *golden = nullptr;
  epx_params_t *params = nullptr;
  epx_error_t error = {};
  if (epx_golden_f32_create(&network, c.batch, &golden, &error) != EPX_OK ||
      epx_params_create(&network, &params, &error) != EPX_OK) {
    state.SkipWithError(error.message);
    return;
  }
  epx_params_initialise(params, 1, 1.0);
  if (epx_substrate_load(golden, params, &error) != EPX_OK) state.SkipWithError(error.message);
  epx_dynamics_t dynamics = {c.free_steps, c.nudged_steps};
  dynamics.relaxation.tolerance = state.range(0) > 0 ? std::pow(10.0, -(double)state.range(0)) : 0;
  const epx_estimator_t estimator = {EPX_ESTIMATOR_SYMMETRIC, c.beta};
  epx_update_rule_t rule = {};
  std::fill(rule.learning_rate, rule.learning_rate + EPX_MAX_LAYERS + 1, 0.1);
  rule.momentum = 0.9;
  std::mt19937 random(1);
  std::normal_distribution<float> noise(0, 0.33f);
  std::vector<float> x((size_t)c.batch * 3 * 32 * 32);
  for (float &v : x) v = noise(random);
  std::vector<uint8_t> labels((size_t)c.batch), predicted((size_t)c.batch);
  for (uint8_t &label : labels) label = (uint8_t)(random() % 10);
  std::vector<double> loss((size_t)c.batch);
  const epx_batch_t batch = epx_batch_f32(x.data(), labels.data(), c.batch);
  const double fastest = peak();
  std::vector<double> times;
  for (auto _ : state) {
    const double start = seconds();
    if (epx_ep_free(golden, &dynamics, &batch, loss.data(), predicted.data(), &error) != EPX_OK ||
        epx_ep_nudged(golden, &dynamics, &estimator, 1, &error) != EPX_OK ||
        epx_substrate_update(golden, &estimator, &rule, &error) != EPX_OK) {
      state.SkipWithError(error.message);
      break;
    }
    times.push_back(seconds() - start);
    state.SetIterationTime(times.back());
  }
  std::sort(times.begin(), times.end());
  const double rate = c.batch / times[times.size() / 2];
  state.counters["images_per_s"] = rate;
  state.counters["times_pytorch"] = rate / c.pytorch;
  state.counters["dense_of_peak"] = rate * dense_macs(golden, c) / fastest;
  state.counters["peak_GMAC_per_s"] = fastest / 1e9;
  epx_params_destroy(params);
  epx_substrate_destroy(golden);
}

void net_32_64_128(benchmark::State &state) {
  training_step(state, {{32, 64, 128}, 1, 60, 15, 64, 0.5, 18.7});
}
void net_paper(benchmark::State &state) {
  training_step(state, {{128, 256, 512, 512}, 0, 250, 25, 32, 1.0, 0.81});
}
/* The published program's speed is that with max pooling. */
void net_32_64_128_avg(benchmark::State &state) {
  training_step(state, {{32, 64, 128}, 1, 60, 15, 64, 0.5, 18.7, EPX_POOL_AVG});
}
void net_paper_avg(benchmark::State &state) {
  training_step(state, {{128, 256, 512, 512}, 0, 250, 25, 32, 1.0, 0.81, EPX_POOL_AVG});
}

void training_steps(benchmark::internal::Benchmark *b, int iterations) {
  b->Arg(0)->Arg(6)->Iterations(iterations)->UseManualTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK(net_32_64_128)->Apply([](auto *b) { training_steps(b, 9); });
BENCHMARK(net_32_64_128_avg)->Apply([](auto *b) { training_steps(b, 9); });
BENCHMARK(net_paper)->Apply([](auto *b) { training_steps(b, 3); });
BENCHMARK(net_paper_avg)->Apply([](auto *b) { training_steps(b, 3); });

}  // namespace
