/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one training step on the whole chip in SystemC, against the twin and the closed form. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip_drive.h"
#include "command.h"
#include "epx_account.h"
#include "epx_chip_check.h"
#include "epx_clock.h"
#include "epx_config.h"
#include "epx_cost.h"
#include "epx_ep.h"
#include "epx_junit.h"
#include "epx_random.h"
#include "run.h"

typedef struct arguments_t {
  command_source_t source;
  const char *run, *vcd, *update_log, *pulse_log, *junit;
  epx_sc_view_t view;
  int image, images, stall_percent; /* -1: not given */
  int random;                       /* images of noise, or 0 */
  uint32_t stall_seed;
} arguments_t;

static bool shows_a_part(const epx_sc_view_t *view) {
  return view->tiles != NULL || view->cycles[0] + view->cycles[1] > 0 ||
         view->commands[0] + view->commands[1] > 0;
}

/* FIRST-LAST, FIRST-, -LAST or a single number. */
static void parse_range(const char *option, const char *text, struct argp_state *state,
                        uint64_t range[2]) {
  char copy[48];
  snprintf(copy, sizeof copy, "%s", text);
  char *dash = strchr(copy, '-');
  const char *ends[2] = {copy, dash != NULL ? dash + 1 : copy};
  if (dash != NULL) {
    *dash = '\0';
  }
  if (*ends[0] == '\0' && *ends[1] == '\0') {
    argp_error(state, "--%s %s: expected FIRST-LAST, FIRST- or -LAST", option, text);
  }
  for (int i = 0; i < 2; ++i) {
    range[i] =
        *ends[i] != '\0' ? (uint64_t)epx_options_number(option, ends[i], state, 1, INT32_MAX) : 0;
  }
}

static void take_cycles(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  parse_range("vcd-cycles", argument, state, arguments->view.cycles);
}

static void take_commands(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  parse_range("vcd-commands", argument, state, arguments->view.commands);
}

static void take_stalls(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  arguments->stall_seed = (uint32_t)epx_options_number("stalls", argument, state, 0, INT32_MAX);
  arguments->stall_percent = arguments->stall_percent < 0 ? 20 : arguments->stall_percent;
}

static const epx_option_t options[] = {
    {"run", 0, "DIR", "Run folder of a trained twin (else CONFIG.yaml, untrained)", EPX_OPTION_TEXT,
     EPX_OPTION_AT(arguments_t, run)},
    {"from-run", .kind = EPX_OPTION_ALIAS},
    {"image", 0, "K", "First image of the test part, from 0 (default 0)", EPX_OPTION_WHOLE,
     EPX_OPTION_AT(arguments_t, image), .low = 0, .high = INT32_MAX},
    {"images", 0, "N", "Images of the mini-batch, from the test part (default 1)", EPX_OPTION_WHOLE,
     EPX_OPTION_AT(arguments_t, images), .low = 1, .high = 256},
    {"random", 0, "N", "N images of uniform noise instead; needs no data set", EPX_OPTION_WHOLE,
     EPX_OPTION_AT(arguments_t, random), .low = 1, .high = 256},
    {"vcd", 0, "FILE", "Write the waveform; that of a run that fails goes to FILE.partial",
     EPX_OPTION_OUTPUT, EPX_OPTION_AT(arguments_t, vcd)},
    {"vcd-tiles", 0, "LIST",
     "Only these tiles in it, by name or number: 'conv1_r0_c*,readout*,3', or none; the controller "
     "always",
     EPX_OPTION_TEXT, EPX_OPTION_AT(arguments_t, view.tiles)},
    {"vcd-cycles", 0, "FIRST-LAST", "Only these cycles; either may be left out", EPX_OPTION_CALL,
     .take = take_cycles},
    {"vcd-commands", 0, "FIRST-LAST",
     "Only these commands of the controller, numbered from 1 as its signal `sequence`",
     EPX_OPTION_CALL, .take = take_commands},
    {"stalls", 0, "SEED", "Let every channel stall at random", EPX_OPTION_CALL,
     .take = take_stalls},
    {"stall-percent", 0, "P", "Chance of a stall in a cycle, 0 to 90 (default 20)",
     EPX_OPTION_WHOLE, EPX_OPTION_AT(arguments_t, stall_percent), .low = 0, .high = 90},
    {"update-log", 0, "FILE",
     "Write every synapse's update as CSV (rtl_model/sc/tile/epx_update_log.h)", EPX_OPTION_OUTPUT,
     EPX_OPTION_AT(arguments_t, update_log)},
    {"pulse-log", 0, "FILE",
     "Write every device that the update pulsed as CSV (rtl_model/array/pulse/epx_pulse_log.h)",
     EPX_OPTION_OUTPUT, EPX_OPTION_AT(arguments_t, pulse_log)},
    {"junit", 0, "FILE", "Write the verdict as JUnit XML", EPX_OPTION_OUTPUT,
     EPX_OPTION_AT(arguments_t, junit)},
    {0}};

