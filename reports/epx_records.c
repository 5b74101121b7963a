/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_records.h"

#include <jansson.h>

#include "epx_record_file.h"

static epx_status_t write_record(const char *folder, const char *name, json_t *root,
                                 epx_error_t *error) {
  const epx_status_t status = epx_folder_make(folder, error);
  if (status != EPX_OK) {
    json_decref(root);
    return status;
  }
  return epx_json_write(folder, name, root, error);
}

/* Appends `item` to `array`; on failure frees the array and returns NULL, which later calls pass
 * on. */
static json_t *append(json_t *array, json_t *item) {
  if (array == NULL || json_array_append_new(array, item) != 0) {
    json_decref(array);
    return NULL;
  }
  return array;
}

static json_t *gradient_row(const epx_gradient_row_t *row) {
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "network",
                   epx_json_text(row->network), "pool", epx_json_text(row->pool), "estimator",
                   epx_json_text(row->estimator), "substrate", epx_json_text(row->substrate),
                   "beta", epx_json_number(row->beta), "layer", epx_json_text(row->layer), "cosine",
                   epx_json_number(row->cosine), "relative_l2", epx_json_number(row->relative_l2),
                   "sign_agreement", epx_json_number(row->sign_agreement));
}

epx_status_t epx_gradient_record_write(const char *folder, const epx_gradient_record_t *record,
                                       epx_error_t *error) {
  json_t *rows = json_array();
  for (int i = 0; i < record->row_count; ++i) {
    rows = append(rows, gradient_row(&record->rows[i]));
  }
  json_t *root = json_pack("{s:i, s:i, s:o, s:o, s:o}", "format", 1, "batch", record->batch,
                           "reference", epx_json_text(record->reference), "precision",
                           epx_json_text(record->precision), "rows", rows);
  return write_record(folder, "gradient.json", root, error);
}

static json_t *cost_component(const epx_cost_component_t *component) {
  return json_pack(
      "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", epx_json_text(component->name), "events",
      epx_json_number(component->events), "unit", epx_json_text(component->unit), "unit_energy_pj",
      epx_json_number(component->unit_energy_pj), "low", epx_json_number(component->low), "high",
      epx_json_number(component->high), "energy_nj", epx_json_number(component->energy_nj),
      "source", epx_json_text(component->source));
}

static json_t *cost_commands(const epx_cost_section_t *section) {
  json_t *commands = json_array();
  for (int i = 0; i < section->command_count; ++i) {
    const epx_cost_command_t *command = &section->commands[i];
    commands = append(commands, json_pack("{s:o, s:o, s:o}", "name", epx_json_text(command->name),
                                          "count", epx_json_number(command->count), "cycles",
                                          epx_json_number(command->cycles)));
  }
  return commands;
}

/* events: in the order of the components. */
static json_t *cost_addresses(const epx_cost_section_t *section) {
  json_t *addresses = json_array();
  for (int i = 0; i < section->address_count; ++i) {
    const epx_cost_address_t *address = &section->addresses[i];
    json_t *events = json_array();
    for (int k = 0; k < section->component_count; ++k) {
      events = append(events, epx_json_number(address->events[k]));
    }
    addresses =
        append(addresses, json_pack("{s:o, s:o, s:o}", "owner", epx_json_text(address->owner),
                                    "command", epx_json_text(address->command), "events", events));
  }
  return addresses;
}

static json_t *cost_section(const epx_cost_section_t *section) {
  json_t *components = json_array();
  for (int i = 0; i < section->component_count; ++i) {
    components = append(components, cost_component(&section->components[i]));
  }
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "latency_us",
                   epx_json_number(section->latency_us), "energy_uj",
                   epx_json_number(section->energy_uj), "low", epx_json_number(section->low),
                   "high", epx_json_number(section->high), "components", components, "commands",
                   cost_commands(section), "addresses", cost_addresses(section));
}

