/* SPDX-License-Identifier: Apache-2.0 */
#include "cost_record.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "epx_cost.h"
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
  return experiment->substrate.kind == EPX_SUBSTRATE_TWIN &&
         (measured != NULL || !epx_cost_needs_measurement(&experiment->chip));
}

/* Events of a training image as measured, and of a chip that makes every step and drives
 * everything. */
static epx_status_t compare(const epx_experiment_t *experiment, const epx_measured_t *measured,
                            epx_events_t *made, epx_events_t *whole, epx_error_t *error) {
  epx_account_t account;
  epx_chip_t chip = experiment->chip;
  const int batch = experiment->training.batch;
  epx_status_t status = epx_account_make(&experiment->network, &chip, &experiment->dynamics,
                                         &experiment->estimator, batch, measured, &account, error);
  if (status != EPX_OK) {
    return status;
  }
  *made = account.training;
  chip.event_driven = chip.stop_settled = false;
  status = epx_account_make(&experiment->network, &chip, &experiment->dynamics,
                            &experiment->estimator, batch, NULL, &account, error);
  *whole = account.training;
  return status;
}

static int savings_of(const epx_events_t *made, const epx_events_t *whole,
                      epx_cost_saving_t savings[EPX_EVENT_COUNT]) {
  int count = 0;
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    const double of_made = (double)epx_event_get(made, i);
    const double of_whole = (double)epx_event_get(whole, i);
    if (of_made != of_whole) {
      savings[count++] = (epx_cost_saving_t){epx_event_rows()[i].name, of_made, of_whole};
    }
  }
  return count;
}

epx_status_t cost_savings_text(const epx_experiment_t *experiment, const epx_measured_t *measured,
                               char *text, size_t size, epx_error_t *error) {
  epx_events_t made, whole;
  const epx_status_t status = compare(experiment, measured, &made, &whole, error);
  if (status == EPX_OK) { /* every converted line is shifted in, whatever the array */
    snprintf(text, size,
             "%.1f %% of the line drives and %.1f %% of the conversions of a chip that drives "
             "everything",
             100.0 * (double)made.line_drives / (double)whole.line_drives,
             100.0 * (double)made.shift_adds / (double)whole.shift_adds);
  }
  return status;
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
  epx_cost_saving_t savings[EPX_EVENT_COUNT];
  epx_events_t made, whole;
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
      .clock_mhz = cost->clock_mhz,
      .inference = section(&cost->inference, components[0], breakdown[0]),
      .training = section(&cost->training, components[1], breakdown[1]),
  };
  if (measured != NULL) {
    status = compare(experiment, measured, &made, &whole, error);
    record.inference_images = (int64_t)measured->inference.images;
    record.training_images = (int64_t)measured->training.images;
    record.savings = savings;
    record.saving_count = status == EPX_OK ? savings_of(&made, &whole, savings) : 0;
  }
  status = status == EPX_OK ? epx_cost_record_write(folder, &record, error) : status;
  free(cost);
  return status;
}

epx_status_t cost_of_point(const epx_experiment_t *experiment, const epx_measured_t *measured,
                           epx_sweep_result_t *result, epx_error_t *error) {
  epx_cost_t *cost = NULL;
  if (!has_account(experiment, measured)) {
    return EPX_OK;
  }
  const epx_status_t status = make_cost(experiment, measured, &cost, error);
  if (status == EPX_OK) {
    result->energy_uj = cost->training.energy_uj;
    result->inference_energy_uj = cost->inference.energy_uj;
    result->latency_us = cost->inference.latency_us;
    free(cost);
  }
  return status;
}
