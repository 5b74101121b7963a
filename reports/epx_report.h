/* SPDX-License-Identifier: Apache-2.0 */
/* The report of one or several runs: one HTML file that opens without a network. */
#ifndef EPX_REPORT_H
#define EPX_REPORT_H

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads what records the folders hold (manifest, metrics, gradient, cost, tile) and writes the
 * page. A record that is missing is left out; a folder with none of them is an EPX_ERR_NOT_FOUND,
 * and a malformed record an EPX_ERR_FORMAT naming the file. count >= 1. */
EPX_CHECKED epx_status_t epx_report_write(const char *const *run_folders, int count,
                                          const char *out_path, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
