/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_bias_record.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "epx_bias_keys.h"
#include "epx_bias_rows.h"
#include "epx_output.h"
#include "epx_record_file.h"

enum { BIAS_FORMAT = 1 };

struct epx_bias_record_t {
  char folder[EPX_PATH_SIZE], path[EPX_PATH_SIZE];
  json_t *description; /* bias.json */
  epx_bias_keys_t keys;
  int file; /* -1: closed */
};

static epx_status_t reserve(epx_bias_record_t *record, int rows, epx_error_t *error) {
  return epx_bias_keys_reserve(&record->keys, rows)
             ? EPX_OK
             : epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for %d rows.", record->path,
                        rows);
}

static json_t *make_description(const char *settings_text, const char *const *names,
                                const char *const *values, int count) {
  char now[32];
  epx_utc_now(now);
  json_t *metadata = json_object();
  for (int i = 0; i < count; ++i) {
    json_object_set_new(metadata, names[i], epx_json_text(values[i]));
  }
  return json_pack("{s:i, s:s, s:s, s:s, s:n, s:i, s:o, s:o}", "format", BIAS_FORMAT, "program",
                   "epxbar", "version", EPX_VERSION, "started", now, "finished", "resumes", 0,
                   "metadata", metadata, "settings", epx_json_text(settings_text));
}

/* The line around the first difference, from at most 24 bytes before it. */
static void show_line(const char *text, size_t at, char line[81]) {
  size_t start = at;
  while (start > 0 && at - start < 24 && text[start - 1] != '\n') {
    --start;
  }
  const size_t length = strcspn(text + start, "\n");
  snprintf(line, 81, "%.*s", (int)(length < 80 ? length : 80), text + start);
}

static epx_status_t compare_settings(const char *path, const char *old, const char *now,
                                     epx_error_t *error) {
  size_t at = 0;
  int number = 1;
  while (old[at] != '\0' && old[at] == now[at]) {
    number += old[at++] == '\n';
  }
  if (old[at] == now[at]) {
    return EPX_OK;
  }
  char was[81], is[81];
  show_line(old, at, was);
  show_line(now, at, is);
  return epx_fail(error, EPX_ERR_ARGUMENT,
                  "%s: the folder holds results of other settings: in line %d of them it has "
                  "\"%s\", and now it is \"%s\". Choose another folder with --out.",
                  path, number, was, is);
}

/* Reads bias.json of a record that is resumed and notes the resumption in it. */
static epx_status_t resume_description(epx_bias_record_t *record, const char *settings_text,
                                       epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  epx_status_t status = epx_path_join(record->folder, "bias.json", path, error);
  if (status == EPX_OK) {
    status = epx_json_read(path, &record->description, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  const json_int_t format = json_integer_value(json_object_get(record->description, "format"));
  if (format != BIAS_FORMAT) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s: format: found %lld; expected %d.", path,
                    (long long)format, BIAS_FORMAT);
  }
  const json_int_t resumes = json_integer_value(json_object_get(record->description, "resumes"));
  json_object_set_new(record->description, "resumes", json_integer(resumes + 1));
  json_object_set_new(record->description, "finished", json_null());
  json_t *now = epx_json_text(settings_text);
  status = now == NULL ? epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", path)
                       : compare_settings(path, epx_json_get_text(record->description, "settings"),
                                          json_string_value(now), error);
  json_decref(now);
  return status;
}

static epx_status_t write_description(const epx_bias_record_t *record, epx_error_t *error) {
  return epx_json_write(record->folder, "bias.json", json_incref(record->description), error);
}

