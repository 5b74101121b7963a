/* SPDX-License-Identifier: Apache-2.0 */
/* The tile check: the SystemC tile against the twin, value by value. */

#include "epx_format.h"
#include "epx_record_file.h"
#include "epx_report_internal.h"

/* "partial_sums" -> "partial sums". */
static void readable(const char *key, char name[96]) {
  snprintf(name, 96, "%s", key);
  for (char *c = name; *c != '\0'; ++c) {
    *c = *c == '_' ? ' ' : *c;
  }
}

static void table_counts(epx_page_t *page, const json_t *counts, const char *what,
                         const char *number) {
  const char *headings[] = {what, number};
  static const bool RIGHT[] = {false, true};
  char text[EPX_FORMAT_SIZE], name[96];
  if (json_object_size(counts) == 0) {
    return;
  }
  epx_table_t *table = epx_table_create(2, headings, RIGHT);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)counts, key, value) {
    readable(key, name);
    epx_table_cell(table, name);
    epx_table_cell(table, epx_format_count(json_number_value(value), text));
  }
  epx_page_table(page, table);
}

static double total(const json_t *counts) {
  double sum = 0.0;
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)counts, key, value) {
    sum += json_number_value(value);
  }
  return sum;
}

static void show_run(epx_page_t *page, const epx_report_run_t *run) {
  const json_t *tile = run->tile;
  const json_t *compared = json_object_get(tile, "values_compared");
  const double differing = epx_json_get_number(tile, "differing");
  const char *first = epx_json_get_text(tile, "first_difference");
  const char *vcd = epx_json_get_text(tile, "vcd");
  char a[EPX_FORMAT_SIZE], b[EPX_FORMAT_SIZE], c[EPX_FORMAT_SIZE];
  epx_page_heading(page, run->label);
  epx_page_text(page, EPX_PAGE_PLAIN,
                "Tile of layer %s, row block %s, column block %s, over %s images in SystemC and in "
                "the twin.",
                epx_json_get_text(tile, "layer"),
                epx_format_count(epx_json_get_number(tile, "row_block"), a),
                epx_format_count(epx_json_get_number(tile, "column_block"), b),
                epx_format_count(epx_json_get_number(tile, "images"), c));
  epx_page_text(page, differing == 0.0 ? EPX_PAGE_PLAIN : EPX_PAGE_NOTICE,
                "%s of %s compared values differ. %s", epx_format_count(differing, a),
                epx_format_count(total(compared), b),
                differing == 0.0 ? "The two models agree bit for bit." : first);
  epx_page_text(page, EPX_PAGE_PLAIN, "The tile took %s cycles.%s%s%s",
                epx_format_count(epx_json_get_number(tile, "cycles"), a),
                vcd[0] != '\0' ? " Waveform: " : "", vcd, vcd[0] != '\0' ? "." : "");
  epx_page_charts_begin(page);
  table_counts(page, compared, "Compared", "Values");
  table_counts(page, json_object_get(tile, "events"), "Events of the tile", "Number");
  epx_page_charts_end(page);
}

void epx_report_tile(epx_page_t *page, const epx_report_run_t *runs, int count) {
  int shown = 0;
  for (int i = 0; i < count; ++i) {
    if (runs[i].tile == NULL) {
      continue;
    }
    if (shown++ == 0) {
      epx_page_section(page, "Tile check");
    }
    show_run(page, &runs[i]);
  }
}
