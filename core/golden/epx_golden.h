/* SPDX-License-Identifier: Apache-2.0 */
/* The golden substrate: the method in floating point, float32 or float64, without quantisation.
 *
 * A part of a mini-batch (epx_batch.h) begins and ends at the mini-batch's own ends, or at a
 * multiple of 8 samples which is also one of its eighths: sums of floating-point numbers have an
 * order, and of such parts they have one process's bits. Other parts are refused
 * (EPX_ERR_UNSUPPORTED). Mini-batches of 64 k samples can be cut into eighths, of 16 in halves.
 *
 * Dense products go to a BLAS, one sample at a time on one thread each, so results do not depend on
 * the number of threads. The golden model skips what need not be computed: the first layer, whose
 * input does not change, after the first step; the zeros of unpooling; products whose operands have
 * not moved; samples that rest or repeat with period 2. Skipping these changes no bit; a tolerance
 * above 0 does (epx_relaxation_t). Float32 multiplies 3x3
 * kernels by Winograd's minimal filtering where that pays (docs/numerics.md, section 11). */
#ifndef EPX_GOLDEN_H
#define EPX_GOLDEN_H

#include "epx_qformat.h"
#include "epx_substrate.h"
#include "epx_substrate_kind.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A golden substrate for mini-batches of up to `capacity` samples; parameters start at 0. */
EPX_CHECKED epx_status_t epx_golden_f32_create(const epx_network_t *network, int capacity,
                                               epx_substrate_t **substrate, epx_error_t *error);
EPX_CHECKED epx_status_t epx_golden_f64_create(const epx_network_t *network, int capacity,
                                               epx_substrate_t **substrate, epx_error_t *error);

/* Of either precision. */
EPX_CHECKED epx_status_t epx_golden_create(epx_precision_t precision, const epx_network_t *network,
                                           int capacity, epx_substrate_t **substrate,
                                           epx_error_t *error);

/* As a kind of substrate: of the setup's precision, without a chip. */
extern const epx_substrate_kind_t epx_golden_kind;

/* States are rounded to the nearest code of `format` (ties to even, saturated) after every step,
 * all else stays floating point: the chip's neuron without the rest of the chip. */
void epx_golden_f32_quantise_states(epx_substrate_t *substrate, epx_qformat_t format);
void epx_golden_f64_quantise_states(epx_substrate_t *substrate, epx_qformat_t format);

/* Exact gradient of the mini-batch mean loss after `steps` free steps from the present states, by
 * backpropagation through time; the parameters act at each of those steps, the states it starts
 * from are constants. Equals the EP estimate as beta -> 0 from a settled state (Laborieux et al.
 * 2021). Leaves the present states as they were. The substrate must be a golden one of that
 * precision. */
EPX_CHECKED epx_status_t epx_golden_f32_bptt(epx_substrate_t *substrate, int steps,
                                             epx_params_t *gradient, epx_error_t *error);
EPX_CHECKED epx_status_t epx_golden_f64_bptt(epx_substrate_t *substrate, int steps,
                                             epx_params_t *gradient, epx_error_t *error);

EPX_CHECKED epx_status_t epx_golden_bptt(epx_precision_t precision, epx_substrate_t *golden,
                                         int steps, epx_params_t *gradient, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
