/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_qformat.h"

#include <stddef.h>
#include <stdio.h>

bool epx_qformat_valid(epx_qformat_t format) {
  const int bits = epx_qformat_bits(format);
  return bits >= 1 && bits <= EPX_QFORMAT_MAX_BITS;
}

/* Reads one decimal integer in its shortest form (no plus sign, no leading zero, no -0) that fits
 * int8_t, and moves *cursor behind it. The shortest form alone is legal, so that a format has one
 * spelling and texts can be compared. */
static bool parse_count(const char **cursor, int8_t *count) {
  const char *digit = *cursor;
  const int sign = *digit == '-' ? -1 : 1;
  digit += *digit == '-';
  if (*digit < '0' || *digit > '9' || (*digit == '0' && sign < 0) ||
      (*digit == '0' && digit[1] >= '0' && digit[1] <= '9')) {
    return false;
  }
  int number = 0;
  for (; *digit >= '0' && *digit <= '9'; digit++) {
    number = number * 10 + (*digit - '0');
    if (sign * number < INT8_MIN || sign * number > INT8_MAX) {
      return false;
    }
  }
  *count = (int8_t)(sign * number);
  *cursor = digit;
  return true;
}

static bool parse_syntax(const char *text, epx_qformat_t *format) {
  const char *cursor = text;
  format->is_signed = *cursor != 'U';
  cursor += !format->is_signed;
  if (*cursor++ != 'Q' || !parse_count(&cursor, &format->integer_bits) || *cursor++ != '.') {
    return false;
  }
  return parse_count(&cursor, &format->fraction_bits) && *cursor == '\0';
}

epx_status_t epx_qformat_parse(const char *text, epx_qformat_t *format, epx_error_t *error) {
  epx_qformat_t parsed = {false, 0, 0};
  if (text == NULL) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "A Q-format is missing: expected Qi.f or UQi.f.");
  }
  if (!parse_syntax(text, &parsed)) {
    return epx_fail(
        error, EPX_ERR_ARGUMENT,
        "\"%.40s\" is not a Q-format: expected Qi.f (signed) or UQi.f (unsigned) with i "
        "integer and f fraction bits, each a plain number from %d to %d, such as Q1.6 "
        "or UQ0.8.",
        text, INT8_MIN, INT8_MAX);
  }
  if (!epx_qformat_valid(parsed)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "The Q-format %.40s is %d bits wide%s: expected 1 to %d bits.", text,
                    epx_qformat_bits(parsed), parsed.is_signed ? ", sign included" : "",
                    EPX_QFORMAT_MAX_BITS);
  }
  *format = parsed;
  return EPX_OK;
}

const char *epx_qformat_print(epx_qformat_t format, char text[EPX_QFORMAT_TEXT_SIZE]) {
  (void)snprintf(text, EPX_QFORMAT_TEXT_SIZE, "%sQ%d.%d", format.is_signed ? "" : "U",
                 format.integer_bits, format.fraction_bits);
  return text;
}
