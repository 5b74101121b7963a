/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a .npz: libzip packs into memory, then the bytes go out as a whole (epx_output.h). Equal
 * arrays give equal bytes: members carry the zip epoch as their date. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "epx_npy.h"
#include "epx_npz.h"
#include "epx_output.h"

enum { EPX_NPZ_DEFLATE_LEVEL = 1, EPX_NPZ_ZIP_EPOCH = 1 << 5 | 1 /* 1980-01-01 */ };

/* The headers and data pointers that libzip reads while it packs. */
typedef struct epx_npz_piece_t {
  unsigned char header[EPX_NPY_WRITTEN_SIZE];
  zip_buffer_fragment_t fragments[2];
} epx_npz_piece_t;

static int epx_npz_add_member(zip_t *zip, const epx_npz_array_t *array, epx_npz_piece_t *piece) {
  char name[EPX_NPZ_NAME_SIZE + 4];
  snprintf(name, sizeof name, "%s.npy", array->name);
  size_t bytes = array->count * epx_dtype_size(array->dtype);
  piece->fragments[0].data = piece->header;
  piece->fragments[0].length = epx_npy_format(array, piece->header);
  piece->fragments[1].data = array->data;
  piece->fragments[1].length = bytes;
  zip_source_t *source = zip_source_buffer_fragment(zip, piece->fragments, bytes ? 2 : 1, 0);
  if (!source) return -1;
  zip_int64_t index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return -1;
  }
  zip_uint64_t member = (zip_uint64_t)index;
  if (zip_set_file_compression(zip, member, ZIP_CM_DEFLATE, EPX_NPZ_DEFLATE_LEVEL) != 0) return -1;
  return zip_file_set_dostime(zip, member, 0, EPX_NPZ_ZIP_EPOCH, 0);
}

/* Packs every array into `target`, which the caller holds a reference to. */
static epx_status_t epx_npz_pack(const char *path, const epx_npz_t *npz, zip_source_t *target,
                                 epx_error_t *error) {
  size_t count = epx_npz_count(npz);
  zip_error_t reason;
  zip_error_init(&reason);
  epx_npz_piece_t *pieces = calloc(count, sizeof *pieces);
  if (!pieces) return epx_fail(error, EPX_ERR_MEMORY, "%s: no memory to pack arrays.", path);
  zip_source_keep(target);
  zip_t *zip = zip_open_from_source(target, ZIP_TRUNCATE, &reason);
  if (!zip) {
    zip_source_free(target);
    epx_fail(error, EPX_ERR_MEMORY, "%s: %s.", path, zip_error_strerror(&reason));
    zip_error_fini(&reason);
    free(pieces);
    return EPX_ERR_MEMORY;
  }
  int result = 0;
  for (size_t i = 0; i < count && result == 0; i++) {
    result = epx_npz_add_member(zip, epx_npz_at(npz, i), &pieces[i]);
  }
  if (result == 0) result = zip_close(zip);
  epx_status_t status = EPX_OK;
  if (result != 0) {
    bool memory = zip_error_code_zip(zip_get_error(zip)) == ZIP_ER_MEMORY;
    status = epx_fail(error, memory ? EPX_ERR_MEMORY : EPX_ERR_ARGUMENT, "%s: cannot pack: %s.",
                      path, zip_strerror(zip));
    zip_discard(zip);
  }
  free(pieces);
  return status;
}

/* The bytes that were packed. An archive without members has no bytes in libzip: its end record. */
static epx_status_t epx_npz_packed(const char *path, const epx_npz_t *npz, unsigned char **bytes,
                                   size_t *size, epx_error_t *error) {
  static const unsigned char empty[22] = {'P', 'K', 5, 6};
  if (epx_npz_count(npz) == 0) {
    if (!(*bytes = malloc(sizeof empty))) return epx_fail(error, EPX_ERR_MEMORY, "No memory.");
    memcpy(*bytes, empty, sizeof empty);
    *size = sizeof empty;
    return EPX_OK;
  }
  zip_error_t reason;
  zip_error_init(&reason);
  zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &reason);
  zip_error_fini(&reason);
  if (!source) return epx_fail(error, EPX_ERR_MEMORY, "%s: no memory to pack arrays.", path);
  epx_status_t status = epx_npz_pack(path, npz, source, error);
  unsigned char *copy = NULL;
  zip_stat_t info;
  zip_stat_init(&info);
  if (status == EPX_OK && zip_source_stat(source, &info) == 0 && (info.valid & ZIP_STAT_SIZE) &&
      (copy = malloc((size_t)info.size)) && zip_source_open(source) == 0) {
    zip_int64_t got = zip_source_read(source, copy, info.size);
    zip_source_close(source);
    if (got == (zip_int64_t)info.size) {
      zip_source_free(source);
      *bytes = copy;
      *size = (size_t)info.size;
      return EPX_OK;
    }
  }
  free(copy);
  zip_source_free(source);
  if (status != EPX_OK) return status;
  return epx_fail(error, EPX_ERR_MEMORY, "%s: no memory for the packed arrays.", path);
}

epx_status_t epx_npz_write(const char *path, const epx_npz_t *npz, epx_error_t *error) {
  unsigned char *bytes = NULL;
  size_t size = 0;
  epx_status_t status = epx_npz_packed(path, npz, &bytes, &size, error);
  if (status != EPX_OK) return status;
  status = epx_output_write(path, bytes, size, error);
  free(bytes);
  return status;
}
