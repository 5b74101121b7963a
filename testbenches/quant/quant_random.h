// SPDX-License-Identifier: Apache-2.0
// Random formats, codes and operands for the tests of quant/. The seed is printed; set
// EPX_TEST_SEED to repeat a run.
#ifndef QUANT_RANDOM_H
#define QUANT_RANDOM_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "epx_qformat.h"

namespace quant_test {

class Random {
 public:
  Random() : engine_(choose_seed()) {}

  uint64_t bits() { return engine_(); }

  // Uniform in [low, high].
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }

  // A legal format: width in [1, max_bits], fraction bits in [low, high].
  epx_qformat_t format(int max_bits, int low, int high) {
    epx_qformat_t result = {};
    result.is_signed = between(0, 1) != 0;
    const int bits = static_cast<int>(between(1, max_bits));
    const int fraction = static_cast<int>(between(low, high));
    result.fraction_bits = static_cast<int8_t>(fraction);
    result.integer_bits = static_cast<int8_t>(bits - fraction - (result.is_signed ? 1 : 0));
    return result;
  }

  // Any legal format whose fraction lies near `fraction`, or, one in eight, anywhere.
  epx_qformat_t format_near(int max_bits, int64_t fraction, int64_t spread) {
    const bool is_signed = between(0, 1) != 0;
    const int64_t bits = between(1, max_bits);
    const int64_t low = bits - is_signed - 127;
    const int64_t wanted =
        between(0, 7) != 0 ? between(fraction - spread, fraction + spread) : between(low, 127);
    const int64_t placed = wanted < low ? low : wanted > 127 ? 127 : wanted;
    return {is_signed, static_cast<int8_t>(bits - placed - is_signed), static_cast<int8_t>(placed)};
  }

  // A code of the format; one in four is at or next to an end of the range, or zero.
  int64_t code(epx_qformat_t format) {
    const int64_t low = epx_qformat_min(format);
    const int64_t high = epx_qformat_max(format);
    switch (between(0, 15)) {
      case 0:
        return low;
      case 1:
        return high;
      case 2:
        return between(0, 1) != 0 ? low + (high > low) : high - (high > low);
      case 3:
        return 0;
      default:
        return between(low, high);
    }
  }

 private:
  static uint64_t choose_seed() {
    const char *text = std::getenv("EPX_TEST_SEED");
    const uint64_t seed =
        text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
    std::printf("EPX_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    return seed;
  }

  std::mt19937_64 engine_;
};

// The format with these bits: width, sign included, and fraction.
inline epx_qformat_t make_format(bool is_signed, int bits, int fraction) {
  const int integer = bits - fraction - (is_signed ? 1 : 0);
  return {is_signed, static_cast<int8_t>(integer), static_cast<int8_t>(fraction)};
}

inline std::string text_of(epx_qformat_t format) {
  char text[EPX_QFORMAT_TEXT_SIZE];
  return epx_qformat_print(format, text);
}

}  // namespace quant_test

#endif
