/* SPDX-License-Identifier: Apache-2.0 */
/* The iteration over lines against the exact solution: errors, their bound, and its limits. */
#include "epx_parallel.h"
#include "rtl_model/array/wires/wires_support.h"

namespace {

Values fast_amps(epx_wires_fast_t *fast, const epx_wires_t &w, const Values &volts,
                 const epx_wires_limits_t &limits, epx_wires_report_t *report = nullptr) {
  const int vectors = static_cast<int>(volts.size()) / epx_wires_inputs(&w);
  Values amps(static_cast<size_t>(vectors) * epx_wires_outputs(&w), NAN);
  epx_error_t error = {};
  EXPECT_EQ(epx_wires_fast_solve(fast, &limits, vectors, volts.data(), amps.data(), report, &error),
            EPX_OK)
      << error.message << ": " << text(w);
  return amps;
}

Values part(const Values &all, int index, int size) {
  const auto first = all.begin() + static_cast<ptrdiff_t>(index) * size;
  return Values(first, first + size);
}

/* Random arrays from harmless to harsh. Every vector is within the tolerance; the reported bound is
 * above the largest error, and not far above it on the whole. */
TEST(WiresFast, StaysWithinItsTolerance) {
  WiresRandom random;
  double worst = 0, looseness = 0;
  const int rounds = 400;
  for (int round = 0; round < rounds; ++round) {
    const int most = round % 20 == 0 ? 90 : 24;
    const epx_wires_t w = random.wires(random.integer(1, most), random.integer(1, most), 0.01, 1e3);
    const double high = random.power(1e-6, 1e-3);
    const Values g = random.cells(w, high / 100, high);
    const int outputs = epx_wires_outputs(&w), vectors = random.integer(1, 20);
    const Values volts = random.volts(vectors * epx_wires_inputs(&w));
    const double tolerance = random.power(1e-9, 1e-3);
    const Values expected = exact_amps(w, g, volts);
    const Fast fast = make_fast(w, g);
    epx_wires_report_t report = {};
    const Values amps = fast_amps(fast.get(), w, volts, {tolerance, 0}, &report);
    double error = 0;
    for (int n = 0; n < vectors; ++n) {
      error =
          std::max(error, difference(part(amps, n, outputs).data(), part(expected, n, outputs)));
    }
    ASSERT_LE(error, tolerance + 1e-9) << text(w) << ", cells to " << high;
    ASSERT_LE(error, report.bound + 1e-9) << text(w) << ", cells to " << high;
    ASSERT_LE(report.bound, tolerance);
    worst = std::max(worst, error / tolerance);
    looseness += std::log10((report.bound + 1e-12) / (error + 1e-12)) / rounds;
  }
  std::printf("worst error / tolerance %g, mean log10(bound / error) %g\n", worst, looseness);
  EXPECT_LE(looseness, 1.0);
}

/* 128 x 128 cells of 240 kilohm to 24 megohm on 1 to 5 ohm, then cells of 10 kilohm on 20 ohm. */
TEST(WiresFast, FullSizeArrays) {
  WiresRandom random;
  const struct {
    double ron, wordline, bitline;
    int most; /* iterations */
  } cases[] = {{240e3, 1, 5, 3}, {240e3, 5, 1, 3}, {10e3, 20, 20, 15}};
  for (const auto &c : cases) {
    for (int read = 0; read < 3; ++read) {
      const epx_wires_t w = {
          128, 128, c.wordline, c.bitline, 100, 50, static_cast<epx_wires_read_t>(read)};
      const Values g = random.cells(w, 0.01 / c.ron, 1 / c.ron), volts = random.volts(3 * 128);
      const Fast fast = make_fast(w, g);
      epx_wires_report_t report = {};
      const Values expected = exact_amps(w, g, volts),
                   amps = fast_amps(fast.get(), w, volts, {}, &report);
      for (int n = 0; n < 3; ++n) {
        EXPECT_LE(difference(part(amps, n, 128).data(), part(expected, n, 128)), 1e-6) << text(w);
      }
      EXPECT_LE(report.iterations, c.most) << text(w);
    }
  }
}

/* Without any resistance: the product, at once. With resistance in one plane only: at once too. */
TEST(WiresFast, IdealLinesNeedNoIteration) {
  WiresRandom random;
  for (const epx_wires_t &w : {epx_wires_t{7, 5, 0, 0, 0, 0, EPX_WIRES_FORWARD},
                               epx_wires_t{7, 5, 40, 0, 9, 0, EPX_WIRES_FORWARD},
                               epx_wires_t{7, 5, 0, 40, 0, 9, EPX_WIRES_FORWARD},
                               epx_wires_t{7, 5, 40, 0, 0, 9, EPX_WIRES_BACKWARD}}) {
    const Values g = random.cells(w, 1e-6, 1e-3), volts = random.volts(epx_wires_inputs(&w));
    const Fast fast = make_fast(w, g);
    epx_wires_report_t report = {};
    const Values amps = fast_amps(fast.get(), w, volts, {}, &report);
    EXPECT_LE(difference(amps.data(), exact_amps(w, g, volts)), 1e-12) << text(w);
    EXPECT_EQ(report.iterations, 0) << text(w);
  }
}

/* Slow modes: cells that conduct as well as the wires, far from all terminals, where a small change
 * from one step to the next hides a large error. The bound must see it. */
TEST(WiresFast, BoundHoldsWhereStepsAreSmall) {
  WiresRandom random;
  for (int round = 0; round < 30; ++round) {
    const double wire = random.power(30, 300), terminal = random.power(1e3, 1e6);
    const epx_wires_t w = {
        random.integer(30, 60), random.integer(30, 60), wire, wire, terminal, terminal,
        EPX_WIRES_FORWARD};
    const Values g = random.cells(w, 1e-3, 2e-3), volts(static_cast<size_t>(w.rows), 0.5);
    const Values expected = exact_amps(w, g, volts);
    const Fast fast = make_fast(w, g);
    for (const double tolerance : {0.1, 1e-2, 1e-3, 1e-4}) {
      epx_wires_report_t report = {};
      const double error =
          difference(fast_amps(fast.get(), w, volts, {tolerance, 0}, &report).data(), expected);
      ASSERT_LE(error, report.bound / (1 - report.bound) + 1e-9)
          << text(w) << ", tolerance " << tolerance;
    }
  }
}

/* A current that cancels down to rounding: its error is compared with a share of full scale, which
 * is reached soon; digits below that would be noise. */
TEST(WiresFast, CancellingCurrents) {
  const int rows = 40;
  const epx_wires_t w = {rows, 1, 20, 30, 50, 300, EPX_WIRES_FORWARD};
  Values g, volts, unit(static_cast<size_t>(rows * rows));
  for (int r = 0; r < rows; ++r) {
    g.push_back(1e-4 * (1 + 0.5 * std::sin(r)));
    volts.push_back(0.5 * std::cos(r));
    unit[static_cast<size_t>(r * rows + r)] = 1;
  }
  const Values siemens = exact_amps(w, g, unit);
  double others = 0;
  for (size_t r = 1; r < g.size(); ++r) others += volts[r] * siemens[r];
  volts[0] = -others / siemens[0];
  const Fast fast = make_fast(w, g);
  epx_wires_report_t report = {};
  const Values amps = fast_amps(fast.get(), w, volts, {}, &report);
  EXPECT_LE(std::fabs(amps[0]), 1e-6 * 1e-6 * 0.5 * 4e-3);
  EXPECT_LE(report.iterations, 3);
  EXPECT_EQ(fast_amps(fast.get(), w, Values(g.size()), {}), Values(1)); /* nothing is driven */
}

TEST(WiresFast, EffectiveConductances) {
  WiresRandom random;
  for (int round = 0; round < 20; ++round) {
    const epx_wires_t w = random.wires(random.integer(1, 20), random.integer(1, 20), 0.1, 100);
    const Values g = random.cells(w, 1e-6, 1e-4);
    const int inputs = epx_wires_inputs(&w), outputs = epx_wires_outputs(&w);
    Values siemens(static_cast<size_t>(inputs * outputs)), volts = random.volts(inputs);
    for (double &v : volts) v = std::fabs(v) + 0.1;
    const epx_wires_limits_t limits = {1e-9, 0};
    const Fast fast = make_fast(w, g);
    epx_error_t error = {};
    ASSERT_EQ(epx_wires_fast_effective(fast.get(), &limits, siemens.data(), nullptr, &error),
              EPX_OK)
        << error.message;
    Values amps(static_cast<size_t>(outputs));
    for (int i = 0; i < inputs; ++i) {
      for (int j = 0; j < outputs; ++j) {
        amps[static_cast<size_t>(j)] +=
            volts[static_cast<size_t>(i)] * siemens[static_cast<size_t>(i * outputs + j)];
      }
    }
    ASSERT_LE(difference(amps.data(), exact_amps(w, g, volts)), 1e-8) << text(w);
  }
}

/* A vector's currents have the same bits alone, in a batch, on one thread and on three, and after
 * other conductances had been programmed. */
TEST(WiresFast, BatchAndThreadsDoNotShow) {
  WiresRandom random;
  const epx_wires_t w = {30, 50, 20, 10, 5, 3, EPX_WIRES_FORWARD};
  const Values g = random.cells(w, 1e-5, 1e-2);
  Values volts = random.volts(43 * 30);
  for (int n = 0; n < 43; n += 3) { /* on one line: some need more iterations than others */
    const auto first = volts.begin() + n * 30;
    std::fill(first, first + 30, 0.0);
    first[n % 2 == 0 ? 0 : 29] = 0.5;
  }
  epx_error_t error = {};
  epx_parallel_set_threads(3);
  const Fast three = make_fast(w, random.cells(w, 1e-5, 1e-3));
  fast_amps(three.get(), w, volts, {});
  ASSERT_EQ(epx_wires_fast_program(three.get(), g.data(), &error), EPX_OK);
  const Values together = fast_amps(three.get(), w, volts, {});
  epx_parallel_set_threads(1);
  const Fast one = make_fast(w, g);
  for (int n = 0; n < 43; ++n) {
    ASSERT_EQ(fast_amps(one.get(), w, part(volts, n, 30), {}), part(together, n, 50)) << n;
  }
}

TEST(WiresFast, SaysWhenItDoesNotConverge) {
  WiresRandom random;
  const epx_wires_t w = {40, 40, 100, 100, 100, 100, EPX_WIRES_FORWARD};
  const Values g = random.cells(w, 1e-5, 1e-3), volts = random.volts(3 * 40);
  const Fast fast = make_fast(w, g);
  Values amps(3 * 40, 7.0);
  epx_error_t error = {};
  epx_wires_report_t report = {-1, -1};
  const epx_wires_limits_t limits = {0, 3};
  EXPECT_EQ(
      epx_wires_fast_solve(fast.get(), &limits, 3, volts.data(), amps.data(), &report, &error),
      EPX_ERR_NO_CONVERGENCE);
  EXPECT_NE(std::string(error.message).find("after 3 iterations"), std::string::npos)
      << error.message;
  EXPECT_EQ(amps, Values(3 * 40, 7.0));
  EXPECT_EQ(report.iterations, -1);

  /* Cells like bars of metal behind wires like insulators. */
  const epx_wires_t hopeless = {60, 60, 1e9, 1e9, 1e9, 1e9, EPX_WIRES_FORWARD};
  epx_wires_fast_t *raw = nullptr;
  ASSERT_EQ(epx_wires_fast_create(&hopeless, &raw, &error), EPX_OK);
  const Fast owner(raw);
  EXPECT_EQ(epx_wires_fast_program(raw, Values(3600, 1e3).data(), &error), EPX_ERR_NO_CONVERGENCE);
  EXPECT_EQ(epx_wires_fast_solve(raw, &limits, 1, volts.data(), amps.data(), nullptr, &error),
            EPX_ERR_ARGUMENT);
}

TEST(WiresFast, RefusesWhatIsOutOfRange) {
  const epx_wires_t w = {2, 3, 1, 1, 1, 1, EPX_WIRES_FORWARD};
  const Fast fast = make_fast(w, Values(6, 1e-3));
  epx_error_t error = {};
  Values amps(3, 7.0), volts = {1, 1};
  const auto solve = [&](epx_wires_limits_t limits) {
    return epx_wires_fast_solve(fast.get(), &limits, 1, volts.data(), amps.data(), nullptr, &error);
  };
  for (const double tolerance : {1e-13, -1.0, 0.2, (double)NAN}) {
    EXPECT_EQ(solve({tolerance, 0}), EPX_ERR_ARGUMENT) << tolerance;
  }
  EXPECT_EQ(solve({0, -1}), EPX_ERR_ARGUMENT);
  volts[1] = NAN;
  EXPECT_EQ(solve({0, 0}), EPX_ERR_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("voltage 1 of vector 0"), std::string::npos)
      << error.message;
  EXPECT_EQ(amps, Values(3, 7.0));
  volts[1] = 1;
  EXPECT_EQ(solve({0, 0}), EPX_OK) << error.message;
}

}  // namespace
