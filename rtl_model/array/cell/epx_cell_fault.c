/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_array_random.h"
#include "epx_cell.h"

static uint64_t map_key(uint64_t seed, uint64_t tile) {
  return epx_array_draw_key(epx_array_key(seed, EPX_ARRAY_FAULT, tile), EPX_ARRAY_STATIC);
}

static epx_fault_t fault(const epx_faults_t *faults, uint64_t key, size_t cell) {
  const double u = epx_random_uniform(key, cell);
  return u < faults->stuck_min                       ? EPX_FAULT_STUCK_MIN
         : u < faults->stuck_min + faults->stuck_max ? EPX_FAULT_STUCK_MAX
                                                     : EPX_FAULT_NONE;
}

epx_fault_t epx_fault_of(const epx_faults_t *faults, uint64_t seed, uint64_t tile, size_t cell) {
  return fault(faults, map_key(seed, tile), cell);
}

void epx_faults_map(const epx_faults_t *faults, uint64_t seed, uint64_t tile, size_t first,
                    size_t count, uint8_t *map) {
  const uint64_t key = map_key(seed, tile);
  for (size_t i = 0; i < count; ++i) {
    map[i] = (uint8_t)fault(faults, key, first + i);
  }
}

void epx_faults_apply(epx_cell_range_t range, size_t count, const uint8_t *map, double *g) {
  for (size_t i = 0; i < count; ++i) {
    g[i] = map[i] == EPX_FAULT_STUCK_MIN   ? range.g_min
           : map[i] == EPX_FAULT_STUCK_MAX ? range.g_max
                                           : g[i];
  }
}
