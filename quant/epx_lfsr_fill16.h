/* SPDX-License-Identifier: Apache-2.0 */
/* Many draws of the 32-bit register at once, for kernels that round whole rows. */
#ifndef EPX_LFSR_FILL16_H
#define EPX_LFSR_FILL16_H

#include <stddef.h>
#include <stdint.h>

#include "epx_lfsr.h"

#ifdef __cplusplus
extern "C" {
#endif

/* draw[i] is what the (i+1)-th call of epx_lfsr_next16() would return, i < count; the register ends
 * where those calls would leave it. Writes count elements, nothing beyond. All variants give the
 * same bits; those of an instruction set need it. */
typedef void epx_lfsr_fill16_fn(epx_lfsr_t *lfsr, uint16_t *draw, size_t count);

epx_lfsr_fill16_fn epx_lfsr_fill16; /* the best variant by epx_cpu_level() */
epx_lfsr_fill16_fn epx_lfsr_fill16_ref;
epx_lfsr_fill16_fn epx_lfsr_fill16_avx2;
epx_lfsr_fill16_fn epx_lfsr_fill16_avx512;

#ifdef __cplusplus
}
#endif
#endif
