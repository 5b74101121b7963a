/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a tar archive, gzip-packed or plain, as a stream: member after member, never unpacked to
 * disk. Layout: POSIX.1-1988 ustar; the older V7 form and GNU's differ in nothing that matters
 * here.
 *
 * Errors are EPX_ERR_FORMAT, naming the archive and the byte offset in the unpacked stream. */
#ifndef EPX_TAR_H
#define EPX_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_tar_t epx_tar_t;

typedef struct epx_tar_member_t {
  char name[257]; /* with its folders; a leading "./" is dropped */
  uint64_t size;  /* bytes of content */
  bool regular;   /* a file, not a folder, link or extension record */
} epx_tar_member_t;

EPX_CHECKED epx_status_t epx_tar_open(const char *path, epx_tar_t **tar, epx_error_t *error);
void epx_tar_close(epx_tar_t *tar);

/* Goes to the next member, skipping what is left of this one. *end: there is none; the stream has
 * then been read, and its checksum compared, to its end. */
EPX_CHECKED epx_status_t epx_tar_next(epx_tar_t *tar, epx_tar_member_t *member, bool *end,
                                      epx_error_t *error);

/* Reads `size` bytes of the member's content; asking for more than is left is an error. */
EPX_CHECKED epx_status_t epx_tar_read(epx_tar_t *tar, void *out, size_t size, epx_error_t *error);

/* Bytes of the unpacked stream that have been read. */
uint64_t epx_tar_offset(const epx_tar_t *tar);

#ifdef __cplusplus
}
#endif
#endif
