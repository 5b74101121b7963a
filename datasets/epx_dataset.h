/* SPDX-License-Identifier: Apache-2.0 */
/* Image sets held in memory as bytes, and the batches drawn from them. */
#ifndef EPX_DATASET_H
#define EPX_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_data_set_t { EPX_DATA_GENERATED, EPX_DATA_CIFAR10, EPX_DATA_IDX } epx_data_set_t;

/* What the configuration says about data. */
typedef struct epx_data_config_t {
  epx_data_set_t set;
  char path[512];  /* cifar10: folder with cifar-10-binary.tar.gz or cifar-10-batches-bin, or either
                      itself; idx: folder with train-images-idx3-ubyte, train-labels-idx1-ubyte
                      and the same of t10k, each plain or with .gz */
  bool augment;    /* horizontal flip p = 1/2 and random crop of the 4-pixel edge-padded image */
  int train_limit; /* first images only; 0: all */
  int test_limit;
  uint64_t seed;               /* generated: of the set itself */
  int train_count, test_count; /* generated: sizes */
  int classes;                 /* idx: labels lie below it; not a key, network.classes */
} epx_data_config_t;

/* One part (training or test) of a set. */
typedef struct epx_dataset_t {
  char name[64];        /* "cifar10 train" */
  char source[600];     /* file or folder that was read, or "generated, seed 1" */
  char fingerprint[17]; /* 64-bit FNV-1a over labels and pixels, in hex */
  int count, channels, height, width, classes;
  uint8_t *pixels; /* [count][channels][height][width] */
  uint8_t *labels; /* [count], below classes */
} epx_dataset_t;

/* Opens both parts. Data errors (EPX_ERR_FORMAT, EPX_ERR_NOT_FOUND) name the file (for an archive
 * the member too), the byte offset, what was found and what was expected. */
EPX_CHECKED epx_status_t epx_dataset_open(const epx_data_config_t *config, epx_dataset_t **train,
                                          epx_dataset_t **test, epx_error_t *error);
void epx_dataset_destroy(epx_dataset_t *dataset);

/* Copies n images as normalised floats into x [n][C][H][W] and their labels into labels [n].
 * Per channel c: (pixel/255 - mean_c) / (3 * std_c), mean (.4914, .4822, .4465), std (.2023, .1994,
 * .2010), so that values stay within (-0.83, 0.93). Grey images take the mean .1307 and std .3081
 * of MNIST's training images (as PyTorch's MNIST example has them), which gives -0.15 to 0.95:
 * within the chip's input format Q0.7, as colour is, and zero for the average pixel. With augment,
 * image indices[i] is flipped and cropped by draws that depend on (augment_key, indices[i]) alone,
 * never on its place in the batch.
 */
void epx_dataset_batch(const epx_dataset_t *dataset, const uint32_t *indices, int n, bool augment,
                       uint64_t augment_key, float *x, uint8_t *labels);

/* A permutation of 0 .. count-1 from the key alone (Fisher-Yates). */
void epx_dataset_shuffle(uint32_t *indices, int count, uint64_t key);

#ifdef __cplusplus
}
#endif
#endif