/* Opens bias.csv for appending, for this record alone: until then another may be appending. */
static epx_status_t open_rows(epx_bias_record_t *record, epx_error_t *error) {
  const epx_status_t status = epx_output_check(record->path, error);
  if (status != EPX_OK) {
    return status;
  }
  record->file = open(record->path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (record->file < 0) {
    return epx_fail(error, EPX_ERR_IO, "%s: cannot open for writing: %s.", record->path,
                    strerror(errno));
  }
  if (flock(record->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return epx_fail(error, EPX_ERR_IO, "%s: another process is writing this record.", record->path);
  }
  return EPX_OK;
}

/* Takes the rows of the file into the record and cuts off a torn last block. */
static epx_status_t load_rows(epx_bias_record_t *record, epx_error_t *error) {
  epx_bias_row_t *rows = NULL;
  int count = 0;
  size_t bytes = 0;
  epx_status_t status = epx_bias_rows_load(record->path, &rows, &count, &bytes, error);
  if (status == EPX_OK) {
    status = reserve(record, count, error);
  }
  for (int i = 0; status == EPX_OK && i < count; ++i) {
    epx_bias_keys_add(&record->keys, &rows[i]);
  }
  free(rows);
  if (status == EPX_OK && ftruncate(record->file, (off_t)bytes) != 0) {
    status = epx_fail(error, EPX_ERR_IO, "%s: cannot cut the file to %zu bytes: %s.", record->path,
                      bytes, strerror(errno));
  }
  return status;
}

static epx_status_t start_new(epx_bias_record_t *record, const char *settings_text,
                              const char *const *names, const char *const *values, int count,
                              epx_error_t *error) {
  record->description = make_description(settings_text, names, values, count);
  if (record->description == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for bias.json.", record->folder);
  }
  epx_status_t status = epx_folder_make(record->folder, error);
  if (status == EPX_OK) {
    status = write_description(record, error);
  }
  if (status == EPX_OK) {
    status = epx_output_write(record->path, epx_bias_header(), strlen(epx_bias_header()), error);
  }
  return status == EPX_OK ? open_rows(record, error) : status;
}

static epx_status_t resume(epx_bias_record_t *record, const char *settings_text,
                           epx_error_t *error) {
  epx_status_t status = resume_description(record, settings_text, error);
  if (status == EPX_OK) {
    status = open_rows(record, error);
  }
  if (status == EPX_OK) {
    status = load_rows(record, error);
  }
  return status == EPX_OK ? write_description(record, error) : status;
}

epx_status_t epx_bias_record_open(const char *folder, const char *settings_text,
                                  const char *const *names, const char *const *values, int count,
                                  epx_bias_record_t **record, epx_error_t *error) {
  epx_bias_record_t *made = calloc(1, sizeof *made);
  if (made == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for the record.", folder);
  }
  made->file = -1;
  epx_status_t status = epx_path_join(folder, "bias.csv", made->path, error);
  if (status == EPX_OK) {
    snprintf(made->folder, sizeof made->folder, "%s", folder);
    status = access(made->path, F_OK) == 0
                 ? resume(made, settings_text, error)
                 : start_new(made, settings_text, names, values, count, error);
  }
  if (status == EPX_OK) {
    *record = made;
  } else {
    epx_bias_record_destroy(made);
  }
  return status;
}

int epx_bias_record_has(const epx_bias_record_t *record, const epx_bias_row_t *key) {
  return epx_bias_keys_has(&record->keys, key);
}

int epx_bias_record_count(const epx_bias_record_t *record) {
  return record->keys.count;
}

/* One write and a flush; on failure the file is cut to its old size. */
static epx_status_t write_block(epx_bias_record_t *record, const char *text, size_t size,
                                epx_error_t *error) {
  const off_t before = lseek(record->file, 0, SEEK_END);
  const ssize_t written = write(record->file, text, size);
  if (written == (ssize_t)size && fsync(record->file) == 0) {
    return EPX_OK;
  }
  const char *reason = written >= 0 && written != (ssize_t)size ? "disk full" : strerror(errno);
  const bool cut = before >= 0 && ftruncate(record->file, before) == 0;
  return epx_fail(error, EPX_ERR_IO, "%s: cannot append: %s%s.", record->path, reason,
                  cut ? "" : "; the file's end is torn");
}

epx_status_t epx_bias_record_append(epx_bias_record_t *record, const epx_bias_row_t *rows,
                                    int count, epx_error_t *error) {
  if (count < 1 || !epx_bias_ends_block(&rows[count - 1])) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s: a block of rows must end with the layer \"all\".",
                    record->path);
  }
  epx_status_t status = reserve(record, record->keys.count + count, error);
  char *text = status == EPX_OK ? malloc((size_t)count * EPX_BIAS_LINE_SIZE) : NULL;
  if (status == EPX_OK && text == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory.", record->path);
  }
  const int before = record->keys.count;
  size_t size = 0;
  for (int i = 0; status == EPX_OK && i < count; ++i) {
    status = epx_bias_format(&rows[i], text + size, error);
    if (status == EPX_OK && epx_bias_keys_add(&record->keys, &rows[i])) {
      size += strlen(text + size);
    }
  }
  if (status == EPX_OK && size > 0) {
    status = write_block(record, text, size, error);
  }
  if (status != EPX_OK) {
    epx_bias_keys_cut(&record->keys, before);
  }
  free(text);
  return status;
}

epx_status_t epx_bias_record_close(epx_bias_record_t *record, epx_error_t *error) {
  char now[32];
  epx_utc_now(now);
  if (json_object_set_new(record->description, "finished", json_string(now)) != 0) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for bias.json.", record->folder);
  }
  return write_description(record, error);
}

void epx_bias_record_destroy(epx_bias_record_t *record) {
  if (record == NULL) {
    return;
  }
  if (record->file >= 0) {
    close(record->file);
  }
  json_decref(record->description);
  epx_bias_keys_clear(&record->keys);
  free(record);
}
