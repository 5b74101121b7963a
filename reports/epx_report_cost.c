/* SPDX-License-Identifier: Apache-2.0 */
/* Energy and latency of one image, inference and training, by component. */
#include <math.h>
#include <string.h>

#include "epx_chart.h"
#include "epx_format.h"
#include "epx_record_file.h"
#include "epx_report_internal.h"

static const char *const SECTIONS[] = {"inference", "training"};
static const char *const TITLES[] = {"One inference", "One training image"};
static const char *const NAMES[] = {"one inference", "one training image"};

static void chart_energy(epx_page_t *page, const json_t *cost, int section) {
  char title[96];
  snprintf(title, sizeof title, "Energy by component: %s", NAMES[section]);
  json_t *chart = epx_chart_bar(title, "Whiskers: range of the unit energy over its sources.",
                                "Energy per image (\xc2\xb5J)");
  json_t *series = epx_chart_series(chart, TITLES[section], section, 0);
  const json_t *components =
      json_object_get(json_object_get(cost, SECTIONS[section]), "components");
  size_t i;
  json_t *component;
  json_array_foreach((json_t *)components, i, component) {
    const double events = epx_json_get_number(component, "events");
    epx_chart_bar_value(series, epx_chart_category(chart, epx_json_get_text(component, "name")),
                        1e-3 * epx_json_get_number(component, "energy_nj"),
                        1e-6 * events * epx_json_get_number(component, "low"),
                        1e-6 * events * epx_json_get_number(component, "high"));
  }
  epx_page_chart(page, chart);
}

static void table_energy(epx_page_t *page, const json_t *section) {
  static const char *const HEADINGS[] = {"Component",  "Events per image",
                                         "Event",      "Energy of one (pJ)",
                                         "Range (pJ)", "Energy per image (\xc2\xb5J)",
                                         "Share",      "Source"};
  static const bool RIGHT[] = {false, true, false, true, true, true, true, false};
  char text[EPX_FORMAT_SIZE];
  const double total = epx_json_get_number(section, "energy_uj");
  epx_table_t *table = epx_table_create(8, HEADINGS, RIGHT);
  size_t i;
  json_t *component;
  json_array_foreach(json_object_get(section, "components"), i, component) {
    const double energy = 1e-3 * epx_json_get_number(component, "energy_nj");
    epx_table_cell(table, epx_json_get_text(component, "name"));
    epx_table_cell(table, epx_format_count(epx_json_get_number(component, "events"), text));
    epx_table_cell(table, epx_json_get_text(component, "unit"));
    epx_table_cell(table, epx_format_short(epx_json_get_number(component, "unit_energy_pj"), text));
    epx_table_cell(table, epx_format_range(epx_json_get_number(component, "low"),
                                           epx_json_get_number(component, "high"), text));
    epx_table_cell(table, epx_format_number(energy, text));
    epx_table_cell(table, epx_format_percent(total > 0.0 ? energy / total : (double)NAN, text));
    epx_table_cell(table, epx_json_get_text(component, "source"));
  }
  epx_page_table(page, table);
}

/* Of records without the two keys either may hold. */
static bool spares(const json_t *measured, const char *key) {
  const json_t *value = json_object_get(measured, key);
  return value == NULL || json_is_true(value);
}

static void table_savings(epx_page_t *page, const json_t *savings) {
  static const char *const HEADINGS[] = {"Step or event", "Made", "Of all", "Share"};
  static const bool RIGHT[] = {false, true, true, true};
  char text[EPX_FORMAT_SIZE];
  epx_table_t *table = epx_table_create(4, HEADINGS, RIGHT);
  size_t i;
  json_t *saving;
  json_array_foreach((json_t *)savings, i, saving) {
    const double made = epx_json_get_number(saving, "made");
    const double whole = epx_json_get_number(saving, "whole");
    char name[64];
    snprintf(name, sizeof name, "%s", epx_json_get_text(saving, "name"));
    for (char *at = strchr(name, '_'); at != NULL; at = strchr(at, '_')) {
      *at = ' ';
    }
    epx_table_cell(table, name);
    epx_table_cell(table, epx_format_count(made, text));
    epx_table_cell(table, epx_format_count(whole, text));
    epx_table_cell(table, epx_format_percent(whole > 0.0 ? made / whole : (double)NAN, text));
  }
  epx_page_table(page, table);
}

