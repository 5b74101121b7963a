/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_lfsr_fill16.h"

void epx_lfsr_fill16_ref(epx_lfsr_t *lfsr, uint16_t *draw, size_t count) {
  for (size_t i = 0; i < count; i++) {
    draw[i] = (uint16_t)epx_lfsr_next16(lfsr);
  }
}
