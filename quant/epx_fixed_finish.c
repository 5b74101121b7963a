/* SPDX-License-Identifier: Apache-2.0 */
/* From an exact result to a code: one rounding, one overflow step, flags and counters.
 *
 * Exact results are far wider than codes. fold() and gather() shorten one at both ends without
 * changing its code or its flags: far below the rounding position only "all 0 or not" matters, far
 * above the format only the sign, since a wrapped code keeps low bits alone. */
#include <assert.h>
#include <string.h>

#include "epx_fixed_internal.h"

enum {
  WINDOW = 58,    /* bits kept by fold(): at least 40 above the rounding position */
  GUARD_BITS = 18 /* 16 for the stochastic mode, a guard, and a sticky bit below */
};

/* A value of the same sign and the same low 58 bits, below 2^59 in magnitude and, where it changed,
 * at least 2^58. */
static int64_t fold(epx_wide_t value) {
  const epx_wide_t unit = (epx_wide_t)1 << WINDOW;
  if (value >= -unit && value < unit) {
    return (int64_t)value;
  }
  const epx_wide_t low = value & (unit - 1);
  return (int64_t)(value < 0 ? low - 2 * unit : low + unit);
}

/* value * 2^-drop, its dropped bits gathered in the lowest one. */
static epx_wide_t gather(epx_wide_t value, int drop) {
  const int shift = drop < 126 ? drop : 126; /* beyond, only sign and stickiness are left */
  const bool sticky = (value & (((epx_wide_t)1 << shift) - 1)) != 0;
  return value >> shift | sticky;
}

static int64_t tell(epx_fixed_t *fixed, int64_t code, uint32_t flags) {
  fixed->flags |= flags;
  fixed->operations++;
  fixed->inexact += (flags & EPX_FIXED_INEXACT) != 0;
  fixed->overflows += (flags & EPX_FIXED_OVERFLOW) != 0;
  fixed->saturated += (flags & EPX_FIXED_SATURATED) != 0;
  return code;
}

bool epx_fixed_legal(const epx_fixed_t *fixed, epx_qformat_t to) {
  return epx_qformat_valid(to) && fixed->saturated_bits >= 0 &&
         (fixed->rounding != EPX_ROUND_STOCHASTIC || fixed->draw16 != NULL) &&
         (fixed->overflow != EPX_OVERFLOW_WRAP_SM || to.is_signed);
}

int64_t epx_fixed_finish(epx_fixed_t *fixed, epx_wide_t value, int shift, epx_qformat_t to) {
  assert(epx_fixed_legal(fixed, to));
  uint32_t flags = 0;
  const uint32_t random16 =
      fixed->rounding == EPX_ROUND_STOCHASTIC ? fixed->draw16(fixed->draw_state) : 0;
  if (shift <= 0) {
    /* Beyond 40 places to the left all bits that matter are 0. */
    const int left = shift > -40 ? -shift : 40;
    const int64_t scaled = fold((epx_wide_t)fold(value) * ((epx_wide_t)1 << left));
    const int64_t exact = epx_fixed_overflow(fixed, scaled, to, &flags);
    return tell(fixed, exact, flags);
  }
  if (shift > GUARD_BITS) {
    value = gather(value, shift - GUARD_BITS);
    shift = GUARD_BITS;
  }
  const int64_t narrow = fold(value);
  flags |= (narrow & ((INT64_C(1) << shift) - 1)) != 0 ? EPX_FIXED_INEXACT : 0;
  const int64_t rounded = epx_round_shift(narrow, shift, fixed->rounding, random16);
  const int64_t code = epx_fixed_overflow(fixed, rounded, to, &flags);
  return tell(fixed, code, flags);
}

/* An exact accumulator for sums whose terms lie too far apart for 128 bits: two's complement, bit i
 * of limb l weighs 2^(64 l + i - 256). (After Kulisch, Computer Arithmetic and Validity, 2008.) */
enum { LIMBS = 10, POINT = 256 };
typedef struct epx_long_t {
  uint64_t limb[LIMBS];
} epx_long_t;

/* Adds term * 2^-fraction. */
static void add_term(epx_long_t *sum, epx_wide_t term, int fraction) {
  const int position = POINT - fraction;
  assert(position >= 0 && position / 64 < LIMBS - 1);
  const int bit = position % 64;
  const uint64_t extension = term < 0 ? UINT64_MAX : 0;
  const uint64_t part[3] = {(uint64_t)term, (uint64_t)(term >> 64), extension};
  unsigned carry = 0;
  for (int l = position / 64, i = 0; l < LIMBS; l++, i++) {
    const uint64_t own = i < 3 ? part[i] : extension;
    const uint64_t below = i == 0 ? 0 : i <= 3 ? part[i - 1] : extension;
    const uint64_t moved = bit == 0 ? own : own << bit | below >> (64 - bit);
    const epx_wide_t total = (epx_wide_t)sum->limb[l] + moved + carry;
    sum->limb[l] = (uint64_t)total;
    carry = (total >> 64) != 0;
  }
}

/* The bits from `first` up, as 64-bit limb; beyond the top it is the sign. */
static uint64_t limb_at(const epx_long_t *sum, int first) {
  const uint64_t sign = sum->limb[LIMBS - 1] >> 63 != 0 ? UINT64_MAX : 0;
  const int l = first / 64;
  const int bit = first % 64;
  const uint64_t low = l < LIMBS ? sum->limb[l] : sign;
  const uint64_t high = l + 1 < LIMBS ? sum->limb[l + 1] : sign;
  return bit == 0 ? low : low >> bit | high << (64 - bit);
}

/* Cuts a window out of the long sum that starts GUARD_BITS below the rounding position, and rounds
 * it. */
static int64_t finish_long(epx_fixed_t *fixed, const epx_long_t *sum, epx_qformat_t to) {
  const int first = POINT - to.fraction_bits - GUARD_BITS;
  assert(first >= 0);
  bool sticky = false;
  for (int l = 0; l < first / 64; l++) {
    sticky = sticky || sum->limb[l] != 0;
  }
  const uint64_t partial = sum->limb[first / 64] & ((UINT64_C(1) << first % 64) - 1);
  sticky = sticky || partial != 0;
  /* The window is the low 64 bits; where the sum is longer, a bit above them says so. */
  const uint64_t low = limb_at(sum, first);
  const bool negative = sum->limb[LIMBS - 1] >> 63 != 0;
  bool fits = true;
  for (int at = first + 64; at < 64 * LIMBS; at += 64) {
    fits = fits && limb_at(sum, at) == (negative ? UINT64_MAX : 0);
  }
  const epx_wide_t unit = (epx_wide_t)1 << 64;
  epx_wide_t window = low;
  if (!fits) {
    window += negative ? -2 * unit : unit;
  } else if (negative) {
    window -= unit;
  }
  return epx_fixed_finish(fixed, window | sticky, GUARD_BITS, to);
}

int64_t epx_fixed_finish_sum(epx_fixed_t *fixed, epx_wide_t x, int fx, epx_wide_t y, int fy,
                             epx_qformat_t to) {
  if (fx - fy <= 28 && fy - fx <= 28) {
    const int fraction = fx > fy ? fx : fy;
    const epx_wide_t sum =
        x * ((epx_wide_t)1 << (fraction - fx)) + y * ((epx_wide_t)1 << (fraction - fy));
    return epx_fixed_finish(fixed, sum, fraction - to.fraction_bits, to);
  }
  epx_long_t sum;
  memset(&sum, 0, sizeof sum);
  add_term(&sum, x, fx);
  add_term(&sum, y, fy);
  return finish_long(fixed, &sum, to);
}
