/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_array_random.h"

#include "epx_clones.h"

EPX_CLONES void epx_array_normals(uint64_t event_key, uint64_t first, size_t count,
                                  double *restrict normal) {
  for (size_t i = 0; i < count; ++i) {
    normal[i] = epx_array_normal(event_key, first + i);
  }
}

EPX_CLONES void epx_array_normals_of(uint64_t event_key, const uint32_t *restrict cell,
                                     size_t count, double *restrict normal) {
  for (size_t i = 0; i < count; ++i) {
    normal[i] = epx_array_normal(event_key, cell[i]);
  }
}
