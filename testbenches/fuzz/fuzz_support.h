/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. A target is a function that must survive any bytes; libFuzzer calls
 * it with mutations of its corpus (script/fuzz), and fuzz_replay.c with the corpus alone (ctest).
 */
#ifndef FUZZ_SUPPORT_H
#define FUZZ_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "epx_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The process's own folder, made at the first call and gone at exit. */
const char *fuzz_folder(void);

/* Writes a file into it; `path` receives its name. */
void fuzz_put(const char *name, const void *data, size_t size, char path[256]);

/* Aborts, which libFuzzer takes for a finding. */
_Noreturn void fuzz_fail(const char *what, const char *detail);

/* A failure must say why: aborts where it does not. */
void fuzz_check(epx_status_t status, const epx_error_t *error);

#endif
