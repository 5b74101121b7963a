/* SPDX-License-Identifier: Apache-2.0 */
/* The sparse nodal solution against Gaussian elimination in long double, closed forms, reciprocity,
 * and its limits. */
#include "rtl_model/array/wires/wires_support.h"

namespace {

/* Every read of random arrays, resistances of 0 among them, several vectors at once. */
TEST(WiresExact, EqualsGaussianElimination) {
  WiresRandom random;
  const int shapes[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 9}, {9, 1}, {2, 2}, {3, 5}, {7, 4}, {6, 6}};
  double worst = 0;
  for (int round = 0; round < 300; ++round) {
    const auto &shape = shapes[round % 9];
    const epx_wires_t w = random.wires(shape[0], shape[1], 0.01, 1e4);
    const Values g = random.cells(w, 1e-7, 1e-3);
    const int inputs = epx_wires_inputs(&w), outputs = epx_wires_outputs(&w);
    const int vectors = random.integer(1, 19);
    const Values volts = random.volts(vectors * inputs), amps = exact_amps(w, g, volts);
    const Netlist netlist(w, g);
    for (int n = 0; n < vectors; n += 6) {
      const auto first = volts.begin() + n * inputs;
      const double error = difference(&amps[static_cast<size_t>(n * outputs)],
                                      netlist.solve({first, first + inputs}));
      ASSERT_LE(error, 1e-9) << text(w) << ", vector " << n;
      worst = std::max(worst, error);
    }
  }
  std::printf("worst %g\n", worst);
}

/* The worst that EPX_WIRES_MIN_OHM allows for: segments of a milliohm, terminals of kilohms. */
TEST(WiresExact, SmallSegmentsBesideLargeTerminals) {
  WiresRandom random;
  double worst = 0;
  for (int round = 0; round < 20; ++round) {
    epx_wires_t w = random.wires(6, 8, 1, 10);
    w.wordline_ohm = w.bitline_ohm = EPX_WIRES_MIN_OHM;
    w.driver_ohm = w.sense_ohm = 1e3;
    const Values g = random.cells(w, 1e-7, 1e-3), volts = random.volts(epx_wires_inputs(&w));
    const double error = difference(exact_amps(w, g, volts).data(), Netlist(w, g).solve(volts));
    ASSERT_LE(error, 1e-8) << text(w);
    worst = std::max(worst, error);
  }
  std::printf("worst %g\n", worst);
}

/* Without any resistance a current is the sum of voltage times conductance, but for the order of
 * the sum. */
TEST(WiresExact, IdealWiresGiveTheProduct) {
  WiresRandom random;
  for (int read = 0; read < 3; ++read) {
    const epx_wires_t w = {5, 3, 0, 0, 0, 0, static_cast<epx_wires_read_t>(read)};
    const Values g = random.cells(w, 1e-7, 1e-3), volts = random.volts(epx_wires_inputs(&w));
    Values expected(static_cast<size_t>(epx_wires_outputs(&w)));
    for (int r = 0; r < 5; ++r) {
      for (int c = 0; c < 3; ++c) {
        const double cell = g[static_cast<size_t>(r * 3 + c)];
        const int in = read == EPX_WIRES_FORWARD ? r : c, out = read == EPX_WIRES_FORWARD ? c : r;
        expected[static_cast<size_t>(out)] += volts[static_cast<size_t>(in)] * cell;
      }
    }
    const Values amps = exact_amps(w, g, volts);
    for (size_t k = 0; k < amps.size(); ++k) EXPECT_NEAR(amps[k], expected[k], 1e-18);
  }
}

/* One cell: everything in series. One conducting cell at (r, c): the segments on its way count. */
TEST(WiresExact, SeriesPath) {
  const int rows = 4, columns = 6;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      Values g(static_cast<size_t>(rows * columns));
      g[static_cast<size_t>(r * columns + c)] = 1e-3;
      const int below = rows - 1 - r, right = columns - 1 - c;
      const double path[] = {30.0 + 2.0 * c + 5.0 * below + 70.0,
                             30.0 + 5.0 * r + 2.0 * right + 70.0,
                             30.0 + 5.0 * below + 2.0 * c + 70.0};
      for (int read = 0; read < 3; ++read) {
        const epx_wires_t w = {rows, columns, 2, 5, 30, 70, static_cast<epx_wires_read_t>(read)};
        Values volts(static_cast<size_t>(epx_wires_inputs(&w)));
        volts[static_cast<size_t>(read == 0 ? r : c)] = 0.5;
        Values expected(static_cast<size_t>(epx_wires_outputs(&w)));
        expected[static_cast<size_t>(read == 0 ? c : r)] = 0.5 / (1000.0 + path[read]);
        EXPECT_LE(difference(exact_amps(w, g, volts).data(), expected), 1e-12)
            << text(w) << ", cell " << r << " " << c;
      }
    }
  }
}

