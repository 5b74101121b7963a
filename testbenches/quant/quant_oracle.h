// SPDX-License-Identifier: Apache-2.0
// Slow rounding by division with remainder in 128 bits; shares no expression with epx_round.h.
#ifndef QUANT_ORACLE_H
#define QUANT_ORACLE_H

#include <cstdint>

#include "epx_round.h"

namespace quant_test {

__extension__ typedef __int128 int128_t;

constexpr epx_round_t all_modes[] = {EPX_ROUND_NEAREST_EVEN, EPX_ROUND_TRUNCATE,
                                     EPX_ROUND_STOCHASTIC,   EPX_ROUND_NEAREST_UP,
                                     EPX_ROUND_NEAREST_ZERO, EPX_ROUND_NEAREST_DOWN,
                                     EPX_ROUND_NEAREST_AWAY, EPX_ROUND_TRUNCATE_ZERO};

// Whether a value floor + fraction goes up to floor + 1, from what decides it: the sign of the
// value, whether the floor is odd, the fraction against 0 and a half (-1, 0, 1), and in the
// stochastic mode whether fraction + random / 65536 reaches 1.
inline bool goes_up(epx_round_t mode, bool negative, bool odd, bool zero, int against_half,
                    bool carried) {
  switch (mode) {
    case EPX_ROUND_NEAREST_EVEN:
      return against_half > 0 || (against_half == 0 && odd);
    case EPX_ROUND_NEAREST_UP:
      return against_half >= 0;
    case EPX_ROUND_NEAREST_DOWN:
      return against_half > 0;
    case EPX_ROUND_NEAREST_AWAY:
      return against_half > 0 || (against_half == 0 && !negative);
    case EPX_ROUND_NEAREST_ZERO:
      return against_half > 0 || (against_half == 0 && negative);
    case EPX_ROUND_TRUNCATE_ZERO:
      return negative && !zero;
    case EPX_ROUND_STOCHASTIC:
      return carried;
    case EPX_ROUND_TRUNCATE:
      break;
  }
  return false;
}

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
  const int128_t steps =
      divisor >= 65536 ? remainder / (divisor / 65536) : remainder * (65536 / divisor);
  const int against_half = (2 * remainder > divisor) - (2 * remainder < divisor);
  const bool up = goes_up(mode, value < 0, quotient % 2 != 0, remainder == 0, against_half,
                          steps + random16 >= 65536);
  return quotient + (up ? 1 : 0);
}

}  // namespace quant_test

#endif
