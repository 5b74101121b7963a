/* SPDX-License-Identifier: Apache-2.0 */
/* The errors that each converter of a bank was made with. */
#include "epx_array_random.h"
#include "epx_converter_internal.h"

epx_status_t epx_converter_check_lines(int lines, const char *key, epx_error_t *error) {
  return lines >= 1 && lines <= EPX_CONVERTER_MAX_LINES
             ? EPX_OK
             : epx_fail(error, EPX_ERR_ARGUMENT, "%s: found %d lines; expected 1 to %d", key, lines,
                        EPX_CONVERTER_MAX_LINES);
}

void epx_converter_static(const epx_converter_t *c, uint64_t array_key, int lines, double *gain,
                          double *offset) {
  const uint64_t key = epx_array_draw_key(array_key, EPX_ARRAY_STATIC);
  const int each = c->lines_each > 1 ? c->lines_each : 1;
  for (int line = 0; line < lines; ++line) {
    const uint64_t converter = (uint64_t)(line / each);
    gain[line] = 1.0 + c->gain + c->gain_spread * epx_array_normal(key, 2 * converter);
    offset[line] = c->offset + c->offset_spread * epx_array_normal(key, 2 * converter + 1);
  }
}
