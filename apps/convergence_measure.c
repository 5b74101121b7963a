/* SPDX-License-Identifier: Apache-2.0 */
#include "convergence_measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agreement.h"
#include "epx_ep.h"
#include "epx_golden.h"
#include "epx_quantize.h"
#include "epx_twin.h"

/* What a model makes of the batch. */
typedef struct outcome_t {
  double *states; /* free ones, layer by layer */
  epx_params_t *gradient;
} outcome_t;

typedef struct lab_t {
  const convergence_request_t *request;
  size_t neurons; /* of all layers and images */
  epx_substrate_t *golden;
  outcome_t exact; /* golden, weights before rounding */
  outcome_t own;   /* golden, the weights `coded`; of the configured formats until synapses vary */
  epx_convergence_row_t exact_arrays; /* errors of the configured formats on exact arrays */
  outcome_t chip;                     /* the twin's */
  epx_params_t *coded;                /* what the twin made of the weights */
  double *loss;                       /* of the images; not looked at */
  uint8_t *predicted;                 /* likewise */
} lab_t;

const char *convergence_axis_name(convergence_axis_t axis) {
  static const char *const names[] = {"state", "adc", "synapse"};
  return names[axis];
}

int convergence_lossless_bits(const epx_chip_t *chip) {
  /* Either way through the array: rows forward, at most all columns backward. */
  const long lines = chip->rows > chip->columns ? chip->rows : chip->columns;
  return ilogb((double)(lines * ((1L << chip->bits_per_cell) - 1))) + 1;
}

static void round_images(const convergence_request_t *request) {
  const epx_experiment_t *experiment = request->experiment;
  const int *shape = experiment->network.input;
  const size_t count =
      (size_t)request->images * (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2];
  const epx_qformat_t format = experiment->chip.input;
  for (size_t i = 0; i < count; ++i) {
    const int64_t code = epx_quantize(request->x[i], format, EPX_ROUND_NEAREST_EVEN, 0);
    request->x[i] = (float)epx_dequantize(code, format);
  }
}

static epx_status_t run(lab_t *lab, epx_substrate_t *substrate, const epx_params_t *params,
                        outcome_t *outcome, epx_error_t *error) {
  const convergence_request_t *request = lab->request;
  const epx_experiment_t *experiment = request->experiment;
  epx_status_t status = epx_substrate_load(substrate, params, error);
  const epx_calibration_t step = {experiment->dynamics, experiment->estimator,
                                  epx_batch_f32(request->x, request->labels, request->images)};
  status = status == EPX_OK ? epx_ep_calibrate(substrate, &step, error) : status;
  status = status == EPX_OK ? epx_ep_free(substrate, &step.dynamics, &step.batch, lab->loss,
                                          lab->predicted, error)
                            : status;
  double *at = outcome->states;
  for (int l = 0; status == EPX_OK && l < substrate->network.layer_count; ++l) {
    epx_substrate_states(substrate, l, at);
    at += (size_t)request->images * substrate->shapes[l].out_size;
  }
  status = status == EPX_OK ? epx_ep_nudged(substrate, &step.dynamics, &step.estimator, 1, error)
                            : status;
  return status == EPX_OK
             ? epx_substrate_gradient(substrate, &step.estimator, outcome->gradient, error)
             : status;
}

/* The twin of a chip, and the weights that it holds. */
static epx_status_t run_chip(lab_t *lab, const epx_chip_t *chip, epx_error_t *error) {
  const convergence_request_t *request = lab->request;
  epx_substrate_t *twin = NULL;
  epx_status_t status =
      epx_twin_create(&request->experiment->network, chip, request->images, &twin, error);
  status = status == EPX_OK ? run(lab, twin, request->params, &lab->chip, error) : status;
  status = status == EPX_OK ? epx_substrate_store(twin, lab->coded, error) : status;
  epx_substrate_destroy(twin);
  return status;
}

