/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers and the generator share; no other folder includes this. */
#ifndef EPX_DATASET_INTERNAL_H
#define EPX_DATASET_INTERNAL_H

#include <stddef.h>

#include "epx_dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_DATASET_MAX_SIDE = 512 }; /* of an image: as for network.input */

/* An image set of `count` images, zeroed, without a fingerprint. */
EPX_CHECKED epx_status_t epx_dataset_allocate(int count, int channels, int height, int width,
                                              int classes, epx_dataset_t **dataset,
                                              epx_error_t *error);

/* Writes the fingerprint: 64-bit FNV-1a over all labels, then all pixels. */
void epx_dataset_seal(epx_dataset_t *dataset);

/* The smaller of the images there are and a limit, 0 meaning none. */
int epx_dataset_limited(int available, int limit);

/* CIFAR-10 in its binary form. `records` is the number of images in each of the six files: 10,000
 * in the published set, fewer in tests. */
enum { EPX_CIFAR10_RECORDS = 10000, EPX_CIFAR10_RECORD_SIZE = 1 + 3 * 32 * 32 };
EPX_CHECKED epx_status_t epx_cifar10_open(const epx_data_config_t *config, int records,
                                          epx_dataset_t **train, epx_dataset_t **test,
                                          epx_error_t *error);

/* MNIST's format, in the folder config->path; labels below config->classes. */
EPX_CHECKED epx_status_t epx_idx_open(const epx_data_config_t *config, epx_dataset_t **train,
                                      epx_dataset_t **test, epx_error_t *error);

/* The generated set: see epx_generated.c for what the images show. */
EPX_CHECKED epx_status_t epx_generated_open(const epx_data_config_t *config, epx_dataset_t **train,
                                            epx_dataset_t **test, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