/* A chip whose events depend on the data: what it made of those that it would have made. */
static void show_savings(epx_page_t *page, const json_t *measured) {
  const bool stops = spares(measured, "stop_settled"), drives = spares(measured, "event_driven");
  char training[EPX_FORMAT_SIZE], inference[EPX_FORMAT_SIZE];
  epx_page_heading(page, "Steps and events made, one training image");
  epx_page_text(
      page, EPX_PAGE_PLAIN,
      "This chip %s%s%s, so its events depend on the images: means over %s training images of the "
      "last epoch (and, above, %s test images), against a chip that %s%s%s.%s",
      stops ? "ends phases that have settled" : "", stops && drives ? " and " : "",
      drives ? "drives only what changed" : "",
      epx_format_count(epx_json_get_number(measured, "training_images"), training),
      epx_format_count(epx_json_get_number(measured, "inference_images"), inference),
      stops ? "makes every step" : "", stops && drives ? " and " : "",
      drives ? "drives everything" : "",
      drives ? " Cycles of drives are as measured; what packets wait for each other is not in them."
             : "");
  table_savings(page, json_object_get(measured, "savings"));
}

static void show_pulses(epx_page_t *page, const json_t *pulses) {
  char an_update[EPX_FORMAT_SIZE], a_weight[EPX_FORMAT_SIZE], updates[EPX_FORMAT_SIZE];
  epx_page_heading(page, "Pulses");
  epx_page_text(page, EPX_PAGE_PLAIN,
                "Weights are moved by programming pulses: %s an update, %s a weight (means over %s "
                "updates of the last epoch). A pulse is priced as one cell write and takes a "
                "cycle of its tile.",
                epx_format_count(epx_json_get_number(pulses, "an_update"), an_update),
                epx_format_short(epx_json_get_number(pulses, "a_weight"), a_weight),
                epx_format_count(epx_json_get_number(pulses, "updates"), updates));
}

static void show_measured(epx_page_t *page, const json_t *measured) {
  if (json_object_get(measured, "savings") != NULL) {
    show_savings(page, measured);
  }
  const json_t *pulses = json_object_get(measured, "pulses");
  if (pulses != NULL) {
    show_pulses(page, pulses);
  }
}

static void show_energy(epx_page_t *page, const epx_report_run_t *run) {
  char energy[EPX_FORMAT_SIZE], range[EPX_FORMAT_SIZE];
  epx_page_heading(page, run->label);
  epx_page_text(page, EPX_PAGE_PLAIN, "Technology: %s.",
                epx_json_get_text(run->cost, "technology"));
  const char *unpriced = epx_json_get_text(run->cost, "unpriced");
  if (unpriced[0] != '\0') {
    epx_page_text(page, EPX_PAGE_NOTICE, "No energies: %s", unpriced);
  } else {
    epx_page_charts_begin(page);
    chart_energy(page, run->cost, 0);
    chart_energy(page, run->cost, 1);
    epx_page_charts_end(page);
  }
  show_measured(page, json_object_get(run->cost, "measured"));
  for (int s = 0; s < 2; ++s) {
    const json_t *section = json_object_get(run->cost, SECTIONS[s]);
    epx_page_heading(page, TITLES[s]);
    if (unpriced[0] == '\0') {
      epx_page_text(page, EPX_PAGE_PLAIN, "%s \xc2\xb5J in all (range %s \xc2\xb5J).",
                    epx_format_number(epx_json_get_number(section, "energy_uj"), energy),
                    epx_format_range(epx_json_get_number(section, "low"),
                                     epx_json_get_number(section, "high"), range));
    }
    table_energy(page, section);
    epx_report_cuts(page, section, NAMES[s]);
  }
}

static void chart_latency(epx_page_t *page, const json_t *cost, int section) {
  char title[96];
  snprintf(title, sizeof title, "Cycles by part: %s", NAMES[section]);
  json_t *chart = epx_chart_bar(title, NULL, "Cycles per image");
  json_t *series = epx_chart_series(chart, TITLES[section], section, 0);
  const json_t *breakdown = json_object_get(
      json_object_get(json_object_get(cost, "cycles"), SECTIONS[section]), "breakdown");
  size_t i;
  json_t *part;
  json_array_foreach((json_t *)breakdown, i, part) {
    epx_chart_bar_value(series, epx_chart_category(chart, epx_json_get_text(part, "name")),
                        epx_json_get_number(part, "cycles"), (double)NAN, (double)NAN);
  }
  if (epx_chart_is_empty(chart)) {
    json_decref(chart);
  } else {
    epx_page_chart(page, chart);
  }
}

