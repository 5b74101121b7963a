/* SPDX-License-Identifier: Apache-2.0 */
/* The golden model's Winograd products against sums of the definition in float64.
 *
 * With u half a unit in the last place and gamma(n) = n u / (1 - n u), each term of an output
 * passes at most 2 roundings in its tile (two subtractions), 1 in its weight (transformed in
 * float64; 1 more covers that), C in a sum of C products, however ordered, and 4 in the output (two
 * sums of three): error <= gamma(C + 8) * S, where S is the same expression with every operand's
 * and coefficient's absolute value. A mean sums 9 C products and has no output transform: gamma(9 C
 * + 4). */
#include "core/golden/winograd_support.h"

namespace {

template <class T>
struct Data {
  std::vector<T> weight, in, out;
  std::vector<uint8_t> switches;
};

template <class T>
int run(const epx_geometry_t &g, int count, bool held, unsigned skip, Data<T> *data) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return winograd_probe_f32(&g, count, data->weight.data(), data->in.data(), held, skip,
                              data->switches.data(), data->out.data());
  } else {
    return winograd_probe_f64(&g, count, data->weight.data(), data->in.data(), held, skip,
                              data->switches.data(), data->out.data());
  }
}

/* An output before pooling (or a mean) and how far rounding may take it. */
struct Sum {
  double value = 0, bound = 0;
};

template <class T>
class Reference {
 public:
  Reference(const epx_geometry_t &g, const Data<T> &data) : g_(g), data_(data) {
    const double u = std::numeric_limits<T>::epsilon() / 2;
    const double n = g.pool == EPX_POOL_AVG ? 9 * g.in_channels + 4 : g.in_channels + 8;
    /* and the sum that it is compared with */
    gamma_ = n * u / (1 - n * u) + 10 * g.in_channels * std::numeric_limits<double>::epsilon();
    for (int unit = 0; unit < g.units; ++unit) {
      for (int c = 0; c < g.in_channels; ++c) {
        for (int i = 0; i < 16; ++i) {
          double sum = 0;
          for (int k = 0; k < 9; ++k) {
            sum += std::fabs(kG[i / 4][k / 3] * kG[i % 4][k % 3] * weight(unit, k, c));
          }
          kernel_.push_back(sum);
        }
      }
    }
  }

  /* The four outputs of a window and what bounds their errors. */
  void tile(int sample, int y, int x, int unit, Sum out[4]) const {
    double s[16] = {0};
    for (int p = 0; p < 4; ++p) out[p] = {};
    for (int c = 0; c < g_.in_channels; ++c) {
      double d[4][4];
      for (int i = 0; i < 16; ++i) d[i / 4][i % 4] = pixel(sample, 2 * y + i / 4, 2 * x + i % 4, c);
      for (int p = 0; p < 4; ++p) {
        for (int k = 0; k < 9; ++k) {
          out[p].value += weight(unit, k, c) * d[p / 2 + k / 3][p % 2 + k % 3];
        }
      }
      for (int i = 0; i < 16; ++i) {
        double v = 0;
        for (int j = 0; j < 16; ++j) {
          v += std::fabs(kB[i / 4][j / 4] * kB[i % 4][j % 4] * d[j / 4][j % 4]);
        }
        s[i] += v * kernel_[(size_t)((unit * g_.in_channels + c) * 16 + i)];
      }
    }
    for (int p = 0; p < 4; ++p) {
      for (int i = 0; i < 16; ++i) {
        out[p].bound += gamma_ * std::fabs(kA[p / 2][i / 4] * kA[p % 2][i % 4]) * s[i];
      }
    }
    if (g_.pool == EPX_POOL_AVG) mean(s, out);
  }

 private:
  void mean(const double s[16], Sum out[4]) const {
    out[0].value = 0.25 * (out[0].value + out[1].value + out[2].value + out[3].value);
    out[0].bound = 0;
    for (int i = 0; i < 16; ++i) {
      const double a = kA[0][i / 4] + kA[1][i / 4], b = kA[0][i % 4] + kA[1][i % 4];
      out[0].bound += 0.25 * gamma_ * std::fabs(a * b) * s[i];
    }
  }
  double weight(int unit, int k, int c) const {
    return data_.weight[(size_t)(unit * g_.fan_in + k * g_.in_channels + c)];
  }
  double pixel(int sample, int row, int column, int c) const {
    const int y = row - g_.padding, x = column - g_.padding;
    if (y < 0 || x < 0 || y >= g_.in_height || x >= g_.in_width) return 0;
    return data_
        .in[(size_t)sample * g_.in_size + (size_t)((y * g_.in_width + x) * g_.in_channels + c)];
  }

