/* SPDX-License-Identifier: Apache-2.0 */
/* The golden template's Winograd products, out of its static functions and whatever the geometry.
 */
#ifndef EPX_WINOGRAD_PROBE_H
#define EPX_WINOGRAD_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "epx_geometry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the golden model takes Winograd's way for this geometry. */
int winograd_probe_f32_pays(const epx_geometry_t *g);
int winograd_probe_f64_pays(const epx_geometry_t *g);

/* Pooled products of `count` samples, in [sample][in_size], out and switches [sample][out_size];
 * samples of `skip` (a set of bits) are multiplied but not wanted. Arrays have their exact sizes,
 * so that AddressSanitizer sees a step beyond. Returns 0 where memory ran out. */
int winograd_probe_f32(const epx_geometry_t *g, int count, const float *weight, const float *in,
                       int held, unsigned skip, uint8_t *switches, float *out);
int winograd_probe_f64(const epx_geometry_t *g, int count, const double *weight, const double *in,
                       int held, unsigned skip, uint8_t *switches, double *out);

/* The transposed product through a mean: post [sample][out_size] to r [sample][in_size]. Samples
 * that fit in one product, at least 1. */
int transpose_probe_samples(const epx_geometry_t *g);
int transpose_probe_f32(const epx_geometry_t *g, int count, const float *weight, const float *post,
                        unsigned skip, float *r);
int transpose_probe_f64(const epx_geometry_t *g, int count, const double *weight,
                        const double *post, unsigned skip, double *r);

#ifdef __cplusplus
}
#endif
#endif
