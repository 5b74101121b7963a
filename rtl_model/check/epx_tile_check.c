/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_tile_check.h"
#include "epx_tile_events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Where element i of an output lies on the tile, in words. `bit` is the lowest that differs. */
static void locate(const epx_tile_vectors_t *v, epx_tile_output_t output, size_t i, int bit,
                   char *text, size_t size) {
  const int rows = v->shape.rows, units = v->shape.units, slices = v->shape.slices;
  const int unit = (int)(i % (size_t)units), row = (int)(i % (size_t)rows);
  const size_t word = i / (size_t)units;
  const int first = unit * slices, last = first + slices - 1;
  switch (output) {
    case EPX_TILE_OUT_PSUM:
      snprintf(text, size, "vector %zu, bitlines %d to %d (channel %d)", word, first, last, unit);
      return;
    case EPX_TILE_OUT_SWITCHES:
    case EPX_TILE_OUT_STATE:
      snprintf(text, size, "position %zu, bitlines %d to %d (channel %d)", word, first, last, unit);
      return;
    case EPX_TILE_OUT_BACKWARD: {
      const size_t place = i / (size_t)rows, window = (size_t)v->setup.window;
      snprintf(text, size, "position %zu, place %zu of the window, wordline %d", place / window,
               place % window, row);
      return;
    }
    case EPX_TILE_OUT_WEIGHT: {
      const int slice = bit / v->setup.chip.bits_per_cell;
      snprintf(text, size, "wordline %zu, bitline %d (channel %d)", word, first + slice, unit);
      return;
    }
    case EPX_TILE_OUT_CORRELATION:
    case EPX_TILE_OUT_SHADOW:
    case EPX_TILE_OUT_VELOCITY:
    case EPX_TILE_OUT_WRITTEN:
      snprintf(text, size, "wordline %zu, bitlines %d to %d (channel %d)", word, first, last, unit);
      return;
    case EPX_TILE_OUT_BIAS_CORRELATION:
    case EPX_TILE_OUT_BIAS:
    case EPX_TILE_OUT_BIAS_VELOCITY:
      snprintf(text, size, "channel %d", unit);
      return;
    default:
      snprintf(text, size, "the rounding register");
      return;
  }
}

/* The time at which element i came, for the waveform. */
static void tell_time(const epx_tile_vectors_t *v, epx_tile_output_t output, size_t i,
                      const uint64_t *came_ps, char *text, size_t size) {
  const bool backward = output == EPX_TILE_OUT_BACKWARD;
  const size_t word = i / (size_t)(backward ? v->shape.rows : v->shape.units);
  text[0] = '\0';
  if (came_ps != NULL) {
    snprintf(text, size, "; came at %" PRIu64 " ps", came_ps[word]);
  }
}

static void note(const epx_tile_vectors_t *v, epx_tile_output_t output, size_t i, int64_t found,
                 int64_t expected, const char *whose, const uint64_t *came_ps,
                 epx_tile_check_row_t *row) {
  char where[120], when[40];
  const int bit = __builtin_ctzll((uint64_t)(found ^ expected));
  locate(v, output, i, bit, where, sizeof where);
  tell_time(v, output, i, came_ps, when, sizeof when);
  snprintf(row->first_difference, sizeof row->first_difference,
           "%s: %s, bit %d: found %" PRId64 ", expected %" PRId64 " (%s)%s", row->name, where, bit,
           found, expected, whose, when);
}

static void compare_row(const epx_tile_vectors_t *v, epx_tile_output_t output,
                        const epx_tile_answer_t *answer, const void *reference,
                        epx_tile_check_row_t *row) {
  const void *found = answer->output[output];
  const uint64_t *came_ps = answer->came_ps[output];
  const epx_tile_array_t *array = &epx_tile_outputs()[output];
  const void *given = v->expect[output];
  const size_t count = epx_tile_array_count(v, array);
  row->name = array->label;
  row->compared = (int64_t)count;
  row->given = given != NULL ? (int64_t)count : 0;
  for (size_t i = 0; i < count; ++i) {
    const int64_t value = epx_tile_get(array->dtype, found, i);
    const int64_t right = epx_tile_get(array->dtype, reference, i);
    const int64_t wish = given != NULL ? epx_tile_get(array->dtype, given, i) : value;
    if (row->differing == 0 && value != right) {
      note(v, output, i, value, right, "reference", came_ps, row);
    } else if (row->differing == 0 && value != wish) {
      note(v, output, i, value, wish, "given", came_ps, row);
    }
    row->from_reference += value != right;
    row->from_given += value != wish;
    row->differing += value != right || value != wish;
  }
}

