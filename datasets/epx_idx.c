/* SPDX-License-Identifier: Apache-2.0 */
/* Sets in the IDX format of MNIST: big-endian files of images (magic 0x00000803, then count, height
 * and width) and of labels (magic 0x00000801, then count), one byte a pixel or label, each plain or
 * gzip-packed. Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits". */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "epx_dataset_internal.h"

enum {
  EPX_IDX_CHUNK = 1 << 16,
  EPX_IDX_UINT8 = 0x08,        /* the type code of unsigned bytes */
  EPX_IDX_DEFLATE_LIMIT = 1032 /* deflate never expands by more */
};

/* Pixels that one part may hold: a file that claims more is refused before memory is taken. */
static const uint64_t epx_idx_max_pixels = UINT64_C(1) << 31;

/* One of the four files. */
typedef struct epx_idx_file_t {
  gzFile stream; /* reads plain files too */
  uint64_t size; /* on disk */
  uint64_t at;   /* in the unpacked stream */
  char path[700];
  epx_error_t *error;
} epx_idx_file_t;

static epx_status_t epx_idx_open_file(const char *folder, const char *name, epx_idx_file_t *file,
                                      epx_error_t *error) {
  struct stat info;
  *file = (epx_idx_file_t){.error = error};
  snprintf(file->path, sizeof file->path, "%s/%s", folder, name);
  int result = stat(file->path, &info);
  const int reason = errno;
  if (result != 0 && reason == ENOENT) {
    snprintf(file->path, sizeof file->path, "%s/%s.gz", folder, name);
    result = stat(file->path, &info);
  }
  if (result != 0) {
    return epx_fail(error, reason == ENOENT || reason == ENOTDIR ? EPX_ERR_NOT_FOUND : EPX_ERR_IO,
                    "%s/%s: %s, expected an IDX file of that name, or with .gz.", folder, name,
                    strerror(reason));
  }
  if (!S_ISREG(info.st_mode)) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s: not a regular file, expected an IDX file.",
                    file->path);
  }
  file->size = (uint64_t)info.st_size;
  errno = 0;
  file->stream = gzopen(file->path, "rb");
  if (!file->stream) {
    return epx_fail(error, errno ? EPX_ERR_IO : EPX_ERR_MEMORY, "%s: %s.", file->path,
                    errno ? strerror(errno) : "no memory to read it");
  }
  gzbuffer(file->stream, EPX_IDX_CHUNK);
  return EPX_OK;
}

static void epx_idx_close_file(epx_idx_file_t *file) {
  if (file->stream) gzclose_r(file->stream);
  file->stream = NULL;
}

/* Up to `size` bytes; *got is less only at the end of a whole stream. */
static epx_status_t epx_idx_pull(epx_idx_file_t *file, void *out, unsigned size, unsigned *got) {
  const int count = gzread(file->stream, out, size);
  *got = count > 0 ? (unsigned)count : 0;
  file->at += *got;
  if (*got == size) return EPX_OK;
  int code = Z_OK;
  const char *reason = gzerror(file->stream, &code);
  if (code == Z_OK || code == Z_STREAM_END) return EPX_OK;
  return epx_fail(file->error, code == Z_ERRNO ? EPX_ERR_IO : EPX_ERR_FORMAT,
                  "%s: unpacked byte %llu: %s.", file->path, (unsigned long long)file->at,
                  code == Z_ERRNO       ? strerror(errno)
                  : code == Z_BUF_ERROR ? "the gzip stream is truncated"
                                        : reason);
}

/* Exactly `size` bytes; `end` is where the file should end, for the message. */
static epx_status_t epx_idx_fill(epx_idx_file_t *file, uint8_t *out, uint64_t size, uint64_t end) {
  while (size > 0) {
    const unsigned part = size < EPX_IDX_CHUNK ? (unsigned)size : EPX_IDX_CHUNK;
    unsigned got;
    const epx_status_t status = epx_idx_pull(file, out, part, &got);
    if (status != EPX_OK) return status;
    if (got < part) {
      return epx_fail(file->error, EPX_ERR_FORMAT,
                      "%s: ends at unpacked byte %llu, expected %llu bytes.", file->path,
                      (unsigned long long)file->at, (unsigned long long)end);
    }
    out += part;
    size -= part;
  }
  return EPX_OK;
}

