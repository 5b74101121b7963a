// SPDX-License-Identifier: Apache-2.0
// Many draws at once: every variant that this processor has against single draws, for every count
// and alignment, in memory that ends, or begins, at an unmapped page.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "epx_cpu.h"
#include "epx_lfsr_fill16.h"
#include "quant/quant_random.h"

namespace {

constexpr size_t largest_count = 700;

// Two pages of draws between two unmapped ones.
class Guarded {
 public:
  Guarded() : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
    void *memory = mmap(nullptr, 4 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw std::runtime_error("mmap failed");
    }
    mapped_ = static_cast<uint8_t *>(memory);
    if (mprotect(mapped_ + page_, 2 * page_, PROT_READ | PROT_WRITE) != 0) {
      throw std::runtime_error("mprotect failed");
    }
  }
  ~Guarded() { munmap(mapped_, 4 * page_); }
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;
  uint16_t *begin() const { return reinterpret_cast<uint16_t *>(mapped_ + page_); }
  uint16_t *end() const { return reinterpret_cast<uint16_t *>(mapped_ + 3 * page_); }

 private:
  size_t page_;
  uint8_t *mapped_;
};

struct Variant {
  const char *name;
  epx_lfsr_fill16_fn *fn;
  epx_cpu_level_t level;
};

constexpr Variant all_variants[] = {{"ref", epx_lfsr_fill16_ref, EPX_CPU_SCALAR},
                                    {"avx2", epx_lfsr_fill16_avx2, EPX_CPU_AVX2},
                                    {"avx512", epx_lfsr_fill16_avx512, EPX_CPU_AVX512},
                                    {"dispatch", epx_lfsr_fill16, EPX_CPU_SCALAR}};

class lfsr_fill16 : public testing::TestWithParam<Variant> {};

// The draws, the register after them, and nothing else written.
void expect_filled(const Variant &variant, const Guarded &memory, uint16_t *draw, size_t count,
                   uint32_t seed) {
  constexpr uint16_t canary = 0xc3c3;
  std::fill(memory.begin(), memory.end(), canary);
  epx_lfsr_t lfsr = epx_lfsr_seed(seed);
  epx_lfsr_t single = lfsr;
  variant.fn(&lfsr, draw, count);
  for (size_t i = 0; i < count; i++) {
    ASSERT_EQ(draw[i], epx_lfsr_next16(&single)) << "draw " << i << " of " << count;
  }
  ASSERT_EQ(lfsr.state, single.state) << count;
  const auto untouched = [](uint16_t value) { return value == canary; };
  ASSERT_TRUE(std::all_of(memory.begin(), draw, untouched)) << count;
  ASSERT_TRUE(std::all_of(draw + count, memory.end(), untouched)) << count;
}

TEST_P(lfsr_fill16, every_count_and_alignment_is_exact_and_stays_inside) {
  const Variant &variant = GetParam();
  if (variant.level > epx_cpu_detected()) {
    GTEST_SKIP() << "this processor has no " << variant.name;
  }
  quant_test::Random random;
  const Guarded memory;
  for (size_t count = 0; count <= largest_count && !HasFatalFailure(); count++) {
    const auto seed = static_cast<uint32_t>(random.bits());
    expect_filled(variant, memory, memory.end() - count, count, seed);
    expect_filled(variant, memory, memory.begin(), count, seed);
    expect_filled(variant, memory, memory.begin() + random.between(1, 63), count, seed);
  }
  for (size_t offset = 0; offset < 64 && !HasFatalFailure(); offset++) {
    expect_filled(variant, memory, memory.begin() + offset, 333, 12345);
  }
}

TEST_P(lfsr_fill16, calls_continue_one_another) {
  const Variant &variant = GetParam();
  if (variant.level > epx_cpu_detected()) {
    GTEST_SKIP() << "this processor has no " << variant.name;
  }
  quant_test::Random random;
  epx_lfsr_t lfsr = epx_lfsr_seed(static_cast<uint32_t>(random.bits()));
  epx_lfsr_t jumped = lfsr;
  uint16_t draw[largest_count];
  uint64_t draws = 0;
  for (int call = 0; call < 300; call++) {
    const auto count = static_cast<size_t>(random.between(0, largest_count));
    variant.fn(&lfsr, draw, count);
    draws += count;
  }
  epx_lfsr_jump(&jumped, 16 * draws);
  EXPECT_EQ(lfsr.state, jumped.state);
}

std::string name_of(const testing::TestParamInfo<Variant> &variant) {
  return variant.param.name;
}

INSTANTIATE_TEST_SUITE_P(variants, lfsr_fill16, testing::ValuesIn(all_variants), name_of);

}  // namespace
