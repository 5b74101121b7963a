/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a command writes: checked first, whole or not at all.
 *
 * A file is written under a temporary name beside its target ("<path>.<process>-<n>.tmp"), flushed
 * to the disk and renamed over the target. After a crash, a full disk or a failed run the old file
 * is there, or the new one, whole. Only a regular file is ever replaced: a FIFO, a device, a folder
 * or a symbolic link under the target's name is refused, and stays.
 *
 * A command calls epx_output_check for each of its files before it starts to work, so that a wrong
 * name costs no hour of training. */
#ifndef EPX_OUTPUT_H
#define EPX_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a file can be written at `path`: its folder is there and may be written, and under the
 * name is a regular file or nothing. EPX_ERR_ARGUMENT where something else has the name, EPX_ERR_IO
 * where the folder is missing or closed. Changes nothing. */
EPX_CHECKED epx_status_t epx_output_check(const char *path, epx_error_t *error);

/* Whether `path` is a folder that may be written, or can become one: the nearest of its parents
 * that exists is a folder that may be written. EPX_ERR_IO where not. Changes nothing. */
EPX_CHECKED epx_status_t epx_output_check_folder(const char *path, epx_error_t *error);

/* Whether two paths name the same file, which need not exist. */
bool epx_output_same(const char *a, const char *b);

/* A file on its way. */
typedef struct epx_output_t epx_output_t;

/* Checks `path` and makes the temporary file, whose name ends in `ending` (NULL: ".tmp"; ".vcd" for
 * a writer that insists). The caller ends it with commit, discard or set_aside. */
EPX_CHECKED epx_status_t epx_output_open(const char *path, const char *ending,
                                         epx_output_t **output, epx_error_t *error);

/* Where to write: the stream, or the temporary name for a writer that opens files itself. */
FILE *epx_output_stream(epx_output_t *output);
const char *epx_output_temporary(const epx_output_t *output);

/* Flushes to the disk, takes the target's name and frees *output, whatever the result. On failure
 * the target is as before and the temporary file is gone. */
EPX_CHECKED epx_status_t epx_output_commit(epx_output_t *output, epx_error_t *error);

/* Removes the temporary file and frees *output; NULL is fine. */
void epx_output_discard(epx_output_t *output);

/* For a stream of a run that failed: what there is, if anything, goes to "<path>.partial", the
 * target stays as before, *output is freed. Adds to the message of *error (NULL: nowhere) where it
 * is. */
void epx_output_set_aside(epx_output_t *output, epx_error_t *error);

/* The same for all files on their way, for a handler of a signal that ends the program: what
 * streams have written so far is set aside, parts of whole files are removed. Async-signal-safe. */
void epx_output_end_all(void);

/* Writes `size` bytes to `path` by the same way. */
EPX_CHECKED epx_status_t epx_output_write(const char *path, const void *bytes, size_t size,
                                          epx_error_t *error);

/* Flushes a stream that the program did not open, standard output above all, and says whether
 * everything that was printed to it has arrived. `name`: for the message. */
EPX_CHECKED epx_status_t epx_output_flush(FILE *stream, const char *name, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
