/* SPDX-License-Identifier: Apache-2.0 */
/* One self-contained HTML page: text, tables and charts, with the chart library inside.
 *
 * Texts are escaped here; chart data go into the page as JSON that cannot close its script element.
 * The page loads nothing from anywhere. */
#ifndef EPX_PAGE_H
#define EPX_PAGE_H

#include <jansson.h>

#include "epx_table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_page_t epx_page_t;

/* NULL: out of memory; all functions accept NULL and epx_page_write reports it. */
epx_page_t *epx_page_create(const char *title);
void epx_page_destroy(epx_page_t *page);

/* Starts a section (ends the one before) with an entry in the page's navigation. */
void epx_page_section(epx_page_t *page, const char *title);

/* Heading inside a section. */
void epx_page_heading(epx_page_t *page, const char *title);

/* Paragraphs: plain, small print under a figure, and a notice that a reader must not miss. */
typedef enum epx_page_text_t { EPX_PAGE_PLAIN, EPX_PAGE_SMALL, EPX_PAGE_NOTICE } epx_page_text_t;
void epx_page_text(epx_page_t *page, epx_page_text_t kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A row of headline figures: begin, then cards, then end. */
void epx_page_cards_begin(epx_page_t *page);
void epx_page_card(epx_page_t *page, const char *name, const char *value, const char *note);
void epx_page_cards_end(epx_page_t *page);

/* Adds and destroys the table. */
void epx_page_table(epx_page_t *page, epx_table_t *table);

/* A part that is folded away until opened (printed open). */
void epx_page_fold_begin(epx_page_t *page, const char *title);
void epx_page_fold_end(epx_page_t *page);

/* Charts stand side by side between begin and end; each takes over its specification (epx_chart.h).
 */
void epx_page_charts_begin(epx_page_t *page);
void epx_page_chart(epx_page_t *page, json_t *chart);
void epx_page_charts_end(epx_page_t *page);

/* Writes the page to path, atomically. */
EPX_CHECKED epx_status_t epx_page_write(epx_page_t *page, const char *path, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
