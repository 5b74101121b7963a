// SPDX-License-Identifier: Apache-2.0
// Pulse curves of mean devices: against the law of one pulse, closed forms, numerical integration
// of the differential law, symmetric points, and published tables.
#include "epx_nonlinearity.h"
#include "rtl_model/array/pulse/pulse_support.h"

namespace {

using namespace pulse_test;

// Every single step, along whole curves, against the equations in long double.
TEST(PulseCurves, EachPulseIsTheLaws) {
  for (const std::string &name : preset_names()) {
    const epx_pulse_device_t d = mean_of(preset(name.c_str()));
    if (std::string(d.model) == "exponential") continue;
    const Cells cells = make(d, 1);
    for (int polarity : {1, -1}) {
      double w = polarity > 0 ? d.w_min : d.w_max;
      for (int pulse = 0; pulse < 20000; ++pulse) {
        const long double wanted = std::max(
            (long double)d.w_min, std::min((long double)d.w_max, w + step_at(d, w, polarity)));
        const double next = pulsed(cells, w, polarity);
        ASSERT_NEAR(next, (double)wanted, 1e-14) << name << " at " << w;
        ASSERT_TRUE(polarity > 0 ? next >= w : next <= w) << name << " at " << w;
        ASSERT_GE(next, d.w_min);
        ASSERT_LE(next, d.w_max);
        w = next;
      }
    }
  }
}

TEST(PulseCurves, ConstantAndLinearClosedForms) {
  const epx_pulse_device_t c = mean_of(preset("idealised"));
  const Cells constant = make(c, 1);
  EXPECT_NEAR(pulsed(constant, 0.1, 1000), 0.1 + 1000 * 0.0002, 1e-12);
  EXPECT_NEAR(pulsed(constant, 0.1, -1000), 0.1 - 1000 * 0.0002, 1e-12);
  EXPECT_EQ(pulsed(constant, 0.1, 4501), 1.0);
  for (const char *name : {"Capacitor", "EcRAM", "EcRAM-MO", "ReRAM-SB"}) {
    const epx_pulse_device_t d = mean_of(preset(name));
    const bool soft = std::string(d.model) == "soft_bounds";
    const Cells cells = make(d, 1);
    for (int n : {1, 10, 100, 300}) {
      // w_n = c - (c - w_0) (1 - slope)^n, c = bound / gamma, slope = dw gamma / bound
      const long double up = d.w_max / (soft ? 1.0L : d.gamma_up);
      const long double down = d.w_min / (soft ? 1.0L : d.gamma_down);
      const long double w0 = 0.05L;
      const long double high = up - (up - w0) * powl(1 - d.dw / up, n);
      const long double low = down - (down - w0) * powl(1 + d.dw / down, n);
      if (high < d.w_max) {
        EXPECT_NEAR(pulsed(cells, 0.05, n), (double)high, 1e-12) << name << " up " << n;
      }
      if (low > d.w_min) {
        EXPECT_NEAR(pulsed(cells, 0.05, -n), (double)low, 1e-12) << name << " down " << n;
      }
    }
  }
}

// dw/dn = step_at(w) by Runge and Kutta's fourth order; pulses of a k-th of dw, k times as many,
// come to it with an error that falls as 1/k.
TEST(PulseCurves, SmallPulsesIntegrateTheDifferentialLaw) {
  for (const char *name : {"ReRAM-ES", "ReRAM-SB", "Capacitor", "EcRAM", "EcRAM-MO"}) {
    const epx_pulse_device_t d = mean_of(preset(name));
    for (int polarity : {1, -1}) {
      const int pulses = (int)(0.6 / d.dw / 4);
      long double w = 0.0L;
      for (int i = 0; i < 8 * pulses; ++i) {
        const long double h = 0.125L;
        const long double k1 = step_at(d, w, polarity), k2 = step_at(d, w + h / 2 * k1, polarity);
        const long double k3 = step_at(d, w + h / 2 * k2, polarity);
        const long double k4 = step_at(d, w + h * k3, polarity);
        w += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
      }
      ASSERT_GT(w, d.w_min);
      ASSERT_LT(w, d.w_max);
      double error[2];
      for (int fine = 0; fine < 2; ++fine) {
        epx_pulse_device_t smaller = d;
        const int k = fine != 0 ? 16 : 8;
        smaller.dw /= k;
        error[fine] = pulsed(make(smaller, 1), 0.0, polarity * pulses * k) - (double)w;
      }
      std::printf("%s %+d: %d pulses to %.6Lf, error %.2e then %.2e\n", name, polarity, pulses, w,
                  error[0], error[1]);
      EXPECT_LT(std::fabs(error[0]), 2e-3);
      EXPECT_NEAR(error[0] / error[1], 2.0, 0.02) << name;
    }
  }
}

// Up and down in turn lead to where both steps are equal: at 0 for devices that were shifted so.
TEST(PulseCurves, AlternatingPulsesFindTheSymmetricPoint) {
  for (const char *name : {"ReRAM-ES", "ReRAM-SB", "Capacitor", "EcRAM", "EcRAM-MO"}) {
    const epx_pulse_device_t d = mean_of(preset(name));
    long double low = d.w_min, high = d.w_max;  // net step falls from + to -
    for (int i = 0; i < 100; ++i) {
      const long double mid = (low + high) / 2;
      (step_at(d, mid, 1) + step_at(d, mid, -1) > 0 ? low : high) = mid;
    }
    std::printf("%s: symmetric point %.5Lf\n", name, low);
    if (std::string(name) != "ReRAM-ES") {
      EXPECT_NEAR((double)low, 0.0, 1e-12) << name;
    }
    const Cells cells = make(d, 1);
    for (double start : {d.w_min, d.w_max}) {
      double w = start;
      for (int i = 0; i < 200000; ++i) w = pulsed(cells, pulsed(cells, w, 1), -1);
      EXPECT_NEAR(w, (double)low, 2 * d.dw) << name << " from " << start;
    }
  }
}

TEST(PulseCurves, PublishedEndsAndSteps) {
  // Soft bounds never get there; a linear step still moves at its bound, by 1 - gamma of dw.
  const epx_pulse_device_t sb = mean_of(preset("ReRAM-SB"));
  const double end = pulsed(make(sb, 1), 0.0, 8000);
  EXPECT_GT(end, 1.2499);
  EXPECT_LT(end, 1.25);
  const epx_pulse_device_t ec = mean_of(preset("EcRAM"));
  const double below = 1.1724 - 0.01;
  EXPECT_NEAR(pulsed(make(ec, 1), below, 1) - below, 0.002 * (1 - 0.1153 * below / 1.1724), 1e-15);
  EXPECT_EQ(pulsed(make(ec, 1), 0.0, 2000), 1.1724);
  EXPECT_EQ(pulsed(make(ec, 1), 0.0, -2000), -0.8276);
  // aihwkit's exponential step at the ends of ReRAM-ES: up 2.18445 and 1.00798 steps, down 1.08140
  // and 13.08143 times the shortened one.
  const epx_pulse_device_t es = mean_of(preset("ReRAM-ES"));
  const Cells cells = make(es, 1);
  const double shorter = 1 - 0.259359;
  EXPECT_NEAR((pulsed(cells, -1, 1) + 1) / 0.00135, 2.18445, 1e-5);
  EXPECT_NEAR((pulsed(cells, 0.99, 1) - 0.99) / 0.00135,
              1 + 1.18445 * std::exp(5 * (-0.5 * 0.99 - 0.5)), 1e-9);
  EXPECT_NEAR((1 - pulsed(cells, 1, -1)) / 0.00135 / shorter, 13.08143, 1e-5);
  EXPECT_NEAR((-0.99 - pulsed(cells, -0.99, -1)) / 0.00135 / shorter,
              1 + 0.081404 * std::exp(5 * (-0.5 * 0.99 + 0.5)), 1e-9);
}

// ---- NeuroSim's curve ----

TEST(Nonlinearity, IsNeuroSimsTable) {
  // Rows of getParamA.
  const struct {
    double label, a;
  } table[] = {{0.01, 126.268958}, {0.1, 12.625807}, {0.5, 2.519877}, {1.0, 1.251653},
               {1.46, 0.848677},   {1.75, 0.702081}, {2.4, 0.499181}, {3.0, 0.386830},
               {5.0, 0.192406},    {9.0, 0.022810}};
  for (const auto &row : table) {
    EXPECT_NEAR(epx_nonlinearity_a(row.label), row.a, 6e-7 + 1e-7 * row.a) << row.label;
    EXPECT_EQ(epx_nonlinearity_a(-row.label), -epx_nonlinearity_a(row.label));
  }
  EXPECT_EQ(epx_nonlinearity_a(0.001), epx_nonlinearity_a(0.01));
  EXPECT_EQ(epx_nonlinearity_a(12.0), epx_nonlinearity_a(9.0));
}

// The label by its meaning: the curve's greatest height over the diagonal, by search.
TEST(Nonlinearity, IsTheHeightOverTheDiagonal) {
  for (double label = 0.05; label <= 9.0; label += 0.05) {
    const long double a = epx_nonlinearity_a(label);
    long double height = 0;
    for (int i = 0; i <= 20000; ++i) {
      const long double x = i / 20000.0L;
      height = std::max(height, expm1l(-x / a) / expm1l(-1 / a) - x);
    }
    ASSERT_NEAR((double)(height / (0.14L / sqrtl(2.0L))), label, 2e-6 * std::max(1.0, label));
    ASSERT_NEAR(epx_nonlinearity_label((double)a), label, 1e-9);
  }
}

epx_pulse_device_t exponential(double nl_up, double nl_down, int levels) {
  epx_pulse_device_t d = mean_of(preset("NeuroSim"));
  d.nl_up = nl_up;
  d.nl_down = nl_down;
  d.levels = levels;
  return d;
}

// Inverted for P, n added, evaluated again, in long double.
long double by_inversion(const epx_pulse_device_t &d, long double w, int n) {
  const double nl = n > 0 ? d.nl_up : d.nl_down;
  const long double range = d.w_max - (long double)d.w_min, levels = d.levels;
  if (nl == 0) return w + n * range / levels;
  const long double a = (long double)epx_nonlinearity_a(nl) * levels;
  const long double b = range / (1 - expl(-levels / a));
  const long double p = -a * logl(1 - (w - d.w_min) / b) + n;
  return b * (1 - expl(-p / a)) + d.w_min;
}

TEST(ExponentialCurve, IsTheInversionOfNeuroSim) {
  for (double up : {0.0, 0.01, 0.3, 1.75, 4.0, -2.4}) {
    for (double down : {1.46, 0.0, -4.88, 6.0}) {
      const epx_pulse_device_t d = exponential(up, down, 64);
      const Cells cells = make(d, 1);
      for (double w = 0.02; w < 1.0; w += 0.049) {
        for (int n = -64; n <= 64; ++n) {
          if (n == 0) continue;
          const long double exact =
              std::max((long double)d.w_min, std::min((long double)d.w_max, by_inversion(d, w, n)));
          ASSERT_NEAR(pulsed(cells, w, n), (double)exact, 1e-12)
              << up << ", " << down << ": " << n << " pulses at " << w;
        }
      }
    }
  }
}

TEST(ExponentialCurve, ReachesTheEndsAfterAllPulsesAndComposes) {
  for (double nl : {0.0, 0.05, 1.75, 5.0, 9.0, -1.0, -6.0}) {
    const epx_pulse_device_t d = exponential(nl, nl, 97);
    const Cells cells = make(d, 1);
    EXPECT_NEAR(pulsed(cells, d.w_min, 97), 1.0, 1e-12) << nl;
    EXPECT_NEAR(pulsed(cells, d.w_max, -97), 0.01, 1e-12) << nl;
    EXPECT_NEAR(pulsed(cells, pulsed(cells, 0.1, 20), 11), pulsed(cells, 0.1, 31), 1e-12) << nl;
    // With one label for both, a way up is the same way down.
    EXPECT_NEAR(pulsed(cells, pulsed(cells, 0.1, 20), -20), 0.1, 1e-12) << nl;
    // Positive: fast first on the way up, slow first on the way down.
    const double up = pulsed(cells, d.w_min, 1) - d.w_min, down = d.w_max - pulsed(cells, 1.0, -1);
    if (nl > 0) {
      EXPECT_GT(up, down) << nl;
    } else if (nl < 0) {
      EXPECT_LT(up, down) << nl;
    } else {
      EXPECT_NEAR(up, down, 1e-15);
    }
  }
}

// dw/dP = (B - (w - w_min)) / A.
TEST(ExponentialCurve, IntegratesItsDifferentialLaw) {
  const epx_pulse_device_t d = exponential(2.4, -4.88, 100);
  const Cells cells = make(d, 1);
  for (int polarity : {1, -1}) {
    const double nl = polarity > 0 ? d.nl_up : d.nl_down;
    const long double a = (long double)epx_nonlinearity_a(nl) * 100;
    const long double b = 0.99L / -expm1l(-100 / a);
    const auto rate = [&](long double w) { return polarity * (b - (w - 0.01L)) / a; };
    long double w = polarity > 0 ? 0.01L : 1.0L;
    const double start = (double)w;
    for (int pulse = 1; pulse <= 100; ++pulse) {
      for (int i = 0; i < 50; ++i) {
        const long double h = 0.02L, k1 = rate(w), k2 = rate(w + h / 2 * k1);
        const long double k3 = rate(w + h / 2 * k2), k4 = rate(w + h * k3);
        w += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
      }
      ASSERT_NEAR(pulsed(cells, start, polarity * pulse), (double)w, 1e-9) << pulse;
    }
  }
}

}  // namespace
