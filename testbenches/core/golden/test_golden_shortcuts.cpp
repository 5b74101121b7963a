/* SPDX-License-Identifier: Apache-2.0 */
/* What the golden model leaves out must not change a bit: relax(k) against k times relax(1), which
 * starts each step knowing nothing of the one before. */
#include "core/golden/golden_support.h"

namespace {

struct Precision {
  CreateGolden create;
  void (*quantise)(epx_substrate_t *, epx_qformat_t);
};
const Precision kPrecisions[] = {{epx_golden_f32_create, epx_golden_f32_quantise_states},
                                 {epx_golden_f64_create, epx_golden_f64_quantise_states}};

using States = std::vector<std::vector<double>>;

States all_states(epx_substrate_t *golden, int n) {
  States states;
  for (int l = 0; l < golden->network.layer_count; ++l) {
    states.push_back(layer_states(golden, l, n));
  }
  return states;
}

/* Bit for bit, zeros' signs included. */
bool same_bits(const States &a, const States &b) {
  for (size_t l = 0; l < a.size(); ++l) {
    if (memcmp(a[l].data(), b[l].data(), a[l].size() * sizeof(double)) != 0) return false;
  }
  return true;
}

/* How the plain runs ended; only samples of a batch of their own are counted. */
struct Ends {
  int runs = 0, settled = 0, cycles = 0;
};

void note_end(const std::vector<States> &history, Ends *ends) {
  const size_t t = history.size() - 1;
  ++ends->runs;
  if (t < 3) return;
  if (same_bits(history[t], history[t - 1])) {
    ++ends->settled;
  } else if (same_bits(history[t], history[t - 2])) {
    ++ends->cycles;
  }
}

class Shortcuts : public testing::Test {
 protected:
  /* From the present states of both: `steps` in one go, in random parts, and one by one. */
  void run(int steps, double beta, Random &random) {
    for (int left = steps; left > 0;) {
      const int part = random.chance(0.7) ? left : random.integer(1, left);
      relax(fast_.get(), part, beta);
      left -= part;
    }
    std::vector<States> history;
    for (int t = 0; t < steps; ++t) {
      relax(slow_.get(), 1, beta);
      history.push_back(all_states(slow_.get(), n_));
    }
    note_end(history, &ends_);
    ASSERT_TRUE(same_bits(all_states(fast_.get(), n_), history.back()))
        << steps << " steps, nudge " << beta;
  }

  void check(uint64_t seed) {
    Random random(seed);
    epx_network_t network = any_network(random);
    const epx_relaxation_t relaxation = any_relaxation(random);
    const Precision &precision = kPrecisions[random.integer(0, 1)];
    const bool quantised = random.chance(0.4), strong = random.chance(0.4);
    const epx_qformat_t format = {random.chance(0.3), (int8_t)random.integer(0, 1),
                                  (int8_t)random.integer(1, 8)};
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network) + "; " +
                 describe(relaxation) + (quantised ? " quantised" : ""));
    n_ = random.chance(0.5) ? 1 : random.integer(2, 20); /* groups of 8 relax together */
    const Params params = random_params(network, random, strong ? 4.0 : 1.0);
    const Batch batch = random_batch(network, random, n_);
    fast_ = make_golden(precision.create, network, n_);
    slow_ = make_golden(precision.create, network, n_);
    for (epx_substrate_t *golden : {fast_.get(), slow_.get()}) {
      golden->relaxation = relaxation;
      if (quantised) precision.quantise(golden, format);
      load(golden, params);
      present(golden, batch);
    }
    run(random.integer(1, 250), 0, random);
    for (epx_substrate_t *golden : {fast_.get(), slow_.get()}) keep_free(golden);
    for (double beta : {0.5, -0.5, 0.0}) {
      if (HasFatalFailure()) return;
      for (epx_substrate_t *golden : {fast_.get(), slow_.get()}) epx_substrate_recall_free(golden);
      run(random.integer(1, 120), beta, random);
    }
  }

  int n_ = 0;
  Ends ends_;
  Substrate fast_, slow_;
};