/* One row a part: name, cycles, time, share of the total. */
static void table_latency(epx_page_t *page, const json_t *cost) {
  static const char *const HEADINGS[] = {"Of", "Part", "Cycles", "Time (\xc2\xb5s)", "Share"};
  static const bool RIGHT[] = {false, false, true, true, true};
  char text[EPX_FORMAT_SIZE];
  const double clock = epx_json_get_number(cost, "clock_mhz");
  epx_table_t *table = epx_table_create(5, HEADINGS, RIGHT);
  for (int s = 0; s < 2; ++s) {
    const json_t *cycles = json_object_get(json_object_get(cost, "cycles"), SECTIONS[s]);
    const double total = epx_json_get_number(cycles, "total");
    size_t i;
    json_t *part;
    json_array_foreach(json_object_get(cycles, "breakdown"), i, part) {
      const double own = epx_json_get_number(part, "cycles");
      epx_table_cell(table, TITLES[s]);
      epx_table_cell(table, epx_json_get_text(part, "name"));
      epx_table_cell(table, epx_format_count(own, text));
      epx_table_cell(table, epx_format_number(own / clock, text));
      epx_table_cell(table, epx_format_percent(total > 0.0 ? own / total : (double)NAN, text));
    }
    epx_table_cell(table, TITLES[s]);
    epx_table_cell(table, "all");
    epx_table_cell(table, epx_format_count(total, text));
    epx_table_cell(
        table, epx_format_number(
                   epx_json_get_number(json_object_get(cost, SECTIONS[s]), "latency_us"), text));
    epx_table_cell(table, "");
  }
  epx_page_table(page, table);
}

/* One row a kind of command: how many, their cycles, time, share of the total. */
static void table_commands(epx_page_t *page, const json_t *cost) {
  static const char *const HEADINGS[] = {"Of",     "Command",          "Times",
                                         "Cycles", "Time (\xc2\xb5s)", "Share"};
  static const bool RIGHT[] = {false, false, true, true, true, true};
  char text[EPX_FORMAT_SIZE];
  const double clock = epx_json_get_number(cost, "clock_mhz");
  bool any = false;
  epx_table_t *table = epx_table_create(6, HEADINGS, RIGHT);
  for (int s = 0; s < 2; ++s) {
    const double total =
        epx_json_get_number(json_object_get(json_object_get(cost, "cycles"), SECTIONS[s]), "total");
    size_t i;
    json_t *command;
    json_array_foreach(json_object_get(json_object_get(cost, SECTIONS[s]), "commands"), i,
                       command) {
      const double own = epx_json_get_number(command, "cycles");
      any = true;
      epx_table_cell(table, TITLES[s]);
      epx_table_cell(table, epx_json_get_text(command, "name"));
      epx_table_cell(table, epx_format_short(epx_json_get_number(command, "count"), text));
      epx_table_cell(table, epx_format_count(own, text));
      epx_table_cell(table, epx_format_number(own / clock, text));
      epx_table_cell(table, epx_format_percent(total > 0.0 ? own / total : (double)NAN, text));
    }
  }
  if (any) {
    epx_page_fold_begin(page, "Cycles by command");
    epx_page_table(page, table);
    epx_page_fold_end(page);
  } else {
    epx_table_destroy(table);
  }
}

static void show_latency(epx_page_t *page, const epx_report_run_t *run) {
  char text[EPX_FORMAT_SIZE];
  epx_page_heading(page, run->label);
  epx_page_text(page, EPX_PAGE_PLAIN, "Clock: %s MHz.",
                epx_format_short(epx_json_get_number(run->cost, "clock_mhz"), text));
  epx_page_charts_begin(page);
  chart_latency(page, run->cost, 0);
  chart_latency(page, run->cost, 1);
  epx_page_charts_end(page);
  table_latency(page, run->cost);
  table_commands(page, run->cost);
}

static void show_all(epx_page_t *page, const epx_report_run_t *runs, int count, const char *title,
                     void (*show)(epx_page_t *, const epx_report_run_t *)) {
  int shown = 0;
  for (int i = 0; i < count; ++i) {
    if (runs[i].cost == NULL) {
      continue;
    }
    if (shown++ == 0) {
      epx_page_section(page, title);
    }
    show(page, &runs[i]);
  }
}

void epx_report_cost(epx_page_t *page, const epx_report_run_t *runs, int count) {
  show_all(page, runs, count, "Energy per image", show_energy);
  show_all(page, runs, count, "Latency and cycles", show_latency);
}
