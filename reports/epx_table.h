/* SPDX-License-Identifier: Apache-2.0 */
/* A table of texts, written as plain text, Markdown, CSV or HTML. */
#ifndef EPX_TABLE_H
#define EPX_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_table_format_t {
  EPX_TABLE_TEXT,     /* aligned columns for a terminal */
  EPX_TABLE_MARKDOWN, /* aligned too; | is escaped */
  EPX_TABLE_CSV,      /* quoted as in RFC 4180, lines end in a newline */
  EPX_TABLE_HTML      /* <table>, every cell escaped */
} epx_table_format_t;

typedef struct epx_table_t epx_table_t;

/* A table with the given headings; right[i] aligns column i to the right (numbers). NULL: out of
 * memory; the functions below accept a NULL table and epx_table_write reports it. */
epx_table_t *epx_table_create(int columns, const char *const *headings, const bool *right);
void epx_table_destroy(epx_table_t *table);

/* Appends one cell, row by row from the left; copies text (NULL: an empty cell). */
void epx_table_cell(epx_table_t *table, const char *text);
void epx_table_cellf(epx_table_t *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the table; a last row that is not full is filled with empty cells. */
EPX_CHECKED epx_status_t epx_table_write(const epx_table_t *table, epx_table_format_t format,
                                         FILE *out, epx_error_t *error);

/* Writes text with & < > " ' escaped for content and attributes of HTML and XML. */
void epx_html_text(FILE *out, const char *text);

#ifdef __cplusplus
}
#endif
#endif
