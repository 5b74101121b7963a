// SPDX-License-Identifier: Apache-2.0
// Convolutions of random shapes (strides, paddings, odd sizes, with and without pooling) against
// loops over the definition, on every level that EPX_CPU may force; buffers touch unmapped pages.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "epx_conv.h"
#include "epx_cpu.h"
#include "epx_gemm_u8s8s32.h"
#include "quant/quant_guarded.h"
#include "quant/quant_random.h"

namespace {

using quant_test::Guarded;
using quant_test::Random;

int small(Random &random, int low, int high) {
  return static_cast<int>(random.between(low, high));
}

bool has_a_window(const epx_conv_t &c) {
  return c.in_height + 2 * c.padding >= c.kernel_height + (c.pool - 1) * c.stride &&
         c.in_width + 2 * c.padding >= c.kernel_width + (c.pool - 1) * c.stride;
}

epx_conv_t random_shape(Random &random) {
  epx_conv_t c = {};
  do {
    c.in_height = small(random, 1, 9);
    c.in_width = small(random, 1, 9);
    c.channels = small(random, 1, 3) == 1 ? 32 * small(random, 1, 3) : small(random, 1, 70);
    c.kernel_height = small(random, 1, 4);
    c.kernel_width = small(random, 1, 4);
    c.stride = small(random, 1, 3);
    c.padding = small(random, 0, std::min(c.kernel_height, c.kernel_width) - 1);
    c.units = small(random, 1, 70);
    c.pool = small(random, 1, 2);
  } while (!has_a_window(c));
  return c;
}

// Few channels: most of these shapes are squeezed.
epx_conv_t random_thin_shape(Random &random) {
  epx_conv_t c = {};
  do {
    c.in_height = small(random, 1, 12);
    c.in_width = small(random, 1, 40);
    c.channels = small(random, 1, 4);
    c.kernel_height = small(random, 1, 5);
    c.kernel_width = small(random, 1, 5);
    c.stride = small(random, 1, 2);
    c.padding = small(random, 0, std::min(c.kernel_height, c.kernel_width) - 1);
    c.units = small(random, 1, 130);
    c.pool = small(random, 1, 2);
  } while (!has_a_window(c));
  return c;
}

std::string text_of(const epx_conv_t &c) {
  std::ostringstream out;
  out << c.in_height << "x" << c.in_width << "x" << c.channels << " kernel " << c.kernel_height
      << "x" << c.kernel_width << " stride " << c.stride << " padding " << c.padding << " units "
      << c.units << " pool " << c.pool;
  return out.str();
}

// One random problem: all that the functions read, and where they write.
struct Problem {
  Problem(Random &random, const epx_conv_t &shape, int sparsity)
      : c(shape),
        at_end(random.between(0, 1) != 0),
        neurons(static_cast<size_t>(epx_conv_positions(&c)) * static_cast<size_t>(c.units)),
        weight_count(static_cast<size_t>(c.units) * static_cast<size_t>(epx_conv_fan_in(&c))),
        image(static_cast<size_t>((c.in_height + 2 * c.padding) * epx_conv_pitch(&c)), at_end),
        weights(weight_count, at_end),
        post(neurons, at_end),
        switches(neurons, at_end) {
    // Surplus bytes of the pixels are filled too: they meet weights of zero.
    for (size_t i = 0; i < image.bytes(); i++) {
      image.as<uint8_t>()[i] = static_cast<uint8_t>(random.bits());
    }
    for (size_t i = 0; i < weight_count; i++) {
      weights.as<int8_t>()[i] = static_cast<int8_t>(random.bits());
    }
    for (size_t i = 0; i < neurons; i++) {
      post.as<uint8_t>()[i] =
          small(random, 0, 4) < sparsity ? 0 : static_cast<uint8_t>(random.bits());
      switches.as<uint8_t>()[i] = static_cast<uint8_t>(small(random, 0, 3));
    }
  }

