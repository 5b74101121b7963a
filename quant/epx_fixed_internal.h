/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that every fixed-point operation shares. */
#ifndef EPX_FIXED_INTERNAL_H
#define EPX_FIXED_INTERNAL_H

#include "epx_fixed.h"

__extension__ typedef __int128 epx_wide_t;

/* For assertions. */
static inline bool epx_fixed_is_code(int64_t code, epx_qformat_t format) {
  return epx_qformat_valid(format) && code == epx_saturate_to(code, format);
}

/* The exact value * 2^-shift, |value| < 2^127, any shift, as a code of `to`: one rounding, one
 * overflow step; sets flags and counters. */
int64_t epx_fixed_finish(epx_fixed_t *fixed, epx_wide_t value, int shift, epx_qformat_t to);

/* The exact sum x * 2^-fx + y * 2^-fy as a code of `to`; |x|, |y| < 2^96, fx and fy in [-256, 256].
 */
int64_t epx_fixed_finish_sum(epx_fixed_t *fixed, epx_wide_t x, int fx, epx_wide_t y, int fy,
                             epx_qformat_t to);

/* The overflow step: a rounded code, |code| < 2^43, brought into the format; adds to *flags. */
int64_t epx_fixed_overflow(const epx_fixed_t *fixed, int64_t code, epx_qformat_t to,
                           uint32_t *flags);

#endif
