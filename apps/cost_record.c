/* SPDX-License-Identifier: Apache-2.0 */
#include "cost_record.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "epx_cost.h"
#include "epx_format.h"
#include "epx_records.h"

/* PREFIX/share/epxbar of an installed PREFIX/bin/epxbar. */
static bool installed_share(char path[512]) {
  const ssize_t length = readlink("/proc/self/exe", path, 400);
  for (ssize_t i = length; i > 0; --i) {
    if (path[i - 1] == '/') {
      snprintf(path + i, 100, "../share/epxbar");
      return true;
    }
  }
  return false;
}

/* The technology file: as written, else among the installed files, else in the source tree. */
static void resolve(const char *name, char path[1024]) {
  char share[512];
  snprintf(path, 1024, "%s", name);
  if (name[0] == '/' || access(path, R_OK) == 0) {
    return;
  }
  if (installed_share(share)) {
    snprintf(path, 1024, "%s/%s", share, name);
    if (access(path, R_OK) == 0) {
      return;
    }
  }
  snprintf(path, 1024, "%s/%s", EPX_SHARE_FOLDER, name);
  if (access(path, R_OK) != 0) {
    snprintf(path, 1024, "%s", name);
  }
}

static epx_status_t make_cost(const epx_experiment_t *experiment, const epx_measured_t *measured,
                              epx_cost_t **out, epx_error_t *error) {
  char path[1024];
  epx_cost_t *cost = malloc(sizeof *cost);
  if (cost == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the cost account");
  }
  resolve(experiment->chip.technology, path);
  const epx_status_t status = epx_cost_make(
      &experiment->network, &experiment->chip, &experiment->dynamics, &experiment->estimator,
      experiment->training.batch, measured, path, cost, error);
  if (status != EPX_OK) {
    free(cost);
    return status;
  }
  *out = cost;
  return EPX_OK;
}

/* Whether an account of the experiment can be made. */
static bool has_account(const epx_experiment_t *experiment, const epx_measured_t *measured) {
  return epx_experiment_kind(experiment)->on_chip &&
         (measured != NULL || !epx_cost_needs_measurement(&experiment->chip));
}

/* Prices and layout do not depend on what is measured: the chip that makes every step will do. */
epx_status_t cost_record_check(const epx_experiment_t *experiment, epx_error_t *error) {
  epx_experiment_t whole = *experiment;
  epx_cost_t *cost = NULL;
  whole.chip.event_driven = whole.chip.stop_settled = false;
  whole.chip.pulse_preset = 0;
  if (!has_account(&whole, NULL)) {
    return EPX_OK;
  }
  const epx_status_t status = make_cost(&whole, NULL, &cost, error);
  if (status == EPX_OK && cost->no_price[0] != '\0') {
    fprintf(stderr, "no energies: %s\n", cost->no_price);
  }
  free(cost);
  return status;
}

enum { MAX_SAVINGS = EPX_EVENT_COUNT + 2 };

static void save(epx_cost_measured_t *record, epx_cost_saving_t *savings, const char *name,
                 double made, double whole) {
  savings[record->saving_count++] = (epx_cost_saving_t){name, made, whole};
}

/* Steps and events of a training image, against those of a chip that makes every step and drives
 * everything. */