/* Skips to `end` and makes sure that nothing follows; zlib then compares the checksum. */
static epx_status_t epx_idx_finish(epx_idx_file_t *file, uint64_t end) {
  uint8_t chunk[4096];
  while (file->at < end) {
    const uint64_t left = end - file->at;
    const epx_status_t status =
        epx_idx_fill(file, chunk, left < sizeof chunk ? left : sizeof chunk, end);
    if (status != EPX_OK) return status;
  }
  unsigned got;
  const epx_status_t status = epx_idx_pull(file, chunk, 1, &got);
  if (status != EPX_OK || got == 0) return status;
  return epx_fail(file->error, EPX_ERR_FORMAT,
                  "%s: goes on after unpacked byte %llu, expected its end there.", file->path,
                  (unsigned long long)end);
}

/* Reads magic and sizes, and checks that a file of this size can hold what they say. */
static epx_status_t epx_idx_header(epx_idx_file_t *file, int dimensions, uint64_t sizes[3],
                                   uint64_t *end) {
  uint8_t bytes[16];
  const unsigned length = 4 + 4 * (unsigned)dimensions;
  epx_status_t status = epx_idx_fill(file, bytes, 4, length);
  if (status != EPX_OK) return status;
  if (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != EPX_IDX_UINT8 || bytes[3] != dimensions) {
    return epx_fail(file->error, EPX_ERR_FORMAT,
                    "%s: begins with the magic number %02x %02x %02x %02x, expected 00 00 08 %02x: "
                    "unsigned bytes (type code 08) in %d dimension%s.",
                    file->path, bytes[0], bytes[1], bytes[2], bytes[3], (unsigned)dimensions,
                    dimensions, dimensions == 1 ? "" : "s");
  }
  status = epx_idx_fill(file, bytes + 4, length - 4, length);
  if (status != EPX_OK) return status;
  for (int d = 0; d < dimensions; d++) {
    const uint8_t *at = bytes + 4 + 4 * d;
    const uint64_t high = d == 0 ? INT32_MAX : EPX_DATASET_MAX_SIDE;
    sizes[d] = (uint64_t)at[0] << 24 | (uint64_t)at[1] << 16 | (uint64_t)at[2] << 8 | at[3];
    if (sizes[d] < 1 || sizes[d] > high) {
      static const char *const names[3] = {"count", "height", "width"};
      return epx_fail(file->error, EPX_ERR_FORMAT, "%s: byte %d: %s %llu, expected 1 to %llu.",
                      file->path, 4 + 4 * d, names[d], (unsigned long long)sizes[d],
                      (unsigned long long)high);
    }
  }
  *end = length + sizes[0] * (dimensions == 3 ? sizes[1] * sizes[2] : 1); /* below 2^50 */
  if (gzdirect(file->stream) ? file->size != *end : *end / EPX_IDX_DEFLATE_LIMIT > file->size) {
    return epx_fail(file->error, EPX_ERR_FORMAT,
                    "%s: %llu bytes%s, but its header stands for %llu.", file->path,
                    (unsigned long long)file->size, gzdirect(file->stream) ? "" : " (gzip-packed)",
                    (unsigned long long)*end);
  }
  return EPX_OK;
}

