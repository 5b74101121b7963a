/* SPDX-License-Identifier: Apache-2.0 */
/* How well one gradient agrees with another, per parameter layer. */
#ifndef AGREEMENT_H
#define AGREEMENT_H

#include "epx_params.h"

typedef struct agreement_t {
  double cosine;         /* of the two as vectors, -1 .. 1; NAN where one is zero */
  double relative_l2;    /* |estimate - reference| / |reference|; NAN where that is zero */
  double sign_agreement; /* fraction of the reference's non-zero elements with the same sign */
} agreement_t;

/* Weights, biases and backward weights of layer l as one vector; l = -1: all layers. */
agreement_t agreement_of(const epx_params_t *estimate, const epx_params_t *reference, int l);

#endif