static json_t *cost_cycles(const epx_cost_section_t *section) {
  json_t *breakdown = json_array();
  for (int i = 0; i < section->breakdown_count; ++i) {
    const epx_cost_cycles_t *part = &section->breakdown[i];
    breakdown = append(breakdown, json_pack("{s:o, s:o}", "name", epx_json_text(part->name),
                                            "cycles", epx_json_number(part->cycles)));
  }
  return json_pack("{s:o, s:o}", "total", epx_json_number(section->cycles), "breakdown", breakdown);
}

static json_t *cost_savings(const epx_cost_measured_t *measured) {
  json_t *savings = json_array();
  for (int i = 0; i < measured->saving_count; ++i) {
    const epx_cost_saving_t *saving = &measured->savings[i];
    savings = append(
        savings, json_pack("{s:o, s:o, s:o}", "name", epx_json_text(saving->name), "made",
                           epx_json_number(saving->made), "whole", epx_json_number(saving->whole)));
  }
  return savings;
}

static json_t *cost_measured(const epx_cost_measured_t *measured) {
  json_t *root = json_pack("{s:I, s:I}", "inference_images", (json_int_t)measured->inference_images,
                           "training_images", (json_int_t)measured->training_images);
  int failed = 0;
  if (measured->stop_settled || measured->event_driven) {
    failed |= json_object_set_new(root, "stop_settled", json_boolean(measured->stop_settled));
    failed |= json_object_set_new(root, "event_driven", json_boolean(measured->event_driven));
    failed |= json_object_set_new(root, "savings", cost_savings(measured));
  }
  if (measured->updates > 0) {
    failed |=
        json_object_set_new(root, "pulses",
                            json_pack("{s:I, s:o, s:o}", "updates", (json_int_t)measured->updates,
                                      "an_update", epx_json_number(measured->pulses), "a_weight",
                                      epx_json_number(measured->pulses / measured->weights)));
  }
  if (failed != 0) {
    json_decref(root);
    return NULL;
  }
  return root;
}

epx_status_t epx_cost_record_write(const char *folder, const epx_cost_record_t *record,
                                   epx_error_t *error) {
  json_t *root =
      json_pack("{s:i, s:o, s:o, s:o, s:o, s:{s:o, s:o}}", "format", 1, "technology",
                epx_json_text(record->technology), "clock_mhz", epx_json_number(record->clock_mhz),
                "inference", cost_section(&record->inference), "training",
                cost_section(&record->training), "cycles", "inference",
                cost_cycles(&record->inference), "training", cost_cycles(&record->training));
  if (root != NULL && record->unpriced != NULL &&
      json_object_set_new(root, "unpriced", epx_json_text(record->unpriced)) != 0) {
    json_decref(root);
    root = NULL;
  }
  if (root != NULL && record->measured != NULL &&
      json_object_set_new(root, "measured", cost_measured(record->measured)) != 0) {
    json_decref(root);
    root = NULL;
  }
  return write_record(folder, "cost.json", root, error);
}

static json_t *counts(const epx_tile_count_t *items, int count) {
  json_t *object = json_object();
  for (int i = 0; i < count; ++i) {
    if (json_object_set_new(object, items[i].name, json_integer(items[i].count)) != 0) {
      json_decref(object);
      return NULL;
    }
  }
  return object;
}

epx_status_t epx_tile_record_write(const char *folder, const epx_tile_record_t *record,
                                   epx_error_t *error) {
  json_t *root = json_pack("{s:i, s:o, s:i, s:i, s:i, s:o, s:I, s:o, s:o, s:I, s:o}", "format", 1,
                           "layer", epx_json_text(record->layer), "row_block", record->row_block,
                           "column_block", record->column_block, "images", record->images,
                           "values_compared", counts(record->compared, record->compared_count),
                           "differing", (json_int_t)record->differing, "first_difference",
                           epx_json_text(record->first_difference), "events",
                           counts(record->events, record->event_count), "cycles",
                           (json_int_t)record->cycles, "vcd", epx_json_text(record->vcd));
  return write_record(folder, "tile.json", root, error);
}
