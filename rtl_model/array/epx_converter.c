/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of converters, and the errors that each converter was made with. */
#include "epx_converter.h"

#include "epx_array_random.h"
#include "epx_converter_internal.h"

const char *epx_converter_kind_name(epx_converter_kind_t kind) {
  switch (kind) {
    case EPX_CONVERTER_IDEAL:
      return "ideal";
    case EPX_CONVERTER_SAR:
      return "sar";
    case EPX_CONVERTER_RAMP:
      return "ramp";
  }
  return NULL;
}

int64_t epx_converter_cycles(const epx_converter_t *converter) {
  switch (converter->kind) {
    case EPX_CONVERTER_SAR:
      return converter->bits;
    case EPX_CONVERTER_RAMP:
      return INT64_C(1) << converter->bits;
    case EPX_CONVERTER_IDEAL:
      break;
  }
  return 1;
}

bool epx_converter_has_errors(const epx_converter_t *c) {
  return c->offset != 0.0 || c->gain != 0.0 || c->noise != 0.0 || c->offset_spread != 0.0 ||
         c->gain_spread != 0.0;
}

epx_status_t epx_converter_check(const epx_converter_t *c, const char *key, epx_error_t *error) {
  const double lsb = 65536.0;
  const struct {
    const char *name;
    double value, low, high;
  } reals[] = {{"offset", c->offset, -lsb, lsb},
               {"gain", c->gain, -0.999, 1.0},
               {"noise", c->noise, 0.0, lsb},
               {"offset_spread", c->offset_spread, 0.0, lsb},
               {"gain_spread", c->gain_spread, 0.0, 1.0}};
  if (epx_converter_kind_name(c->kind) == NULL) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s.kind: found %d; expected ideal, sar or ramp", key,
                    (int)c->kind);
  }
  if (c->kind != EPX_CONVERTER_IDEAL && (c->bits < 1 || c->bits > EPX_CONVERTER_MAX_BITS)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s.bits: found %d; expected 1 to %d", key, c->bits,
                    EPX_CONVERTER_MAX_BITS);
  }
  for (size_t i = 0; i < sizeof reals / sizeof *reals; ++i) {
    if (!(reals[i].value >= reals[i].low && reals[i].value <= reals[i].high)) {
      return epx_fail(error, EPX_ERR_ARGUMENT, "%s.%s: found %g; expected a number in [%g, %g]",
                      key, reals[i].name, reals[i].value, reals[i].low, reals[i].high);
    }
  }
  if (c->lines_each < 0 || c->lines_each > EPX_CONVERTER_MAX_LINES) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s.lines_each: found %d; expected 0 to %d", key,
                    c->lines_each, EPX_CONVERTER_MAX_LINES);
  }
  if (c->kind == EPX_CONVERTER_IDEAL && epx_converter_has_errors(c)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s.kind: found ideal with errors; an ideal converter has no offset, gain or "
                    "noise, expected sar or ramp",
                    key);
  }
  return EPX_OK;
}

epx_status_t epx_converter_check_lines(int lines, const char *key, epx_error_t *error) {
  return lines >= 1 && lines <= EPX_CONVERTER_MAX_LINES
             ? EPX_OK
             : epx_fail(error, EPX_ERR_ARGUMENT, "%s: found %d lines; expected 1 to %d", key, lines,
                        EPX_CONVERTER_MAX_LINES);
}

void epx_converter_static(const epx_converter_t *c, uint64_t array_key, int lines, double *gain,
                          double *offset) {
  const uint64_t key = epx_array_event_key(array_key, EPX_ARRAY_STATIC);
  const int each = c->lines_each > 1 ? c->lines_each : 1;
  for (int line = 0; line < lines; ++line) {
    const uint64_t converter = (uint64_t)(line / each);
    gain[line] = 1.0 + c->gain + c->gain_spread * epx_array_normal(key, 2 * converter);
    offset[line] = c->offset + c->offset_spread * epx_array_normal(key, 2 * converter + 1);
  }
}
