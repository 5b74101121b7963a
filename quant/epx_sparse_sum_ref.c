/* SPDX-License-Identifier: Apache-2.0 */
/* The scalar sparse sums: what the vector variants must equal, and what runs elsewhere. */
#include "epx_sparse_sum.h"

void epx_sparse_sum_u8s8s32_ref(const int8_t *rows, const epx_sparse_list_t *list, int lists,
                                int columns, int32_t *sum) {
  for (int j = 0; j < columns; j++) {
    sum[j] = 0;
  }
  for (int l = 0; l < lists; l++) {
    for (int i = 0; i < list[l].count; i++) {
      const int8_t *row = rows + list[l].base + list[l].offset[i];
      const int32_t factor = list[l].factor[i];
      for (int j = 0; factor != 0 && j < columns; j++) {
        sum[j] += factor * row[j];
      }
    }
  }
}

void epx_sparse_sum_u8u8s32_ref(const uint8_t *rows, const epx_sparse_list_t *list, int lists,
                                int columns, int32_t scale, int32_t *sum) {
  for (int l = 0; l < lists; l++) {
    for (int i = 0; i < list[l].count; i++) {
      const uint8_t *row = rows + list[l].base + list[l].offset[i];
      const int32_t factor = scale * list[l].factor[i];
      for (int j = 0; factor != 0 && j < columns; j++) {
        sum[j] += factor * row[j];
      }
    }
  }
}
