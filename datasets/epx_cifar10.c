/* SPDX-License-Identifier: Apache-2.0 */
/* CIFAR-10 (Krizhevsky, 2009) in its binary form: six files of records, each one label byte and
 * 3x32x32 bytes of pixels, in a folder or in the published archive, which is read in place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "epx_dataset_internal.h"
#include "epx_tar.h"

#define EPX_CIFAR10_FOLDER "cifar-10-batches-bin"
#define EPX_CIFAR10_ARCHIVE "cifar-10-binary.tar.gz"

enum { EPX_CIFAR10_FILES = 6, EPX_CIFAR10_CLASSES = 10, EPX_CIFAR10_WHERE = 900 };

static const char *const epx_cifar10_names[EPX_CIFAR10_FILES] = {
    "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
    "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};

/* The set being read. */
typedef struct epx_cifar10_t {
  int records; /* in each file */
  epx_dataset_t *train, *test;
  epx_error_t *error;
} epx_cifar10_t;

/* The bytes of one of the six files. */
typedef struct epx_cifar10_source_t {
  FILE *file;     /* one of these two */
  epx_tar_t *tar; /* at the member's content */
  char where[EPX_CIFAR10_WHERE];
} epx_cifar10_source_t;

static epx_status_t epx_cifar10_check_size(const epx_cifar10_t *set, const char *where,
                                           unsigned long long size) {
  unsigned long long expected = (unsigned long long)set->records * EPX_CIFAR10_RECORD_SIZE;
  if (size == expected) return EPX_OK;
  return epx_fail(set->error, EPX_ERR_FORMAT,
                  "%s: %llu bytes (whole records up to byte %llu), expected %llu: %d records of %d "
                  "bytes.",
                  where, size, size - size % EPX_CIFAR10_RECORD_SIZE, expected, set->records,
                  EPX_CIFAR10_RECORD_SIZE);
}

static epx_status_t epx_cifar10_take(epx_cifar10_source_t *source, int record,
                                     uint8_t out[EPX_CIFAR10_RECORD_SIZE], epx_error_t *error) {
  if (source->tar) return epx_tar_read(source->tar, out, EPX_CIFAR10_RECORD_SIZE, error);
  size_t got = fread(out, 1, EPX_CIFAR10_RECORD_SIZE, source->file);
  if (got == EPX_CIFAR10_RECORD_SIZE) return EPX_OK;
  long long at = (long long)record * EPX_CIFAR10_RECORD_SIZE + (long long)got;
  if (ferror(source->file)) {
    return epx_fail(error, EPX_ERR_IO, "%s: byte %lld: %s.", source->where, at, strerror(errno));
  }
  return epx_fail(error, EPX_ERR_FORMAT,
                  "%s: ends at byte %lld, expected whole records of %d bytes.", source->where, at,
                  EPX_CIFAR10_RECORD_SIZE);
}

/* The part and the place in it of a file's first image. */
static epx_dataset_t *epx_cifar10_place(const epx_cifar10_t *set, int file, int *first) {
  bool test = file == EPX_CIFAR10_FILES - 1;
  *first = test ? 0 : file * set->records;
  return test ? set->test : set->train;
}

/* Reads `count` records of a file and keeps those below the part's limit. */
static epx_status_t epx_cifar10_records(const epx_cifar10_t *set, int file, int count,
                                        epx_cifar10_source_t *source) {
  int first;
  epx_dataset_t *part = epx_cifar10_place(set, file, &first);
  uint8_t record[EPX_CIFAR10_RECORD_SIZE];
  for (int i = 0; i < count; i++) {
    epx_status_t status = epx_cifar10_take(source, i, record, set->error);
    if (status != EPX_OK) return status;
    if (record[0] >= EPX_CIFAR10_CLASSES) {
      return epx_fail(set->error, EPX_ERR_FORMAT,
                      "%s: byte %lld: label %u of record %d, expected 0 to %d.", source->where,
                      (long long)i * EPX_CIFAR10_RECORD_SIZE, record[0], i,
                      EPX_CIFAR10_CLASSES - 1);
    }
    if (first + i >= part->count) continue;
    part->labels[first + i] = record[0];
    memcpy(part->pixels + (size_t)(first + i) * (EPX_CIFAR10_RECORD_SIZE - 1), record + 1,
           EPX_CIFAR10_RECORD_SIZE - 1);
  }
  return EPX_OK;
}