  int pixel(int y, int x, int channel) const {  // of the bordered image
    return image.as<uint8_t>()[y * epx_conv_pitch(&c) + x * epx_conv_pixel(&c) + channel];
  }
  int weight(int u, int ky, int kx, int channel) const {
    return weights
        .as<int8_t>()[((u * c.kernel_height + ky) * c.kernel_width + kx) * c.channels + channel];
  }
  // The position before pooling of switch p of output position i.
  int row_of(int i, int p) const { return i / epx_conv_out_width(&c) * c.pool + p / 2; }
  int column_of(int i, int p) const { return i % epx_conv_out_width(&c) * c.pool + p % 2; }
  int switch_of(int i, int u) const {
    return c.pool == 1 ? 0 : switches.as<uint8_t>()[i * c.units + u];
  }

  int64_t product(int i, int p, int u) const {
    int64_t sum = 0;
    for (int ky = 0; ky < c.kernel_height; ky++) {
      for (int kx = 0; kx < c.kernel_width; kx++) {
        for (int channel = 0; channel < c.channels; channel++) {
          sum += pixel(row_of(i, p) * c.stride + ky, column_of(i, p) * c.stride + kx, channel) *
                 weight(u, ky, kx, channel);
        }
      }
    }
    return sum;
  }

  std::vector<int64_t> transposed() const {  // [in positions][channels], by scattering
    std::vector<int64_t> r(static_cast<size_t>(c.in_height * c.in_width * c.channels));
    for (int i = 0; i < epx_conv_positions(&c); i++) {
      for (int u = 0; u < c.units; u++) {
        const int state = post.as<uint8_t>()[i * c.units + u], p = switch_of(i, u);
        for (int ky = 0; state != 0 && ky < c.kernel_height; ky++) {
          for (int kx = 0; kx < c.kernel_width; kx++) {
            const int y = row_of(i, p) * c.stride + ky - c.padding;
            const int x = column_of(i, p) * c.stride + kx - c.padding;
            for (int channel = 0;
                 y >= 0 && y < c.in_height && x >= 0 && x < c.in_width && channel < c.channels;
                 channel++) {
              r[static_cast<size_t>((y * c.in_width + x) * c.channels + channel)] +=
                  state * weight(u, ky, kx, channel);
            }
          }
        }
      }
    }
    return r;
  }

