/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a run repeatable: command, machine, data and every setting. */
#include <stdlib.h>
#include <string.h>

#include "epx_record_file.h"
#include "epx_report_internal.h"

/* A JSON scalar as text; texts as they are. */
static void cell_value(epx_table_t *table, const json_t *value) {
  if (json_is_string(value)) {
    epx_table_cell(table, json_string_value(value));
    return;
  }
  char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  epx_table_cell(table, json_is_null(value) ? "" : text);
  free(text);
}

/* Rows "prefix.key: value", one level deep. */
static void add_object(epx_table_t *table, const char *prefix, const json_t *object) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    if (strcmp(key, "config") == 0) {
      continue;
    }
    if (json_is_object(value) && prefix[0] == '\0') {
      add_object(table, key, value);
      continue;
    }
    epx_table_cellf(table, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", key);
    cell_value(table, value);
  }
}

static void show_run(epx_page_t *page, const epx_report_run_t *run) {
  static const char *const MANIFEST[] = {"Record", "Value"};
  static const char *const CONFIG[] = {"Setting", "Value"};
  static const bool RIGHT[] = {false, false};
  epx_table_t *manifest = epx_table_create(2, MANIFEST, RIGHT);
  epx_table_t *config = epx_table_create(2, CONFIG, RIGHT);
  add_object(manifest, "", run->manifest);
  add_object(config, "", json_object_get(run->manifest, "config"));
  char title[192];
  snprintf(title, sizeof title, "Manifest and settings of %s", run->label);
  epx_page_fold_begin(page, title);
  epx_page_charts_begin(page);
  epx_page_table(page, manifest);
  epx_page_table(page, config);
  epx_page_charts_end(page);
  epx_page_fold_end(page);
}

/* True where the runs that have a manifest do not all hold the same value of a key. */
static int differs(const epx_report_run_t *runs, int count, const char *key) {
  const char *first = NULL;
  for (int i = 0; i < count; ++i) {
    if (runs[i].manifest != NULL) {
      const char *value = epx_report_config(&runs[i], key);
      if (first != NULL && strcmp(first, value) != 0) {
        return 1;
      }
      first = value;
    }
  }
  return 0;
}

/* True where a run before `run` has the key too, so that its row is there already. */
static int listed(const epx_report_run_t *runs, int run, const char *key) {
  for (int i = 0; i < run; ++i) {
    if (json_object_get(json_object_get(runs[i].manifest, "config"), key) != NULL) {
      return 1;
    }
  }
  return 0;
}

/* A row for each key that differs; a column for each run with a manifest. */
static void add_differences(epx_table_t *table, const epx_report_run_t *runs, int count,
                            int *rows) {
  for (int i = 0; i < count; ++i) {
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(runs[i].manifest, "config"), key, value) {
      if (listed(runs, i, key) || !differs(runs, count, key)) {
        continue;
      }
      epx_table_cell(table, key);
      for (int r = 0; r < count; ++r) {
        if (runs[r].manifest != NULL) {
          epx_table_cell(table, epx_report_config(&runs[r], key));
        }
      }
      ++*rows;
    }
  }
}

static void show_differences(epx_page_t *page, const epx_report_run_t *runs, int count) {
  const char **headings = calloc((size_t)count + 1, sizeof *headings);
  bool *right = calloc((size_t)count + 1, sizeof *right);
  int columns = 1, rows = 0;
  epx_table_t *table = NULL;
  if (headings != NULL && right != NULL) {
    headings[0] = "Setting";
    for (int i = 0; i < count; ++i) {
      if (runs[i].manifest != NULL) {
        headings[columns++] = runs[i].label;
      }
    }
    table = epx_table_create(columns, headings, right);
  }
  free(headings);
  free(right);
  add_differences(table, runs, count, &rows);
  if (table != NULL && (columns < 3 || rows == 0)) {
    epx_table_destroy(table);
    return;
  }
  epx_page_heading(page, "Where the runs differ");
  epx_page_table(page, table);
}

void epx_report_settings(epx_page_t *page, const epx_report_run_t *runs, int count) {
  int shown = 0;
  for (int i = 0; i < count; ++i) {
    if (runs[i].manifest == NULL) {
      continue;
    }
    if (shown++ == 0) {
      epx_page_section(page, "Settings");
      show_differences(page, runs, count);
    }
    show_run(page, &runs[i]);
  }
}