static void check(void *values, struct argp_state *state) {
  arguments_t *arguments = values;
  if (arguments->run != NULL && arguments->source.file != NULL) {
    argp_error(state, "expected --run DIR or CONFIG.yaml, not both");
  }
  if (arguments->random > 0 && arguments->image >= 0) {
    argp_error(state, "--image chooses from the test part; --random draws its images");
  }
  if (arguments->vcd == NULL && shows_a_part(&arguments->view)) {
    argp_error(state, "--vcd-tiles, --vcd-cycles and --vcd-commands go with --vcd");
  }
  arguments->image = arguments->image >= 0 ? arguments->image : 0;
  arguments->images = arguments->random > 0   ? arguments->random
                      : arguments->images > 0 ? arguments->images
                                              : 1;
}

static const char help[] =
    "Runs one whole training step of a mini-batch on the chip in SystemC (tiles, routers, phase "
    "controller, host port) and on the twin, and compares states, switches, predictions and "
    "registers bit for bit; then events and cycles with the closed form.\v"
    "Exit code 1 where a single bit or event differs.";

/* What is compared, and what came of it. */
typedef struct verdict_t {
  epx_chip_check_t check;
  epx_account_t account;
  epx_account_t timed; /* with the twin's measurement */
  epx_account_t whole; /* of a chip that makes every step and drives everything */
  epx_measured_t measured;
  epx_ledger_t ledger; /* of the closed form and the twin's measurement */
  chip_drive_t drive;  /* event-driven only */
  double seconds;
  int64_t differing;
  int unequal_events;
} verdict_t;

static epx_status_t random_images(const epx_experiment_t *experiment, int n, float **x,
                                  uint8_t **labels, epx_error_t *error) {
  const int *input = experiment->network.input;
  const size_t size = (size_t)n * (size_t)input[0] * (size_t)input[1] * (size_t)input[2];
  *x = malloc(size * sizeof **x);
  *labels = malloc((size_t)n);
  if (*x == NULL || *labels == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for %d images", n);
  }
  const uint64_t key = epx_random_key(experiment->training.seed, 0);
  for (size_t i = 0; i < size; ++i) {
    (*x)[i] = (float)((double)(epx_random_bits(key, i) >> 11) * 0x1p-52 - 1.0);
  }
  for (int i = 0; i < n; ++i) {
    (*labels)[i] = (uint8_t)(i % experiment->network.classes);
  }
  return EPX_OK;
}

static epx_status_t open_twin(const arguments_t *arguments, epx_experiment_t *experiment,
                              epx_substrate_t **twin, epx_error_t *error) {
  if (arguments->run != NULL) {
    return run_load(arguments->run, &arguments->source, arguments->images, experiment, twin, error);
  }
  const command_source_t *source = &arguments->source;
  epx_status_t status =
      epx_config_load(source->file, source->overrides, source->override_count, experiment, error);
  return status == EPX_OK ? run_make_substrate(experiment, arguments->images, twin, error) : status;
}

