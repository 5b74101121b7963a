/* SPDX-License-Identifier: Apache-2.0 */
/* Read noise and programming error. */
#include "epx_array_noise.h"
#include "epx_cell.h"
#include "epx_clones.h"

enum { BLOCK = 256 };

/* to[i] = at[i] + sigma xi * (what the error is proportional to, at base[i]) */
EPX_CLONES static void add(epx_noise_kind_t kind, double sigma, double g_max, size_t count,
                           const double *normal, const double *base, const double *at, double *to) {
  if (kind == EPX_NOISE_INDEPENDENT) {
    for (size_t i = 0; i < count; ++i) {
      to[i] = at[i] + sigma * g_max * normal[i];
    }
  } else if (kind == EPX_NOISE_PROPORTIONAL) {
    for (size_t i = 0; i < count; ++i) {
      to[i] = at[i] + sigma * base[i] * normal[i];
    }
  } else {
    for (size_t i = 0; i < count; ++i) {
      to[i] = at[i] + sigma * (g_max * g_max / base[i]) * normal[i];
    }
  }
}

EPX_CLONES static void limit(epx_cell_range_t range, size_t count, double *g) {
  for (size_t i = 0; i < count; ++i) {
    const double low = g[i] < range.g_min ? range.g_min : g[i];
    g[i] = low > range.g_max ? range.g_max : low;
  }
}

void epx_read_noise_apply(const epx_read_noise_t *noise, epx_cell_range_t range, uint64_t seed,
                          uint64_t tile, uint64_t draw, size_t first, size_t count, const double *g,
                          double *read) {
  const uint64_t key = epx_array_draw_key(epx_array_key(seed, EPX_ARRAY_READ_NOISE, tile), draw);
  double normal[BLOCK];
  for (size_t done = 0; done < count; done += BLOCK) {
    const size_t size = count - done < BLOCK ? count - done : BLOCK;
    epx_array_noises(key, first + done, size, normal);
    add(noise->kind, noise->sigma, range.g_max, size, normal, g + done, g + done, read + done);
  }
}

void epx_program_error_apply(const epx_program_error_t *program, epx_cell_range_t range,
                             uint64_t seed, uint64_t tile, uint64_t draw, size_t first,
                             size_t count, const double *target, double *g) {
  const uint64_t key = epx_array_key(seed, EPX_ARRAY_PROGRAM, tile);
  const uint64_t device = epx_array_draw_key(key, EPX_ARRAY_STATIC);
  const uint64_t cycle = epx_array_draw_key(key, draw);
  double normal[BLOCK], sum[BLOCK];
  for (size_t done = 0; done < count; done += BLOCK) {
    const size_t size = count - done < BLOCK ? count - done : BLOCK;
    epx_array_normals(device, first + done, size, normal);
    add(program->kind, program->device, range.g_max, size, normal, target + done, target + done,
        sum);
    epx_array_normals(cycle, first + done, size, normal);
    add(program->kind, program->cycle, range.g_max, size, normal, target + done, sum, g + done);
    limit(range, size, g + done);
  }
}

EPX_CLONES void epx_cells_to_codes(double unit, int fraction, size_t count, const double *g,
                                   int32_t *code) {
  const double scale = (double)(INT64_C(1) << fraction), largest = 2147483647.0;
  for (size_t i = 0; i < count; ++i) {
    double x = g[i] / unit * scale;
    x = x < -largest ? -largest : x > largest ? largest : x;
    code[i] = (int32_t)epx_math_round(x);
  }
}
