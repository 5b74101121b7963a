/* SPDX-License-Identifier: Apache-2.0 */
/* Folders and names of outputs; for epx_output.c alone. */
#ifndef EPX_OUTPUT_INTERNAL_H
#define EPX_OUTPUT_INTERNAL_H

#include <stdbool.h>

/* Makes a rename in the folder of `path` survive a crash; a file system that cannot is no failure.
 * False leaves errno. */
bool epx_output_sync_folder(const char *path);

#endif
