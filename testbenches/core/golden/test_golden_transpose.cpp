/* SPDX-License-Identifier: Apache-2.0 */
/* The golden model's transposed product through a mean against sums of the definition in float64.
 *
 * Notation as in test_golden_winograd.cpp. A term passes at most 2 roundings in its weight, one for
 * each of the units in a sum of products, 2 in its tile and 4 in the image, where at most four
 * tiles overlap: error <= gamma(units + 8) * S. */
#include "core/golden/winograd_support.h"

namespace {

template <class T>
struct Data {
  std::vector<T> weight, post, r;
};

int run(const epx_geometry_t &g, int count, unsigned skip, Data<float> *d) {
  return transpose_probe_f32(&g, count, d->weight.data(), d->post.data(), skip, d->r.data());
}
int run(const epx_geometry_t &g, int count, unsigned skip, Data<double> *d) {
  return transpose_probe_f64(&g, count, d->weight.data(), d->post.data(), skip, d->r.data());
}

/* One sample's r on an image with `g.padding` pixels around it, and S of each element. */
struct Image {
  std::vector<double> value, s;
};

/* |coefficients| . |G| |g| |G^T| of one kernel, a mean's quarter included. */
template <class T>
void kernel_size(const epx_geometry_t &g, const T *weight, int c, double size[16]) {
  for (int i = 0; i < 16; ++i) {
    const double a = kA[0][i / 4] + kA[1][i / 4], b = kA[0][i % 4] + kA[1][i % 4];
    size[i] = 0;
    for (int k = 0; k < 9; ++k) {
      size[i] += 0.25 * std::fabs(a * b * kG[i / 4][k / 3] * kG[i % 4][k % 3] *
                                  (double)weight[k * g.in_channels + c]);
    }
  }
}

template <class T>
Image reference(const epx_geometry_t &g, const Data<T> &data, int sample) {
  const int pitch = g.in_width + 2 * g.padding, c_count = g.in_channels;
  const size_t size = (size_t)((g.in_height + 2 * g.padding) * pitch * c_count);
  Image image = {std::vector<double>(size), std::vector<double>(size)};
  std::vector<double> sizes((size_t)(g.units * c_count * 16));
  for (int u = 0; u < g.units; ++u) {
    for (int c = 0; c < c_count; ++c) {
      kernel_size(g, &data.weight[(size_t)(u * g.fan_in)], c,
                  &sizes[(size_t)((u * c_count + c) * 16)]);
    }
  }
  for (int i = 0; i < (int)g.out_size; ++i) {
    const int u = i % g.units, y = i / g.units / g.out_width, x = i / g.units % g.out_width;
    const double post = data.post[(size_t)sample * g.out_size + (size_t)i];
    for (int c = 0; c < c_count; ++c) {
      const double *kernel = &sizes[(size_t)((u * c_count + c) * 16)];
      for (int p = 0; p < 16; ++p) {
        const size_t at = (size_t)(((2 * y + p / 4) * pitch + 2 * x + p % 4) * c_count + c);
        for (int j = 0; j < 16; ++j) {
          image.s[at] += std::fabs(kB[j / 4][p / 4] * kB[j % 4][p % 4] * post) * kernel[j];
        }
      }
      for (int q = 0; q < 36; ++q) {
        const int k = q % 9, cy = 2 * y + q / 18, cx = 2 * x + q / 9 % 2;
        image.value[(size_t)(((cy + k / 3) * pitch + cx + k % 3) * c_count + c)] +=
            0.25 * post * data.weight[(size_t)(u * g.fan_in + k * c_count + c)];
      }
    }
  }
  return image;
}

template <class T>
void compare(const epx_geometry_t &g, const Data<T> &data, int sample, double *worst) {
  const Image image = reference(g, data, sample);
  const double n = g.units + 8, unit = std::numeric_limits<T>::epsilon() / 2;
  /* and the sum that it is compared with */
  const double gamma =
      n * unit / (1 - n * unit) + 40 * g.units * std::numeric_limits<double>::epsilon();
  for (int i = 0; i < (int)g.in_size; ++i) {
    const int c = i % g.in_channels, pixel = i / g.in_channels;
    const int y = pixel / g.in_width + g.padding, x = pixel % g.in_width + g.padding;
    const size_t at = (size_t)((y * (g.in_width + 2 * g.padding) + x) * g.in_channels + c);
    const double found = (double)data.r[(size_t)sample * g.in_size + (size_t)i];
    const double error = std::fabs(found - image.value[at]), bound = gamma * image.s[at];
    ASSERT_LE(error, bound) << "sample " << sample << " at " << y << "," << x << " channel " << c;
    *worst = std::max(*worst, bound > 0 ? error / bound : 0);
  }
}

template <class T>
void check(uint64_t seed, double *worst) {
  Random random(seed);
  epx_geometry_t g = any_geometry(random);
  while (g.pool != EPX_POOL_AVG) g = any_geometry(random);
  const int fits = transpose_probe_samples(&g); /* in one product */
  const int count = random.integer(1, std::min(fits, 9));
  const unsigned skip = random.chance(0.3) ? (unsigned)random.integer(0, 511) : 0;
  SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text(g, count));
  Data<T> data;
  data.weight.resize((size_t)(g.units * g.fan_in));
  data.post.resize((size_t)count * g.out_size);
  data.r.assign((size_t)count * g.in_size, -7);
  for (T &w : data.weight) w = (T)random.real(-1, 1);
  for (T &s : data.post) s = (T)std::clamp(random.real(-0.5, 1.5), 0.0, 1.0);
  ASSERT_TRUE(run(g, count, skip, &data));
  for (int i = 0; i < count; ++i) {
    if ((skip >> i & 1) == 0) {
      compare(g, data, i, worst);
      continue;
    }
    for (size_t k = 0; k < g.in_size; ++k) ASSERT_EQ(data.r[(size_t)i * g.in_size + k], -7);
  }
}

template <class T>
void check_many(int seeds) {
  double worst = 0;
  for (uint64_t seed = 1; seed <= (uint64_t)seeds; ++seed) {
    check<T>(seed, &worst);
    if (testing::Test::HasFatalFailure()) return;
  }
  std::printf("seeds 1 to %d: worst error %.2g of its bound\n", seeds, worst);
}

TEST(Transpose, Float32StaysWithinItsRounding) {
  check_many<float>(120);
}

TEST(Transpose, Float64StaysWithinItsRounding) {
  check_many<double>(60);
}

}  // namespace