  const epx_geometry_t &g_;
  const Data<T> &data_;
  double gamma_;
  std::vector<double> kernel_; /* |G| |g| |G^T| */
};

struct Seen {
  double worst = 0; /* error over its bound */
  long values = 0, switches = 0, close = 0;
};

/* One window and unit of one sample: values, and the switch wherever it is not too close. */
template <class T>
void check_window(const epx_geometry_t &g, const Data<T> &data, const Sum sums[4], size_t at,
                  bool held, Seen *seen) {
  Sum expected = sums[0];
  if (g.pool == EPX_POOL_MAX) {
    const int chosen = data.switches[at];
    ASSERT_LT(chosen, 4);
    double bound = 0;
    int best = 0;
    for (int p = 0; p < 4; ++p) {
      bound = std::max(bound, sums[p].bound);
      best = sums[p].value > sums[best].value ? p : best;
    }
    if (!held) {
      ++seen->switches;
      ASSERT_GE(sums[chosen].value, sums[best].value - 2 * bound);
      bool clear = true;
      for (int p = 0; p < 4; ++p) {
        clear = clear && (p == best || sums[p].value < sums[best].value - 2 * bound);
      }
      seen->close += clear ? 0 : 1;
      if (clear) {
        ASSERT_EQ(chosen, best);
      }
    }
    expected = sums[chosen];
  }
  const double error = std::fabs((double)data.out[at] - expected.value);
  ++seen->values;
  ASSERT_LE(error, expected.bound);
  seen->worst = std::max(seen->worst, expected.bound > 0 ? error / expected.bound : 0);
}

