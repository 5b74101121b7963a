/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling of products over windows of four.
 *
 * Window w has the rows 4 w to 4 w + 3 of `in` (ld elements apart; the 2x2 window in row-major
 * order), of which `units` elements count; out and switches are compact, [windows][units].
 *
 * max: the largest of the four; ties go to the first in row-major order; the switch, 0 to 3, is its
 * place. sum: the exact sum of the four, for average pooling: the quarter is a shift that the
 * caller keeps; the caller answers for sums within the type. Memory is not aligned; nothing is
 * allocated; the variants, chosen at run time, give the same bits. */
#ifndef EPX_POOL_H
#define EPX_POOL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void epx_pool_max_s32_fn(const int32_t *in, int windows, ptrdiff_t ld, int units,
                                 int32_t *out, uint8_t *switches);
typedef void epx_pool_max_s64_fn(const int64_t *in, int windows, ptrdiff_t ld, int units,
                                 int64_t *out, uint8_t *switches);
typedef void epx_pool_sum_s32_fn(const int32_t *in, int windows, ptrdiff_t ld, int units,
                                 int32_t *out);
typedef void epx_pool_sum_s64_fn(const int64_t *in, int windows, ptrdiff_t ld, int units,
                                 int64_t *out);

epx_pool_max_s32_fn epx_pool_max_s32, epx_pool_max_s32_ref, epx_pool_max_s32_avx2,
    epx_pool_max_s32_avx512;
epx_pool_max_s64_fn epx_pool_max_s64, epx_pool_max_s64_ref, epx_pool_max_s64_avx2,
    epx_pool_max_s64_avx512;
epx_pool_sum_s32_fn epx_pool_sum_s32, epx_pool_sum_s32_ref, epx_pool_sum_s32_avx2,
    epx_pool_sum_s32_avx512;
epx_pool_sum_s64_fn epx_pool_sum_s64, epx_pool_sum_s64_ref, epx_pool_sum_s64_avx2,
    epx_pool_sum_s64_avx512;

#ifdef __cplusplus
}
#endif
#endif