static epx_status_t epx_cifar10_read_file(const epx_cifar10_t *set, const char *folder, int file) {
  epx_cifar10_source_t source = {.file = NULL};
  snprintf(source.where, sizeof source.where, "%s/%s", folder, epx_cifar10_names[file]);
  struct stat info;
  source.file = fopen(source.where, "rb");
  if (!source.file || fstat(fileno(source.file), &info) != 0) {
    int reason = errno;
    if (source.file) fclose(source.file);
    return epx_fail(set->error, reason == ENOENT ? EPX_ERR_NOT_FOUND : EPX_ERR_IO,
                    "%s: %s, expected a file of %d CIFAR-10 records.", source.where,
                    strerror(reason), set->records);
  }
  epx_status_t status;
  if (S_ISREG(info.st_mode)) {
    status = epx_cifar10_check_size(set, source.where, (unsigned long long)info.st_size);
  } else {
    status = epx_fail(set->error, EPX_ERR_FORMAT, "%s: not a regular file, expected %d records.",
                      source.where, set->records);
  }
  if (status == EPX_OK) {
    int first;
    const epx_dataset_t *part = epx_cifar10_place(set, file, &first);
    int wanted = part->count - first; /* records beyond the limit stay unread */
    wanted = wanted < 0 ? 0 : (wanted < set->records ? wanted : set->records);
    status = epx_cifar10_records(set, file, wanted, &source);
  }
  fclose(source.file);
  return status;
}

static epx_status_t epx_cifar10_read_folder(const epx_cifar10_t *set, const char *folder) {
  for (int file = 0; file < EPX_CIFAR10_FILES; file++) {
    epx_status_t status = epx_cifar10_read_file(set, folder, file);
    if (status != EPX_OK) return status;
  }
  return EPX_OK;
}

/* Which of the six files a member is; -1: none of them. */
static int epx_cifar10_match(const char *name) {
  size_t folder = strlen(EPX_CIFAR10_FOLDER "/");
  if (strncmp(name, EPX_CIFAR10_FOLDER "/", folder) != 0) return -1;
  for (int file = 0; file < EPX_CIFAR10_FILES; file++) {
    if (strcmp(name + folder, epx_cifar10_names[file]) == 0) return file;
  }
  return -1;
}

static epx_status_t epx_cifar10_read_member(const epx_cifar10_t *set, const char *archive,
                                            epx_tar_t *tar, const epx_tar_member_t *member,
                                            bool seen[EPX_CIFAR10_FILES]) {
  int file = epx_cifar10_match(member->name);
  if (file < 0) return EPX_OK;
  epx_cifar10_source_t source = {.tar = tar};
  snprintf(source.where, sizeof source.where, "%s: member %s (content at unpacked byte %llu)",
           archive, member->name, (unsigned long long)epx_tar_offset(tar));
  if (seen[file] || !member->regular) {
    return epx_fail(set->error, EPX_ERR_FORMAT, "%s: found %s, expected one regular file.",
                    source.where, seen[file] ? "a second member of that name" : "no regular file");
  }
  seen[file] = true;
  epx_status_t status = epx_cifar10_check_size(set, source.where, member->size);
  return status == EPX_OK ? epx_cifar10_records(set, file, set->records, &source) : status;
}

static epx_status_t epx_cifar10_read_members(const epx_cifar10_t *set, const char *archive,
                                             epx_tar_t *tar) {
  bool seen[EPX_CIFAR10_FILES] = {false};
  for (;;) {
    epx_tar_member_t member;
    bool end;
    epx_status_t status = epx_tar_next(tar, &member, &end, set->error);
    if (status != EPX_OK) return status;
    if (end) break;
    status = epx_cifar10_read_member(set, archive, tar, &member, seen);
    if (status != EPX_OK) return status;
  }
  for (int file = 0; file < EPX_CIFAR10_FILES; file++) {
    if (!seen[file]) {
      return epx_fail(set->error, EPX_ERR_NOT_FOUND,
                      "%s: no member %s/%s up to its end at unpacked byte %llu, expected all six "
                      "CIFAR-10 files.",
                      archive, EPX_CIFAR10_FOLDER, epx_cifar10_names[file],
                      (unsigned long long)epx_tar_offset(tar));
    }
  }
  return EPX_OK;
}

