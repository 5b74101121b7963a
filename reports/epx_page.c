/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "epx_assets.h"
#include "epx_chart.h"
#include "epx_output.h"
#include "epx_record_file.h"

struct epx_page_t {
  char *title;
  char *body_text, *navigation_text;
  size_t body_size, navigation_size;
  FILE *body, *navigation;
  json_t *charts;
  int sections;
  epx_status_t status; /* of the first table that failed */
  epx_error_t error;
};

static void free_page(epx_page_t *page) {
  if (page->body != NULL) {
    fclose(page->body);
  }
  if (page->navigation != NULL) {
    fclose(page->navigation);
  }
  free(page->body_text);
  free(page->navigation_text);
  json_decref(page->charts);
  free(page->title);
  free(page);
}

epx_page_t *epx_page_create(const char *title) {
  epx_page_t *page = calloc(1, sizeof *page);
  if (page == NULL) {
    return NULL;
  }
  page->title = strdup(title);
  page->body = open_memstream(&page->body_text, &page->body_size);
  page->navigation = open_memstream(&page->navigation_text, &page->navigation_size);
  page->charts = json_array();
  if (page->title == NULL || page->body == NULL || page->navigation == NULL ||
      page->charts == NULL) {
    free_page(page);
    return NULL;
  }
  return page;
}

void epx_page_destroy(epx_page_t *page) {
  if (page != NULL) {
    free_page(page);
  }
}

static void element(FILE *out, const char *open, const char *text, const char *close) {
  fputs(open, out);
  epx_html_text(out, text);
  fputs(close, out);
}

void epx_page_section(epx_page_t *page, const char *title) {
  if (page == NULL) {
    return;
  }
  fputs(page->sections > 0 ? "</section>\n" : "", page->body);
  const int number = ++page->sections;
  fprintf(page->body, "<section id=\"section-%d\">", number);
  element(page->body, "<h2>", title, "</h2>\n");
  fprintf(page->navigation, "<a href=\"#section-%d\">", number);
  element(page->navigation, "", title, "</a>\n");
}

void epx_page_heading(epx_page_t *page, const char *title) {
  if (page != NULL) {
    element(page->body, "<h3>", title, "</h3>\n");
  }
}

void epx_page_text(epx_page_t *page, epx_page_text_t kind, const char *format, ...) {
  static const char *const OPEN[] = {"<p>", "<p class=\"small\">", "<p class=\"notice\">"};
  char text[4096];
  if (page == NULL) {
    return;
  }
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  element(page->body, OPEN[kind], text, "</p>\n");
}

static void raw(epx_page_t *page, const char *html) {
  if (page != NULL) {
    fputs(html, page->body);
  }
}

void epx_page_cards_begin(epx_page_t *page) {
  raw(page, "<div class=\"cards\">\n");
}
void epx_page_cards_end(epx_page_t *page) {
  raw(page, "</div>\n");
}

void epx_page_card(epx_page_t *page, const char *name, const char *value, const char *note) {
  if (page != NULL) {
    element(page->body, "<div class=\"card\"><span class=\"name\">", name, "</span>");
    element(page->body, "<span class=\"value\">", value, "</span>");
    element(page->body, "<span class=\"note\">", note, "</span></div>\n");
  }
}

void epx_page_table(epx_page_t *page, epx_table_t *table) {
  if (page != NULL && page->status == EPX_OK) {
    page->status = epx_table_write(table, EPX_TABLE_HTML, page->body, &page->error);
  }
  epx_table_destroy(table);
}

void epx_page_fold_begin(epx_page_t *page, const char *title) {
  if (page != NULL) {
    element(page->body, "<details><summary>", title, "</summary>\n");
  }
}
void epx_page_fold_end(epx_page_t *page) {
  raw(page, "</details>\n");
}

void epx_page_charts_begin(epx_page_t *page) {
  raw(page, "<div class=\"charts\">\n");
}
void epx_page_charts_end(epx_page_t *page) {
  raw(page, "</div>\n");
}