static epx_status_t compare(const epx_experiment_t *experiment, const epx_measured_t *measured,
                            epx_cost_measured_t *record, epx_cost_saving_t *savings,
                            epx_error_t *error) {
  epx_account_t made, whole;
  epx_chip_t chip = experiment->chip;
  const int batch = experiment->training.batch;
  epx_status_t status = epx_account_make(&experiment->network, &chip, &experiment->dynamics,
                                         &experiment->estimator, batch, measured, &made, error);
  chip.event_driven = chip.stop_settled = false;
  if (status == EPX_OK) {
    status = epx_account_make(&experiment->network, &chip, &experiment->dynamics,
                              &experiment->estimator, batch, NULL, &whole, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  if (record->stop_settled) {
    const epx_activity_t *training = &measured->training;
    const double images = (double)training->images;
    save(record, savings, "free_steps", (double)training->free_steps / images,
         (double)whole.kind_count[EPX_COMMAND_FREE_STEP]);
    save(record, savings, "nudged_steps", (double)training->nudged_steps / images,
         (double)whole.kind_count[EPX_COMMAND_NUDGED_STEP]);
  }
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    const uint64_t of_made = epx_event_get(&made.training, i);
    const uint64_t of_whole = epx_event_get(&whole.training, i);
    if (of_made != of_whole) {
      save(record, savings, epx_event_rows()[i].name, (double)of_made, (double)of_whole);
    }
  }
  record->savings = savings;
  record->weights = (double)whole.synapses;
  return EPX_OK;
}

/* savings: room for MAX_SAVINGS. */
static epx_status_t measured_of(const epx_experiment_t *experiment, const epx_measured_t *measured,
                                epx_cost_measured_t *record, epx_cost_saving_t *savings,
                                epx_error_t *error) {
  const epx_pulsing_t *pulsing = &measured->training.pulsing;
  *record = (epx_cost_measured_t){
      .inference_images = (int64_t)measured->inference.images,
      .training_images = (int64_t)measured->training.images,
      .stop_settled = experiment->chip.stop_settled,
      .event_driven = experiment->chip.event_driven,
      .updates = (int64_t)pulsing->updates,
      .pulses = pulsing->updates > 0
                    ? (double)epx_pulsing_pulses(pulsing) / (double)pulsing->updates
                    : 0.0,
  };
  return compare(experiment, measured, record, savings, error);
}

static const epx_cost_saving_t *find(const epx_cost_measured_t *record, const char *name) {
  static const epx_cost_saving_t all = {"", 1.0, 1.0}; /* what is made whole is not listed */
  for (int i = 0; i < record->saving_count; ++i) {
    if (strcmp(record->savings[i].name, name) == 0) {
      return &record->savings[i];
    }
  }
  return &all;
}

static double percent(const epx_cost_saving_t *saving) {
  return 100.0 * saving->made / saving->whole;
}

epx_status_t cost_measured_text(const epx_experiment_t *experiment, const epx_measured_t *measured,
                                char *text, size_t size, epx_error_t *error) {
  epx_cost_measured_t record;
  epx_cost_saving_t savings[MAX_SAVINGS];
  const epx_status_t status = measured_of(experiment, measured, &record, savings, error);
  if (status != EPX_OK) {
    return status;
  }
  char count[EPX_FORMAT_SIZE], ratio[EPX_FORMAT_SIZE];
  size_t used = 0;
  text[0] = '\0';
  if (record.stop_settled) {
    const epx_cost_saving_t *free_steps = find(&record, "free_steps");
    const epx_cost_saving_t *nudged = find(&record, "nudged_steps");
    used = (size_t)snprintf(text, size,
                            "%.1f of %.0f free and %.1f of %.0f nudged steps a training image\n",
                            free_steps->made, free_steps->whole, nudged->made, nudged->whole);
  }
  if (record.event_driven) { /* every converted line is shifted in, whatever the array */
    used += (size_t)snprintf(text + used, size - used,
                             "%.1f %% of the line drives and %.1f %% of the conversions of a chip "
                             "that %sdrives everything\n",
                             percent(find(&record, "line_drives")),
                             percent(find(&record, "shift_adds")),
                             record.stop_settled ? "makes every step and " : "");
  }
  if (record.updates > 0) {
    snprintf(text + used, size - used, "%s pulses an update, %s a weight\n",
             epx_format_count(record.pulses, count),
             epx_format_short(record.pulses / record.weights, ratio));
  }
  return EPX_OK;
}

/* Rows in the record's own form; components and breakdown are the caller's arrays. */
static epx_cost_section_t section(const epx_cost_image_t *image, epx_cost_component_t *components,
                                  epx_cost_cycles_t *breakdown) {
  for (int i = 0; i < image->lines; ++i) {
    const epx_cost_line_t *line = &image->line[i];
    components[i] = (epx_cost_component_t){
        line->name,    line->events,          line->unit,  line->unit_pj, line->low_pj,
        line->high_pj, line->energy_pj / 1e3, line->source};
  }
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    breakdown[i] = (epx_cost_cycles_t){image->part[i].name, image->part[i].cycles};
  }
  return (epx_cost_section_t){
      .latency_us = image->latency_us,
      .energy_uj = image->energy_uj,
      .low = image->low_uj,
      .high = image->high_uj,
      .components = components,
      .component_count = image->lines,
      .cycles = image->cycles,
      .breakdown = breakdown,
      .breakdown_count = EPX_PART_COUNT,
  };
}

epx_status_t cost_record_write(const char *folder, const epx_experiment_t *experiment,
                               const epx_measured_t *measured, epx_error_t *error) {
  epx_cost_component_t components[2][EPX_COST_MAX_LINES];
  epx_cost_cycles_t breakdown[2][EPX_PART_COUNT];
  epx_cost_saving_t savings[MAX_SAVINGS];
  epx_cost_measured_t depends;
  epx_cost_t *cost = NULL;
  if (!has_account(experiment, measured)) {
    return EPX_OK;
  }
  epx_status_t status = make_cost(experiment, measured, &cost, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_cost_record_t record = {
      .technology = cost->technology,
      .no_price = cost->no_price[0] != '\0' ? cost->no_price : NULL,
      .clock_mhz = cost->clock_mhz,
      .inference = section(&cost->inference, components[0], breakdown[0]),
      .training = section(&cost->training, components[1], breakdown[1]),
  };
  if (measured != NULL) {
    status = measured_of(experiment, measured, &depends, savings, error);
    record.measured = &depends;
  }
  status = status == EPX_OK ? epx_cost_record_write(folder, &record, error) : status;
  free(cost);
  return status;
}

epx_status_t cost_of_point(const epx_experiment_t *experiment, const epx_measured_t *measured,
                           epx_sweep_result_t *result, char no_price[EPX_COST_REASON_SIZE],
                           epx_error_t *error) {
  epx_cost_t *cost = NULL;
  no_price[0] = '\0';
  if (!has_account(experiment, measured)) {
    return EPX_OK;
  }
  const epx_status_t status = make_cost(experiment, measured, &cost, error);
  if (status == EPX_OK) {
    memcpy(no_price, cost->no_price, EPX_COST_REASON_SIZE);
    result->energy_uj = cost->training.energy_uj;
    result->inference_energy_uj = cost->inference.energy_uj;
    result->latency_us = cost->inference.latency_us;
    free(cost);
  }
  return status;
}