/* One row over ideal bitlines: a ladder, by its continued fraction from the far end. */
TEST(WiresExact, LadderOfOneRow) {
  WiresRandom random;
  const int columns = 40;
  const epx_wires_t w = {1, columns, 3, 7, 11, 0, EPX_WIRES_FORWARD};
  const Values g = random.cells(w, 1e-6, 1e-2);
  Values beyond(static_cast<size_t>(columns)); /* conductance from node c on */
  for (int c = columns - 1; c >= 0; --c) {
    const size_t at = static_cast<size_t>(c);
    beyond[at] = g[at] + (c + 1 < columns ? 1 / (3 + 1 / beyond[at + 1]) : 0.0);
  }
  Values expected;
  double volts = 0.4 / (1 + 11 * beyond[0]);
  for (size_t c = 0; c < g.size(); ++c) {
    if (c > 0) volts /= 1 + 3 * beyond[c];
    expected.push_back(volts * g[c]);
  }
  EXPECT_LE(difference(exact_amps(w, g, {0.4}).data(), expected), 1e-12);
}

/* A reciprocal network: input k drives as much current into output l as l, driven, into k. Drivers
 * and sensors exchange their resistances. The backward read on the other ends is the shared one of
 * the array turned by half a turn. */
TEST(WiresExact, Reciprocity) {
  WiresRandom random;
  for (int round = 0; round < 20; ++round) {
    epx_wires_t w = random.wires(random.integer(1, 12), random.integer(1, 12), 0.1, 1e3);
    w.read = EPX_WIRES_FORWARD;
    const Values g = random.cells(w, 1e-6, 1e-3);
    const int rows = w.rows, columns = w.columns;
    epx_wires_t shared = w, other = w;
    shared.read = EPX_WIRES_BACKWARD_SHARED;
    other.read = EPX_WIRES_BACKWARD;
    std::swap(shared.driver_ohm, shared.sense_ohm);
    std::swap(other.driver_ohm, other.sense_ohm);
    const Values turned(g.rbegin(), g.rend());
    const auto unit = [](int size) {
      Values v(static_cast<size_t>(size * size));
      for (int k = 0; k < size; ++k) v[static_cast<size_t>(k * size + k)] = 1;
      return v;
    };
    const Values there = exact_amps(w, g, unit(rows)), back = exact_amps(shared, g, unit(columns)),
                 turned_back = exact_amps(other, turned, unit(columns));
    Values transposed, turned_transposed;
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        transposed.push_back(back[static_cast<size_t>(c * rows + r)]);
        turned_transposed.push_back(
            turned_back[static_cast<size_t>((columns - 1 - c) * rows + rows - 1 - r)]);
      }
    }
    ASSERT_LE(difference(transposed.data(), there), 1e-10) << text(w);
    ASSERT_LE(difference(turned_transposed.data(), there), 1e-10) << text(w);
  }
}

TEST(WiresExact, RefusesWhatIsOutOfRange) {
  const epx_wires_t good = {2, 3, 1, 1, 1, 1, EPX_WIRES_FORWARD};
  epx_wires_exact_t *exact = nullptr;
  epx_error_t error = {};
  const auto refuses = [&](auto change, const char *name) {
    epx_wires_t bad = good;
    change(bad);
    EXPECT_EQ(epx_wires_exact_create(&bad, &exact, &error), EPX_ERR_ARGUMENT);
    EXPECT_EQ(exact, nullptr);
    EXPECT_NE(std::string(error.message).find(name), std::string::npos) << error.message;
  };
  refuses([](epx_wires_t &w) { w.rows = 0; }, "rows");
  refuses([](epx_wires_t &w) { w.columns = EPX_WIRES_MAX_LINES + 1; }, "columns");
  refuses([](epx_wires_t &w) { w.wordline_ohm = -1; }, "wordline_ohm");
  refuses([](epx_wires_t &w) { w.bitline_ohm = NAN; }, "bitline_ohm");
  refuses([](epx_wires_t &w) { w.driver_ohm = 1e-4; }, "driver_ohm");
  refuses([](epx_wires_t &w) { w.sense_ohm = INFINITY; }, "sense_ohm");
  refuses([](epx_wires_t &w) { w.read = static_cast<epx_wires_read_t>(3); }, "read");

  ASSERT_EQ(epx_wires_exact_create(&good, &exact, &error), EPX_OK);
  const Exact owner(exact);
  Values amps(3, 7.0), volts(2, 1.0), g(6, 1e-3);
  EXPECT_EQ(epx_wires_exact_solve(exact, 1, volts.data(), amps.data(), &error), EPX_ERR_ARGUMENT);
  g[4] = -1e-9;
  EXPECT_EQ(epx_wires_exact_program(exact, g.data(), &error), EPX_ERR_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("row 1, column 1"), std::string::npos);
  g[4] = 0;
  ASSERT_EQ(epx_wires_exact_program(exact, g.data(), &error), EPX_OK);
  volts[1] = NAN;
  EXPECT_EQ(epx_wires_exact_solve(exact, 1, volts.data(), amps.data(), &error), EPX_ERR_ARGUMENT);
  EXPECT_EQ(amps, Values(3, 7.0));
}

}  // namespace
