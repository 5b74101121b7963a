// SPDX-License-Identifier: Apache-2.0
// Cycle-to-cycle and device-to-device variation of pulse updates, and what the bits depend on.
#include <random>

#include "rtl_model/array/pulse/pulse_support.h"

namespace {

using namespace pulse_test;

constexpr size_t kCells = 1 << 15;

std::vector<double> after(const Cells &cells, uint64_t draw, int pulses, double start) {
  std::vector<double> w(kCells, start);
  const std::vector<int16_t> n(kCells, (int16_t)pulses);
  epx_pulse_apply(cells.get(), draw, 0, kCells, n.data(), w.data());
  return w;
}

// n pulses of a constant step: n dw, sigma sqrt(n) dw.
TEST(PulseNoise, ConstantStepsAddTheirVariances) {
  epx_pulse_device_t d = mean_of(preset("idealised"));
  d.c2c = 0.3;
  const Cells cells = make(d, kCells);
  for (int n : {1, 4, 25}) {
    const std::vector<double> w = after(cells, 7, n, 0.0), v = after(cells, 8, n, 0.0);
    expect_normal_moments(w, n * d.dw, 0.3 * d.dw * std::sqrt(n), "constant step");
    expect_distribution(
        w,
        [&](double x) {
          return (double)normal_below((x - n * d.dw) / (0.3 * d.dw * std::sqrt(n)));
        },
        "constant step");
    expect_uncorrelated(w, v, "next draw number");
    expect_uncorrelated({w.begin(), w.end() - 1}, {w.begin() + 1, w.end()}, "next cell");
  }
  // Two pulses of one draw number are two draws.
  const std::vector<double> one = after(cells, 7, 1, 0.0), two = after(cells, 7, 2, 0.0);
  std::vector<double> second;
  for (size_t i = 0; i < kCells; ++i) second.push_back(two[i] - one[i]);
  expect_normal_moments(second, d.dw, 0.3 * d.dw, "second pulse");
  expect_uncorrelated(one, second, "first and second pulse");
}

TEST(PulseNoise, IsRelativeToTheStepOrToDw) {
  for (bool additive : {false, true}) {
    epx_pulse_device_t d = mean_of(preset("EcRAM"));
    d.c2c = 0.3;
    d.c2c_additive = additive;
    const double w0 = 1.0, f = 1 - d.gamma_up * w0 / d.w_max;
    expect_normal_moments(after(make(d, kCells), 3, 1, w0), w0 + d.dw * f,
                          d.dw * 0.3 * (additive ? 1.0 : f), additive ? "additive" : "relative");
  }
  const epx_pulse_device_t es = [] {
    epx_pulse_device_t d = mean_of(preset("ReRAM-ES"));
    d.c2c = 5.0;
    return d;
  }();
  const double step = (double)step_at(es, 0.2L, -1);
  expect_normal_moments(after(make(es, kCells), 3, -1, 0.2), 0.2 + step, -5.0 * step, "exp_step");
}

TEST(PulseNoise, ExponentialGoesWithTheRootOfPulses) {
  epx_pulse_device_t d = mean_of(preset("NeuroSim"));
  const Cells quiet = make(d, 1);
  d.c2c = 0.003;
  const Cells cells = make(d, kCells);
  for (int n : {1, 9, -4}) {
    const double mean = pulsed(quiet, 0.5, n);
    expect_normal_moments(after(cells, 3, n, 0.5), mean, 0.003 * 0.99 * std::sqrt(std::abs(n)),
                          "exponential");
  }
}

TEST(PulseSpread, StepsHaveGainAndSkew) {
  epx_pulse_device_t d = mean_of(preset("idealised"));
  d.dw_d2d = 0.2;
  d.up_down_d2d = 0.05;
  d.up_down = 0.1;  // shortens the steps down
  const Cells cells = make(d, kCells, 3, 4);
  const std::vector<double> up = after(cells, 1, 1, 0.0), down = after(cells, 1, -1, 0.0);
  std::vector<double> gain, skew;
  for (size_t i = 0; i < kCells; ++i) {
    const double u = up[i] / d.dw, v = -down[i] / d.dw + 0.1;
    gain.push_back((u + v) / 2);
    skew.push_back((u - v) / 2);
  }
  expect_normal_moments(gain, 1.0, 0.2, "gain");
  expect_normal_moments(skew, 0.0, 0.05, "skew");
  expect_uncorrelated(gain, skew, "gain and skew");
  expect_same_bits(after(cells, 2, 1, 0.0), up, "the same at every draw number");
  d.up_down = -0.1;  // shortens the steps up
  const Cells other = make(d, kCells, 3, 4);
  const std::vector<double> shorter = after(other, 1, 1, 0.0);
  for (size_t i = 0; i < kCells; ++i) ASSERT_NEAR(shorter[i], up[i] - 0.1 * d.dw, 1e-15);
}

TEST(PulseSpread, BoundsHaveTheirs) {
  const epx_pulse_device_t d = preset("ReRAM-SB");
  const Cells cells = make(d, kCells);
  std::vector<double> low, high;
  for (size_t i = 0; i < kCells; ++i) {
    double w_min, w_max;
    epx_pulse_bounds(cells.get(), i, &w_min, &w_max);
    ASSERT_LE(w_min, 0.0);
    ASSERT_GE(w_max, 0.0);
    low.push_back(w_min);
    high.push_back(w_max);
  }
  // |normal|: what would have been positive is folded back.
  expect_distribution(
      high,
      [](double x) {
        return (double)(normal_below((x - 1.25) / 0.3) - normal_below((-x - 1.25) / 0.3));
      },
      "upper bounds");
  expect_distribution(
      low,
      [](double x) {
        return 1 - (double)(normal_below((-x - 0.75) / 0.3) - normal_below((x - 0.75) / 0.3));
      },
      "lower bounds");
  expect_uncorrelated(low, high, "bounds");
  std::vector<double> w(kCells, 9.0);
  epx_pulse_limit(cells.get(), 0, kCells, w.data());
  expect_same_bits(w, high, "limited from above");
  w.assign(kCells, -9.0);
  epx_pulse_limit(cells.get(), 0, kCells, w.data());
  expect_same_bits(w, low, "limited from below");
}

TEST(PulseSpread, SlopesAndLabelsHaveTheirs) {
  epx_pulse_device_t d = mean_of(preset("EcRAM"));
  d.gamma_d2d = 0.02;
  const Cells cells = make(d, kCells);
  const std::vector<double> up = after(cells, 1, 1, 1.0), down = after(cells, 1, -1, -0.8);
  std::vector<double> gamma_up, gamma_down;
  for (size_t i = 0; i < kCells; ++i) {
    gamma_up.push_back((1 - (up[i] - 1.0) / d.dw) * d.w_max / 1.0);
    gamma_down.push_back((1 - (-0.8 - down[i]) / d.dw) * d.w_min / -0.8);
  }
  expect_normal_moments(gamma_up, d.gamma_up, 0.02, "gamma_up");
  expect_normal_moments(gamma_down, d.gamma_down, 0.02, "gamma_down");
  expect_uncorrelated(gamma_up, gamma_down, "slopes");

  epx_pulse_device_t e = mean_of(preset("NeuroSim"));
  e.nl_d2d = 0.2;
  const Cells curves = make(e, 1024);
  std::vector<double> label;
  std::vector<double> w(1024, e.w_min);
  const std::vector<int16_t> half(1024, 16);
  epx_pulse_apply(curves.get(), 1, 0, 1024, half.data(), w.data());
  for (double value : w) {  // the label whose curve goes through this point, by bisection
    double lower = 0.01, upper = 9;
    for (int i = 0; i < 60; ++i) {
      const double mid = (lower + upper) / 2;
      // f(1/2) = 1 / (1 + e^(-1/(2a))) with a(mid), here by the height's equation in long double
      long double a = 1, a_low = 0.01L, a_high = 200;
      for (int k = 0; k < 60; ++k) {
        a = sqrtl(a_low * a_high);
        const long double x = -a * logl(-a * expm1l(-1 / a));
        const long double height = expm1l(-x / a) / expm1l(-1 / a) - x;
        (height > 0.14L / sqrtl(2.0L) * mid ? a_low : a_high) = a;
      }
      const double at_half = 0.01 + 0.99 * (double)(1 / (1 + expl(-0.5L / a)));
      (at_half < value ? lower : upper) = mid;
    }
    label.push_back(lower);
  }
  expect_normal_moments(label, 1.75, 0.2, "labels");
}

TEST(PulseBounds, AreNeverLeft) {
  std::mt19937_64 random(6);
  for (const std::string &name : preset_names()) {
    epx_pulse_device_t d = preset(name.c_str());
    d.dw *= 60;  // coarse, to meet the bounds often
    d.c2c *= name == "NeuroSim" ? 30 : 1;
    const Cells cells = make(d, 4096, random(), 1);
    std::vector<double> w(4096, 0.0);
    std::vector<int16_t> n(4096);
    epx_pulse_limit(cells.get(), 0, 4096, w.data());
    size_t at_bound = 0;
    for (uint64_t draw = 0; draw < 40; ++draw) {
      for (int16_t &k : n) k = (int16_t)((int)(random() % 41) - 20);
      epx_pulse_apply(cells.get(), draw, 0, 4096, n.data(), w.data());
      for (size_t i = 0; i < w.size(); ++i) {
        double w_min, w_max;
        epx_pulse_bounds(cells.get(), i, &w_min, &w_max);
        ASSERT_TRUE(w[i] >= w_min && w[i] <= w_max) << name << " cell " << i << " at " << w[i];
        at_bound += w[i] == w_min || w[i] == w_max;
      }
    }
    EXPECT_GT(at_bound, 100u) << name;
  }
}

// Any division into calls, any order, single cells, and zeros among them.
TEST(PulseBits, AreAFunctionOfSeedTileEventAndCell) {
  std::mt19937_64 random(7);
  for (const std::string &name : preset_names()) {
    const epx_pulse_device_t d = preset(name.c_str());
    const Cells cells = make(d, kCells, 11, 12), same = make(d, kCells, 11, 12);
    const Cells tile = make(d, kCells, 11, 13), seed = make(d, kCells, 12, 12);
    std::vector<int16_t> n(kCells);
    std::vector<double> start(kCells, 0.1);
    for (int16_t &k : n) k = random() % 3 == 0 ? (int16_t)((int)(random() % 31) - 15) : 0;
    for (double &w : start) w = std::ldexp((double)(random() >> 11), -53);
    epx_pulse_limit(cells.get(), 0, kCells, start.data());
    const auto run = [&](const Cells &c, uint64_t draw, size_t piece) {
      std::vector<double> w = start;
      for (size_t end = kCells; end > 0;) {
        const size_t size = std::min(end, piece);
        end -= size;
        epx_pulse_apply(c.get(), draw, end, size, &n[end], &w[end]);
      }
      return w;
    };
    const std::vector<double> all = run(cells, 5, kCells);
    for (size_t i = 0; i < kCells; ++i) {
      if (n[i] == 0) {
        ASSERT_EQ(all[i], start[i]) << name << ": no pulses, no change";
      }
    }
    expect_same_bits(run(same, 5, 1), all, name.c_str());
    expect_same_bits(run(same, 5, 3), all, name.c_str());
    expect_same_bits(run(same, 5, 300), all, name.c_str());
    EXPECT_NE(run(cells, 6, kCells), all) << name << ": draw number";
    EXPECT_NE(run(tile, 5, kCells), all) << name << ": tile";
    EXPECT_NE(run(seed, 5, kCells), all) << name << ": seed";
  }
}

TEST(PulseBits, NoPulsesNoChange) {
  epx_pulse_device_t d = preset("NeuroSim");
  d.w_min = -1.0;  // w - w_min loses bits of a small w
  const Cells cells = make(d, kCells);
  std::mt19937_64 random(9);
  std::vector<double> w(kCells);
  for (double &value : w) value = std::ldexp((double)(random() >> 11), -56);
  const std::vector<double> before = w;
  const std::vector<int16_t> none(kCells, 0);
  epx_pulse_apply(cells.get(), 1, 0, kCells, none.data(), w.data());
  expect_same_bits(w, before, "values");
}

// Each pulse of a cell draws its own number, whatever others do: 3 pulses beside many or alone.
TEST(PulseBits, DoNotDependOnTheNeighboursPulses) {
  const epx_pulse_device_t d = preset("ReRAM-ES");
  const Cells cells = make(d, 256);
  std::mt19937_64 random(8);
  std::vector<double> alone(256, 0.0);
  std::vector<int16_t> n(256, 0);
  n[100] = 3;
  epx_pulse_apply(cells.get(), 4, 0, 256, n.data(), alone.data());
  for (int round = 0; round < 20; ++round) {
    std::vector<double> w(256, 0.0);
    for (int16_t &k : n) k = (int16_t)((int)(random() % 9) - 4);
    n[100] = 3;
    epx_pulse_apply(cells.get(), 4, 0, 256, n.data(), w.data());
    ASSERT_EQ(w[100], alone[100]);
  }
}

}  // namespace