  epx_conv_t c;
  bool at_end;
  size_t neurons, weight_count;
  Guarded image, weights, post, switches;
};

void expect_forward_exact(const Problem &p) {
  const epx_conv_t &c = p.c;
  std::vector<int8_t> buffer(epx_conv_pack_buffer_size(&c));
  Guarded packed(epx_conv_packed_size(&c), true);
  Guarded rows(sizeof(int32_t) * static_cast<size_t>(epx_conv_row_count(&c)), p.at_end);
  Guarded workspace(epx_conv_forward_workspace_size(&c), p.at_end);
  Guarded out(sizeof(int32_t) * p.neurons, p.at_end), switches(p.neurons, p.at_end);
  epx_conv_pack(&c, p.weights.as<int8_t>(), buffer.data(), packed.as<int8_t>());
  epx_conv_rows(&c, rows.as<int32_t>());
  epx_conv_forward_u8s8s32(&c, p.image.as<uint8_t>(), rows.as<int32_t>(), packed.as<int8_t>(),
                           workspace.as<void>(), out.as<int32_t>(), switches.as<uint8_t>());
  ASSERT_TRUE(out.surroundings_intact() && switches.surroundings_intact() &&
              workspace.surroundings_intact());
  for (int i = 0; i < epx_conv_positions(&c); i++) {
    for (int u = 0; u < c.units; u++) {
      int64_t best = p.product(i, 0, u);
      int place = 0;
      for (int q = 1; q < c.pool * c.pool; q++) {
        const int64_t other = p.product(i, q, u);
        place = other > best ? q : place;
        best = std::max(best, other);
      }
      ASSERT_EQ(out.as<int32_t>()[i * c.units + u], best) << text_of(c);
      if (c.pool == 2) {
        ASSERT_EQ(switches.as<uint8_t>()[i * c.units + u], place) << text_of(c);
      }
    }
  }
}

// All products before pooling, in the order of the patches.
void expect_products_exact(Random &random, const Problem &p) {
  const epx_conv_t &c = p.c;
  const int window = c.pool * c.pool, count = epx_conv_positions(&c) * window;
  const int padded = epx_gemm_padded_n(c.units), ld = padded + small(random, 0, 3);
  std::vector<int8_t> buffer(epx_conv_pack_buffer_size(&c));
  Guarded packed(epx_conv_packed_size(&c), true);
  Guarded rows(sizeof(int32_t) * static_cast<size_t>(epx_conv_row_count(&c)), p.at_end);
  Guarded workspace(epx_conv_forward_workspace_size(&c), p.at_end);
  Guarded products(sizeof(int32_t) * static_cast<size_t>((count - 1) * ld + padded), p.at_end);
  epx_conv_pack(&c, p.weights.as<int8_t>(), buffer.data(), packed.as<int8_t>());
  epx_conv_rows(&c, rows.as<int32_t>());
  epx_conv_products_u8s8s32(&c, p.image.as<uint8_t>(), rows.as<int32_t>(), packed.as<int8_t>(),
                            workspace.as<void>(), products.as<int32_t>(), ld);
  ASSERT_TRUE(products.surroundings_intact() && workspace.surroundings_intact());
  for (int m = 0; m < count; m++) {
    const int y = p.row_of(m / window, m % window), x = p.column_of(m / window, m % window);
    ASSERT_EQ(epx_conv_patch_at(&c, m),
              y * c.stride * epx_conv_pitch(&c) + x * c.stride * epx_conv_pixel(&c))
        << text_of(c);
    for (int u = 0; u < padded; u++) {
      const int64_t expected = u < c.units ? p.product(m / window, m % window, u) : 0;
      ASSERT_EQ(products.as<int32_t>()[m * ld + u], expected) << text_of(c) << " row " << m;
    }
  }
}

void expect_transpose_exact(Random &random, const Problem &p, bool sparse_too = true) {
  const epx_conv_t &c = p.c;
  // States need not be compact.
  const size_t pixel_stride = static_cast<size_t>(c.units + small(random, 0, 3));
  const size_t row_stride = pixel_stride * static_cast<size_t>(epx_conv_out_width(&c)) +
                            static_cast<size_t>(small(random, 0, 3));
  std::vector<uint8_t> at(row_stride * static_cast<size_t>(epx_conv_out_height(&c)), 0xee);
  for (size_t i = 0; i < p.neurons; i++) {
    const size_t u = i % static_cast<size_t>(c.units), position = i / static_cast<size_t>(c.units);
    const size_t width = static_cast<size_t>(epx_conv_out_width(&c));
    at[position / width * row_stride + position % width * pixel_stride + u] =
        p.post.as<uint8_t>()[i];
  }
  const epx_conv_states_t states = {at.data(), pixel_stride, row_stride,
                                    c.pool == 1 ? nullptr : p.switches.as<uint8_t>()};
  const std::vector<int64_t> expected = p.transposed();
  std::vector<int8_t> buffer(epx_conv_pack_transpose_buffer_size(&c));
  Guarded packed(epx_conv_packed_transpose_size(&c), true);
  Guarded workspace((epx_conv_transpose_workspace_size(&c) + 63) / 64 * 64, true);
  const int ld = epx_gemm_padded_n(c.channels) + small(random, 0, 3);
  const int positions = c.in_height * c.in_width;
  Guarded r(
      sizeof(int32_t) * static_cast<size_t>((positions - 1) * ld + epx_gemm_padded_n(c.channels)),
      p.at_end);
  epx_conv_pack_transpose(&c, p.weights.as<int8_t>(), buffer.data(), packed.as<int8_t>());
  for (int way = 0; way < 3; way += sparse_too ? 1 : 2) {
    workspace.fill_with_canaries();
    r.fill_with_canaries();
    if (way == 0) {
      epx_conv_transpose_u8s8s32(&c, &states, p.weights.as<int8_t>(), packed.as<int8_t>(),
                                 workspace.as<void>(), r.as<int32_t>(), ld);
    } else if (way == 1) {
      epx_conv_transpose_sparse_u8s8s32(&c, &states, p.weights.as<int8_t>(), workspace.as<void>(),
                                        r.as<int32_t>(), ld);
    } else {
      epx_conv_transpose_dense_u8s8s32(&c, &states, packed.as<int8_t>(), workspace.as<void>(),
                                       r.as<int32_t>(), ld);
    }
    ASSERT_TRUE(r.surroundings_intact());
    for (int i = 0; i < positions * c.channels; i++) {
      ASSERT_EQ(r.as<int32_t>()[i / c.channels * ld + i % c.channels],
                expected[static_cast<size_t>(i)])
          << text_of(c) << " way " << way << " at " << i;
    }
  }
}

void expect_correlation_exact(Random &random, const Problem &p) {
  const epx_conv_t &c = p.c;
  const int pixel = epx_conv_pixel(&c), area = c.kernel_height * c.kernel_width;
  const int coefficient = small(random, -2, 2), offset = small(random, 0, 1) * 128;
  Guarded workspace(epx_conv_correlate_workspace_size(&c), false);
  Guarded sum(sizeof(int32_t) * static_cast<size_t>(c.units * area * pixel), p.at_end);
  std::vector<int64_t> post_sum(static_cast<size_t>(c.units)), post_total(post_sum);
  std::vector<int64_t> total(p.weight_count, 7);
  std::fill_n(sum.as<int32_t>(), sum.bytes() / 4, 0);
  for (int repeat = 0; repeat < 2; repeat++) {
    epx_conv_correlate_u8u8s32(&c, p.image.as<uint8_t>(), p.post.as<uint8_t>(),
                               p.switches.as<uint8_t>(), coefficient, workspace.as<void>(),
                               sum.as<int32_t>(), post_sum.data());
  }
  ASSERT_TRUE(sum.surroundings_intact() && workspace.surroundings_intact());
  epx_conv_spill(&c, offset, sum.as<int32_t>(), post_sum.data(), total.data(), post_total.data());
  for (size_t i = 0; i < sum.bytes() / 4; i++) {
    ASSERT_EQ(sum.as<int32_t>()[i], 0) << text_of(c);
  }
  for (int u = 0; u < c.units; u++) {
    int64_t posts = 0;
    for (int k = 0; k < area * c.channels; k++) {
      const int ky = k / c.channels / c.kernel_width, kx = k / c.channels % c.kernel_width;
      int64_t expected = 0;
      posts = 0;
      for (int i = 0; i < epx_conv_positions(&c); i++) {
        const int place = p.switch_of(i, u), post = p.post.as<uint8_t>()[i * c.units + u];
        expected +=
            int64_t{post} * (p.pixel(p.row_of(i, place) * c.stride + ky,
                                     p.column_of(i, place) * c.stride + kx, k % c.channels) -
                             offset);
        posts += post;
      }
      ASSERT_EQ(total[static_cast<size_t>(u * area * c.channels + k)],
                7 + 2 * coefficient * expected)
          << text_of(c) << " unit " << u << " k " << k;
    }
    ASSERT_EQ(post_total[static_cast<size_t>(u)], 2 * coefficient * posts) << text_of(c);
    ASSERT_EQ(post_sum[static_cast<size_t>(u)], 0);
  }
}

void expect_all_exact(Random &random, int problems) {
  for (int i = 0; i < problems && !testing::Test::HasFatalFailure(); i++) {
    const Problem problem(random, random_shape(random), small(random, 0, 5));
    expect_forward_exact(problem);
    expect_products_exact(random, problem);
    expect_transpose_exact(random, problem);
    expect_correlation_exact(random, problem);
  }
}

// Forward products of few channels; `squeezed`, if given, counts the problems that are squeezed.
void expect_thin_exact(Random &random, int problems, int *squeezed = nullptr) {
  for (int i = 0; i < problems && !testing::Test::HasFatalFailure(); i++) {
    const Problem problem(random, random_thin_shape(random), 0);
    const epx_conv_t &c = problem.c;
    expect_forward_exact(problem);
    expect_products_exact(random, problem);
    if (squeezed != nullptr && epx_conv_forward_terms(&c) < epx_conv_padded_fan_in(&c)) {
      EXPECT_EQ(epx_conv_forward_terms(&c), (epx_conv_fan_in(&c) + 3) / 4 * 4) << text_of(c);
      ++*squeezed;
    }
  }
}

TEST(conv, random_shapes_are_exact) {
  Random random;
  expect_all_exact(random, 150);
}

TEST(conv, few_channels_are_exact) {
  Random random;
  int squeezed = 0;
  expect_thin_exact(random, 100, &squeezed);
  EXPECT_GT(squeezed, 20);
}

TEST(conv, first_layers_of_the_networks_are_squeezed) {
  for (const int units : {32, 128}) {
    const epx_conv_t c = {32, 32, 3, 3, 3, 1, 1, units, 2};
    EXPECT_EQ(epx_conv_forward_terms(&c), 28);
  }
  const epx_conv_t inner = {16, 16, 32, 3, 3, 1, 1, 64, 2},
                   few_units = {32, 32, 3, 3, 3, 1, 1, 16, 2};
  EXPECT_EQ(epx_conv_forward_terms(&inner), 288);
  EXPECT_EQ(epx_conv_forward_terms(&few_units), 36);
}

// More kernel places with a state than an input position's lists have room for: the dense way is
// taken, although most states are zero.
TEST(conv, kernels_too_large_for_lists_are_exact) {
  Random random;
  const epx_conv_t c = {80, 80, 33, 72, 72, 1, 36, 1, 1};
  const Problem problem(random, c, 4);
  expect_transpose_exact(random, problem, false);
}

TEST(conv, every_forced_level_is_exact) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  for (const char *level : {"scalar", "avx2", "avx512"}) {
    const auto forced = [level] {
      setenv("EPX_CPU", level, 1);
      Random random;
      expect_all_exact(random, 30);
      expect_thin_exact(random, 20);
      std::exit(HasFailure() ? EXIT_FAILURE : EXIT_SUCCESS);
    };
    EXPECT_EXIT(forced(), testing::ExitedWithCode(EXIT_SUCCESS), "") << level;
  }
}

