/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the variant of the sparse sums by the processor's level. */
#include "epx_sparse_sum.h"

#include "epx_cpu.h"

void epx_sparse_sum_u8s8s32(const int8_t *rows, const epx_sparse_list_t *list, int lists,
                            int columns, int32_t *sum) {
  switch (epx_cpu_level()) {
    case EPX_CPU_AVX512:
      epx_sparse_sum_u8s8s32_avx512(rows, list, lists, columns, sum);
      return;
    case EPX_CPU_AVX2:
      epx_sparse_sum_u8s8s32_avx2(rows, list, lists, columns, sum);
      return;
    case EPX_CPU_SCALAR:
      break;
  }
  epx_sparse_sum_u8s8s32_ref(rows, list, lists, columns, sum);
}

void epx_sparse_sum_u8u8s32(const uint8_t *rows, const epx_sparse_list_t *list, int lists,
                            int columns, int32_t scale, int32_t *sum) {
  switch (epx_cpu_level()) {
    case EPX_CPU_AVX512:
      epx_sparse_sum_u8u8s32_avx512(rows, list, lists, columns, scale, sum);
      return;
    case EPX_CPU_AVX2:
      epx_sparse_sum_u8u8s32_avx2(rows, list, lists, columns, scale, sum);
      return;
    case EPX_CPU_SCALAR:
      break;
  }
  epx_sparse_sum_u8u8s32_ref(rows, list, lists, columns, scale, sum);
}
