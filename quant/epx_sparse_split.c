/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the variant by the processor's level; the scalar one. */
#include "epx_sparse_split.h"

#include "epx_cpu.h"

void epx_sparse_split(const uint8_t *value, const uint8_t *switches, int n, int32_t stride,
                      const epx_sparse_room_t room[EPX_SPARSE_LISTS], int count[EPX_SPARSE_LISTS]) {
  switch (epx_cpu_level()) {
    case EPX_CPU_AVX512:
      epx_sparse_split_avx512(value, switches, n, stride, room, count);
      return;
    case EPX_CPU_AVX2:
      epx_sparse_split_avx2(value, switches, n, stride, room, count);
      return;
    case EPX_CPU_SCALAR:
      break;
  }
  epx_sparse_split_ref(value, switches, n, stride, room, count);
}

void epx_sparse_split_ref(const uint8_t *value, const uint8_t *switches, int n, int32_t stride,
                          const epx_sparse_room_t room[EPX_SPARSE_LISTS],
                          int count[EPX_SPARSE_LISTS]) {
  const int lists = switches == NULL ? 1 : EPX_SPARSE_LISTS;
  for (int l = 0; l < lists; l++) {
    count[l] = 0;
  }
  for (int i = 0; i < n; i++) {
    const int l = switches == NULL ? 0 : switches[i];
    if (value[i] != 0) {
      room[l].offset[count[l]] = i * stride;
      room[l].factor[count[l]++] = value[i];
    }
  }
  for (int l = 0; l < lists; l++) {
    count[l] = epx_sparse_pad(room[l], count[l]);
  }
}
