/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_code_formats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = EPX_NPZ_NAME_SIZE + EPX_CODE_FORMAT_SIZE };

epx_status_t epx_code_formats_add(epx_npz_t *npz, const char *name,
                                  const epx_code_format_t *formats, size_t count,
                                  epx_error_t *error) {
  char *text = malloc(count * LINE_SIZE + 1);
  if (text == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the formats of %zu arrays", count);
  }
  size_t length = 0;
  for (size_t i = 0; i < count; ++i) {
    length += (size_t)snprintf(text + length, LINE_SIZE + 1, "%s %s\n", formats[i].array,
                               formats[i].format);
  }
  const epx_status_t status = epx_npz_add(npz, name, EPX_DTYPE_U8, 1, &length, text, NULL, error);
  free(text);
  return status;
}

bool epx_code_formats_given(const epx_npz_t *npz, const char *name) {
  return epx_npz_find(npz, name) != NULL;
}

/* The format that the text gives an array: a line's rest; NULL where no line is its. */
static const char *find(const char *text, size_t length, const char *array, size_t *size) {
  const size_t name = strlen(array);
  for (const char *line = text, *end = text + length; line < end;) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    stop = stop == NULL ? end : stop;
    if ((size_t)(stop - line) > name && line[name] == ' ' && memcmp(line, array, name) == 0) {
      *size = (size_t)(stop - line) - name - 1;
      return line + name + 1;
    }
    line = stop + 1;
  }
  return NULL;
}

/* A file may hold any bytes; a message shows only printable ones. */
static const char *printable(const char *text, size_t size, char out[EPX_CODE_FORMAT_SIZE]) {
  const size_t count = size < EPX_CODE_FORMAT_SIZE - 1 ? size : EPX_CODE_FORMAT_SIZE - 1;
  for (size_t i = 0; i < count; ++i) {
    out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
  }
  out[count] = '\0';
  return out;
}

static epx_status_t check_one(const epx_npz_array_t *given, const char *label,
                              const epx_code_format_t *wanted, epx_error_t *error) {
  size_t size = 0;
  const char *found = find(given->data, given->count, wanted->array, &size);
  char text[EPX_CODE_FORMAT_SIZE];
  if (found == NULL) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: array '%s' says no format of '%s'; expected %s, as %s have it", label,
                    given->name, wanted->array, wanted->format, wanted->keys);
  }
  if (size == strlen(wanted->format) && memcmp(found, wanted->format, size) == 0) {
    return EPX_OK;
  }
  return epx_fail(error, EPX_ERR_FORMAT,
                  "%s: the codes of '%s' are in %s; this configuration would read them as %s (%s)",
                  label, wanted->array, printable(found, size, text), wanted->format, wanted->keys);
}

epx_status_t epx_code_formats_check(const epx_npz_t *npz, const char *label, const char *name,
                                    const epx_code_format_t *formats, size_t count,
                                    epx_error_t *error) {
  const epx_npz_array_t *given = epx_npz_find(npz, name);
  if (given == NULL || given->dtype != EPX_DTYPE_U8 || given->dimensions != 1) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: %s array '%s'; expected text that says the formats of the codes", label,
                    given == NULL ? "no" : "damaged", name);
  }
  epx_status_t status = EPX_OK;
  for (size_t i = 0; status == EPX_OK && i < count; ++i) {
    if (epx_npz_find(npz, formats[i].array) != NULL) {
      status = check_one(given, label, &formats[i], error);
    }
  }
  return status;
}