epx_status_t epx_tile_check_answer(const epx_tile_vectors_t *vectors,
                                   const epx_tile_answer_t *answer, epx_tile_check_t *check,
                                   epx_error_t *error) {
  epx_tile_answer_t reference;
  epx_status_t status = epx_tile_answer_create(vectors, &reference, error);
  if (status != EPX_OK) {
    return status;
  }
  status = epx_tile_answer_compute(vectors, &reference, error);
  if (status != EPX_OK) {
    epx_tile_answer_clear(&reference);
    return status;
  }
  memset(check, 0, sizeof *check);
  check->pulses = reference.pulses;
  check->pulse_cycles = reference.pulse_cycles;
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    if (answer->output[i] != NULL && epx_tile_output_given(vectors, (epx_tile_output_t)i)) {
      compare_row(vectors, (epx_tile_output_t)i, answer, reference.output[i], &check->rows[i]);
      check->compared += check->rows[i].compared;
      check->differing += check->rows[i].differing;
    }
  }
  epx_tile_answer_clear(&reference);
  return EPX_OK;
}

/* The closed form of the same job: equal events, equal cycles. Pulses are those of the reference.
 */
static void compare_cost(const epx_tile_vectors_t *v, const epx_sc_tile_result_t *result,
                         bool timed, epx_tile_check_t *check) {
  const epx_chip_t *chip = &v->setup.chip;
  epx_events_t *events = &check->expected_events;
  epx_tile_cycles_row_t *rows = check->cycles;
  const uint64_t vectors = (uint64_t)v->counts.vectors;
  rows[0] = (epx_tile_cycles_row_t){"forward", result->forward_cycles, 0};
  rows[1] = (epx_tile_cycles_row_t){"fire", result->fire_cycles, 0};
  rows[2] = (epx_tile_cycles_row_t){"backward", result->backward_cycles, 0};
  rows[3] = (epx_tile_cycles_row_t){"correlate", result->correlate_cycles, 0};
  rows[4] = (epx_tile_cycles_row_t){"update", result->update_cycles, 0};
  if (vectors > 0) {
    rows[0].expected = epx_tile_forward(chip, &v->shape, vectors, events);
  }
  if (v->shape.pools) {
    rows[1].expected = epx_tile_fire(&v->shape, vectors / (uint64_t)v->setup.window, events);
  }
  if (v->counts.positions > 0) {
    rows[2].expected = epx_tile_backward(chip, &v->shape, (uint64_t)v->counts.positions, events);
  }
  rows[3].expected = epx_tile_correlate(&v->shape, (uint64_t)v->counts.terms, events);
  if (v->update) {
    rows[4].expected = epx_tile_update(chip, &v->shape, events) + check->pulse_cycles;
    events->cell_writes += check->pulses;
  }
  check->events = result->events;
  check->ran = true;
  check->counted = result->counted;
  check->timed = timed;
  for (int i = 0; i < EPX_TILE_OPERATIONS; ++i) {
    check->unequal_cycles += timed && rows[i].cycles != rows[i].expected;
  }
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    check->unequal_events +=
        check->counted && epx_event_get(&check->events, i) != epx_event_get(events, i);
  }
}

static bool make_clocks(const epx_tile_vectors_t *v, epx_tile_answer_t *answer) {
  const size_t vectors = (size_t)v->counts.vectors, window = (size_t)v->setup.window;
  const size_t counts[] = {vectors, vectors / window, (size_t)v->counts.positions * window};
  const epx_tile_output_t outputs[] = {EPX_TILE_OUT_PSUM, EPX_TILE_OUT_STATE,
                                       EPX_TILE_OUT_BACKWARD};
  bool made = true;
  for (int i = 0; i < 3; ++i) {
    uint64_t **came = &answer->came_ps[outputs[i]];
    *came = calloc(counts[i] + 1, sizeof **came);
    made = made && *came != NULL;
  }
  return made;
}

static epx_status_t run_job(const epx_tile_vectors_t *vectors,
                            const epx_tile_bench_options_t *options, epx_tile_answer_t *answer,
                            epx_sc_tile_result_t *result, epx_error_t *error) {
  void **out = answer->output;
  epx_sc_tile_job_t job = epx_tile_vectors_job(vectors);
  job.stall_percent = options->stall_percent;
  job.stall_seed = options->stall_seed;
  job.vcd_path = options->vcd_path;
  job.update_log_path = options->update_log_path;
  job.pulse_log_path = options->pulse_log_path;
  job.watchdog_cycles = options->watchdog_cycles;
  epx_sc_memory_t memory = {
      .weight = out[EPX_TILE_OUT_WEIGHT],
      .shadow = out[EPX_TILE_OUT_SHADOW],
      .velocity = out[EPX_TILE_OUT_VELOCITY],
      .bias = out[EPX_TILE_OUT_BIAS],
      .bias_velocity = out[EPX_TILE_OUT_BIAS_VELOCITY],
      .lfsr = *(uint32_t *)out[EPX_TILE_OUT_LFSR],
      .written = vectors->input[EPX_TILE_WRITTEN] != NULL ? out[EPX_TILE_OUT_WRITTEN] : NULL,
      .reaches = vectors->input[EPX_TILE_ADC_REACHES],
  };
  *result = (epx_sc_tile_result_t){
      .psum = out[EPX_TILE_OUT_PSUM],
      .state = out[EPX_TILE_OUT_STATE],
      .switches = out[EPX_TILE_OUT_SWITCHES],
      .backward = out[EPX_TILE_OUT_BACKWARD],
      .correlation = out[EPX_TILE_OUT_CORRELATION],
      .bias_correlation = out[EPX_TILE_OUT_BIAS_CORRELATION],
      .psum_ps = answer->came_ps[EPX_TILE_OUT_PSUM],
      .state_ps = answer->came_ps[EPX_TILE_OUT_STATE],
      .backward_ps = answer->came_ps[EPX_TILE_OUT_BACKWARD],
  };
  const epx_tile_run_fn run = options->run != NULL ? options->run : epx_sc_tile_run;
  const epx_status_t status = run(&job, &memory, result, error);
  *(uint32_t *)out[EPX_TILE_OUT_LFSR] = memory.lfsr;
  return status;
}

