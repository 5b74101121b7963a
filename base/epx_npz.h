/* SPDX-License-Identifier: Apache-2.0 */
/* Named arrays in memory and as NumPy .npz files (a zip of .npy members).
 *
 * Little-endian, C order, up to EPX_NPZ_MAX_DIMENSIONS dimensions. Reads stored and deflated
 * members; writes deflated ones, atomically: a temporary file beside the target, flushed to disk,
 * renamed. */
#ifndef EPX_NPZ_H
#define EPX_NPZ_H

#include <stddef.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_dtype_t {
  EPX_DTYPE_I8,
  EPX_DTYPE_U8,
  EPX_DTYPE_I16,
  EPX_DTYPE_U16,
  EPX_DTYPE_I32,
  EPX_DTYPE_U32,
  EPX_DTYPE_I64,
  EPX_DTYPE_U64,
  EPX_DTYPE_F32,
  EPX_DTYPE_F64
} epx_dtype_t;

enum { EPX_NPZ_MAX_DIMENSIONS = 6, EPX_NPZ_NAME_SIZE = 128 };

typedef struct epx_npz_array_t {
  char name[EPX_NPZ_NAME_SIZE]; /* without ".npy" */
  epx_dtype_t dtype;
  int dimensions; /* 0: a scalar */
  size_t shape[EPX_NPZ_MAX_DIMENSIONS];
  size_t count; /* elements: product of the shape */
  void *data;   /* owned by the archive */
} epx_npz_array_t;

typedef struct epx_npz_t epx_npz_t;

/* Bytes of one element. */
size_t epx_dtype_size(epx_dtype_t dtype);

/* An empty archive. */
EPX_CHECKED epx_status_t epx_npz_create(epx_npz_t **npz, epx_error_t *error);
void epx_npz_destroy(epx_npz_t *npz);

/* Adds an array of that name; copies `data`, or zero-fills where data is NULL. An equal name is an
 * EPX_ERR_ARGUMENT. *array (may be NULL) receives the stored array, valid until destroy. */
EPX_CHECKED epx_status_t epx_npz_add(epx_npz_t *npz, const char *name, epx_dtype_t dtype,
                                     int dimensions, const size_t *shape, const void *data,
                                     epx_npz_array_t **array, epx_error_t *error);

/* The array of that name, or NULL. */
epx_npz_array_t *epx_npz_find(const epx_npz_t *npz, const char *name);

/* Number of arrays, and the i-th in order of addition. */
size_t epx_npz_count(const epx_npz_t *npz);
epx_npz_array_t *epx_npz_at(const epx_npz_t *npz, size_t index);

/* The array of that name with exactly this dtype and element count; else an error that names the
 * archive (`label`: usually its path), the array, what was found and what was expected. */
EPX_CHECKED epx_status_t epx_npz_require(const epx_npz_t *npz, const char *label, const char *name,
                                         epx_dtype_t dtype, size_t count, epx_npz_array_t **array,
                                         epx_error_t *error);

/* "[4, 3, 3, 3]", for messages; returns text. */
enum { EPX_NPZ_SHAPE_SIZE = 160 };
const char *epx_npz_shape_text(int dimensions, const size_t *shape, char text[EPX_NPZ_SHAPE_SIZE]);

/* epx_npz_require with exactly this shape, whose element count must fit size_t. */
EPX_CHECKED epx_status_t epx_npz_require_shape(const epx_npz_t *npz, const char *label,
                                               const char *name, epx_dtype_t dtype, int dimensions,
                                               const size_t *shape, epx_npz_array_t **array,
                                               epx_error_t *error);

/* Reads a whole archive. Corrupt zip, bad checksum, unknown dtype, Fortran order, a size that does
 * not match the shape: EPX_ERR_FORMAT naming file and member. */
EPX_CHECKED epx_status_t epx_npz_read(const char *path, epx_npz_t **npz, epx_error_t *error);

/* The same with another limit on the unpacked bytes of all members together (epx_npz_read:
 * EPX_NPZ_MAX_BYTES, 4 GiB), checked before any is unpacked: a small file may claim much. */
#define EPX_NPZ_MAX_BYTES (UINT64_C(4) << 30)
EPX_CHECKED epx_status_t epx_npz_read_limited(const char *path, uint64_t limit, epx_npz_t **npz,
                                              epx_error_t *error);

/* Writes path atomically: after a crash or a full disk the old file or the new one is there, whole.
 */
EPX_CHECKED epx_status_t epx_npz_write(const char *path, const epx_npz_t *npz, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