static double state_error(const lab_t *lab, const outcome_t *golden) {
  double difference = 0.0, size = 0.0;
  for (size_t i = 0; i < lab->neurons; ++i) {
    const double d = lab->chip.states[i] - golden->states[i];
    difference += d * d;
    size += golden->states[i] * golden->states[i];
  }
  return sqrt(difference / size);
}

/* The chip whose arrays are exact. */
static epx_chip_t exact_chip(const epx_chip_t *configured) {
  epx_chip_t chip = *configured;
  chip.array_kind = EPX_ARRAY_DIGITAL;
  chip.adc.converter = (epx_converter_t){.kind = EPX_CONVERTER_IDEAL,
                                         .bits = configured->adc.converter.bits,
                                         .lines_each = configured->adc.converter.lines_each};
  chip.dac = (epx_chip_dac_t){.converter = {.bits = 1}, .codes = EPX_DAC_DIGITS};
  chip.device = (epx_device_t){0};
  chip.pulse_preset = 0;
  chip.event_driven = false;
  return chip;
}

/* The chip of a point, and its format in words. */
static epx_chip_t vary(const epx_chip_t *configured, convergence_axis_t axis, int bits,
                       char format[24]) {
  epx_chip_t chip = exact_chip(configured);
  char text[EPX_QFORMAT_TEXT_SIZE];
  switch (axis) {
    case CONVERGENCE_STATE:
      chip.state.fraction_bits = (int8_t)(bits - chip.state.integer_bits);
      epx_qformat_print(chip.state, text);
      snprintf(format, 24, "%s", text);
      break;
    case CONVERGENCE_SYNAPSE:
      for (int l = 0; l < chip.synapse_count; ++l) {
        chip.synapse[l].fraction_bits = (int8_t)(bits - 1 - chip.synapse[l].integer_bits);
      }
      epx_qformat_print(chip.synapse[0], text);
      snprintf(format, 24, "%s", chip.synapse_count > 1 ? "by layer" : text);
      break;
    default:
      chip.array_kind = EPX_ARRAY_ANALOG;
      chip.adc.converter.kind = configured->adc.converter.kind == EPX_CONVERTER_IDEAL
                                    ? EPX_CONVERTER_SAR
                                    : configured->adc.converter.kind;
      chip.adc.converter.bits = bits;
      chip.dac.converter.bits = configured->dac.converter.bits;
      snprintf(format, 24, "%s", epx_converter_kind_name(chip.adc.converter.kind));
  }
  return chip;
}

static void set_row(const lab_t *lab, const outcome_t *golden, epx_convergence_row_t *row) {
  const agreement_t a = agreement_of(lab->chip.gradient, golden->gradient, -1);
  row->states.whole = state_error(lab, golden);
  row->gradient.whole = a.relative_l2;
  row->cosine = a.cosine;
}

/* What is left where the varied bits lose nothing. A state's: nothing, the reference has the same
 * weights and images. A synapse's: the error against golden with the same weights. An ADC's: that
 * of exact arrays. */
