/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_record_file.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "epx_output.h"

epx_status_t epx_path_join(const char *folder, const char *name, char path[EPX_PATH_SIZE],
                           epx_error_t *error) {
  const int length = snprintf(path, EPX_PATH_SIZE, "%s/%s", folder, name);
  return length < 0 || length >= EPX_PATH_SIZE
             ? epx_fail(error, EPX_ERR_ARGUMENT, "The path %.100s.../%s is too long (limit %d).",
                        folder, name, EPX_PATH_SIZE - 1)
             : EPX_OK;
}

epx_status_t epx_folder_make(const char *folder, epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  const size_t length = strlen(folder);
  if (length == 0 || length >= sizeof path) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "A folder name must have 1 to %d bytes; found %zu.",
                    EPX_PATH_SIZE - 1, length);
  }
  memcpy(path, folder, length + 1);
  for (size_t i = 1; i <= length; ++i) {
    if (path[i] != '/' && path[i] != '\0') {
      continue;
    }
    const char end = path[i];
    path[i] = '\0';
    struct stat info;
    if (mkdir(path, 0777) != 0 &&
        !(errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))) {
      return epx_fail(error, EPX_ERR_IO, "%s: cannot make the folder: %s.", path, strerror(errno));
    }
    path[i] = end;
  }
  return EPX_OK;
}

epx_status_t epx_text_read(const char *path, char **text, size_t *size, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  char *buffer = NULL;
  size_t used = 0, capacity = 0;
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return epx_fail(error, errno == ENOENT ? EPX_ERR_NOT_FOUND : EPX_ERR_IO,
                    "%s: cannot open the file: %s.", path, strerror(errno));
  }
  do {
    capacity = capacity == 0 ? 65536 : 2 * capacity;
    char *larger = realloc(buffer, capacity);
    if (larger == NULL) {
      status = epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory after %zu bytes.", path, used);
      goto cleanup;
    }
    buffer = larger;
    used += fread(buffer + used, 1, capacity - used - 1, file);
  } while (used == capacity - 1);
  if (ferror(file)) {
    status = epx_fail(error, EPX_ERR_IO, "%s: cannot read: %s.", path, strerror(errno));
    goto cleanup;
  }
  buffer[used] = '\0';
  *text = buffer;
  *size = used;
  buffer = NULL;
cleanup:
  free(buffer);
  fclose(file);
  return status;
}

epx_status_t epx_json_read(const char *path, json_t **object, epx_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  const epx_status_t status = epx_text_read(path, &text, &size, error);
  if (status != EPX_OK) {
    return status;
  }
  json_error_t where;
  json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
  free(text);
  if (root == NULL) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s:%d:%d: not valid JSON: %s.", path, where.line,
                    where.column, where.text);
  }
  if (!json_is_object(root)) {
    json_decref(root);
    return epx_fail(error, EPX_ERR_FORMAT, "%s:1:1: found JSON that is no object; expected {...}.",
                    path);
  }
  *object = root;
  return EPX_OK;
}

epx_status_t epx_json_write(const char *folder, const char *name, json_t *root,
                            epx_error_t *error) {
  char path[EPX_PATH_SIZE];
  epx_status_t status = epx_path_join(folder, name, path, error);
  char *text = NULL;
  if (status == EPX_OK) {
    text = root != NULL ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    if (text == NULL) {
      status = epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory while writing.", path);
    } else {
      const size_t length = strlen(text);
      text[length] = '\n'; /* in the place of the final 0, which the write does not need */
      status = epx_output_write(path, text, length + 1, error);
    }
  }
  free(text);
  json_decref(root);
  return status;
}

/* Bytes of the UTF-8 sequence at s, or 0 where s starts none (RFC 3629). */
static size_t utf8_length(const unsigned char *s) {
  const unsigned c = s[0];
  if (c < 0x80) {
    return 1;
  }
  const size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
  if (c < 0xc2 || c > 0xf4) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((s[i] & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool overlong = (c == 0xe0 && s[1] < 0xa0) || (c == 0xf0 && s[1] < 0x90);
  const bool surrogate_or_beyond = (c == 0xed && s[1] > 0x9f) || (c == 0xf4 && s[1] > 0x8f);
  return overlong || surrogate_or_beyond ? 0 : length;
}

json_t *epx_json_text(const char *text) {
  if (text == NULL) {
    return json_null();
  }
  char *copy = strdup(text);
  if (copy == NULL) {
    return NULL;
  }
  for (size_t i = 0; copy[i] != '\0';) {
    const size_t length = utf8_length((const unsigned char *)copy + i);
    if (length == 0) {
      copy[i] = '?';
    }
    i += length == 0 ? 1 : length;
  }
  json_t *string = json_string(copy);
  free(copy);
  return string;
}

json_t *epx_json_number(double x) {
  if (!isfinite(x)) {
    return json_null();
  }
  const bool whole = x == floor(x) && fabs(x) < 0x1p53;
  return whole ? json_integer((json_int_t)x) : json_real(x);
}

double epx_json_get_number(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *epx_json_get_text(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "";
}

void epx_utc_now(char text[32]) {
  const time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
