// SPDX-License-Identifier: Apache-2.0
// Wire resistance (rtl_model/array/): the direct solution and the iteration, for 64 vectors on
// 128 x 128 cells, on one core. benchmarks/wires_scipy.py runs this beside SciPy on the same
// arrays.
//
//   exact_create    ordering and symbolic analysis, once for a size
//   exact_program   numerical factors, once for a programming; then exact_solve/64
//   fast_program    factors and error bound, once for a programming; then fast_solve/64
//   fast_effective  the matrix of effective conductances: 128 unit vectors
//
//   iterations, bound   of the iteration, tolerance 1e-6
//   error               against exact_solve, relative to the largest current, worst vector
//   amps                sum of the first vector's currents, to compare with another program's
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include "epx_parallel.h"
#include "epx_random.h"
#include "epx_wires_exact.h"
#include "epx_wires_fast.h"

namespace {

constexpr int kSize = 128, kVectors = 64;

// Cells of ron to 100 ron; wires of wordline_ohm and bitline_ohm a cell.
struct Case {
  const char *name;
  double ron, wordline_ohm, bitline_ohm;
};
constexpr Case cases[] = {{"ron240k_wire1-2", 240e3, 1, 2},
                          {"ron240k_wire5-5", 240e3, 5, 5},
                          {"ron240k_wire20-20", 240e3, 20, 20},
                          {"ron10k_wire5-5", 10e3, 5, 5},
                          {"ron10k_wire20-20", 10e3, 20, 20}};

struct Data {
  explicit Data(const Case &c)
      : wires{kSize, kSize, c.wordline_ohm, c.bitline_ohm, 100, 100, EPX_WIRES_FORWARD},
        g(kSize * kSize),
        volts(kVectors * kSize),
        amps(kVectors * kSize),
        exact_amps(amps) {
    for (size_t k = 0; k < g.size(); ++k) {
      g[k] = (0.01 + 0.99 * epx_random_uniform(1, k)) / c.ron;
    }
    for (size_t k = 0; k < volts.size(); ++k) volts[k] = 0.5 * epx_random_uniform(2, k);
    epx_parallel_set_threads(1);
    good = epx_wires_exact_create(&wires, &exact, nullptr) == EPX_OK &&
           epx_wires_exact_program(exact, g.data(), nullptr) == EPX_OK &&
           epx_wires_exact_solve(exact, kVectors, volts.data(), exact_amps.data(), nullptr) ==
               EPX_OK &&
           epx_wires_fast_create(&wires, &fast, nullptr) == EPX_OK &&
           epx_wires_fast_program(fast, g.data(), nullptr) == EPX_OK;
  }
  ~Data() {
    epx_wires_exact_destroy(exact);
    epx_wires_fast_destroy(fast);
  }
  Data(const Data &) = delete;
  Data &operator=(const Data &) = delete;
  double error() const {
    double worst = 0;
    for (size_t n = 0; n < kVectors; ++n) {
      double most = 0, scale = 0;
      for (size_t k = n * kSize; k < (n + 1) * kSize; ++k) {
        most = std::fmax(most, std::fabs(amps[k] - exact_amps[k]));
        scale = std::fmax(scale, std::fabs(exact_amps[k]));
      }
      worst = std::fmax(worst, most / scale);
    }
    return worst;
  }
  double first_sum(const std::vector<double> &currents) const {
    double sum = 0;
    for (size_t k = 0; k < kSize; ++k) sum += currents[k];
    return sum;
  }
  epx_wires_t wires;
  std::vector<double> g, volts, amps, exact_amps;
  epx_wires_exact_t *exact = nullptr;
  epx_wires_fast_t *fast = nullptr;
  bool good;
};

// Runs function(data) -> epx_status_t in the loop.
template <typename Function>
void run(benchmark::State &state, Data &d, Function function) {
  for (auto _ : state) {
    if (!d.good || function() != EPX_OK) {
      state.SkipWithError("failed");
      return;
    }
    benchmark::ClobberMemory();
  }
}

void exact_create(benchmark::State &state, const Case &c) {
  Data d(c);
  run(state, d, [&] {
    epx_wires_exact_t *other = nullptr;
    const epx_status_t status = epx_wires_exact_create(&d.wires, &other, nullptr);
    epx_wires_exact_destroy(other);
    return status;
  });
}

void exact_program(benchmark::State &state, const Case &c) {
  Data d(c);
  run(state, d, [&] { return epx_wires_exact_program(d.exact, d.g.data(), nullptr); });
  state.counters["nodes"] = static_cast<double>(epx_wires_exact_nodes(d.exact));
  state.counters["fill"] = static_cast<double>(epx_wires_exact_fill(d.exact));
}

void exact_solve(benchmark::State &state, const Case &c) {
  Data d(c);
  run(state, d, [&] {
    return epx_wires_exact_solve(d.exact, kVectors, d.volts.data(), d.exact_amps.data(), nullptr);
  });
  state.counters["amps"] = d.first_sum(d.exact_amps);
}

void fast_program(benchmark::State &state, const Case &c) {
  Data d(c);
  run(state, d, [&] { return epx_wires_fast_program(d.fast, d.g.data(), nullptr); });
}

void fast_solve(benchmark::State &state, const Case &c) {
  Data d(c);
  const epx_wires_limits_t limits = {1e-6, 0};
  epx_wires_report_t report = {};
  run(state, d, [&] {
    return epx_wires_fast_solve(d.fast, &limits, kVectors, d.volts.data(), d.amps.data(), &report,
                                nullptr);
  });
  state.counters["iterations"] = report.iterations;
  state.counters["bound"] = report.bound;
  state.counters["error"] = d.error();
  state.counters["amps"] = d.first_sum(d.amps);
}

void fast_effective(benchmark::State &state, const Case &c) {
  Data d(c);
  std::vector<double> siemens(kSize * kSize);
  const epx_wires_limits_t limits = {1e-6, 0};
  epx_wires_report_t report = {};
  run(state, d,
      [&] { return epx_wires_fast_effective(d.fast, &limits, siemens.data(), &report, nullptr); });
  state.counters["iterations"] = report.iterations;
}

bool register_all() {
  const auto add = [](const std::string &name, void (*function)(benchmark::State &, const Case &),
                      const Case &c) {
    benchmark::RegisterBenchmark((name + "/" + c.name).c_str(), [function,
                                                                 &c](benchmark::State &state) {
      function(state, c);
    })->Unit(benchmark::kMillisecond);
  };
  for (const Case &c : cases) {
    add("exact_create", exact_create, c);
    add("exact_program", exact_program, c);
    add("exact_solve64", exact_solve, c);
    add("fast_program", fast_program, c);
    add("fast_solve64", fast_solve, c);
    add("fast_effective", fast_effective, c);
  }
  return true;
}

const bool registered = register_all();

}  // namespace
