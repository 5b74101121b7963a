/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epx_tile_events.h"

enum { MAX_USES = 3, ANY = -1, ADC = -1, END = -2 };

/* times uses of a technology's entry; ADC: the converter's law. */
typedef struct use_t {
  int entry;
  double times;
} use_t;

/* One line of the table: a counter of events and what one event uses. */
typedef struct line_row_t {
  const char *name;
  size_t counter; /* in epx_events_t */
  int array_kind; /* the line exists for this kind of array, or ANY */
  use_t use[MAX_USES + 1];
} line_row_t;

#define OF(counter) offsetof(epx_events_t, counter)
#define USES(...)  \
  {                \
    __VA_ARGS__, { \
      END, 0.0     \
    }              \
  }

static const line_row_t rows[] = {
    {"line drivers", OF(line_drives), ANY, USES({EPX_TECH_LINE_DRIVER, 1})},
    {"cell reads", OF(cell_reads), EPX_ARRAY_ANALOG, USES({EPX_TECH_CELL_READ_ANALOG, 1})},
    {"cell reads", OF(cell_reads), EPX_ARRAY_DIGITAL, USES({EPX_TECH_CELL_READ_DIGITAL, 1})},
    {"adder trees", OF(tree_bits), EPX_ARRAY_DIGITAL, USES({EPX_TECH_FULL_ADDER, 1})},
    {"sample-and-hold", OF(adc_conversions), EPX_ARRAY_ANALOG, USES({EPX_TECH_SAMPLE_HOLD, 1})},
    {"ADC conversions", OF(adc_conversions), EPX_ARRAY_ANALOG, USES({ADC, 1})},
    {"shift-and-add", OF(shift_adds), ANY, USES({EPX_TECH_SHIFT_ADD, 1})},
    {"partial sums", OF(psum_adds), ANY, USES({EPX_TECH_ADD, 1})},
    {"accumulator memory", OF(accumulator_bits), ANY, USES({EPX_TECH_SRAM, 1})},
    {"max pooling", OF(pool_compares), ANY, USES({EPX_TECH_ADD, 1})},
    {"neuron units", OF(neuron_ops), ANY, USES({EPX_TECH_ADD, 4})},
    {"state memory, reads", OF(state_bits_read), ANY, USES({EPX_TECH_EDRAM, 1})},
    {"state memory, writes", OF(state_bits_written), ANY, USES({EPX_TECH_EDRAM, 1})},
    {"network-on-chip", OF(noc_bits), ANY, USES({EPX_TECH_ROUTER, 1}, {EPX_TECH_BUS, 1})},
    {"input from DRAM", OF(input_bits), ANY, USES({EPX_TECH_DRAM, 1})},
    {"softmax and scores", OF(softmax_ops), ANY,
     USES({EPX_TECH_SRAM, 16}, {EPX_TECH_ADD, 2}, {EPX_TECH_MULTIPLY_32, 1})},
    {"nudge scaling", OF(scale_ops), ANY, USES({EPX_TECH_MULTIPLY_32, 1})},
    {"correlation products", OF(update_macs), ANY,
     USES({EPX_TECH_MULTIPLY_8, 1}, {EPX_TECH_ADD, 1})},
    {"correlation memory", OF(correlation_bits), ANY, USES({EPX_TECH_SRAM, 1})},
    {"update circuit", OF(update_ops), ANY, USES({EPX_TECH_MULTIPLY_32, 4}, {EPX_TECH_ADD, 4})},
    {"shadow and velocity", OF(register_bits), ANY, USES({EPX_TECH_SRAM, 1})},
    {"cell writes", OF(cell_writes), EPX_ARRAY_ANALOG, USES({EPX_TECH_CELL_WRITE_ANALOG, 1})},
    {"cell writes", OF(cell_writes), EPX_ARRAY_DIGITAL, USES({EPX_TECH_CELL_WRITE_DIGITAL, 1})},
};

#define ROW_COUNT ((int)(sizeof rows / sizeof rows[0]))
_Static_assert(ROW_COUNT <= EPX_COST_MAX_LINES, "raise EPX_COST_MAX_LINES");

static uint64_t counter(const epx_events_t *events, size_t offset) {
  return *(const uint64_t *)((const char *)events + offset);
}

/* The row of epx_event_rows() of a counter. */
static int row_of(size_t offset) {
  int row = 0;
  while (epx_event_rows()[row].offset != offset) {
    ++row;
  }
  return row;
}

/* Bits of the array's ADCs: of ideal ones those that its largest sum needs. */
static int adc_bits(const epx_chip_t *chip) {
  if (chip->adc.converter.kind != EPX_CONVERTER_IDEAL) {
    return chip->adc.converter.bits;
  }
  const long most = epx_chip_largest_sum(chip);
  int bits = 1;
  while (most >> bits != 0) {
    ++bits;
  }
  return bits;
}

