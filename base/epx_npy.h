/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a NumPy .npy stream: magic, version, a Python dictionary in text, padding.
 *
 * Source: NumPy Enhancement Proposal 1 and numpy.lib.format (versions 1.0, 2.0 and 3.0). */
#ifndef EPX_NPY_H
#define EPX_NPY_H

#include <stddef.h>

#include "epx_npz.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_NPY_PREFIX_SIZE = 12,   /* bytes that epx_npy_parse_prefix looks at, at most */
  EPX_NPY_WRITTEN_SIZE = 256, /* room for a header that epx_npy_format writes */
  EPX_NPY_TEXT_LIMIT = 10000  /* longest dictionary text accepted, as in NumPy */
};

/* What the dictionary says. */
typedef struct epx_npy_header_t {
  epx_dtype_t dtype;
  int dimensions;
  size_t shape[EPX_NPZ_MAX_DIMENSIONS];
  size_t bytes; /* of the elements that follow the header */
} epx_npy_header_t;

/* Elements in a shape, and their bytes; EPX_ERR_ARGUMENT where either exceeds size_t. */
EPX_CHECKED epx_status_t epx_npy_measure(epx_dtype_t dtype, int dimensions, const size_t *shape,
                                         size_t *count, size_t *bytes);

/* NumPy's name of a type, for example "<f4". */
const char *epx_npy_descr(epx_dtype_t dtype);

/* Reads magic, version and length: prefix[size]. *prefix_size: bytes used (10 or 12); *text_size:
 * bytes of dictionary text after them. `where` names file and member in messages. */
EPX_CHECKED epx_status_t epx_npy_parse_prefix(const unsigned char *prefix, size_t size,
                                              const char *where, size_t *prefix_size,
                                              size_t *text_size, epx_error_t *error);

/* Reads the dictionary text[size] (need not end in NUL). */
EPX_CHECKED epx_status_t epx_npy_parse_text(const char *text, size_t size, const char *where,
                                            epx_npy_header_t *header, epx_error_t *error);

/* Writes a version 1.0 header for the array; returns its bytes (a multiple of 64). */
size_t epx_npy_format(const epx_npz_array_t *array, unsigned char out[EPX_NPY_WRITTEN_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