void epx_page_chart(epx_page_t *page, json_t *chart) {
  if (page == NULL) {
    json_decref(chart);
    return;
  }
  const size_t number = json_array_size(page->charts);
  fprintf(page->body, "<figure style=\"--height:%dpx\"><figcaption>", epx_chart_height(chart));
  epx_html_text(page->body, epx_json_get_text(chart, "title"));
  const char *note = epx_json_get_text(chart, "note");
  if (note[0] != '\0') {
    element(page->body, "<span class=\"small\">", note, "</span>");
  }
  fprintf(page->body,
          "</figcaption><div class=\"canvas\"><canvas id=\"chart-%zu\" role=\"img\" aria-label=\"",
          number);
  epx_html_text(page->body, epx_json_get_text(chart, "title"));
  fputs("\"></canvas></div></figure>\n", page->body);
  if (json_array_append_new(page->charts, chart) != 0) {
    page->status = epx_fail(&page->error, EPX_ERR_MEMORY, "Out of memory while adding a chart.");
  }
}

/* JSON inside a script element: no "<" may stand there, and JSON lets \u003c stand for it. */
static void write_script_json(FILE *out, const char *json) {
  for (; *json != '\0'; ++json) {
    if (*json == '<' || *json == '>' || *json == '&') {
      fprintf(out, "\\u%04x", (unsigned)*json);
    } else {
      fputc(*json, out);
    }
  }
}

static void write_head(const epx_page_t *page, FILE *out) {
  fputs(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n",
      out);
  element(out, "<title>", page->title, "</title>\n<style>\n");
  fwrite(epx_asset_report_css, 1, epx_asset_report_css_size, out);
  fputs("</style>\n</head>\n<body>\n<header>", out);
  element(out, "<h1>", page->title, "</h1>\n<nav>\n");
  fwrite(page->navigation_text, 1, page->navigation_size, out);
  fputs(
      "</nav></header>\n<main>\n<noscript><p class=\"notice\">The charts need JavaScript; the "
      "tables hold the same numbers.</p></noscript>\n",
      out);
}

static void write_page(const epx_page_t *page, const char *charts, FILE *out) {
  char now[32];
  epx_utc_now(now);
  write_head(page, out);
  fwrite(page->body_text, 1, page->body_size, out);
  fputs(page->sections > 0 ? "</section>\n" : "", out);
  fprintf(out,
          "</main>\n<footer>Written by epxbar %s on %s. Charts: Chart.js (MIT licence).</footer>\n",
          EPX_VERSION, now);
  fputs("<script type=\"application/json\" id=\"charts\">", out);
  write_script_json(out, charts);
  fputs("</script>\n<script>\n", out);
  fwrite(epx_asset_chart_js, 1, epx_asset_chart_js_size, out);
  fputs("</script>\n<script>\n", out);
  fwrite(epx_asset_report_js, 1, epx_asset_report_js_size, out);
  fputs("</script>\n</body>\n</html>\n", out);
}

epx_status_t epx_page_write(epx_page_t *page, const char *path, epx_error_t *error) {
  if (page == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for the page.", path);
  }
  if (page->status != EPX_OK) {
    return epx_fail(error, page->status, "%s: %s", path, page->error.message);
  }
  fflush(page->body);
  fflush(page->navigation);
  char *charts = json_dumps(page->charts, JSON_COMPACT | JSON_REAL_PRECISION(9));
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  epx_status_t status = EPX_OK;
  if (charts == NULL || out == NULL || ferror(page->body) || ferror(page->navigation)) {
    status = epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for the page.", path);
  } else {
    write_page(page, charts, out);
  }
  if (out != NULL && fclose(out) != 0 && status == EPX_OK) {
    status = epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for the page.", path);
  }
  if (status == EPX_OK) {
    status = epx_output_write(path, text, size, error);
  }
  free(text);
  free(charts);
  return status;
}