static epx_status_t adc_value(const epx_chip_t *chip, const epx_technology_t *technology,
                              epx_tech_value_t *value, epx_error_t *error) {
  const double rate = chip->clock_mhz * 1e6 / (double)epx_tile_conversion_cycles(chip);
  return epx_technology_adc(technology, chip->adc.converter.kind, adc_bits(chip), rate, value,
                            error);
}

/* Adds one use to the line's unit energies and its source text. */
static epx_status_t add_use(const epx_chip_t *chip, const epx_technology_t *technology, use_t use,
                            epx_cost_line_t *line, epx_error_t *error) {
  epx_tech_value_t value;
  if (use.entry == ADC) {
    const epx_status_t status = adc_value(chip, technology, &value, error);
    if (status != EPX_OK) {
      return status;
    }
  } else {
    value = technology->value[use.entry];
  }
  const double times =
      use.times * (use.entry == EPX_TECH_LINE_DRIVER ? chip->dac.converter.bits : 1);
  line->unit_pj += times * value.pj;
  line->low_pj += times * value.low;
  line->high_pj += times * value.high;
  const size_t used = strlen(line->source);
  char count[16] = "";
  if (times != 1.0) {
    snprintf(count, sizeof count, "%g x ", times);
  }
  snprintf(line->source + used, sizeof line->source - used, "%s%s%s", used > 0 ? "; + " : "", count,
           value.source);
  return EPX_OK;
}

/* events + share * shared, priced; without a technology, counted. */
static epx_status_t price(const epx_events_t *events, const epx_events_t *shared, double share,
                          const epx_chip_t *chip, const epx_technology_t *technology,
                          epx_cost_image_t *image, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; i < ROW_COUNT; ++i) {
    const line_row_t *row = &rows[i];
    const double count =
        (double)counter(events, row->counter) + share * (double)counter(shared, row->counter);
    if (count == 0.0 || (row->array_kind != ANY && row->array_kind != (int)chip->array_kind)) {
      continue;
    }
    epx_cost_line_t *line = &image->line[image->lines++];
    *line = (epx_cost_line_t){.name = row->name, .counter = row_of(row->counter), .events = count};
    line->unit = epx_event_rows()[line->counter].unit;
    for (const use_t *use = row->use; technology != NULL && use->entry != END; ++use) {
      const epx_status_t priced = add_use(chip, technology, *use, line, error);
      status = status == EPX_OK ? priced : status;
    }
    if (technology == NULL) {
      line->unit_pj = line->low_pj = line->high_pj = (double)NAN;
    }
    line->energy_pj = count * line->unit_pj;
    image->energy_uj += 1e-6 * line->energy_pj;
    image->low_uj += 1e-6 * count * line->low_pj;
    image->high_uj += 1e-6 * count * line->high_pj;
  }
  return status;
}

static void spend(const double cycles[EPX_PART_COUNT], double clock_mhz, epx_cost_image_t *image) {
  for (int i = 0; i < EPX_PART_COUNT; ++i) {
    image->part[i] = (epx_cost_part_t){epx_part_name((epx_part_t)i), cycles[i]};
    image->cycles += cycles[i];
  }
  image->latency_us = image->cycles / clock_mhz;
}

epx_status_t epx_cost_of(const epx_account_t *account, const epx_chip_t *chip, int batch,
                         const epx_technology_t *technology, epx_cost_t *cost, epx_error_t *error) {
  memset(cost, 0, sizeof *cost);
  snprintf(cost->technology, sizeof cost->technology, "%s",
           technology != NULL ? technology->name : "");
  cost->clock_mhz = chip->clock_mhz;
  cost->tiles = account->tiles;
  epx_status_t status =
      price(&account->inference, &account->update, 0.0, chip, technology, &cost->inference, error);
  status = status == EPX_OK ? price(&account->training, &account->update, 1.0 / batch, chip,
                                    technology, &cost->training, error)
                            : status;
  spend(account->inference_cycles, chip->clock_mhz, &cost->inference);
  spend(account->training_cycles, chip->clock_mhz, &cost->training);
  return status;
}

double epx_cost_events_at(const epx_account_t *account, bool training, int batch, int owner,
                          epx_command_kind_t kind, int counter) {
  const epx_ledger_t *ledger = training ? &account->training_at : &account->inference_at;
  const double times = !training                    ? (double)account->inference_images
                       : kind == EPX_COMMAND_UPDATE ? (double)account->updates * batch
                                                    : (double)account->training_images;
  return (double)epx_event_get(&ledger->at[owner][kind], counter) / times;
}

bool epx_cost_needs_measurement(const epx_chip_t *chip) {
  return chip->event_driven || chip->stop_settled || chip->pulse_preset > 0;
}
