/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_health_record.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "epx_csv.h"

static const char HEADER[] =
    "epoch,layer,weights_zero,weights_saturated,weight_reach,biases_saturated,"
    "velocities_saturated,updates_lost,states_zero,states_saturated,nudges_lost\n";

/* The numbers of a row, in the order of the header. */
static const struct {
  const char *name;
  size_t offset;
} numbers[] = {
    {"weights_zero", offsetof(epx_health_row_t, weights_zero)},
    {"weights_saturated", offsetof(epx_health_row_t, weights_full)},
    {"weight_reach", offsetof(epx_health_row_t, reach)},
    {"biases_saturated", offsetof(epx_health_row_t, biases_full)},
    {"velocities_saturated", offsetof(epx_health_row_t, velocities_full)},
    {"updates_lost", offsetof(epx_health_row_t, updates_lost)},
    {"states_zero", offsetof(epx_health_row_t, states_zero)},
    {"states_saturated", offsetof(epx_health_row_t, states_full)},
    {"nudges_lost", offsetof(epx_health_row_t, nudges_lost)},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0], COLUMNS = 2 + NUMBERS };

static double part(const epx_share_t *share, uint64_t of_it) {
  return share->of > 0 ? epx_share_part(share, of_it) : (double)NAN;
}

epx_health_row_t epx_health_row(int epoch, const epx_health_layer_t *layer) {
  epx_health_row_t row = {
      .epoch = epoch,
      .weights_zero = part(&layer->weights, layer->weights.zero),
      .weights_full = part(&layer->weights, layer->weights.full),
      .reach = layer->reach,
      .biases_full = part(&layer->biases, layer->biases.full),
      .velocities_full = part(&layer->velocities, layer->velocities.full),
      .updates_lost = part(&layer->updates, layer->updates.zero),
      .states_zero = part(&layer->states, layer->states.zero),
      .states_full = part(&layer->states, layer->states.full),
      .nudges_lost = part(&layer->nudges, layer->nudges.zero),
  };
  snprintf(row.layer, sizeof row.layer, "%s", layer->name);
  return row;
}

static epx_status_t put_row(FILE *out, const void *at, epx_error_t *error) {
  const epx_health_row_t *row = at;
  char text[EPX_CSV_NUMBER_SIZE];
  (void)error;
  fprintf(out, "%d,%s", row->epoch, row->layer);
  for (int i = 0; i < NUMBERS; ++i) {
    const double *x = (const double *)((const char *)row + numbers[i].offset);
    fprintf(out, ",%s", epx_csv_format(*x, text));
  }
  fputc('\n', out);
  return EPX_OK;
}

static const char *parse_row(void *at, char **fields) {
  epx_health_row_t *row = at;
  if (!epx_csv_int(fields[0], 0, &row->epoch)) {
    return "epoch";
  }
  if (!epx_csv_text(fields[1], row->layer, sizeof row->layer)) {
    return "layer";
  }
  for (int i = 0; i < NUMBERS; ++i) {
    double *x = (double *)((char *)row + numbers[i].offset);
    if (!epx_csv_number_or_nan(fields[2 + i], x) || *x < 0.0) {
      return numbers[i].name;
    }
  }
  return NULL;
}

static const epx_csv_record_t record = {"health.csv", HEADER,  COLUMNS,
                                        parse_row,    put_row, sizeof(epx_health_row_t)};

epx_status_t epx_health_append(const char *folder, const epx_health_row_t *rows, int count,
                               epx_error_t *error) {
  return epx_csv_append_epoch(folder, &record, rows, count, error);
}

epx_status_t epx_health_read(const char *folder, epx_health_row_t **rows, int *count,
                             epx_error_t *error) {
  void *read = NULL;
  const epx_status_t status = epx_csv_read(folder, "health.csv", HEADER, COLUMNS, parse_row,
                                           sizeof **rows, &read, count, error);
  if (status == EPX_OK) {
    *rows = read;
  }
  return status;
}
