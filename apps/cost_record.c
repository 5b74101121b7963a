/* SPDX-License-Identifier: Apache-2.0 */
#include "cost_record.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_format.h"
#include "epx_records.h"

void cost_record_say(const cost_book_t *book) {
  if (book != NULL && !book->priced) {
    fprintf(stderr, "no energies: %s\n", book->why);
  }
}

epx_status_t cost_record_check(const epx_experiment_t *experiment, epx_error_t *error) {
  cost_book_t *book;
  const epx_status_t status = cost_book_open(experiment, &book, error);
  if (status == EPX_OK) {
    cost_record_say(book);
  }
  cost_book_close(book);
  return status;
}

/* ---- what depends on the data ---- */

enum { MAX_SAVINGS = EPX_EVENT_COUNT + 2 };

static void save(epx_cost_measured_t *record, epx_cost_saving_t *savings, const char *name,
                 double made, double whole) {
  savings[record->saving_count++] = (epx_cost_saving_t){name, made, whole};
}

/* Steps and events of a training image, against those of a chip that makes every step and drives
 * everything. savings: room for MAX_SAVINGS. */
static void measured_of(const cost_book_t *book, epx_cost_measured_t *record,
                        epx_cost_saving_t *savings) {
  const epx_activity_t *training = &book->measured.training;
  const epx_pulsing_t *pulsing = &training->pulsing;
  const double updates = (double)pulsing->updates;
  *record = (epx_cost_measured_t){
      .inference_images = (int64_t)book->measured.inference.images,
      .training_images = (int64_t)training->images,
      .stop_settled = book->experiment->chip.stop_settled,
      .event_driven = book->experiment->chip.event_driven,
      .updates = (int64_t)pulsing->updates,
      .pulses = updates > 0.0 ? (double)epx_pulsing_pulses(pulsing) / updates : 0.0,
      .savings = savings,
      .weights = (double)book->whole.synapses,
  };
  if (record->stop_settled) {
    save(record, savings, "free_steps", book->account.training_commands[EPX_COMMAND_FREE_STEP],
         (double)book->whole.kind_count[EPX_COMMAND_FREE_STEP]);
    save(record, savings, "nudged_steps", book->account.training_commands[EPX_COMMAND_NUDGED_STEP],
         (double)book->whole.kind_count[EPX_COMMAND_NUDGED_STEP]);
  }
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    const uint64_t of_made = epx_event_get(&book->account.training, i);
    const uint64_t of_whole = epx_event_get(&book->whole.training, i);
    if (of_made != of_whole) {
      save(record, savings, epx_event_rows()[i].name, (double)of_made, (double)of_whole);
    }
  }
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

void cost_measured_text(const cost_book_t *book, char *text, size_t size) {
  epx_cost_measured_t record;
  epx_cost_saving_t savings[MAX_SAVINGS];
  measured_of(book, &record, savings);
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
}

/* ---- the record ---- */

/* A section's rows in the record's own form. */
typedef struct rows_t {
  epx_cost_component_t components[EPX_COST_MAX_LINES];
  epx_cost_cycles_t breakdown[EPX_PART_COUNT];
  epx_cost_command_t commands[EPX_COMMAND_KINDS];
  epx_cost_address_t addresses[EPX_OWNERS * EPX_COMMAND_KINDS];
  double events[EPX_OWNERS * EPX_COMMAND_KINDS][EPX_COST_MAX_LINES];
  char owners[EPX_OWNERS][EPX_OWNER_NAME_SIZE];
} rows_t;

/* Lists an address unless nothing happens there. */
static void add_address(const cost_book_t *book, bool training, const epx_cost_image_t *image,
                        int owner, epx_command_kind_t kind, rows_t *rows, int *count) {
  double *events = rows->events[*count], sum = 0.0;
  for (int i = 0; i < image->lines; ++i) {
    events[i] = epx_cost_events_at(&book->account, training, book->experiment->training.batch,
                                   owner, kind, image->line[i].counter);
    sum += events[i];
  }
  if (sum > 0.0) {
    rows->addresses[(*count)++] =
        (epx_cost_address_t){rows->owners[owner], epx_command_name(kind), events};
  }
}

static int list_addresses(const cost_book_t *book, bool training, const epx_cost_image_t *image,
                          rows_t *rows) {
  int count = 0;
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    if (owner < book->plan->tile_layers || owner == EPX_OWNER_HOST) {
      epx_plan_owner_name(book->plan, owner, rows->owners[owner]);
      for (int kind = 0; kind < EPX_COMMAND_KINDS; ++kind) {
        add_address(book, training, image, owner, (epx_command_kind_t)kind, rows, &count);
      }
    }
  }
  return count;
}

static int list_commands(const cost_book_t *book, bool training, rows_t *rows) {
  const double *times =
      training ? book->account.training_commands : book->account.inference_commands;
  int count = 0;
  for (int kind = 0; kind < EPX_COMMAND_KINDS; ++kind) {
    if (times[kind] > 0.0) {
      rows->commands[count++] =
          (epx_cost_command_t){epx_command_name((epx_command_kind_t)kind), times[kind],
                               times[kind] * book->account.command_cycles[kind]};
    }
  }
  return count;
}

static epx_cost_section_t section(const cost_book_t *book, bool training, rows_t *rows) {
  const epx_cost_image_t *image = training ? &book->cost.training : &book->cost.inference;
  for (int i = 0; i < image->lines; ++i) {
    const epx_cost_line_t *line = &image->line[i];
    rows->components[i] = (epx_cost_component_t){
        line->name,    line->events,          line->unit,  line->unit_pj, line->low_pj,
        line->high_pj, line->energy_pj / 1e3, line->source};
  }
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    rows->breakdown[i] = (epx_cost_cycles_t){image->part[i].name, image->part[i].cycles};
  }
  return (epx_cost_section_t){
      .latency_us = image->latency_us,
      .energy_uj = image->energy_uj,
      .low = image->low_uj,
      .high = image->high_uj,
      .components = rows->components,
      .component_count = image->lines,
      .cycles = image->cycles,
      .breakdown = rows->breakdown,
      .breakdown_count = EPX_PART_COUNT,
      .commands = rows->commands,
      .command_count = list_commands(book, training, rows),
      .addresses = rows->addresses,
      .address_count = list_addresses(book, training, image, rows),
  };
}

epx_status_t cost_record_write(const char *folder, const cost_book_t *book, epx_error_t *error) {
  epx_cost_saving_t savings[MAX_SAVINGS];
  epx_cost_measured_t depends;
  if (book == NULL || !book->complete) {
    return EPX_OK;
  }
  rows_t *rows = calloc(2, sizeof *rows);
  if (rows == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the cost record");
  }
  epx_cost_record_t record = {
      .technology = book->technology.name,
      .unpriced = book->priced ? NULL : book->why,
      .clock_mhz = book->cost.clock_mhz,
      .inference = section(book, false, &rows[0]),
      .training = section(book, true, &rows[1]),
  };
  if (book->measured.training.images > 0 || book->measured.inference.images > 0) {
    measured_of(book, &depends, savings);
    record.measured = &depends;
  }
  const epx_status_t status = epx_cost_record_write(folder, &record, error);
  free(rows);
  return status;
}
