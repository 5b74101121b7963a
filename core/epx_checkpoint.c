/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_checkpoint.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
  status = epx_substrate_store(substrate, params, error);
  status = status == EPX_OK ? epx_params_finite(params, "", error) : status;
  status = status == EPX_OK ? epx_params_to_npz(params, "param.", npz, error) : status;
  status = status == EPX_OK ? epx_substrate_save(substrate, npz, error) : status;
  status = status == EPX_OK ? add_position(state, npz, error) : status;
  status = status == EPX_OK ? epx_npz_write(path, npz, error) : status;
cleanup:
  epx_params_destroy(params);
  epx_npz_destroy(npz);
  return status;
}

static bool same_shape(const epx_npz_array_t *a, const epx_npz_array_t *b) {
  return a->dimensions == b->dimensions &&
         memcmp(a->shape, b->shape, (size_t)a->dimensions * sizeof a->shape[0]) == 0;
}

/* Every parameter array of one archive must be in the other with the same shape. */
static epx_status_t compare_parameters(const epx_npz_t *found, const epx_npz_t *expected,
                                       const char *path, epx_error_t *error) {
  char text[2][EPX_NPZ_SHAPE_SIZE];
  for (size_t i = 0; i < epx_npz_count(expected); ++i) {
    const epx_npz_array_t *want = epx_npz_at(expected, i), *have = epx_npz_find(found, want->name);
    if (have == NULL) {
      return epx_fail(error, EPX_ERR_NOT_FOUND,
                      "%s: no array %s: not a checkpoint, or one of another network", path,
                      want->name);
    }
    if (!same_shape(have, want)) {
      return epx_fail(
          error, EPX_ERR_FORMAT,
          "%s: %s has shape %s; this network expects %s: a checkpoint of another network", path,
          want->name, epx_npz_shape_text(have->dimensions, have->shape, text[0]),
          epx_npz_shape_text(want->dimensions, want->shape, text[1]));
    }
  }
  for (size_t i = 0; i < epx_npz_count(found); ++i) {
    const epx_npz_array_t *have = epx_npz_at(found, i);
    if (strncmp(have->name, "param.", 6) == 0 && epx_npz_find(expected, have->name) == NULL) {
      return epx_fail(error, EPX_ERR_FORMAT,
                      "%s: holds %s, which this network lacks: a checkpoint of another network",
                      path, have->name);
    }
  }
  return EPX_OK;
}

/* The layers of the file must be those of the network, by name and shape. */
static epx_status_t check_network(const epx_npz_t *npz, const char *path,
                                  const epx_network_t *network, epx_error_t *error) {
  epx_npz_t *expected = NULL;
  epx_params_t *params = NULL;
  epx_status_t status = epx_npz_create(&expected, error);
  status = status == EPX_OK ? epx_params_create(network, &params, error) : status;
  status = status == EPX_OK ? epx_params_to_npz(params, "param.", expected, error) : status;
  status = status == EPX_OK ? compare_parameters(npz, expected, path, error) : status;
  epx_params_destroy(params);
  epx_npz_destroy(expected);
  return status;
}

static epx_status_t read_position(const epx_npz_t *npz, const char *path,
                                  epx_trainer_state_t *state, epx_error_t *error) {
  epx_npz_array_t *position = NULL, *sums = NULL;
  epx_status_t status =
      epx_npz_require(npz, path, "trainer.position", EPX_DTYPE_I64, 3, &position, error);
  if (status == EPX_OK) {
    status = epx_npz_require(npz, path, "trainer.sums", EPX_DTYPE_F64, 2, &sums, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  const int64_t *integers = position->data;
  const double *reals = sums->data;
  for (int i = 0; i < 3; ++i) {
    if (integers[i] < 0 || integers[i] > INT_MAX) {
      return epx_fail(error, EPX_ERR_FORMAT, "%s: trainer.position[%d] is %lld; expected 0 to %d",
                      path, i, (long long)integers[i], INT_MAX);
    }
  }
  *state =
      (epx_trainer_state_t){(int)integers[0], (int)integers[1], reals[0], integers[2], reals[1]};
  return EPX_OK;
}

epx_status_t epx_checkpoint_read(const char *path, epx_substrate_t *substrate,
                                 epx_trainer_state_t *state, epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_trainer_state_t read = {0};
  epx_status_t status = epx_npz_read(path, &npz, error);
  status = status == EPX_OK ? read_position(npz, path, &read, error) : status;
  status = status == EPX_OK ? check_network(npz, path, &substrate->network, error) : status;
  status = status == EPX_OK ? epx_substrate_restore(substrate, npz, path, error) : status;
  if (status == EPX_OK) {
    *state = read;
  }
  epx_npz_destroy(npz);
  return status;
}
