/* SPDX-License-Identifier: Apache-2.0 */
/* A Q-format as data: how an integer code stands for a real number, value = code *
 * 2^-fraction_bits.
 *
 * Text form, used everywhere: `Qi.f` is signed two's complement with i integer and f fraction bits,
 * the sign bit not counted (Q1.6: 8 bits, range [-2, 2 - 2^-6]); `UQi.f` is unsigned (UQ0.8: 8
 * bits, range [0, 1 - 2^-8]). i or f may be negative (Q-2.9: 8 bits, range [-1/4, 1/4 - 2^-9]).
 * Width, sign included: 1 to 32 bits; a signed format of one bit has the codes -1 and 0 (Q0.0: -1
 * and 0: -1/8 and 0). i and f are -128 to 127; each has one spelling (no plus sign, no
 * leading zero). */
#ifndef EPX_QFORMAT_H
#define EPX_QFORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_qformat_t {
  bool is_signed;
  int8_t integer_bits;
  int8_t fraction_bits;
} epx_qformat_t;

enum { EPX_QFORMAT_MAX_BITS = 32, EPX_QFORMAT_TEXT_SIZE = 16 };

/* Width in bits, sign included. */
static inline int epx_qformat_bits(epx_qformat_t format) {
  return (format.is_signed ? 1 : 0) + format.integer_bits + format.fraction_bits;
}

/* Smallest and largest code. */
static inline int64_t epx_qformat_min(epx_qformat_t format) {
  return format.is_signed ? -(INT64_C(1) << (epx_qformat_bits(format) - 1)) : 0;
}
static inline int64_t epx_qformat_max(epx_qformat_t format) {
  return (INT64_C(1) << (epx_qformat_bits(format) - (format.is_signed ? 1 : 0))) - 1;
}

/* True for widths of 1 to 32 bits. */
bool epx_qformat_valid(epx_qformat_t format);

/* Parses the text form; EPX_ERR_ARGUMENT says what was expected. */
EPX_CHECKED epx_status_t epx_qformat_parse(const char *text, epx_qformat_t *format,
                                           epx_error_t *error);

/* Writes the text form; returns text. */
const char *epx_qformat_print(epx_qformat_t format, char text[EPX_QFORMAT_TEXT_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
