/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a set, drawing batches from it and shuffling: what all sets have in common. */
#include "epx_dataset.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "epx_dataset_internal.h"
#include "epx_hash.h"
#include "epx_random.h"

enum { EPX_DATASET_MAX_CHANNELS = 3, EPX_DATASET_PADDING = 4 };

epx_status_t epx_dataset_open(const epx_data_config_t *config, epx_dataset_t **train,
                              epx_dataset_t **test, epx_error_t *error) {
  if (config->train_limit < 0 || config->test_limit < 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "data: train_limit %d and test_limit %d, expected 0 (all images) or more.",
                    config->train_limit, config->test_limit);
  }
  switch (config->set) {
    case EPX_DATA_GENERATED:
      return epx_generated_open(config, train, test, error);
    case EPX_DATA_CIFAR10:
      return epx_cifar10_open(config, EPX_CIFAR10_RECORDS, train, test, error);
    case EPX_DATA_IDX:
      return epx_idx_open(config, train, test, error);
  }
  return epx_fail(error, EPX_ERR_ARGUMENT, "data: unknown image set %d.", (int)config->set);
}

epx_status_t epx_dataset_allocate(int count, int channels, int height, int width, int classes,
                                  epx_dataset_t **dataset, epx_error_t *error) {
  assert(count > 0 && channels > 0 && channels <= EPX_DATASET_MAX_CHANNELS);
  assert(height > 0 && height <= EPX_DATASET_MAX_SIDE);
  assert(width > 0 && width <= EPX_DATASET_MAX_SIDE);
  epx_dataset_t *created = calloc(1, sizeof *created);
  if (created) {
    *created =
        (epx_dataset_t){.count = count, .channels = channels, .height = height, .width = width};
    created->classes = classes;
    created->pixels = calloc((size_t)count, (size_t)channels * height * width);
    created->labels = calloc((size_t)count, 1);
  }
  if (!created || !created->pixels || !created->labels) {
    epx_dataset_destroy(created);
    return epx_fail(error, EPX_ERR_MEMORY, "No memory for %d images of %dx%dx%d bytes.", count,
                    channels, height, width);
  }
  *dataset = created;
  return EPX_OK;
}

void epx_dataset_destroy(epx_dataset_t *dataset) {
  if (!dataset) return;
  free(dataset->pixels);
  free(dataset->labels);
  free(dataset);
}

int epx_dataset_limited(int available, int limit) {
  return limit > 0 && limit < available ? limit : available;
}

void epx_dataset_seal(epx_dataset_t *dataset) {
  size_t count = (size_t)dataset->count;
  size_t size = count * dataset->channels * dataset->height * dataset->width;
  uint64_t hash = epx_hash_bytes(EPX_HASH_START, dataset->labels, count);
  hash = epx_hash_bytes(hash, dataset->pixels, size);
  snprintf(dataset->fingerprint, sizeof dataset->fingerprint, "%016" PRIx64, hash);
}

/* The normalised value of each byte, of colour images and of grey ones. */
static void epx_dataset_levels(int channels, float levels[EPX_DATASET_MAX_CHANNELS][256]) {
  static const double mean[EPX_DATASET_MAX_CHANNELS] = {.4914, .4822, .4465};
  static const double std[EPX_DATASET_MAX_CHANNELS] = {.2023, .1994, .2010};
  static const double grey_mean = .1307, grey_std = .3081;
  const bool grey = channels == 1;
  for (int c = 0; c < EPX_DATASET_MAX_CHANNELS; c++) {
    for (int v = 0; v < 256; v++) {
      levels[c][v] =
          (float)((v / 255.0 - (grey ? grey_mean : mean[c])) / (3 * (grey ? grey_std : std[c])));
    }
  }
}

/* Where each row and column of a batch's image comes from. */
typedef struct epx_dataset_view_t {
  int row[EPX_DATASET_MAX_SIDE], column[EPX_DATASET_MAX_SIDE];
} epx_dataset_view_t;

/* The window at (shift - padding) of the edge-padded image: coordinates outside stop at the edge.
 */
static void epx_dataset_axis(int *source, int length, int shift, bool flip) {
  for (int i = 0; i < length; i++) {
    int at = i + shift - EPX_DATASET_PADDING;
    at = at < 0 ? 0 : (at >= length ? length - 1 : at);
    source[i] = flip ? length - 1 - at : at;
  }
}

/* Draws of one image: counter 0 flip, 1 and 2 the crop's row and column, 0 .. 2 * padding. */
static void epx_dataset_look(const epx_dataset_t *dataset, uint32_t index, bool augment,
                             uint64_t augment_key, epx_dataset_view_t *view) {
  uint64_t key = epx_random_key(augment_key, index);
  const uint32_t shifts = 2 * EPX_DATASET_PADDING + 1;
  bool flip = augment && epx_random_below(key, 0, 2) == 1;
  int down = augment ? (int)epx_random_below(key, 1, shifts) : EPX_DATASET_PADDING;
  int right = augment ? (int)epx_random_below(key, 2, shifts) : EPX_DATASET_PADDING;
  epx_dataset_axis(view->row, dataset->height, down, false);
  epx_dataset_axis(view->column, dataset->width, right, flip);
}

void epx_dataset_batch(const epx_dataset_t *dataset, const uint32_t *indices, int n, bool augment,
                       uint64_t augment_key, float *x, uint8_t *labels) {
  float levels[EPX_DATASET_MAX_CHANNELS][256];
  epx_dataset_levels(dataset->channels, levels);
  const int height = dataset->height, width = dataset->width;
  const size_t plane = (size_t)height * width, image = plane * dataset->channels;
  for (int i = 0; i < n; i++) {
    assert(indices[i] < (uint32_t)dataset->count);
    epx_dataset_view_t view;
    epx_dataset_look(dataset, indices[i], augment, augment_key, &view);
    labels[i] = dataset->labels[indices[i]];
    const uint8_t *pixels = dataset->pixels + indices[i] * image;
    for (int c = 0; c < dataset->channels; c++, pixels += plane) {
      for (int row = 0; row < height; row++) {
        const uint8_t *line = pixels + (size_t)view.row[row] * width;
        for (int column = 0; column < width; column++) {
          *x++ = levels[c][line[view.column[column]]];
        }
      }
    }
  }
}

void epx_dataset_shuffle(uint32_t *indices, int count, uint64_t key) {
  for (int i = 0; i < count; i++) indices[i] = (uint32_t)i;
  for (int i = count - 1; i > 0; i--) {
    uint32_t other = epx_random_below(key, (uint64_t)i, (uint32_t)i + 1);
    uint32_t kept = indices[i];
    indices[i] = indices[other];
    indices[other] = kept;
  }
}
