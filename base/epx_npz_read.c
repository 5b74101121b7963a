/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a .npz: each member's header is checked against the sizes in the zip directory before any
 * memory is taken for it, so that a corrupt file costs an error and not the machine's memory. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "epx_npy.h"
#include "epx_npz.h"

/* Deflate never expands by more than 1032. */
enum { EPX_NPZ_DEFLATE_LIMIT = 1032 };

/* One member being read. */
typedef struct epx_npz_member_t {
  zip_file_t *file;
  zip_uint64_t size; /* unpacked, as the directory says */
  char name[EPX_NPZ_NAME_SIZE];
  char where[PATH_MAX + EPX_NPZ_NAME_SIZE + 16]; /* "file: member 'x.npy'" */
  epx_error_t *error;
} epx_npz_member_t;

static epx_status_t epx_npz_open(const char *path, zip_t **zip, zip_uint64_t *file_size,
                                 epx_error_t *error) {
  struct stat info;
  if (stat(path, &info) != 0) {
    return epx_fail(error, errno == ENOENT || errno == ENOTDIR ? EPX_ERR_NOT_FOUND : EPX_ERR_IO,
                    "%s: %s, expected an .npz file.", path, strerror(errno));
  }
  if (!S_ISREG(info.st_mode) || info.st_size == 0) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s: %s, expected an .npz file.", path,
                    S_ISREG(info.st_mode) ? "an empty file" : "not a regular file");
  }
  int code = 0;
  errno = 0;
  zip_t *opened = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
  if (!opened) {
    zip_error_t reason;
    zip_error_init_with_code(&reason, code);
    epx_status_t status = code == ZIP_ER_MEMORY                        ? EPX_ERR_MEMORY
                          : code == ZIP_ER_OPEN || code == ZIP_ER_READ ? EPX_ERR_IO
                                                                       : EPX_ERR_FORMAT;
    epx_fail(error, status, "%s: not readable as an .npz (zip) file of %lld bytes: %s.", path,
             (long long)info.st_size, zip_error_strerror(&reason));
    zip_error_fini(&reason);
    return status;
  }
  *zip = opened;
  *file_size = (zip_uint64_t)info.st_size;
  return EPX_OK;
}

/* Checks what the directory says of a member and takes its name without ".npy". */
static epx_status_t epx_npz_inspect(zip_t *zip, zip_uint64_t index, const char *path,
                                    zip_uint64_t file_size, epx_npz_member_t *member) {
  zip_stat_t info;
  zip_stat_init(&info);
  const zip_uint64_t needed =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if (zip_stat_index(zip, index, 0, &info) != 0 || (info.valid & needed) != needed) {
    return epx_fail(member->error, EPX_ERR_FORMAT, "%s: member %llu: broken directory entry.", path,
                    (unsigned long long)index);
  }
  snprintf(member->where, sizeof member->where, "%s: member '%.*s'", path, EPX_NPZ_NAME_SIZE + 4,
           info.name);
  size_t length = strlen(info.name);
  if (length < 5 || length - 4 >= EPX_NPZ_NAME_SIZE ||
      strcmp(info.name + length - 4, ".npy") != 0) {
    return epx_fail(member->error, EPX_ERR_FORMAT,
                    "%s: expected a name of 1 to %d characters and \".npy\".", member->where,
                    EPX_NPZ_NAME_SIZE - 1);
  }
  memcpy(member->name, info.name, length - 4);
  member->name[length - 4] = '\0';
  if (info.comp_method != ZIP_CM_STORE && info.comp_method != ZIP_CM_DEFLATE) {
    return epx_fail(member->error, EPX_ERR_FORMAT,
                    "%s: packed by zip method %u, expected 0 (stored) or 8 (deflated).",
                    member->where, (unsigned)info.comp_method);
  }
  zip_uint64_t limit =
      info.comp_method == ZIP_CM_STORE ? info.comp_size : info.comp_size * EPX_NPZ_DEFLATE_LIMIT;
  if (info.comp_size > file_size || info.size > limit) {
    return epx_fail(member->error, EPX_ERR_FORMAT,
                    "%s: %llu bytes packed into %llu, impossible in a file of %llu bytes.",
                    member->where, (unsigned long long)info.size,
                    (unsigned long long)info.comp_size, (unsigned long long)file_size);
  }
  member->size = info.size;
  return EPX_OK;
}

/* Fills out[size]; `offset` is the place in the member, for the message. */
static epx_status_t epx_npz_fill(epx_npz_member_t *member, void *out, size_t size, size_t offset) {
  size_t done = 0;
  while (done < size) {
    zip_int64_t got = zip_fread(member->file, (char *)out + done, size - done);
    if (got < 0) {
      return epx_fail(member->error, EPX_ERR_FORMAT, "%s: after byte %zu: %s.", member->where,
                      offset + done, zip_file_strerror(member->file));
    }
    if (got == 0) {
      return epx_fail(member->error, EPX_ERR_FORMAT, "%s: ends after %zu bytes, expected %zu.",
                      member->where, offset + done, offset + size);
    }
    done += (size_t)got;
  }
  return EPX_OK;
}

