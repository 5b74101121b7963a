/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a sweep for people: a table in several formats, and an HTML page with charts. */
#ifndef EPX_SWEEP_REPORT_H
#define EPX_SWEEP_REPORT_H

#include "epx_sweep_store.h"
#include "epx_table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes one row per point. Text, Markdown and HTML show rounded numbers with units; CSV holds
 * every column of the store at full precision, fractions as fractions, unknown numbers empty. */
EPX_CHECKED epx_status_t epx_sweep_write_table(epx_sweep_store_t *store, epx_table_format_t format,
                                               FILE *out, epx_error_t *error);

/* Writes a self-contained page: test error and energy against the first numeric axis (numbers, or
 * Q-formats of different widths, placed by their bits; else the first axis), one curve for each
 * combination of the others, the table, and the settings. */
EPX_CHECKED epx_status_t epx_sweep_report_write(epx_sweep_store_t *store, const char *out_path,
                                                epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