static epx_status_t epx_idx_read_images(epx_idx_file_t *file, const epx_data_config_t *config,
                                        int limit, int *available, epx_dataset_t **part) {
  uint64_t sizes[3] = {0}, end = 0;
  epx_status_t status = epx_idx_header(file, 3, sizes, &end);
  if (status != EPX_OK) return status;
  const int count = epx_dataset_limited((int)sizes[0], limit);
  const uint64_t pixels = (uint64_t)count * sizes[1] * sizes[2];
  if (pixels > epx_idx_max_pixels) {
    return epx_fail(file->error, EPX_ERR_UNSUPPORTED,
                    "%s: %d images of %llu x %llu pixels, expected at most %llu pixels in all "
                    "(data.train_limit and data.test_limit take fewer images).",
                    file->path, count, (unsigned long long)sizes[1], (unsigned long long)sizes[2],
                    (unsigned long long)epx_idx_max_pixels);
  }
  status = epx_dataset_allocate(count, 1, (int)sizes[1], (int)sizes[2], config->classes, part,
                                file->error);
  if (status != EPX_OK) return status;
  *available = (int)sizes[0];
  status = epx_idx_fill(file, (*part)->pixels, pixels, end);
  return status == EPX_OK ? epx_idx_finish(file, end) : status;
}

/* All labels are checked, those below the limit kept. */
static epx_status_t epx_idx_read_labels(epx_idx_file_t *file, const char *images, int available,
                                        epx_dataset_t *part) {
  uint64_t sizes[3] = {0}, end = 0;
  epx_status_t status = epx_idx_header(file, 1, sizes, &end);
  if (status != EPX_OK) return status;
  if (sizes[0] != (uint64_t)available) {
    return epx_fail(file->error, EPX_ERR_FORMAT, "%s: %llu labels, expected %d: the images in %s.",
                    file->path, (unsigned long long)sizes[0], available, images);
  }
  for (int i = 0; i < available; i++) {
    uint8_t label;
    status = epx_idx_fill(file, &label, 1, end);
    if (status != EPX_OK) return status;
    if (label >= part->classes) {
      return epx_fail(file->error, EPX_ERR_FORMAT,
                      "%s: byte %d: label %u of image %d, expected 0 to %d (network.classes less "
                      "1).",
                      file->path, 8 + i, label, i, part->classes - 1);
    }
    if (i < part->count) part->labels[i] = label;
  }
  return epx_idx_finish(file, end);
}

/* One part: its file of images, then its file of labels. */
static epx_status_t epx_idx_read_part(const epx_data_config_t *config, bool training,
                                      epx_dataset_t **part, epx_error_t *error) {
  static const char *const names[2][2] = {{"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
                                          {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"}};
  epx_idx_file_t images, labels;
  int available = 0;
  epx_status_t status = epx_idx_open_file(config->path, names[training][0], &images, error);
  if (status == EPX_OK) {
    const int limit = training ? config->train_limit : config->test_limit;
    status = epx_idx_read_images(&images, config, limit, &available, part);
  }
  epx_idx_close_file(&images);
  if (status != EPX_OK) return status;
  status = epx_idx_open_file(config->path, names[training][1], &labels, error);
  if (status == EPX_OK) status = epx_idx_read_labels(&labels, images.path, available, *part);
  epx_idx_close_file(&labels);
  if (status != EPX_OK) return status;
  snprintf((*part)->name, sizeof(*part)->name, "idx %s", training ? "train" : "test");
  snprintf((*part)->source, sizeof(*part)->source, "%s", config->path);
  epx_dataset_seal(*part);
  return EPX_OK;
}

epx_status_t epx_idx_open(const epx_data_config_t *config, epx_dataset_t **train,
                          epx_dataset_t **test, epx_error_t *error) {
  epx_dataset_t *parts[2] = {NULL, NULL};
  epx_status_t status = epx_idx_read_part(config, true, &parts[0], error);
  if (status == EPX_OK) status = epx_idx_read_part(config, false, &parts[1], error);
  if (status == EPX_OK &&
      (parts[0]->height != parts[1]->height || parts[0]->width != parts[1]->width)) {
    status = epx_fail(error, EPX_ERR_FORMAT,
                      "%s: training images of %d x %d pixels, test images of %d x %d; expected the "
                      "same.",
                      config->path, parts[0]->height, parts[0]->width, parts[1]->height,
                      parts[1]->width);
  }
  if (status != EPX_OK) {
    epx_dataset_destroy(parts[0]);
    epx_dataset_destroy(parts[1]);
    return status;
  }
  *train = parts[0];
  *test = parts[1];
  return EPX_OK;
}
