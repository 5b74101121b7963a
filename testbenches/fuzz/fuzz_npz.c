/* SPDX-License-Identifier: Apache-2.0 */
/* A .npz file, then its arrays as the parameters of a small network. */
#include "epx_npz.h"
#include "epx_params.h"
#include "fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[256];
  epx_error_t error = {{0}};
  epx_npz_t *npz = NULL;
  fuzz_put("x.npz", data, size, path);
  epx_status_t status = epx_npz_read(path, &npz, &error);
  fuzz_check(status, &error);
  if (status != EPX_OK) {
    return 0;
  }
  const epx_network_t network = {.input = {2, 1, 1},
                                 .layer_count = 1,
                                 .layers = {{.kind = EPX_LAYER_DENSE, .units = 2}},
                                 .classes = 2,
                                 .loss = EPX_LOSS_SQUARED_ERROR};
  epx_params_t *params = NULL;
  if (epx_params_create(&network, &params, &error) == EPX_OK) {
    error.message[0] = '\0';
    fuzz_check(epx_params_from_npz(npz, path, "", params, &error), &error);
    epx_params_destroy(params);
  }
  epx_npz_destroy(npz);
  return 0;
}
