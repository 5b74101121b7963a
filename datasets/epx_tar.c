/* SPDX-License-Identifier: Apache-2.0 */
/* A header of 512 bytes, the content padded to 512, and so on; a block of zeros ends the archive.
 */
#include "epx_tar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
  EPX_TAR_BLOCK = 512,
  EPX_TAR_CHUNK = 1 << 16,
  /* offsets in a header */
  EPX_TAR_NAME = 0,
  EPX_TAR_SIZE = 124,
  EPX_TAR_CHECKSUM = 148,
  EPX_TAR_TYPE = 156,
  EPX_TAR_MAGIC = 257,
  EPX_TAR_PREFIX = 345
};

struct epx_tar_t {
  gzFile stream;
  char *path;
  uint64_t offset;  /* in the unpacked stream */
  uint64_t left;    /* of the member's content */
  unsigned padding; /* after the content */
  char place[280];  /* what the stream stands in, for messages */
  unsigned char chunk[EPX_TAR_CHUNK];
};

epx_status_t epx_tar_open(const char *path, epx_tar_t **tar, epx_error_t *error) {
  epx_tar_t *created = calloc(1, sizeof *created);
  if (created) created->path = strdup(path);
  if (!created || !created->path) {
    epx_tar_close(created);
    return epx_fail(error, EPX_ERR_MEMORY, "%s: no memory to read an archive.", path);
  }
  errno = 0;
  created->stream = gzopen(path, "rb");
  if (!created->stream) {
    int reason = errno;
    epx_tar_close(created);
    return epx_fail(error, reason == ENOENT ? EPX_ERR_NOT_FOUND : EPX_ERR_IO, "%s: %s.", path,
                    reason ? strerror(reason) : "no memory to read an archive");
  }
  gzbuffer(created->stream, EPX_TAR_CHUNK);
  *tar = created;
  return EPX_OK;
}

void epx_tar_close(epx_tar_t *tar) {
  if (!tar) return;
  if (tar->stream) gzclose_r(tar->stream);
  free(tar->path);
  free(tar);
}

uint64_t epx_tar_offset(const epx_tar_t *tar) {
  return tar->offset;
}

/* Up to `size` bytes; *got is less only at the end of a whole stream. */
static epx_status_t epx_tar_pull(epx_tar_t *tar, void *out, unsigned size, unsigned *got,
                                 epx_error_t *error) {
  int count = gzread(tar->stream, out, size);
  *got = count > 0 ? (unsigned)count : 0;
  tar->offset += *got;
  if (*got == size) return EPX_OK;
  int code = Z_OK;
  const char *reason = gzerror(tar->stream, &code);
  if (code == Z_OK || code == Z_STREAM_END) return EPX_OK;
  unsigned long long at = tar->offset;
  if (code == Z_ERRNO) {
    return epx_fail(error, EPX_ERR_IO, "%s: unpacked byte %llu, in %s: %s.", tar->path, at,
                    tar->place, strerror(errno));
  }
  if (code == Z_MEM_ERROR) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: no memory to unpack.", tar->path);
  }
  if (code == Z_BUF_ERROR) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: the gzip stream is truncated: it breaks off at unpacked byte %llu, in "
                    "%s, expected its end record.",
                    tar->path, at, tar->place);
  }
  return epx_fail(error, EPX_ERR_FORMAT,
                  "%s: the gzip stream is corrupt at unpacked byte %llu, in %s: %s.", tar->path, at,
                  tar->place, reason);
}

/* Exactly `size` bytes. */
static epx_status_t epx_tar_fill(epx_tar_t *tar, void *out, unsigned size, epx_error_t *error) {
  unsigned got;
  epx_status_t status = epx_tar_pull(tar, out, size, &got, error);
  if (status != EPX_OK || got == size) return status;
  return epx_fail(error, EPX_ERR_FORMAT,
                  "%s: ends at unpacked byte %llu in %s, expected %u bytes more.", tar->path,
                  (unsigned long long)tar->offset, tar->place, size - got);
}

static epx_status_t epx_tar_skip(epx_tar_t *tar, uint64_t size, epx_error_t *error) {
  while (size > 0) {
    unsigned part = size < EPX_TAR_CHUNK ? (unsigned)size : EPX_TAR_CHUNK;
    epx_status_t status = epx_tar_fill(tar, tar->chunk, part, error);
    if (status != EPX_OK) return status;
    size -= part;
  }
  return EPX_OK;
}

epx_status_t epx_tar_read(epx_tar_t *tar, void *out, size_t size, epx_error_t *error) {
  if (size > tar->left) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: unpacked byte %llu: %llu bytes left in %s, expected %zu.", tar->path,
                    (unsigned long long)tar->offset, (unsigned long long)tar->left, tar->place,
                    size);
  }
  for (char *at = out; size > 0;) {
    unsigned part = size < EPX_TAR_CHUNK ? (unsigned)size : EPX_TAR_CHUNK;
    epx_status_t status = epx_tar_fill(tar, at, part, error);
    if (status != EPX_OK) return status;
    tar->left -= part;
    at += part;
    size -= part;
  }
  return EPX_OK;
}

