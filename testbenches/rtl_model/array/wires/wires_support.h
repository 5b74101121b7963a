/* SPDX-License-Identifier: Apache-2.0 */
/* Random arrays, and an array as a list of resistors drawn from the words of epx_wires.h alone: for
 * Gaussian elimination in long double, and for a netlist. Shares no code with the solvers. */
#ifndef WIRES_SUPPORT_H
#define WIRES_SUPPORT_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "epx_wires.h"
#include "epx_wires_exact.h"
#include "epx_wires_fast.h"

using Values = std::vector<double>;

/* Draws from EPX_TEST_SEED, or from a new seed; prints it. */
class WiresRandom {
 public:
  WiresRandom() {
    const char *text = std::getenv("EPX_TEST_SEED");
    const unsigned long long seed =
        text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
    std::printf("EPX_TEST_SEED=%llu\n", seed);
    engine_.seed(seed);
  }
  int integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  double real(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }
  double power(double low, double high) { return std::exp(real(std::log(low), std::log(high))); }
  bool chance(double p) { return real(0, 1) < p; }
  Values volts(int count) {
    Values v(static_cast<size_t>(count));
    for (double &x : v) x = chance(0.1) ? 0.0 : real(-0.5, 0.5);
    return v;
  }
  /* Cells between `low` and `high` siemens, some of them open. */
  Values cells(const epx_wires_t &w, double low, double high) {
    Values g(static_cast<size_t>(w.rows) * w.columns);
    for (double &x : g) x = chance(0.05) ? 0.0 : power(low, high);
    return g;
  }
  /* Any read, any resistance of 0 or low..high ohm. */
  epx_wires_t wires(int rows, int columns, double low, double high) {
    const auto ohm = [&] { return chance(0.25) ? 0.0 : power(low, high); };
    epx_wires_t w = {rows, columns, ohm(), ohm(), ohm(), ohm(), EPX_WIRES_FORWARD};
    w.read = static_cast<epx_wires_read_t>(integer(0, 2));
    return w;
  }

 private:
  std::mt19937_64 engine_;
};

inline std::string text(const epx_wires_t &w) {
  static const char *const read[] = {"forward", "backward", "backward shared"};
  return std::to_string(w.rows) + " x " + std::to_string(w.columns) + ", wordline " +
         std::to_string(w.wordline_ohm) + ", bitline " + std::to_string(w.bitline_ohm) +
         ", driver " + std::to_string(w.driver_ohm) + ", sense " + std::to_string(w.sense_ohm) +
         ", " + read[w.read];
}

struct Netlist {
  struct Resistor {
    int a, b;
    long double siemens;
  };
  std::vector<Resistor> resistors;
  std::vector<int> sources, sensors; /* nodes */
  int nodes = 0;

