/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters (or gradients) of a network as float64 arrays: the exchange form between substrates.
 *
 * weight[l]: [units][fan_in] with fan_in flattened as [in_channels][kernel][kernel] (conv) or
 * [in C, H, W] (dense, read-out), as in NumPy exchange files; bias[l]: [units]; backward[l]: shaped
 * like weight[l], NULL where the layer has none (epx_network_has_backward). The last layer is the
 * read-out where the loss is cross-entropy. */
#ifndef EPX_PARAMS_H
#define EPX_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "epx_network.h"
#include "epx_npz.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_params_t {
  int layer_count; /* parameter layers, read-out included */
  char name[EPX_MAX_LAYERS + 1][24];
  int units[EPX_MAX_LAYERS + 1];
  int fan_in[EPX_MAX_LAYERS + 1];
  int dimensions[EPX_MAX_LAYERS + 1]; /* of the weight in files: 4 (conv) or 2 */
  size_t shape[EPX_MAX_LAYERS + 1][4];
  double *weight[EPX_MAX_LAYERS + 1];
  double *bias[EPX_MAX_LAYERS + 1];
  double *backward[EPX_MAX_LAYERS + 1];
} epx_params_t;

/* All zeros, shaped for the network. */
EPX_CHECKED epx_status_t epx_params_create(const epx_network_t *network, epx_params_t **params,
                                           epx_error_t *error);
void epx_params_destroy(epx_params_t *params);

/* Uniform(+-scale / sqrt(fan_in)) for weights, biases and backward weights, from the seed alone.
 * Values are rounded to float32, so that every precision starts at the same point. */
void epx_params_initialise(epx_params_t *params, uint64_t seed, double scale);

/* Angle between the forward and the backward weights of layer l, in degrees, 0 to 180; NAN where
 * the layer has no backward weights or either is all zeros. */
double epx_params_alignment(const epx_params_t *params, int l);

/* "nan", "inf" or "-inf": how messages spell a value that is not finite. */
const char *epx_not_finite_name(double value);

/* EPX_ERR_DIVERGED where a value is not finite: "<what>conv0.weight holds nan, element 3 of 20". */
EPX_CHECKED epx_status_t epx_params_finite(const epx_params_t *params, const char *what,
                                           epx_error_t *error);

/* Adds the arrays "<prefix><layer>.weight", ".bias" and, where there are any, ".backward"
 * (float64). */
EPX_CHECKED epx_status_t epx_params_to_npz(const epx_params_t *params, const char *prefix,
                                           epx_npz_t *npz, epx_error_t *error);

/* Fills params from such arrays (float32 or float64); `label` names the file in errors. */
EPX_CHECKED epx_status_t epx_params_from_npz(const epx_npz_t *npz, const char *label,
                                             const char *prefix, epx_params_t *params,
                                             epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