/* Reading past the end is what makes libzip compare the checksum. */
static epx_status_t epx_npz_finish(epx_npz_member_t *member) {
  char extra;
  zip_int64_t got = zip_fread(member->file, &extra, 1);
  if (got == 0) return EPX_OK;
  return epx_fail(member->error, EPX_ERR_FORMAT, "%s: after its %llu bytes: %s.", member->where,
                  (unsigned long long)member->size,
                  got < 0 ? zip_file_strerror(member->file) : "more data, expected the end");
}

static epx_status_t epx_npz_read_header(epx_npz_member_t *member, epx_npy_header_t *header) {
  unsigned char prefix[EPX_NPY_PREFIX_SIZE];
  char text[EPX_NPY_TEXT_LIMIT];
  /* Every legal header is longer than the prefix, so this reads no element. */
  size_t taken = member->size < sizeof prefix ? (size_t)member->size : sizeof prefix;
  epx_status_t status = epx_npz_fill(member, prefix, taken, 0);
  if (status != EPX_OK) return status;
  size_t prefix_size, text_size;
  status =
      epx_npy_parse_prefix(prefix, taken, member->where, &prefix_size, &text_size, member->error);
  if (status != EPX_OK) return status;
  size_t early = taken - prefix_size; /* text bytes that came with the prefix */
  if (text_size < early || text_size > member->size - prefix_size) {
    return epx_fail(member->error, EPX_ERR_FORMAT,
                    "%s: .npy header text of %zu bytes in a member of %llu.", member->where,
                    text_size, (unsigned long long)member->size);
  }
  memcpy(text, prefix + prefix_size, early);
  status = epx_npz_fill(member, text + early, text_size - early, taken);
  if (status != EPX_OK) return status;
  status = epx_npy_parse_text(text, text_size, member->where, header, member->error);
  if (status != EPX_OK) return status;
  zip_uint64_t rest = member->size - prefix_size - text_size;
  if (rest != header->bytes) {
    return epx_fail(member->error, EPX_ERR_FORMAT,
                    "%s: %llu bytes of elements, expected %zu for its shape and type.",
                    member->where, (unsigned long long)rest, header->bytes);
  }
  return EPX_OK;
}

static epx_status_t epx_npz_read_member(epx_npz_member_t *member, epx_npz_t *npz) {
  epx_npy_header_t header;
  epx_status_t status = epx_npz_read_header(member, &header);
  if (status != EPX_OK) return status;
  if (epx_npz_find(npz, member->name)) {
    return epx_fail(member->error, EPX_ERR_FORMAT, "%s: there are two members of that name.",
                    member->where);
  }
  epx_npz_array_t *array;
  status = epx_npz_add(npz, member->name, header.dtype, header.dimensions, header.shape, NULL,
                       &array, member->error);
  if (status != EPX_OK) return status;
  status = epx_npz_fill(member, array->data, header.bytes, (size_t)member->size - header.bytes);
  return status == EPX_OK ? epx_npz_finish(member) : status;
}

static epx_status_t epx_npz_read_members(zip_t *zip, const char *path, zip_uint64_t file_size,
                                         zip_uint64_t limit, epx_npz_t *npz, epx_error_t *error) {
  zip_int64_t count = zip_get_num_entries(zip, 0);
  zip_uint64_t total = 0;
  for (zip_int64_t i = 0; i < count; i++) {
    epx_npz_member_t member = {.error = error};
    epx_status_t status = epx_npz_inspect(zip, (zip_uint64_t)i, path, file_size, &member);
    if (status != EPX_OK) return status;
    if (member.size > limit - total) {
      return epx_fail(error, EPX_ERR_FORMAT,
                      "%s: brings the unpacked arrays to more than %llu bytes, the most accepted.",
                      member.where, (unsigned long long)limit);
    }
    total += member.size;
    member.file = zip_fopen_index(zip, (zip_uint64_t)i, 0);
    if (!member.file) {
      return epx_fail(error, EPX_ERR_FORMAT, "%s: %s.", member.where, zip_strerror(zip));
    }
    status = epx_npz_read_member(&member, npz);
    zip_fclose(member.file);
    if (status != EPX_OK) return status;
  }
  return EPX_OK;
}

epx_status_t epx_npz_read_limited(const char *path, uint64_t limit, epx_npz_t **npz,
                                  epx_error_t *error) {
  zip_t *zip = NULL;
  zip_uint64_t file_size = 0;
  epx_status_t status = epx_npz_open(path, &zip, &file_size, error);
  if (status != EPX_OK) return status;
  epx_npz_t *created = NULL;
  status = epx_npz_create(&created, error);
  if (status == EPX_OK) status = epx_npz_read_members(zip, path, file_size, limit, created, error);
  zip_discard(zip);
  if (status != EPX_OK) {
    epx_npz_destroy(created);
    return status;
  }
  *npz = created;
  return EPX_OK;
}

epx_status_t epx_npz_read(const char *path, epx_npz_t **npz, epx_error_t *error) {
  return epx_npz_read_limited(path, EPX_NPZ_MAX_BYTES, npz, error);
}