static epx_chip_check_request_t make_request(const arguments_t *arguments,
                                             const epx_experiment_t *experiment, const float *x,
                                             const uint8_t *labels) {
  return (epx_chip_check_request_t){
      .dynamics = experiment->dynamics,
      .estimator = experiment->estimator,
      .sign = 1,
      .rule = epx_trainer_rule(&experiment->training, 0),
      .x = x,
      .labels = labels,
      .images = arguments->images,
      .stall_percent = arguments->stall_percent < 0 ? 0 : arguments->stall_percent,
      .stall_seed = arguments->stall_seed,
      .vcd_path = arguments->vcd,
      .update_log_path = arguments->update_log,
      .pulse_log_path = arguments->pulse_log,
      .view = arguments->view,
  };
}

/* The closed forms of the mini-batch: of this chip, and of one that makes every step and drives
 * everything. */
static epx_status_t expect(verdict_t *v, const epx_experiment_t *experiment, const epx_plan_t *plan,
                           int images, epx_error_t *error) {
  epx_chip_t chip = experiment->chip;
  epx_plan_t *whole = NULL;
  chip.event_driven = chip.stop_settled = false;
  epx_status_t status = epx_account_of(plan, &experiment->dynamics, &experiment->estimator, images,
                                       NULL, &v->account, error);
  status = status == EPX_OK
               ? epx_plan_make(&experiment->network, &chip, &experiment->dynamics, &whole, error)
               : status;
  status = status == EPX_OK ? epx_account_of(whole, &experiment->dynamics, &experiment->estimator,
                                             images, NULL, &v->whole, error)
                            : status;
  epx_plan_destroy(whole);
  return status;
}

/* Where events depend on the data: those made, against driving everything in every step. */
static void print_savings(const verdict_t *v, int images) {
  epx_events_t whole_batch = v->whole.update;
  epx_events_add(&whole_batch, &v->whole.training, (uint64_t)images);
  whole_batch.cell_writes += epx_pulsing_pulses(&v->check.activity.pulsing);
  printf("\n  %-20s %16s %18s %9s\n", "events", "made", "driving everything", "share");
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    const uint64_t made = epx_event_get(&v->check.chip.events, i);
    const uint64_t whole = epx_event_get(&whole_batch, i);
    if (made != whole) {
      printf("  %-20s %16" PRIu64 " %18" PRIu64 " %7.2f %%\n", epx_event_rows()[i].name, made,
             whole, 100.0 * (double)made / (double)whole);
    }
  }
}

static void print_drive(const chip_drive_t *drive) {
  if (drive->differing == 0.0) {
    printf("\n  free states: all %.0f are those of a chip that drives everything\n", drive->states);
  } else {
    printf(
        "\n  against a chip that drives everything: %.1f %% of %.0f free states differ, by %.2f "
        "steps rms, %.0f at most; gradient: cosine %.4f, relative error %.3g\n",
        100.0 * drive->differing, drive->states, drive->rms, drive->largest, drive->gradient.cosine,
        drive->gradient.relative_l2);
  }
}

/* Whether a counter differs between SystemC and the closed form, for any owner and command. */
static bool differs(const verdict_t *v, int counter) {
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    for (int kind = 0; kind < EPX_COMMAND_KINDS; ++kind) {
      if (epx_event_get(&v->ledger.at[owner][kind], counter) !=
          epx_event_get(&v->check.chip.ledger.at[owner][kind], counter)) {
        return true;
      }
    }
  }
  return false;
}