static epx_status_t epx_cifar10_read_archive(const epx_cifar10_t *set, const char *archive) {
  epx_tar_t *tar = NULL;
  epx_status_t status = epx_tar_open(archive, &tar, set->error);
  if (status == EPX_OK) status = epx_cifar10_read_members(set, archive, tar);
  epx_tar_close(tar);
  return status;
}

static bool epx_cifar10_exists(const char *folder, const char *name, char *out, size_t size) {
  struct stat info;
  snprintf(out, size, "%s/%s", folder, name);
  return stat(out, &info) == 0;
}

/* Finds the files or the archive from the path in the configuration. */
static epx_status_t epx_cifar10_find(const char *path, char *out, size_t size, bool *archive,
                                     epx_error_t *error) {
  static const char advice[] = "(script/fetch-cifar10 FOLDER downloads it)";
  struct stat info;
  if (path[0] == '\0') {
    return epx_fail(error, EPX_ERR_NOT_FOUND,
                    "data.path is empty, expected the folder of " EPX_CIFAR10_ARCHIVE
                    " or " EPX_CIFAR10_FOLDER " %s.",
                    advice);
  }
  if (stat(path, &info) != 0) {
    int reason = errno;
    return epx_fail(error, reason == ENOENT || reason == ENOTDIR ? EPX_ERR_NOT_FOUND : EPX_ERR_IO,
                    "%s: %s, expected the folder of " EPX_CIFAR10_ARCHIVE " or " EPX_CIFAR10_FOLDER
                    " %s.",
                    path, strerror(reason), advice);
  }
  *archive = !S_ISDIR(info.st_mode);
  snprintf(out, size, "%s", path);
  if (*archive || epx_cifar10_exists(path, EPX_CIFAR10_FOLDER, out, size)) return EPX_OK;
  for (int file = 0; file < EPX_CIFAR10_FILES; file++) {
    if (epx_cifar10_exists(path, epx_cifar10_names[file], out, size)) {
      snprintf(out, size, "%s", path);
      return EPX_OK;
    }
  }
  *archive = true;
  if (epx_cifar10_exists(path, EPX_CIFAR10_ARCHIVE, out, size)) return EPX_OK;
  return epx_fail(error, EPX_ERR_NOT_FOUND,
                  "%s: a folder with neither " EPX_CIFAR10_FOLDER " nor " EPX_CIFAR10_ARCHIVE
                  " %s.",
                  path, advice);
}

static void epx_cifar10_label(epx_dataset_t *part, const char *name, const char *source) {
  snprintf(part->name, sizeof part->name, "%s", name);
  snprintf(part->source, sizeof part->source, "%.*s", (int)sizeof part->source - 1, source);
  epx_dataset_seal(part);
}

epx_status_t epx_cifar10_open(const epx_data_config_t *config, int records, epx_dataset_t **train,
                              epx_dataset_t **test, epx_error_t *error) {
  char source[sizeof config->path + 64];
  bool archive = false;
  epx_cifar10_t set = {.records = records, .error = error};
  epx_status_t status = epx_cifar10_find(config->path, source, sizeof source, &archive, error);
  if (status != EPX_OK) return status;
  int training = epx_dataset_limited((EPX_CIFAR10_FILES - 1) * records, config->train_limit);
  int testing = epx_dataset_limited(records, config->test_limit);
  status = epx_dataset_allocate(training, 3, 32, 32, EPX_CIFAR10_CLASSES, &set.train, error);
  if (status != EPX_OK) goto cleanup;
  status = epx_dataset_allocate(testing, 3, 32, 32, EPX_CIFAR10_CLASSES, &set.test, error);
  if (status != EPX_OK) goto cleanup;
  status = archive ? epx_cifar10_read_archive(&set, source) : epx_cifar10_read_folder(&set, source);
  if (status != EPX_OK) goto cleanup;
  epx_cifar10_label(set.train, "cifar10 train", source);
  epx_cifar10_label(set.test, "cifar10 test", source);
  *train = set.train;
  *test = set.test;
  return EPX_OK;
cleanup:
  epx_dataset_destroy(set.train);
  epx_dataset_destroy(set.test);
  return status;
}