static epx_status_t measure_point(lab_t *lab, convergence_axis_t axis, epx_convergence_row_t *row,
                                  epx_error_t *error) {
  const epx_experiment_t *experiment = lab->request->experiment;
  const epx_chip_t chip = vary(&experiment->chip, axis, row->bits, row->format);
  epx_status_t status = run_chip(lab, &chip, error);
  if (status == EPX_OK && axis == CONVERGENCE_SYNAPSE) {
    status = run(lab, lab->golden, lab->coded, &lab->own, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  set_row(lab, &lab->own, row);
  if (axis == CONVERGENCE_SYNAPSE) {
    row->states.rest = row->states.whole;
    row->gradient.rest = row->gradient.whole;
    set_row(lab, &lab->exact, row);
  } else if (axis == CONVERGENCE_ADC) {
    row->states.rest = lab->exact_arrays.states.whole;
    row->gradient.rest = lab->exact_arrays.gradient.whole;
  }
  return EPX_OK;
}

static epx_status_t measure_axis(lab_t *lab, convergence_axis_t axis, epx_convergence_row_t *rows,
                                 int *count, epx_error_t *error) {
  const convergence_request_t *request = lab->request;
  const epx_experiment_t *experiment = request->experiment;
  epx_status_t status = EPX_OK;
  for (int bits = request->bits[axis].low; status == EPX_OK && bits <= request->bits[axis].high;
       ++bits) {
    epx_convergence_row_t row = {.bits = bits,
                                 .beta = experiment->estimator.beta,
                                 .free_steps = experiment->dynamics.free_steps,
                                 .nudged_steps = experiment->dynamics.nudged_steps,
                                 .images = request->images};
    snprintf(row.axis, sizeof row.axis, "%s", convergence_axis_name(axis));
    snprintf(row.estimator, sizeof row.estimator, "%s",
             epx_estimator_row(experiment->estimator.kind)->name);
    status = measure_point(lab, axis, &row, error);
    if (status == EPX_OK) {
      rows[(*count)++] = row;
      request->point(&row);
    }
  }
  return status;
}

/* What the points are compared with. */
static epx_status_t make_references(lab_t *lab, epx_error_t *error) {
  const convergence_request_t *request = lab->request;
  const epx_chip_t exact = exact_chip(&request->experiment->chip);
  epx_status_t status = run(lab, lab->golden, request->params, &lab->exact, error);
  status = status == EPX_OK ? run_chip(lab, &exact, error) : status;
  status = status == EPX_OK ? run(lab, lab->golden, lab->coded, &lab->own, error) : status;
  if (status == EPX_OK) {
    set_row(lab, &lab->own, &lab->exact_arrays);
  }
  return status;
}

static epx_status_t make_lab(lab_t *lab, epx_error_t *error) {
  const convergence_request_t *request = lab->request;
  const epx_network_t *network = &request->experiment->network;
  epx_status_t status = epx_golden_f64_create(network, request->images, &lab->golden, error);
  if (status != EPX_OK) {
    return status;
  }
  const size_t n = (size_t)request->images;
  for (int l = 0; l < network->layer_count; ++l) {
    lab->neurons += n * lab->golden->shapes[l].out_size;
  }
  lab->loss = calloc(n, sizeof *lab->loss);
  lab->predicted = calloc(n, 1);
  bool whole = lab->loss != NULL && lab->predicted != NULL;
  outcome_t *const outcomes[] = {&lab->exact, &lab->own, &lab->chip};
  for (int i = 0; status == EPX_OK && i < 3; ++i) {
    outcomes[i]->states = calloc(lab->neurons, sizeof(double));
    whole = whole && outcomes[i]->states != NULL;
    status = epx_params_create(network, &outcomes[i]->gradient, error);
  }
  status = status == EPX_OK ? epx_params_create(network, &lab->coded, error) : status;
  return status != EPX_OK || whole
             ? status
             : epx_fail(error, EPX_ERR_MEMORY, "out of memory for %zu images", n);
}

static void clear_lab(lab_t *lab) {
  outcome_t *const outcomes[] = {&lab->exact, &lab->own, &lab->chip};
  for (int i = 0; i < 3; ++i) {
    free(outcomes[i]->states);
    epx_params_destroy(outcomes[i]->gradient);
  }
  epx_substrate_destroy(lab->golden);
  epx_params_destroy(lab->coded);
  free(lab->loss);
  free(lab->predicted);
}

epx_status_t convergence_measure(const convergence_request_t *request, epx_convergence_row_t *rows,
                                 int *count, epx_error_t *error) {
  lab_t lab = {.request = request};
  *count = 0;
  round_images(request);
  epx_status_t status = make_lab(&lab, error);
  status = status == EPX_OK ? make_references(&lab, error) : status;
  for (int axis = 0; status == EPX_OK && axis < CONVERGENCE_AXES; ++axis) {
    status = measure_axis(&lab, (convergence_axis_t)axis, rows, count, error);
  }
  clear_lab(&lab);
  return status;
}