static epx_status_t simulate(const arguments_t *arguments, const epx_experiment_t *experiment,
                             const epx_plan_t *plan, epx_substrate_t *twin, const float *x,
                             const uint8_t *labels, verdict_t *verdict, epx_error_t *error) {
  const epx_chip_check_request_t request = make_request(arguments, experiment, x, labels);
  epx_status_t status = expect(verdict, experiment, plan, arguments->images, error);
  if (status != EPX_OK) {
    return status;
  }
  const epx_calibration_t step = {experiment->dynamics, experiment->estimator,
                                  epx_batch_f32(x, labels, arguments->images)};
  status = epx_ep_calibrate(twin, &step, error);
  if (status == EPX_OK && experiment->chip.event_driven) {
    status =
        chip_drive_compare(experiment, twin, x, labels, arguments->images, &verdict->drive, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  const double start = epx_clock_seconds();
  status = epx_chip_check_run(twin, &request, &verdict->check, error);
  verdict->seconds = epx_clock_seconds() - start;
  epx_account_batch_ledger(&verdict->account, &experiment->chip, &verdict->check.activity,
                           arguments->images, &verdict->ledger);
  verdict->measured.training = verdict->check.activity;
  if (status == EPX_OK) {
    status = epx_account_of(plan, &experiment->dynamics, &experiment->estimator, arguments->images,
                            &verdict->measured, &verdict->timed, error);
  }
  for (int i = 0; i < EPX_CHIP_CHECK_KINDS; ++i) {
    verdict->differing += verdict->check.differing[i];
  }
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    verdict->unequal_events += differs(verdict, i);
  }
  return status;
}

static void print_verdict(const verdict_t *v, const arguments_t *arguments,
                          const epx_chip_t *configured) {
  const epx_sc_chip_result_t *chip = &v->check.chip;
  printf("chip of %d tiles, %d image%s, one training step\n", chip->tiles, arguments->images,
         arguments->images == 1 ? "" : "s");
  for (int i = 0; i < EPX_CHIP_CHECK_KINDS; ++i) {
    printf("  %-4s  %-16s %12" PRId64 " compared  %" PRId64 " differing\n",
           v->check.differing[i] == 0 ? "PASS" : "FAIL",
           epx_chip_check_name((epx_chip_check_kind_t)i), v->check.compared[i],
           v->check.differing[i]);
  }
  printf("  %-4s  %-16s %12d compared  %d differing\n", v->unequal_events == 0 ? "PASS" : "FAIL",
         "event counters", (int)EPX_EVENT_COUNT, v->unequal_events);
  if (v->check.first_difference[0] != '\0') {
    printf("  first difference: %s\n", v->check.first_difference);
  }
  printf("\n  %-12s %6s %14s %14s %9s\n", "command", "times", "cycles", "closed form", "off by");
  double closed_total = 0.0;
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
    const epx_command_kind_t kind = (epx_command_kind_t)i;
    const double times = (double)epx_account_batch_commands(
        &v->account, configured, &v->check.activity, arguments->images, kind);
    const double closed = v->timed.kind_cycles[i] / (double)v->timed.kind_count[i] * times;
    closed_total += closed;
    printf("  %-12s %6" PRIu64 " %14" PRIu64 " %14.0f %8.2f %%\n", epx_command_name(kind),
           chip->kind_count[i], chip->kind_cycles[i], closed,
           100.0 * (closed / (double)chip->kind_cycles[i] - 1.0));
  }
  printf("  %-12s %6s %14" PRIu64 " %14.0f %8.2f %%\n", "all", "", chip->cycles, closed_total,
         100.0 * (closed_total / (double)chip->cycles - 1.0));
  if (arguments->stall_percent > 0) {
    printf("  (with stalls; the closed form has none)\n");
  }
  if (configured->event_driven) {
    printf("  (cycles of drives in the closed form: as the twin measured them)\n");
  }
  if (configured->event_driven || configured->stop_settled) {
    print_savings(v, arguments->images);
  }
  if (configured->pulse_preset > 0) {
    const double pulses = (double)epx_pulsing_pulses(&v->check.activity.pulsing);
    printf("\n  %.0f pulses, %.4g a weight\n", pulses, pulses / (double)v->account.synapses);
  }
  if (configured->event_driven) {
    print_drive(&v->drive);
  }
  fprintf(stderr, "%.1f s, %.0f cycles/s\n", v->seconds, (double)chip->cycles / v->seconds);
}

