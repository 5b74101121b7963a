// SPDX-License-Identifier: Apache-2.0
// Slow rounding by division with remainder in 128 bits; shares no expression with epx_round.h.
#ifndef QUANT_ORACLE_H
#define QUANT_ORACLE_H

#include <cstdint>

#include "epx_round.h"

namespace quant_test {

__extension__ typedef __int128 int128_t;

// value * 2^-shift for |value| <= 2^64: the quotient toward minus infinity, the remainder, the
// rule. Results beyond 2^100 are left there, with their sign.
inline int128_t rounded_by_division(int128_t value, int shift, epx_round_t mode,
                                    uint32_t random16) {
  const int128_t huge = static_cast<int128_t>(1) << 100;
  for (; shift < 0 && value < huge && value > -huge; shift++) {
    value += value;
  }
  if (shift <= 0) {
    return value;
  }
  // Beyond 120 the divisor exceeds 2^56 values: half and 2^-16 of it are as far away as at 120.
  const int128_t divisor = static_cast<int128_t>(1) << (shift < 120 ? shift : 120);
  int128_t quotient = value / divisor;
  int128_t remainder = value % divisor;
  if (remainder < 0) {
    quotient -= 1;
    remainder += divisor;
  }
  bool up = false;
  if (mode == EPX_ROUND_NEAREST_EVEN) {
    up = 2 * remainder > divisor || (2 * remainder == divisor && quotient % 2 != 0);
  } else if (mode == EPX_ROUND_STOCHASTIC) {
    const int128_t steps =
        divisor >= 65536 ? remainder / (divisor / 65536) : remainder * (65536 / divisor);
    up = steps + random16 >= 65536;
  }
  return quotient + (up ? 1 : 0);
}

}  // namespace quant_test

#endif
