/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the variant; epx_cpu_level() is read once a process. */
#include "epx_lfsr_fill16.h"

#include "epx_cpu.h"

void epx_lfsr_fill16(epx_lfsr_t *lfsr, uint16_t *draw, size_t count) {
  switch (epx_cpu_level()) {
    case EPX_CPU_AVX512:
      epx_lfsr_fill16_avx512(lfsr, draw, count);
      return;
    case EPX_CPU_AVX2:
      epx_lfsr_fill16_avx2(lfsr, draw, count);
      return;
    case EPX_CPU_SCALAR:
      break;
  }
  epx_lfsr_fill16_ref(lfsr, draw, count);
}
