/* SPDX-License-Identifier: Apache-2.0 */
/* Golden substrates for the tests of core/golden/, and of those that hold others against them. */
#ifndef EPX_GOLDEN_SUPPORT_H
#define EPX_GOLDEN_SUPPORT_H

#include "core/core_support.h"
#include "epx_golden.h"

using CreateGolden = epx_status_t (*)(const epx_network_t *, int, epx_substrate_t **,
                                      epx_error_t *);

inline Substrate make_golden(CreateGolden create, const epx_network_t &network, int capacity) {
  epx_error_t error = {};
  epx_substrate_t *substrate = nullptr;
  EXPECT_EPX_OK(create(&network, capacity, &substrate, &error), error);
  return Substrate(substrate);
}

#endif
