/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_checkpoint.h"

static epx_status_t add_position(const epx_trainer_state_t *state, epx_npz_t *npz,
                                 epx_error_t *error) {
  const int64_t integers[3] = {state->epoch, state->next_image, state->wrong};
  const double reals[2] = {state->loss_sum, state->seconds};
  const size_t three = 3, two = 2;
  epx_status_t status =
      epx_npz_add(npz, "trainer.position", EPX_DTYPE_I64, 1, &three, integers, NULL, error);
  if (status == EPX_OK) {
    status = epx_npz_add(npz, "trainer.sums", EPX_DTYPE_F64, 1, &two, reals, NULL, error);
  }
  return status;
}

epx_status_t epx_checkpoint_write(const char *path, epx_substrate_t *substrate,
                                  const epx_trainer_state_t *state, epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_params_t *params = NULL;
  epx_status_t status = epx_npz_create(&npz, error);
  if (status != EPX_OK) {
    return status;
  }
  status = epx_params_create(&substrate->network, &params, error);
  if (status != EPX_OK) {
    goto cleanup;
  }
  status = substrate->ops->store(substrate, params, error);
  status = status == EPX_OK ? epx_params_to_npz(params, "param.", npz, error) : status;
  status = status == EPX_OK ? substrate->ops->save(substrate, npz, error) : status;
  status = status == EPX_OK ? add_position(state, npz, error) : status;
  status = status == EPX_OK ? epx_npz_write(path, npz, error) : status;
cleanup:
  epx_params_destroy(params);
  epx_npz_destroy(npz);
  return status;
}

epx_status_t epx_checkpoint_read(const char *path, epx_substrate_t *substrate,
                                 epx_trainer_state_t *state, epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_array_t *position = NULL, *sums = NULL;
  epx_status_t status = epx_npz_read(path, &npz, error);
  if (status != EPX_OK) {
    return status;
  }
  status = epx_npz_require(npz, path, "trainer.position", EPX_DTYPE_I64, 3, &position, error);
  if (status == EPX_OK) {
    status = epx_npz_require(npz, path, "trainer.sums", EPX_DTYPE_F64, 2, &sums, error);
  }
  status = status == EPX_OK ? substrate->ops->restore(substrate, npz, path, error) : status;
  if (status == EPX_OK) {
    const int64_t *integers = position->data;
    const double *reals = sums->data;
    *state = (epx_trainer_state_t){(int)integers[0], (int)integers[1], reals[0], integers[2],
                                   reals[1]};
  }
  epx_npz_destroy(npz);
  return status;
}
