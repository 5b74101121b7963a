/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of codes in a file: raw integers mean nothing without them.
 *
 * An archive that holds codes holds one more array, of bytes: UTF-8 text, a line for each array of
 * codes, its name, a blank and its format ("twin.0.shadow Q1.14"). In NumPy:
 * bytes(archive["twin.formats"]).decode(). A reader lists what it takes the codes to be in; the two
 * must agree word for word. */
#ifndef EPX_CODE_FORMATS_H
#define EPX_CODE_FORMATS_H

#include <stddef.h>

#include "epx_npz.h"
#include "epx_qformat.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_CODE_FORMAT_SIZE = 96 };

typedef struct epx_code_format_t {
  char array[EPX_NPZ_NAME_SIZE];     /* of the archive; no blanks */
  char format[EPX_CODE_FORMAT_SIZE]; /* Qi.f, or what else gives the numbers their meaning */
  const char *keys;                  /* of the configuration that decide on the format */
} epx_code_format_t;

/* Adds the array `name` with a line for each entry. Errors: EPX_ERR_MEMORY, those of epx_npz_add.
 */
EPX_CHECKED epx_status_t epx_code_formats_add(epx_npz_t *npz, const char *name,
                                              const epx_code_format_t *formats, size_t count,
                                              epx_error_t *error);

/* Whether the archive says the formats of its codes at all. */
bool epx_code_formats_given(const epx_npz_t *npz, const char *name);

/* Every listed array that the archive holds must be in the listed format. EPX_ERR_FORMAT names the
 * archive (`label`), the array, both formats and the keys; it is also what a missing or damaged
 * array `name` gives, and a missing line. */
EPX_CHECKED epx_status_t epx_code_formats_check(const epx_npz_t *npz, const char *label,
                                                const char *name, const epx_code_format_t *formats,
                                                size_t count, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
