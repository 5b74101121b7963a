/* SPDX-License-Identifier: Apache-2.0 */
/* The energy of one image, cut by tile layer, command and component: every pair of the three is a
 * table whose margins are sums. An address of the record (a layer in a command) has the events of
 * every component; an energy is events times the component's energy of one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_record_file.h"
#include "epx_report_internal.h"

enum { LAYER, COMMAND, COMPONENT, WAYS, MAX_LABELS = 64 };

static const char *const WAY_NAMES[WAYS] = {"Layer", "Command", "Component"};

typedef struct labels_t {
  const char *text[MAX_LABELS];
  int count;
} labels_t;

/* Energies in uJ: the label of `rows` by that of `columns`. */
typedef struct cut_t {
  labels_t rows, columns;
  double energy[MAX_LABELS][MAX_LABELS];
} cut_t;

static int label(labels_t *labels, const char *text) {
  for (int i = 0; i < labels->count; ++i) {
    if (strcmp(labels->text[i], text) == 0) {
      return i;
    }
  }
  if (labels->count == MAX_LABELS) {
    return MAX_LABELS - 1; /* records of this program have fewer */
  }
  labels->text[labels->count] = text;
  return labels->count++;
}

/* Adds up the section's addresses. */
static void fill(const json_t *section, int row_way, int column_way, cut_t *cut) {
  const json_t *components = json_object_get(section, "components");
  size_t i, k;
  json_t *address, *component;
  json_array_foreach(json_object_get(section, "addresses"), i, address) {
    const json_t *events = json_object_get(address, "events");
    json_array_foreach((json_t *)components, k, component) {
      const double energy = 1e-6 * json_number_value(json_array_get(events, k)) *
                            epx_json_get_number(component, "unit_energy_pj");
      const char *names[WAYS] = {epx_json_get_text(address, "owner"),
                                 epx_json_get_text(address, "command"),
                                 epx_json_get_text(component, "name")};
      if (energy > 0.0) {
        const int row = label(&cut->rows, names[row_way]);
        cut->energy[row][label(&cut->columns, names[column_way])] += energy;
      }
    }
  }
}

static double row_sum(const cut_t *cut, int row) {
  double sum = 0.0;
  for (int c = 0; c < cut->columns.count; ++c) {
    sum += cut->energy[row][c];
  }
  return sum;
}

static void cell(epx_table_t *table, double energy) {
  char text[EPX_FORMAT_SIZE];
  epx_table_cell(table, energy > 0.0 ? epx_format_number(energy, text) : "");
}

static void add_sums(const cut_t *cut, epx_table_t *table) {
  double all = 0.0;
  epx_table_cell(table, "all");
  for (int c = 0; c < cut->columns.count; ++c) {
    double sum = 0.0;
    for (int r = 0; r < cut->rows.count; ++r) {
      sum += cut->energy[r][c];
    }
    all += sum;
    cell(table, sum);
  }
  cell(table, all);
}

static void table_cut(epx_page_t *page, const cut_t *cut, int row_way) {
  const char *headings[MAX_LABELS + 2] = {WAY_NAMES[row_way]};
  bool right[MAX_LABELS + 2] = {false};
  const int columns = cut->columns.count + 2;
  for (int c = 1; c < columns; ++c) {
    headings[c] = c + 1 < columns ? cut->columns.text[c - 1] : "all";
    right[c] = true;
  }
  epx_table_t *table = epx_table_create(columns, headings, right);
  for (int r = 0; r < cut->rows.count; ++r) {
    epx_table_cell(table, cut->rows.text[r]);
    for (int c = 0; c < cut->columns.count; ++c) {
      cell(table, cut->energy[r][c]);
    }
    cell(table, row_sum(cut, r));
  }
  add_sums(cut, table);
  epx_page_table(page, table);
}

static void chart_layers(epx_page_t *page, const cut_t *cut, const char *title) {
  char text[96];
  snprintf(text, sizeof text, "Energy by layer: %s", title);
  json_t *chart = epx_chart_bar(text, NULL, "Energy per image (\xc2\xb5J)");
  json_t *series = epx_chart_series(chart, title, 0, 0);
  for (int r = 0; r < cut->rows.count; ++r) {
    epx_chart_bar_value(series, epx_chart_category(chart, cut->rows.text[r]), row_sum(cut, r),
                        (double)NAN, (double)NAN);
  }
  epx_page_charts_begin(page);
  epx_page_chart(page, chart);
  epx_page_charts_end(page);
}

void epx_report_cuts(epx_page_t *page, const json_t *section, const char *title) {
  static const int PAIRS[][2] = {{LAYER, COMMAND}, {COMPONENT, LAYER}, {COMPONENT, COMMAND}};
  static const char *const TITLES[] = {"by layer and command", "by component and layer",
                                       "by component and command"};
  char heading[128];
  for (size_t i = 0; i < sizeof PAIRS / sizeof PAIRS[0]; ++i) {
    cut_t *cut = calloc(1, sizeof *cut);
    if (cut == NULL) {
      epx_page_text(page, EPX_PAGE_NOTICE, "Out of memory for the energy %s.", TITLES[i]);
      return;
    }
    fill(section, PAIRS[i][0], PAIRS[i][1], cut);
    if (cut->rows.count > 0) {
      if (i == 0) {
        chart_layers(page, cut, title);
      }
      snprintf(heading, sizeof heading, "Energy %s (\xc2\xb5J): %s", TITLES[i], title);
      epx_page_fold_begin(page, heading);
      table_cut(page, cut, PAIRS[i][0]);
      epx_page_fold_end(page);
    }
    free(cut);
  }
}