template <class T>
void compare(const epx_geometry_t &g, const Data<T> &data, int count, bool held, unsigned skip,
             Seen *seen) {
  const Reference<T> reference(g, data);
  const bool plain = g.pool == EPX_POOL_NONE;
  const int high = plain ? (g.out_height + 1) / 2 : g.out_height;
  const int wide = plain ? (g.out_width + 1) / 2 : g.out_width;
  for (int i = 0; i < count; ++i) {
    if ((skip >> i & 1) != 0) continue;
    for (int tile = 0; tile < high * wide; ++tile) {
      const int y = tile / wide, x = tile % wide;
      for (int u = 0; u < g.units; ++u) {
        Sum sums[4];
        reference.tile(i, y, x, u, sums);
        for (int p = 0; p < (plain ? 4 : 1); ++p) {
          const int row = plain ? 2 * y + p / 2 : y, column = plain ? 2 * x + p % 2 : x;
          if (row >= g.out_height || column >= g.out_width) continue;
          SCOPED_TRACE("sample " + std::to_string(i) + " at " + std::to_string(row) + "," +
                       std::to_string(column) + " unit " + std::to_string(u));
          check_window(
              g, data, sums + p,
              (size_t)i * g.out_size + (size_t)((row * g.out_width + column) * g.units + u), held,
              seen);
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

template <class T>
Data<T> draw(const epx_geometry_t &g, int count, Random &random, bool coarse) {
  Data<T> data;
  const bool states = random.chance(0.7); /* in [0, 1], many of them at its ends */
  data.weight.resize((size_t)(g.units * g.fan_in));
  data.in.resize((size_t)count * g.in_size);
  data.out.assign((size_t)count * g.out_size, -7);
  data.switches.resize((size_t)count * g.out_size);
  const double low = random.chance(0.2) ? 0.1 : -1; /* one sign: large sums */
  for (T &w : data.weight) w = (T)(coarse ? 4 * random.integer(-1, 1) : random.real(low, 1));
  for (T &x : data.in) {
    const double value = random.real(states ? -0.5 : -3, states ? 1.5 : 3);
    x = (T)(coarse ? random.integer(0, 2) : states ? std::clamp(value, 0.0, 1.0) : value);
  }
  for (uint8_t &place : data.switches) place = (uint8_t)random.integer(0, 3);
  return data;
}

template <class T>
void check(uint64_t seed, Seen *seen) {
  Random random(seed);
  const epx_geometry_t g = any_geometry(random);
  const int count = random.integer(1, 9);
  const bool held = random.chance(0.25);
  const unsigned skip = random.chance(0.3) ? (unsigned)random.integer(0, 511) : 0;
  SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text(g, count) + (held ? " held" : ""));
  Data<T> data = draw<T>(g, count, random, false);
  const std::vector<uint8_t> given = data.switches;
  ASSERT_TRUE(run(g, count, held, skip, &data));
  compare(g, data, count, held, skip, seen);
  if (held || g.pool != EPX_POOL_MAX) {
    ASSERT_EQ(data.switches, given);
  }
  for (int i = 0; i < count; ++i) { /* what was not wanted has not been written */
    for (size_t k = 0; (skip >> i & 1) != 0 && k < g.out_size; ++k) {
      ASSERT_EQ(data.out[(size_t)i * g.out_size + k], -7);
      ASSERT_EQ(data.switches[(size_t)i * g.out_size + k], given[(size_t)i * g.out_size + k]);
    }
  }
}

template <class T>
void check_many(int seeds) {
  Seen seen;
  for (uint64_t seed = 1; seed <= (uint64_t)seeds; ++seed) {
    check<T>(seed, &seen);
    if (testing::Test::HasFatalFailure()) return;
  }
  std::printf("seeds 1 to %d: %ld values, worst error %.2g of its bound; %ld switches, %ld close\n",
              seeds, seen.values, seen.worst, seen.switches, seen.close);
  EXPECT_LT(seen.close, seen.switches / 20);
}

TEST(Winograd, Float32StaysWithinItsRounding) {
  check_many<float>(120);
}

/* The same code in float64, which the golden model never takes: the algebra, to 15 digits. */
TEST(Winograd, Float64StaysWithinItsRounding) {
  check_many<double>(60);
}

/* Small integers, and weights that the transform divides evenly: nothing is rounded, so ties are
 * ties, and the first of the largest must win. */
TEST(Winograd, TiesGoToTheFirst) {
  long ties = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    epx_geometry_t g = any_geometry(random);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text(g, 1));
    if (g.pool != EPX_POOL_MAX) continue;
    Data<float> data = draw<float>(g, 1, random, true);
    ASSERT_TRUE(run(g, 1, false, 0, &data));
    const Reference<float> reference(g, data);
    for (int i = 0; i < (int)g.out_size; ++i) {
      Sum sums[4];
      const int at = i / g.units;
      reference.tile(0, at / g.out_width, at % g.out_width, i % g.units, sums);
      int best = 0;
      for (int p = 1; p < 4; ++p) {
        ties += sums[p].value == sums[best].value ? 1 : 0;
        best = sums[p].value > sums[best].value ? p : best;
      }
      ASSERT_EQ(data.out[(size_t)i], sums[best].value);
      ASSERT_EQ(data.switches[(size_t)i], best);
    }
  }
  EXPECT_GT(ties, 1000);
}

TEST(Winograd, IsTakenWhereItPays) {
  const epx_geometry_t inner = geometry(16, 16, 32, 64, 1, EPX_POOL_MAX);
  EXPECT_TRUE(winograd_probe_f32_pays(&inner));
  EXPECT_FALSE(winograd_probe_f64_pays(&inner)); /* float64 multiplies by the definition */
  for (const epx_geometry_t &g :
       {geometry(32, 32, 3, 128, 1, EPX_POOL_MAX), geometry(16, 16, 32, 8, 1, EPX_POOL_MAX),
        geometry(3, 3, 64, 64, 0, EPX_POOL_NONE)}) {
    EXPECT_FALSE(winograd_probe_f32_pays(&g)) << text(g, 1);
  }
  epx_geometry_t other = inner;
  other.stride = 2;
  EXPECT_FALSE(winograd_probe_f32_pays(&other));
  other = inner;
  other.kernel_width = 5;
  EXPECT_FALSE(winograd_probe_f32_pays(&other));
}

}  // namespace