static void leave_out(epx_tile_answer_t *answer, epx_tile_output_t output) {
  free(answer->output[output]);
  answer->output[output] = NULL;
}

epx_status_t epx_tile_check_run(const epx_tile_vectors_t *vectors,
                                const epx_tile_bench_options_t *options, epx_tile_check_t *check,
                                epx_error_t *error) {
  epx_tile_answer_t answer;
  epx_sc_tile_result_t result;
  epx_status_t status = epx_tile_answer_create(vectors, &answer, error);
  if (status != EPX_OK) {
    return status;
  }
  status = make_clocks(vectors, &answer)
               ? run_job(vectors, options, &answer, &result, error)
               : epx_fail(error, EPX_ERR_MEMORY, "out of memory for the tile's answer");
  if (status == EPX_OK && !result.correlated) {
    leave_out(&answer, EPX_TILE_OUT_CORRELATION);
    leave_out(&answer, EPX_TILE_OUT_BIAS_CORRELATION);
  }
  status = status == EPX_OK ? epx_tile_check_answer(vectors, &answer, check, error) : status;
  if (status == EPX_OK) {
    check->stalled = options->stall_percent > 0;
    compare_cost(vectors, &result, result.timed && !check->stalled, check);
  }
  epx_tile_answer_clear(&answer);
  return status;
}

const char *epx_tile_check_first(const epx_tile_check_t *check) {
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    if (check->rows[i].differing > 0) {
      return check->rows[i].first_difference;
    }
  }
  return "";
}

static const char *verdict(bool failed) {
  return failed ? "FAIL" : "PASS";
}

static void print_cost(const epx_tile_check_t *check, FILE *out) {
  fprintf(out, "\n  %-4s  %-18s %14s %14s\n", "", "cycles", "tile", "closed form");
  for (int i = 0; i < EPX_TILE_OPERATIONS; ++i) {
    const epx_tile_cycles_row_t *row = &check->cycles[i];
    if (row->cycles > 0 || row->expected > 0) {
      fprintf(out, "  %-4s  %-18s %14" PRIu64 " %14" PRIu64 "\n",
              check->timed ? verdict(row->cycles != row->expected) : "", row->name, row->cycles,
              row->expected);
    }
  }
  if (!check->timed) {
    fprintf(out, "        (%s)\n",
            check->stalled ? "with stalls; the closed form has none"
                           : "the tile's own pipeline; not compared");
  }
  if (!check->counted) {
    return;
  }
  fprintf(out, "  %-4s  event counters: %d, of which %d differ from the closed form\n",
          verdict(check->unequal_events > 0), (int)EPX_EVENT_COUNT, check->unequal_events);
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    const uint64_t found = epx_event_get(&check->events, i);
    const uint64_t expected = epx_event_get(&check->expected_events, i);
    if (found != expected) {
      fprintf(out, "        %s: %" PRIu64 ", closed form %" PRIu64 "\n", epx_event_rows()[i].name,
              found, expected);
    }
  }
}

void epx_tile_check_print(const epx_tile_check_t *check, FILE *out) {
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    const epx_tile_check_row_t *row = &check->rows[i];
    if (row->name == NULL) {
      continue;
    }
    fprintf(out, "  %-4s  %-18s %10" PRId64 " compared  %" PRId64 " differing",
            verdict(row->differing > 0), row->name, row->compared, row->differing);
    if (row->differing > 0) {
      fprintf(out, " (%" PRId64 " from the reference", row->from_reference);
      if (row->given > 0) {
        fprintf(out, ", %" PRId64 " from the given values", row->from_given);
      }
      fprintf(out, ")\n        first: %s", row->first_difference);
    }
    fprintf(out, "\n");
  }
  fprintf(out, "  %-4s  %-18s %10" PRId64 " compared  %" PRId64 " differing\n",
          verdict(check->differing > 0), "all values", check->compared, check->differing);
  if (check->ran) {
    print_cost(check, out);
  }
}
