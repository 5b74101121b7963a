/* SPDX-License-Identifier: Apache-2.0 */
/* Small text files of a run folder: whole reads, atomic writes, JSON in and out. */
#ifndef EPX_RECORD_FILE_H
#define EPX_RECORD_FILE_H

#include <jansson.h>
#include <stddef.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_PATH_SIZE = 4096 };

/* path = folder/name. EPX_ERR_ARGUMENT where that is longer than EPX_PATH_SIZE - 1 bytes. */
EPX_CHECKED epx_status_t epx_path_join(const char *folder, const char *name,
                                       char path[EPX_PATH_SIZE], epx_error_t *error);

/* Makes a folder and its parents; one that exists is fine. */
EPX_CHECKED epx_status_t epx_folder_make(const char *folder, epx_error_t *error);

/* Reads a file into *text (malloc, a 0 byte follows). EPX_ERR_NOT_FOUND where there is none. */
EPX_CHECKED epx_status_t epx_text_read(const char *path, char **text, size_t *size,
                                       epx_error_t *error);

/* Bytes of the byte-order mark that a text begins with: 3, or 0. Editors and spreadsheets add it.
 */
size_t epx_text_mark(const char *text);

/* The JSON object in a file. EPX_ERR_FORMAT names file, line, column and what the parser met. */
EPX_CHECKED epx_status_t epx_json_read(const char *path, json_t **object, epx_error_t *error);

/* Writes `root` to folder/name, indented, atomically; takes over the reference (NULL: out of
 * memory). */
EPX_CHECKED epx_status_t epx_json_write(const char *folder, const char *name, json_t *root,
                                        epx_error_t *error);

/* A JSON string of any bytes: what is not UTF-8 becomes '?'. NULL gives null. */
json_t *epx_json_text(const char *text);

/* A JSON number; null where x is not finite. */
json_t *epx_json_number(double x);

/* Member access for readers: the number (NAN where missing) or the text ("" where missing). */
double epx_json_get_number(const json_t *object, const char *key);
const char *epx_json_get_text(const json_t *object, const char *key);

/* The time now, UTC, "2026-01-31T12:34:56Z". */
void epx_utc_now(char text[32]);

#ifdef __cplusplus
}
#endif
#endif
