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

static epx_status_t make_cost(const epx_experiment_t *experiment, epx_cost_t **out,
                              epx_error_t *error) {
  char path[1024];
  epx_cost_t *cost = malloc(sizeof *cost);
  if (cost == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the cost account");
  }
  resolve(experiment->chip.technology, path);
  const epx_status_t status =
      epx_cost_make(&experiment->network, &experiment->chip, &experiment->dynamics,
                    &experiment->estimator, experiment->training.batch, path, cost, error);
  if (status != EPX_OK) {
    free(cost);
    return status;
  }
  *out = cost;
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
                               epx_error_t *error) {
  epx_cost_component_t components[2][EPX_COST_MAX_LINES];
  epx_cost_cycles_t breakdown[2][EPX_PART_COUNT];
  epx_cost_t *cost = NULL;
  if (experiment->substrate.kind != EPX_SUBSTRATE_TWIN) {
    return EPX_OK;
  }
  epx_status_t status = make_cost(experiment, &cost, error);
  if (status == EPX_OK) {
    const epx_cost_record_t record = {
        .technology = cost->technology,
        .clock_mhz = cost->clock_mhz,
        .inference = section(&cost->inference, components[0], breakdown[0]),
        .training = section(&cost->training, components[1], breakdown[1]),
    };
    status = epx_cost_record_write(folder, &record, error);
    free(cost);
  }
  return status;
}

epx_status_t cost_of_point(const epx_experiment_t *experiment, epx_sweep_result_t *result,
                           epx_error_t *error) {
  epx_cost_t *cost = NULL;
  if (experiment->substrate.kind != EPX_SUBSTRATE_TWIN) {
    return EPX_OK;
  }
  const epx_status_t status = make_cost(experiment, &cost, error);
  if (status == EPX_OK) {
    result->energy_uj = cost->training.energy_uj;
    result->inference_energy_uj = cost->inference.energy_uj;
    result->latency_us = cost->inference.latency_us;
    free(cost);
  }
  return status;
}