  Netlist(const epx_wires_t &w, const Values &g) {
    const int rows = w.rows, columns = w.columns;
    const auto wordline = [=](int r, int c) { return r * columns + c; };
    const auto bitline = [=](int r, int c) { return rows * columns + r * columns + c; };
    same_.resize(static_cast<size_t>(2 * rows * columns + rows + columns));
    for (size_t k = 0; k < same_.size(); ++k) same_[k] = static_cast<int>(k);
    int terminal = 2 * rows * columns;
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c + 1 < columns; ++c)
        join(wordline(r, c), wordline(r, c + 1), w.wordline_ohm);
    }
    for (int c = 0; c < columns; ++c) {
      for (int r = 0; r + 1 < rows; ++r) join(bitline(r, c), bitline(r + 1, c), w.bitline_ohm);
    }
    for (int r = 0; r < rows; ++r, ++terminal) {
      const int left = wordline(r, 0), right = wordline(r, columns - 1);
      if (w.read == EPX_WIRES_FORWARD) {
        join(left, terminal, w.driver_ohm);
        sources.push_back(terminal);
      } else {
        join(w.read == EPX_WIRES_BACKWARD ? right : left, terminal, w.sense_ohm);
        sensors.push_back(terminal);
      }
    }
    for (int c = 0; c < columns; ++c, ++terminal) {
      const int top = bitline(0, c), bottom = bitline(rows - 1, c);
      if (w.read == EPX_WIRES_FORWARD) {
        join(bottom, terminal, w.sense_ohm);
        sensors.push_back(terminal);
      } else {
        join(w.read == EPX_WIRES_BACKWARD ? top : bottom, terminal, w.driver_ohm);
        sources.push_back(terminal);
      }
    }
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        const double siemens = g[static_cast<size_t>(wordline(r, c))];
        if (siemens > 0) resistors.push_back({wordline(r, c), bitline(r, c), siemens});
      }
    }
    number();
  }

  /* Currents into the sensors, by nodal analysis. */
  Values solve(const Values &volts) const {
    using Number = long double;
    std::vector<Number> known(static_cast<size_t>(nodes), NAN);
    for (size_t k = 0; k < sources.size(); ++k) known[static_cast<size_t>(sources[k])] = volts[k];
    for (int node : sensors) known[static_cast<size_t>(node)] = 0;
    const size_t n = static_cast<size_t>(nodes);
    std::vector<std::vector<Number>> m(n, std::vector<Number>(n + 1));
    for (const Resistor &r : resistors) {
      const size_t end[2] = {static_cast<size_t>(r.a), static_cast<size_t>(r.b)};
      for (int k = 0; k < 2; ++k) {
        m[end[k]][end[k]] += r.siemens;
        m[end[k]][end[1 - k]] -= r.siemens;
      }
    }
    for (size_t k = 0; k < n; ++k) {
      if (!std::isnan(known[k])) {
        std::fill(m[k].begin(), m[k].end(), 0);
        m[k][k] = 1;
        m[k][n] = known[k];
      }
    }
    eliminate(m);
    Values amps;
    for (int node : sensors) {
      Number sum = 0;
      for (const Resistor &r : resistors) {
        if (r.a == node) sum += r.siemens * m[static_cast<size_t>(r.b)][n];
        if (r.b == node) sum += r.siemens * m[static_cast<size_t>(r.a)][n];
      }
      amps.push_back(static_cast<double>(sum));
    }
    return amps;
  }

 private:
  int root(int node) const {
    while (same_[static_cast<size_t>(node)] != node) node = same_[static_cast<size_t>(node)];
    return node;
  }
  void join(int a, int b, double ohm) {
    if (ohm > 0) {
      resistors.push_back({a, b, 1 / static_cast<long double>(ohm)});
    } else {
      same_[static_cast<size_t>(root(a))] = root(b);
    }
  }
  /* Joined nodes become one; numbers without gaps. */
  void number() {
    std::vector<int> name(same_.size(), -1);
    const auto of = [&](int node) {
      int &at = name[static_cast<size_t>(root(node))];
      if (at < 0) at = nodes++;
      return at;
    };
    for (Resistor &r : resistors) r = {of(r.a), of(r.b), r.siemens};
    for (int &node : sources) node = of(node);
    for (int &node : sensors) node = of(node);
  }
  /* The last column becomes the solution; partial pivoting. */
  static void eliminate(std::vector<std::vector<long double>> &m) {
    const size_t n = m.size();
    for (size_t k = 0; k < n; ++k) {
      size_t best = k;
      for (size_t i = k; i < n; ++i) {
        if (std::fabs(m[i][k]) > std::fabs(m[best][k])) best = i;
      }
      std::swap(m[k], m[best]);
      for (size_t i = 0; i < n; ++i) {
        if (i == k || m[i][k] == 0) continue;
        const long double factor = m[i][k] / m[k][k];
        for (size_t j = k; j <= n; ++j) m[i][j] -= factor * m[k][j];
      }
    }
    for (size_t k = 0; k < n; ++k) m[k][n] /= m[k][k];
  }

  std::vector<int> same_;
};

/* The largest difference, relative to the largest expected current. */
inline double difference(const double *found, const Values &expected) {
  double error = 0, scale = 0;
  for (size_t k = 0; k < expected.size(); ++k) {
    error = std::fmax(error, std::isnan(found[k]) ? INFINITY : std::fabs(found[k] - expected[k]));
    scale = std::fmax(scale, std::fabs(expected[k]));
  }
  return error > 0 ? error / scale : 0;
}

struct ExactDeleter {
  void operator()(epx_wires_exact_t *exact) const { epx_wires_exact_destroy(exact); }
};
struct FastDeleter {
  void operator()(epx_wires_fast_t *fast) const { epx_wires_fast_destroy(fast); }
};
using Exact = std::unique_ptr<epx_wires_exact_t, ExactDeleter>;
using Fast = std::unique_ptr<epx_wires_fast_t, FastDeleter>;

inline Exact make_exact(const epx_wires_t &w, const Values &g) {
  epx_error_t error = {};
  epx_wires_exact_t *exact = nullptr;
  EXPECT_EQ(epx_wires_exact_create(&w, &exact, &error), EPX_OK) << error.message;
  EXPECT_EQ(epx_wires_exact_program(exact, g.data(), &error), EPX_OK) << error.message;
  return Exact(exact);
}
inline Fast make_fast(const epx_wires_t &w, const Values &g) {
  epx_error_t error = {};
  epx_wires_fast_t *fast = nullptr;
  EXPECT_EQ(epx_wires_fast_create(&w, &fast, &error), EPX_OK) << error.message;
  EXPECT_EQ(epx_wires_fast_program(fast, g.data(), &error), EPX_OK) << error.message;
  return Fast(fast);
}

/* Currents by the exact solver. */
inline Values exact_amps(const epx_wires_t &w, const Values &g, const Values &volts) {
  const int vectors = static_cast<int>(volts.size()) / epx_wires_inputs(&w);
  Values amps(static_cast<size_t>(vectors) * epx_wires_outputs(&w), NAN);
  epx_error_t error = {};
  const Exact exact = make_exact(w, g);
  EXPECT_EQ(epx_wires_exact_solve(exact.get(), vectors, volts.data(), amps.data(), &error), EPX_OK)
      << error.message;
  return amps;
}

#endif