/* Blanks, octal digits, then blanks or NULs to the end of the field. */
static bool epx_tar_octal(const unsigned char *field, size_t size, uint64_t *value) {
  size_t i = 0, digits = 0;
  uint64_t sum = 0;
  while (i < size && field[i] == ' ') i++;
  for (; i < size && field[i] >= '0' && field[i] <= '7'; i++, digits++) {
    sum = sum * 8 + (field[i] - '0'); /* at most 12 digits: 36 bits */
  }
  while (i < size && (field[i] == ' ' || field[i] == '\0')) i++;
  *value = sum;
  return digits > 0 && i == size;
}

/* The sum of the header's bytes, its own field counted as blanks; some tools summed signed bytes.
 */
static epx_status_t epx_tar_verify(const epx_tar_t *tar, const unsigned char *header,
                                   epx_error_t *error) {
  unsigned long sum = 0;
  long signed_sum = 0;
  for (int i = 0; i < EPX_TAR_BLOCK; i++) {
    bool own = i >= EPX_TAR_CHECKSUM && i < EPX_TAR_CHECKSUM + 8;
    unsigned char byte = own ? ' ' : header[i];
    sum += byte;
    signed_sum += (signed char)byte;
  }
  unsigned long long start = tar->offset - EPX_TAR_BLOCK;
  uint64_t stored = 0;
  if (!epx_tar_octal(header + EPX_TAR_CHECKSUM, 8, &stored)) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: no tar header at unpacked byte %llu: its checksum is not an octal number "
                    "(expected %lo).",
                    tar->path, start, sum);
  }
  if (stored == sum || (signed_sum >= 0 && stored == (uint64_t)signed_sum)) return EPX_OK;
  return epx_fail(
      error, EPX_ERR_FORMAT,
      "%s: bad tar header at unpacked byte %llu: its bytes sum to %lo (octal), expected "
      "its checksum %llo.",
      tar->path, start, sum, (unsigned long long)stored);
}

static void epx_tar_name(const unsigned char *header, char name[257]) {
  size_t length = 0;
  if (memcmp(header + EPX_TAR_MAGIC, "ustar", 6) == 0 && header[EPX_TAR_PREFIX]) {
    length = strnlen((const char *)header + EPX_TAR_PREFIX, 155);
    memcpy(name, header + EPX_TAR_PREFIX, length);
    name[length++] = '/';
  }
  size_t own = strnlen((const char *)header + EPX_TAR_NAME, 100);
  memcpy(name + length, header + EPX_TAR_NAME, own);
  length += own;
  name[length] = '\0';
  while (strncmp(name, "./", 2) == 0) memmove(name, name + 2, strlen(name + 2) + 1);
}

/* After the end mark: to the end of the stream, where zlib compares the checksum. */
static epx_status_t epx_tar_drain(epx_tar_t *tar, epx_error_t *error) {
  unsigned got;
  do {
    epx_status_t status = epx_tar_pull(tar, tar->chunk, EPX_TAR_CHUNK, &got, error);
    if (status != EPX_OK) return status;
  } while (got > 0);
  return EPX_OK;
}

epx_status_t epx_tar_next(epx_tar_t *tar, epx_tar_member_t *member, bool *end, epx_error_t *error) {
  static const unsigned char zeros[EPX_TAR_BLOCK];
  unsigned char header[EPX_TAR_BLOCK];
  epx_status_t status = epx_tar_skip(tar, tar->left + tar->padding, error);
  if (status != EPX_OK) return status;
  tar->left = tar->padding = 0;
  strcpy(tar->place, "a tar header or end mark");
  status = epx_tar_fill(tar, header, EPX_TAR_BLOCK, error);
  if (status != EPX_OK) return status;
  if (memcmp(header, zeros, sizeof zeros) == 0) {
    status = epx_tar_drain(tar, error);
    if (status == EPX_OK) *end = true;
    return status;
  }
  status = epx_tar_verify(tar, header, error);
  if (status != EPX_OK) return status;
  uint64_t size = 0;
  if (!epx_tar_octal(header + EPX_TAR_SIZE, 12, &size)) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: tar header at unpacked byte %llu: the member's size is not octal.",
                    tar->path, (unsigned long long)(tar->offset - EPX_TAR_BLOCK));
  }
  char type = (char)header[EPX_TAR_TYPE];
  bool empty = type >= '1' && type <= '6'; /* links, devices, folders have no content */
  tar->left = empty ? 0 : size;
  tar->padding = (unsigned)((EPX_TAR_BLOCK - tar->left % EPX_TAR_BLOCK) % EPX_TAR_BLOCK);
  epx_tar_name(header, member->name);
  snprintf(tar->place, sizeof tar->place, "member %s", member->name);
  member->size = tar->left;
  member->regular = type == '0' || type == '\0' || type == '7';
  *end = false;
  return EPX_OK;
}
