/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_converter.h"

#include <stddef.h>

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

int64_t epx_converter_steps(epx_converter_kind_t kind, int bits) {
  switch (kind) {
    case EPX_CONVERTER_SAR:
      return bits;
    case EPX_CONVERTER_RAMP:
      return INT64_C(1) << bits;
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

bool epx_dac_exact(const epx_converter_t *converter) {
  return !epx_converter_has_errors(converter);
}

epx_status_t epx_dac_check(const epx_converter_t *converter, const char *key, epx_error_t *error) {
  epx_converter_t any = *converter;
  any.kind = EPX_CONVERTER_SAR;
  if (any.bits > EPX_DAC_MAX_BITS) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s.bits: found %d; expected 1 to %d", key, any.bits,
                    EPX_DAC_MAX_BITS);
  }
  return epx_converter_check(&any, key, error);
}
