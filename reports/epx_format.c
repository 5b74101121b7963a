/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char DASH[] = "\xe2\x80\x93";

const char *epx_format_count(double x, char text[EPX_FORMAT_SIZE]) {
  char digits[EPX_FORMAT_SIZE];
  if (!isfinite(x)) {
    return strcpy(text, DASH);
  }
  if (fabs(x) >= 1e15) {
    snprintf(text, EPX_FORMAT_SIZE, "%.3e", x);
    return text;
  }
  snprintf(digits, sizeof digits, "%.0f", x);
  const size_t length = strlen(digits);
  size_t used = 0;
  for (size_t i = 0; i < length; ++i) {
    text[used++] = digits[i];
    const size_t left = length - 1 - i;
    if (left > 0 && left % 3 == 0 && digits[i] != '-') {
      text[used++] = ',';
    }
  }
  text[used] = '\0';
  return text;
}

const char *epx_format_number(double x, char text[EPX_FORMAT_SIZE]) {
  const double size = fabs(x);
  if (!isfinite(x)) {
    return strcpy(text, DASH);
  }
  if (size >= 999.95) {
    return epx_format_count(x, text);
  }
  if (size == 0.0) {
    return strcpy(text, "0");
  }
  if (size < 1e-4) {
    snprintf(text, EPX_FORMAT_SIZE, "%.3e", x);
    return text;
  }
  const int decimals = 3 - (int)floor(log10(size));
  snprintf(text, EPX_FORMAT_SIZE, "%.*f", decimals, x);
  return text;
}

const char *epx_format_short(double x, char text[EPX_FORMAT_SIZE]) {
  epx_format_number(x, text);
  char *end = text + strlen(text);
  if (strchr(text, '.') != NULL && strchr(text, 'e') == NULL) {
    while (end[-1] == '0') {
      *--end = '\0';
    }
    if (end[-1] == '.') {
      *--end = '\0';
    }
  }
  return text;
}

const char *epx_format_percent(double fraction, char text[EPX_FORMAT_SIZE]) {
  if (!isfinite(fraction)) {
    return strcpy(text, DASH);
  }
  snprintf(text, EPX_FORMAT_SIZE, "%.2f %%", 100.0 * fraction);
  return text;
}

const char *epx_format_range(double low, double high, char text[EPX_FORMAT_SIZE]) {
  char first[EPX_FORMAT_SIZE], second[EPX_FORMAT_SIZE];
  if (!isfinite(low) && !isfinite(high)) {
    return strcpy(text, DASH);
  }
  snprintf(text, EPX_FORMAT_SIZE, "%.20s to %.20s", epx_format_short(low, first),
           epx_format_short(high, second));
  return text;
}

const char *epx_format_seconds(double seconds, char text[EPX_FORMAT_SIZE]) {
  if (!isfinite(seconds) || seconds < 0.0) {
    return strcpy(text, DASH);
  }
  const long whole = lrint(seconds);
  if (seconds < 1.0) {
    snprintf(text, EPX_FORMAT_SIZE, "%.0f ms", 1e3 * seconds);
  } else if (seconds < 60.0) {
    snprintf(text, EPX_FORMAT_SIZE, "%.1f s", seconds);
  } else if (whole < 3600) {
    snprintf(text, EPX_FORMAT_SIZE, "%ld min %02ld s", whole / 60, whole % 60);
  } else {
    snprintf(text, EPX_FORMAT_SIZE, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
  }
  return text;
}