// As many images as the bound says, with the largest codes everywhere, and no more.
TEST(conv, correlation_bound_is_the_largest_that_fits) {
  for (int side = 1; side <= 181; side += 3) {
    for (int coefficient = -8; coefficient <= 8; coefficient++) {
      const epx_conv_t c = {side, side, 1, 1, 1, 1, 0, 1, 1};
      const int64_t one = INT64_C(255) * 255 * side * side * std::max(1, std::abs(coefficient));
      const int images = epx_conv_correlate_images(&c, coefficient);
      ASSERT_LE(one * images, INT32_MAX);
      ASSERT_GT(one * (images + 1), INT32_MAX);
    }
  }
  const epx_conv_t c = {90, 90, 1, 1, 1, 1, 0, 1, 1};
  const int images = epx_conv_correlate_images(&c, -1);
  const std::vector<uint8_t> image(90 * 90 * 4, 255), post(90 * 90, 255);
  std::vector<uint8_t> workspace(epx_conv_correlate_workspace_size(&c) + 64);
  auto *aligned = workspace.data() + (64 - reinterpret_cast<uintptr_t>(workspace.data()) % 64);
  int32_t sum[4] = {};
  int64_t post_sum = 0;
  for (int i = 0; i < images; i++) {
    epx_conv_correlate_u8u8s32(&c, image.data(), post.data(), nullptr, -1, aligned, sum, &post_sum);
  }
  EXPECT_EQ(sum[0], INT64_C(-255) * 255 * 8100 * images);
  EXPECT_EQ(post_sum, INT64_C(-255) * 8100 * images);
}

}  // namespace