static epx_status_t write_junit(const verdict_t *v, const char *path, epx_error_t *error) {
  epx_junit_case_t cases[EPX_CHIP_CHECK_KINDS + 1];
  for (int i = 0; i < EPX_CHIP_CHECK_KINDS; ++i) {
    cases[i] =
        (epx_junit_case_t){epx_chip_check_name((epx_chip_check_kind_t)i), v->check.compared[i],
                           v->check.differing[i], v->check.first_difference, false};
  }
  cases[EPX_CHIP_CHECK_KINDS] =
      (epx_junit_case_t){"event counters", EPX_EVENT_COUNT, v->unequal_events, "", false};
  return epx_junit_write(path, "epxbar chip", cases, EPX_CHIP_CHECK_KINDS + 1, v->seconds, error);
}

static epx_status_t run_chip(const arguments_t *arguments, epx_error_t *error) {
  epx_experiment_t experiment;
  epx_substrate_t *twin = NULL;
  float *x = NULL;
  uint8_t *labels = NULL;
  verdict_t *verdict = calloc(1, sizeof *verdict);
  epx_plan_t *plan = NULL;
  if (verdict == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the accounts of the chip");
  }
  epx_status_t status = open_twin(arguments, &experiment, &twin, error);
  if (status == EPX_OK && !epx_experiment_kind(&experiment)->on_chip) {
    status = epx_fail(error, EPX_ERR_ARGUMENT,
                      "substrate.kind: %s; the chip is compared with a twin (--set "
                      "substrate.kind=twin)",
                      epx_experiment_kind(&experiment)->name);
  }
  if (status == EPX_OK) {
    status =
        arguments->random > 0
            ? random_images(&experiment, arguments->images, &x, &labels, error)
            : run_test_images(&experiment, arguments->image, arguments->images, &x, &labels, error);
  }
  if (status == EPX_OK) {
    status =
        epx_plan_make(&experiment.network, &experiment.chip, &experiment.dynamics, &plan, error);
  }
  if (status == EPX_OK) {
    status = simulate(arguments, &experiment, plan, twin, x, labels, verdict, error);
  }
  if (status != EPX_OK && arguments->junit != NULL) {
    epx_error_t second = {0}; /* of less interest than why there is no verdict */
    const epx_status_t written =
        epx_junit_write_error(arguments->junit, "epxbar chip", error->message, &second);
    (void)written;
  }
  if (status == EPX_OK) {
    print_verdict(verdict, arguments, &experiment.chip);
    status = arguments->junit != NULL ? write_junit(verdict, arguments->junit, error) : EPX_OK;
  }
  if (status == EPX_OK && verdict->differing + verdict->unequal_events > 0) {
    status = epx_fail(error, EPX_ERR_MISMATCH,
                      "%" PRId64
                      " values and %d event counters differ between SystemC, the twin "
                      "and the closed form",
                      verdict->differing, verdict->unequal_events);
  }
  epx_substrate_destroy(twin);
  epx_plan_destroy(plan);
  free(x);
  free(labels);
  free(verdict);
  return status;
}

int command_chip(int argc, char **argv) {
  arguments_t arguments = {.image = -1, .images = -1, .stall_percent = -1};
  epx_error_t error = {0};
  const epx_command_line_t line = {
      .arguments = "[CONFIG.yaml]",
      .help = help,
      .sets = {{options, &arguments}, {command_common_options, &arguments.source}},
      .argument = command_take_file,
      .argument_values = &arguments.source,
      .check = check,
      .check_values = &arguments,
  };
  epx_status_t status = epx_options_parse(&line, argc, argv, &error);
  status = status == EPX_OK ? run_chip(&arguments, &error) : status;
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