TEST_F(Shortcuts, ChangeNoBit) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    check(seed);
    if (HasFatalFailure()) return;
  }
  std::printf("%d runs: %d settled, %d in a cycle of two\n", ends_.runs, ends_.settled,
              ends_.cycles);
  EXPECT_GT(ends_.settled, ends_.runs / 4);
  EXPECT_GT(ends_.cycles, ends_.runs / 40);
  EXPECT_LT(ends_.settled + ends_.cycles, ends_.runs);
}

/* A sample stops after the first step in which none of its states moved by more than the tolerance,
 * whatever the others of its batch do. */
TEST(Tolerance, EndsEachSampleAlone) {
  int early = 0, full = 0;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    Random random(seed);
    const epx_network_t network = any_network(random);
    const epx_relaxation_t exact = any_relaxation(random);
    const int n = random.integer(1, 20), steps = random.integer(3, 40);
    /* Quantised states move by just the tolerance, which is not more than it. */
    const bool quantised = random.chance(0.3);
    const double tolerance = quantised ? 1.0 / 16 : std::pow(10.0, random.real(-6, -1));
    const double beta = random.integer(-1, 1);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network) + "; " +
                 describe(exact));
    const Precision &precision = kPrecisions[random.integer(0, 1)];
    const CreateGolden create = precision.create;
    const Params params = random_params(network, random, 1.0);
    const Batch batch = random_batch(network, random, n);
    const Substrate golden = make_golden(create, network, n),
                    plain = make_golden(create, network, n);
    golden->relaxation = plain->relaxation = exact;
    golden->relaxation.tolerance = tolerance;
    for (epx_substrate_t *g : {golden.get(), plain.get()}) {
      if (quantised) precision.quantise(g, {false, 0, 4});
      load(g, params);
      present(g, batch);
    }
    relax(golden.get(), steps, beta);
    /* What each sample should show. */
    States expected = all_states(plain.get(), n), before = expected;
    std::vector<bool> stopped((size_t)n, false);
    for (int t = 0; t < steps; ++t) {
      relax(plain.get(), 1, beta);
      const States now = all_states(plain.get(), n);
      for (int i = 0; i < n; ++i) {
        double largest = 0;
        for (size_t l = 0; l < now.size() && !stopped[(size_t)i]; ++l) {
          const size_t size = now[l].size() / (size_t)n;
          for (size_t k = size * (size_t)i; k < size * (size_t)(i + 1); ++k) {
            largest = std::max(largest, std::fabs(now[l][k] - before[l][k]));
            expected[l][k] = now[l][k];
          }
        }
        if (!stopped[(size_t)i] && largest <= tolerance) {
          stopped[(size_t)i] = true;
          early += t + 1 < steps ? 1 : 0;
        }
      }
      before = now;
    }
    full += (int)std::count(stopped.begin(), stopped.end(), false);
    ASSERT_TRUE(same_bits(all_states(golden.get(), n), expected));
  }
  std::printf("%d samples stopped early, %d never\n", early, full);
  EXPECT_GT(early, 30);
  EXPECT_GT(full, 30);
}

/* Weights that change under a batch must be seen by every later step, layer 0's static product
 * included. */
TEST(Weights, AreSeenAtOnce) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const epx_network_t network = any_network(random);
    const int n = random.integer(1, 3), steps = random.integer(1, 9);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(network));
    const Params first = random_params(network, random, 1.0);
    const Params second = random_params(network, random, 1.0);
    const Batch batch = random_batch(network, random, n);
    const Substrate used = make_golden(epx_golden_f64_create, network, n);
    const Substrate fresh = make_golden(epx_golden_f64_create, network, n);
    load(used.get(), first);
    present(used.get(), batch);
    keep_free(used.get()); /* zeros */
    relax(used.get(), steps, 0.5);
    load(used.get(), second);
    epx_substrate_recall_free(used.get());
    relax(used.get(), steps, 0.5);
    load(fresh.get(), second);
    present(fresh.get(), batch);
    relax(fresh.get(), steps, 0.5);
    ASSERT_TRUE(same_bits(all_states(used.get(), n), all_states(fresh.get(), n)));
  }
}

}  // namespace
