/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_config_table.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "epx_pulse.h"

#define ENUM_NAMES(function, ...)                                                             \
  static const char *function(int value) {                                                    \
    static const char *const names[] = {__VA_ARGS__};                                         \
    return value >= 0 && value < (int)(sizeof names / sizeof names[0]) ? names[value] : NULL; \
  }

/* The presets of the registry, behind "none". */
static const char *pulses_name(int value) {
  return value == 0 ? "none" : epx_pulse_preset_name(value - 1);
}
ENUM_NAMES(loss_name, "squared_error", "cross_entropy")
ENUM_NAMES(activation_name, "hard_sigmoid_half", "hard_sigmoid", "sigmoid", "tanh")
ENUM_NAMES(connections_name, "bidirectional", "unidirectional")
ENUM_NAMES(backward_rule_name, "same", "different")
ENUM_NAMES(free_leg_name, "stop", "continue")
ENUM_NAMES(precision_name, "float32", "float64")
ENUM_NAMES(set_name, "generated", "cifar10", "idx")
ENUM_NAMES(round_name, "nearest_even", "truncate", "stochastic", "nearest_up", "nearest_zero",
           "nearest_down", "nearest_away", "truncate_zero")
ENUM_NAMES(array_name, "digital", "analog")
ENUM_NAMES(converter_name, "ideal", "sar", "ramp")
ENUM_NAMES(ends_name, "own", "shared")
ENUM_NAMES(solver_name, "iterative", "direct")
ENUM_NAMES(codes_name, "digits", "rounded")
ENUM_NAMES(reach_name, "digits", "weights", "batch", "batch_lines")
ENUM_NAMES(noise_name, "independent", "proportional", "inverse")

/* Pooling, update orders and switches carry their names in core; estimators in its table. */
static const char *estimator_name(int value) {
  const epx_estimator_table_row_t *row = epx_estimator_row((epx_estimator_kind_t)value);
  return row != NULL ? row->name : NULL;
}

_Static_assert(sizeof(epx_loss_t) == sizeof(int), "enums are read and written as int");

#define AT(member) .offset = offsetof(epx_experiment_t, member)
#define COUNT(member) .count_offset = offsetof(epx_experiment_t, member)
#define INTEGER(member, from, to) .type = EPX_TYPE_INTEGER, AT(member), .low = from, .high = to
#define REAL(member, from, to) .type = EPX_TYPE_REAL, AT(member), .low = from, .high = to
#define ENUM(member, names) .type = EPX_TYPE_ENUM, AT(member), .name = names
#define QFORMAT(member) .type = EPX_TYPE_QFORMAT, AT(member)
#define TEXT(member, bytes) .type = EPX_TYPE_TEXT, AT(member), .size = bytes

static const epx_config_row_t rows[] = {
    {"network.input", .type = EPX_TYPE_SHAPE, AT(network.input), .low = 1, .high = 512,
     .unit = "channels, height, width", .help = "Shape of one input image."},
    {"network.layers", .type = EPX_TYPE_LAYERS, AT(network.layers), COUNT(network.layer_count),
     .low = 1, .high = EPX_MAX_LAYERS, .unit = "",
     .help = "The layers that hold states, first to last; each a mapping of the keys below."},
    {"network.classes", INTEGER(network.classes, 2, 255), .unit = "",
     .help = "Number of classes, which is that of the data."},
    {"network.loss", ENUM(network.loss, loss_name), .unit = "",
     .help = "squared_error: the last layer is the output; cross_entropy: a read-out follows it."},
    {"network.activation", ENUM(network.activation, activation_name), .unit = "",
     .help = "hard_sigmoid_half: clamp(v/2, 0, 1); hard_sigmoid: clamp(v, 0, 1); sigmoid: "
             "1/(1+exp(-4(v-1/2))); tanh."},
    {"network.connections", ENUM(network.connections, connections_name), .unit = "",
     .help = "bidirectional: a layer acts back through its own weights; unidirectional: through "
             "backward weights of its own."},
    {"network.backward_rule", ENUM(network.backward_rule, backward_rule_name), .unit = "",
     .help = "unidirectional: forward and backward weights learn the same mean of their estimates, "
             "or different ones."},
    {"dynamics.free_steps", INTEGER(dynamics.free_steps, 1, 100000), .unit = "steps",
     .help = "Length of the free phase."},
    {"dynamics.nudged_steps", INTEGER(dynamics.nudged_steps, 1, 100000), .unit = "steps",
     .help = "Length of each nudged phase, from the free state."},
    {"dynamics.update", ENUM(dynamics.relaxation.update, epx_update_order_name), .unit = "",
     .help = "synchronous: all layers read the step before; alternating: layers 2, 4, .., then 1, "
             "3, .., each reading the newest states."},
    {"dynamics.switches", ENUM(dynamics.relaxation.switches, epx_switches_name), .unit = "",
     .help = "Of max pooling. live: follow the states; frozen: nudged phases keep the free "
             "state's."},
    {"dynamics.tolerance", REAL(dynamics.relaxation.tolerance, 0, 1), .unit = "",
     .help = "A sample of which no state moved by more in a step is not computed further; 0: "
             "exactly."},
    {"estimator.kind", ENUM(estimator.kind, estimator_name), .unit = "",
     .help = "symmetric: phases at +beta and -beta, bias O(beta^2); one_sided: at +beta, O(beta); "
             "random_sign: one_sided with a sign drawn for each mini-batch; richardson: at +-beta "
             "and +-2 beta, O(beta^4)."},
    {"estimator.beta", REAL(estimator.beta, 0, 100), .above = true, .unit = "",
     .help = "Nudging factor."},
    {"estimator.free_leg", ENUM(estimator.free_leg, free_leg_name), .unit = "",
     .help = "one_sided, random_sign. stop: compare with the free state; continue: let it relax as "
             "long as the nudged one first."},
    {"estimator.continual", .type = EPX_TYPE_BOOLEAN, AT(estimator.continual), .unit = "",
     .help = "Update after every nudged step; golden, without momentum and weight decay."},
    {"substrate.kind", ENUM(substrate.kind, epx_substrate_name), .name_help = epx_substrate_help,
     .unit = "", .help = "What computes."},
    {"substrate.precision", ENUM(substrate.precision, precision_name), .unit = "",
     .help = "Of the golden substrate; the twin ignores it."},
    {"training.epochs", INTEGER(training.epochs, 1, 100000), .unit = "epochs",
     .help = "Passes over the training set."},
    {"training.batch", INTEGER(training.batch, 1, 65536), .unit = "images",
     .help = "Mini-batch size."},
    {"training.learning_rate", .type = EPX_TYPE_REAL_LIST, AT(training.learning_rate),
     COUNT(training.learning_rate_count), .low = 0, .high = 1000, .unit = "",
     .help = "At the first epoch: one number, or one for each parameter layer, read-out last."},
    {"training.final_learning_rate", REAL(training.final_learning_rate, 0, 1000), .unit = "",
     .help = "Where the cosine annealing of every layer ends."},
    {"training.schedule_epochs", INTEGER(training.schedule_epochs, 0, 100000), .unit = "epochs",
     .help = "Length of the cosine, constant after it; 0: training.epochs."},
    {"training.momentum", REAL(training.momentum, 0, 1), .below = true, .unit = "",
     .help = "Momentum of stochastic gradient descent."},
    {"training.weight_decay", REAL(training.weight_decay, 0, 1), .unit = "",
     .help = "Added to the gradient as weight_decay * parameter."},
    {"training.init_scale", REAL(training.init_scale, 0, 1000), .above = true, .unit = "",
     .help = "Initial parameters are init_scale * uniform(-1, 1) / sqrt(fan-in)."},
    {"training.seed", .type = EPX_TYPE_SEED, AT(training.seed), .unit = "",
     .help = "Of initial parameters, order of images and augmentation."},
    {"data.set", ENUM(data.set, set_name), .unit = "",
     .help = "generated: drawn by the program, no files needed; cifar10, idx (MNIST's "
             "format): read from data.path."},
    {"data.path", TEXT(data.path, sizeof(((epx_data_config_t *)0)->path)), .unit = "",
     .help = "cifar10: the archive, its unpacked folder, or the folder that holds either; "
             "idx: the folder of train-images-idx3-ubyte, train-labels-idx1-ubyte and the same of "
             "t10k, each plain or with .gz."},
    {"data.augment", .type = EPX_TYPE_BOOLEAN, AT(data.augment), .unit = "",
     .help = "Random horizontal flips, and crops of the image padded by 4 pixels; not for idx."},
    {"data.train_limit", INTEGER(data.train_limit, 0, INT_MAX), .unit = "images",
     .help = "Use only the first training images; 0: all."},
    {"data.test_limit", INTEGER(data.test_limit, 0, INT_MAX), .unit = "images",
     .help = "Use only the first test images; 0: all."},
    {"data.seed", .type = EPX_TYPE_SEED, AT(data.seed), .unit = "",
     .help = "generated: of the images themselves."},
    {"data.train_count", INTEGER(data.train_count, 1, 1000000), .unit = "images",
     .help = "generated: size of the training set."},
    {"data.test_count", INTEGER(data.test_count, 1, 1000000), .unit = "images",
     .help = "generated: size of the test set."},
    {"chip.input", QFORMAT(chip.input), .unit = "",
     .help = "Format of the clamped input; the twin needs it signed, 2 to 8 bits."},
    {"chip.state", QFORMAT(chip.state), .unit = "",
     .help = "Format of the states; the twin needs it unsigned, 1 to 8 bits, no integer bits."},
    {"chip.synapse.format", .type = EPX_TYPE_QFORMAT_LIST, AT(chip.synapse),
     COUNT(chip.synapse_count), .unit = "",
     .help = "Of the weights in the array: one, or one for each parameter layer; the twin needs "
             "signed, 2 to 8 bits."},
    {"chip.synapse.shadow_bits", INTEGER(chip.shadow_bits, 0, 16), .unit = "bits",
     .help =
         "Extra fraction bits of each synapse, kept for accumulation and not seen by products."},
    {"chip.bias", QFORMAT(chip.bias), .unit = "", .help = "Format of the biases; signed."},
    {"chip.velocity", QFORMAT(chip.velocity), .unit = "",
     .help = "Format of the momentum registers; signed."},
    {"chip.rounding.state", ENUM(chip.state_rounding, round_name), .unit = "",
     .help = "Where the neuron drops bits; the twin takes nearest_even and truncate here."},
    {"chip.rounding.update", ENUM(chip.update_rounding, round_name), .unit = "",
     .help = "Where the update circuit drops bits."},
    {"chip.lfsr_seed", .type = EPX_TYPE_UNSIGNED, AT(chip.lfsr_seed), .low = 0, .high = UINT32_MAX,
     .unit = "", .help = "Of the tiles' shift registers, for stochastic rounding."},
    {"chip.array.kind", ENUM(chip.array_kind, array_name), .unit = "",
     .help = "digital: bit cells and adder trees; analog: conductances and shared converters."},
    {"chip.array.rows", INTEGER(chip.rows, 1, 65536), .unit = "cells",
     .help = "Wordlines of one array."},
    {"chip.array.columns", INTEGER(chip.columns, 1, 65536), .unit = "cells",
     .help = "Bitlines of one array; at least the columns of one weight."},
    {"chip.array.bits_per_cell", INTEGER(chip.bits_per_cell, 1, 8), .unit = "bits",
     .help = "Weight bits in one cell; a weight takes neighbouring columns."},
    {"chip.array.adc_bits", INTEGER(chip.adc.converter.bits, 1, 24), .unit = "bits",
     .help = "analog: converter resolution; ideal: no bit may be lost; sar and ramp: 2 to 16."},
    {"chip.array.adc.kind", ENUM(chip.adc.converter.kind, converter_name), .unit = "",
     .help = "analog: ideal converters lose nothing; sar and ramp ones round to adc_bits."},
    {"chip.array.adc.range", REAL(chip.adc.range, 0, 1), .above = true, .unit = "",
     .help =
         "Of a lossy converter, as a share of what its line can reach; sums beyond are clipped."},
    {"chip.array.adc.reach", ENUM(chip.adc.reach, reach_name), .unit = "",
     .help =
         "What a line can reach: digits, with all its cells at their largest; weights, with its "
         "cells as they stand, found for each line after every update; batch, what the sums of a "
         "batch were, for the lines of a slice together; batch_lines, for each line by itself."},
    {"chip.array.adc.coverage", REAL(chip.adc.coverage, 0, 1), .above = true, .unit = "",
     .help = "Of a batch's sums, the share within its range; as many clip below as above."},
    {"chip.array.adc.headroom", REAL(chip.adc.headroom, 0, 16), .unit = "",
     .help = "What a batch's range is widened by on each side, as a share of it: for sums that "
             "training will make larger."},
    {"chip.array.adc.calibrate_epochs", INTEGER(chip.adc.calibrate_epochs, 0, 1000000),
     .unit = "epochs",
     .help = "From one batch for ranges to the next, the first of an epoch's; 0: only once."},
    {"chip.array.adc.follow_batches", INTEGER(chip.adc.follow_batches, 0, 1000000),
     .unit = "mini-batches",
     .help = "From one mini-batch whose clips widen a batch's ranges to the next, by a quarter "
             "where more clip than coverage allows; 0: none does."},
    {"chip.array.adc.offset", REAL(chip.adc.converter.offset, -65536, 65536), .unit = "LSB",
     .help = "Of all lossy converters."},
    {"chip.array.adc.gain", REAL(chip.adc.converter.gain, -0.9, 1), .unit = "",
     .help = "Relative error of all lossy converters' gain."},
    {"chip.array.adc.offset_spread", REAL(chip.adc.converter.offset_spread, 0, 65536),
     .unit = "LSB rms", .help = "Offsets of lossy converters, from one to the next."},
    {"chip.array.adc.gain_spread", REAL(chip.adc.converter.gain_spread, 0, 1), .unit = "rms",
     .help = "Relative gain errors of lossy converters, from one to the next."},
    {"chip.array.adc.noise", REAL(chip.adc.converter.noise, 0, 65536), .unit = "LSB rms",
     .help = "Of lossy converters, drawn anew at every conversion; sums with it must fit 32 bits."},
    {"chip.array.dac.bits", INTEGER(chip.dac.converter.bits, 1, 8), .unit = "bits",
     .help = "analog: of the digit of its code that a line carries in one pass; 1: bit-serial."},
    {"chip.array.dac.codes", ENUM(chip.dac.codes, codes_name), .unit = "",
     .help = "digits: a code is driven digit by digit; rounded: at once, rounded to dac.bits."},
    {"chip.array.dac.offset", REAL(chip.dac.converter.offset, -64, 64), .unit = "LSB",
     .help = "Of all DACs; a digit of 0 has none."},
    {"chip.array.dac.gain", REAL(chip.dac.converter.gain, -0.9, 1), .unit = "",
     .help = "Relative error of all DACs' gain."},
    {"chip.array.dac.offset_spread", REAL(chip.dac.converter.offset_spread, 0, 64),
     .unit = "LSB rms",
     .help = "Offsets of DACs, from one line to the next; a digit of 0 has none."},
    {"chip.array.dac.gain_spread", REAL(chip.dac.converter.gain_spread, 0, 1), .unit = "rms",
     .help = "Relative gain errors of DACs, from one line to the next."},
    {"chip.array.dac.noise", REAL(chip.dac.converter.noise, 0, 64), .unit = "LSB rms",
     .help = "Of DACs, drawn anew at every drive."},
    {"chip.array.device_seed", .type = EPX_TYPE_UNSIGNED, AT(chip.device_seed), .low = 0,
     .high = UINT32_MAX, .unit = "", .help = "Of what differs from device to device."},
    {"chip.array.g_min", REAL(chip.device.g_min, 0, 0.5), .unit = "of g_max",
     .help = "analog: the least conductance of a cell; what it adds to a line is subtracted."},
    {"chip.array.program_error.kind", ENUM(chip.device.program_error.kind, noise_name), .unit = "",
     .help = "What errors of a cell's write are proportional to: nothing, its conductance, or its "
             "inverse."},
    {"chip.array.program_error.device", REAL(chip.device.program_error.device, 0, 1),
     .unit = "of g_max, rms", .help = "Of a cell, the same at every write."},
    {"chip.array.program_error.cycle", REAL(chip.device.program_error.cycle, 0, 1),
     .unit = "of g_max, rms", .help = "Drawn anew whenever an update changes the weight."},
    {"chip.array.age", REAL(chip.device.age, 0, 1e12), .unit = "s",
     .help = "From a cell's write to its reads: time for drift and retention."},
    {"chip.array.drift.nu", REAL(chip.device.drift.nu, 0, 10), .unit = "",
     .help = "Exponent: after t0 a conductance falls as (t / t0)^-nu; 0: none."},
    {"chip.array.drift.spread", REAL(chip.device.drift.spread, 0, 10), .unit = "rms",
     .help = "Of nu from cell to cell, relative."},
    {"chip.array.drift.t0", REAL(chip.device.drift.t0, 1e-12, 1e12), .unit = "s",
     .help = "After a write; up to it nothing drifts."},
    {"chip.array.retention.tau", REAL(chip.device.retention.tau, 0, 1e18), .unit = "s",
     .help = "Time constant with which a conductance relaxes, the median of cells; 0: "
             "none."},
    {"chip.array.retention.spread", REAL(chip.device.retention.spread, 0, 10), .unit = "rms",
     .help = "Of the logarithm of tau from cell to cell."},
    {"chip.array.retention.rest", REAL(chip.device.retention.rest, 0, 1),
     .unit = "of g_max - g_min", .help = "Where it relaxes to, above g_min."},
    {"chip.array.faults.stuck_min", REAL(chip.device.faults.stuck_min, 0, 1), .unit = "of cells",
     .help = "Stuck at g_min for good."},
    {"chip.array.faults.stuck_max", REAL(chip.device.faults.stuck_max, 0, 1), .unit = "of cells",
     .help = "Stuck at g_max for good; with stuck_min at most 1."},
    {"chip.array.wires.on_ohm", REAL(chip.device.wires.on_ohm, 1e-3, 1e9), .unit = "ohm",
     .help = "Of a cell of g_max; read where wires have resistance."},
    {"chip.array.wires.wordline_ohm", REAL(chip.device.wires.wordline_ohm, 0, 1e9), .least = 1e-3,
     .unit = "ohm", .help = "Of a wordline, from one cell to the next."},
    {"chip.array.wires.bitline_ohm", REAL(chip.device.wires.bitline_ohm, 0, 1e9), .least = 1e-3,
     .unit = "ohm", .help = "Of a bitline, from one cell to the next."},
    {"chip.array.wires.driver_ohm", REAL(chip.device.wires.driver_ohm, 0, 1e9), .least = 1e-3,
     .unit = "ohm", .help = "Of each driven line, before its first cell."},
    {"chip.array.wires.sense_ohm", REAL(chip.device.wires.sense_ohm, 0, 1e9), .least = 1e-3,
     .unit = "ohm", .help = "Of each sensed line, behind its last cell."},
    {"chip.array.wires.backward", ENUM(chip.device.wires.backward, ends_name), .unit = "",
     .help = "Ends of the backward drivers and sensors: of their own, opposite to the forward "
             "ones, or shared with them."},
    {"chip.array.wires.solver", ENUM(chip.device.wires.solver, solver_name), .unit = "",
     .help = "iterative: to 1e-9, direct where that does not converge; direct: factors a matrix."},
    {"chip.array.read_noise.kind", ENUM(chip.device.read_noise.kind, noise_name), .unit = "",
     .help = "What noise of a cell's read is proportional to: nothing, its conductance, or its "
             "inverse."},
    {"chip.array.read_noise.sigma", REAL(chip.device.read_noise.sigma, 0, 1),
     .unit = "of g_max, rms",
     .help = "Of each driven cell, drawn anew at every read; sums with it must fit 32 bits."},
    {"chip.array.pulses.preset", ENUM(chip.pulse_preset, pulses_name), .unit = "",
     .help = "none: updates write weights; else the device whose conductance is the weight, moved "
             "by pulses: as published, docs/array.md."},
    {"chip.array.pulses.max", INTEGER(chip.pulse_max, 1, 4095), .unit = "pulses",
     .help = "Of one synapse in one update."},
    {"chip.array.columns_per_adc", INTEGER(chip.adc.converter.lines_each, 1, 65536),
     .unit = "columns", .help = "analog: bitlines that share a converter."},
    {"chip.timing.settle_cycles", INTEGER(chip.settle_cycles, 0, 1000000), .unit = "cycles",
     .help = "For each driven digit, before conversion."},
    {"chip.timing.convert_cycles", INTEGER(chip.convert_cycles, 1, 1000000), .unit = "cycles",
     .help = "Of one step of a conversion: ideal converters and digital arrays take one step, sar "
             "as many as bits, ramp 2^bits."},
    {"chip.timing.clock_mhz", REAL(chip.clock_mhz, 0, 100000), .above = true, .unit = "MHz",
     .help = "Clock of the chip."},
    {"chip.stop_settled", .type = EPX_TYPE_BOOLEAN, AT(chip.stop_settled), .unit = "",
     .help =
         "A phase of an image ends at the first step that changes no state: same results, fewer "
         "events."},
    {"chip.event_driven", .type = EPX_TYPE_BOOLEAN, AT(chip.event_driven), .unit = "",
     .help =
         "Arrays of hidden layers and read-out drive only lines whose codes changed, and add to "
         "the sums they hold: same results where converters lose nothing, fewer events."},
    {"chip.noc.mesh_columns", INTEGER(chip.mesh_columns, 0, 65536), .unit = "tiles",
     .help = "Of the mesh of tiles; 0: the smallest square that holds the network."},
    {"chip.noc.mesh_rows", INTEGER(chip.mesh_rows, 0, 65536), .unit = "tiles",
     .help = "Of the mesh; a network that takes more is refused; 0: as many as it takes."},
    {"chip.noc.flit_bits", INTEGER(chip.flit_bits, 8, 4096), .unit = "bits",
     .help = "Width of a link: bits a cycle."},
    {"chip.noc.router_cycles", INTEGER(chip.router_cycles, 1, 64), .unit = "cycles",
     .help = "Of a flit through a router and its link."},
    {"chip.noc.buffer_flits", INTEGER(chip.buffer_flits, 1, 1024), .unit = "flits",
     .help = "Held by each input of a router."},
    {"chip.noc.psum_buffer", INTEGER(chip.psum_buffer, 1, 1024), .unit = "vectors",
     .help = "Partial sums of the row block before that a tile can hold."},
    {"chip.technology", TEXT(chip.technology, sizeof(((epx_chip_t *)0)->technology)), .unit = "",
     .help = "YAML file of energies, relative to the working folder or to this file."},
};

_Static_assert(sizeof rows / sizeof rows[0] <= EPX_CONFIG_MAX_ROWS, "raise EPX_CONFIG_MAX_ROWS");

#define LAYER_INTEGER(member, from, to) \
  .type = EPX_TYPE_INTEGER, .offset = offsetof(epx_layer_t, member), .low = from, .high = to

/* The limits keep every product of sizes within an int: see epx_config_check.c. */
static const epx_config_row_t layer_rows[] = {
    {"conv", LAYER_INTEGER(units, 1, 1024), .unit = "channels",
     .help = "A convolution with so many output channels (or `dense`)."},
    {"dense", LAYER_INTEGER(units, 1, 1048576), .unit = "neurons",
     .help = "A fully connected layer (or `conv`)."},
    {"kernel", LAYER_INTEGER(kernel, 1, 31), .unit = "pixels",
     .help = "conv: side of the square kernel."},
    {"stride", LAYER_INTEGER(stride, 1, 31), .unit = "pixels", .help = "conv: step of the kernel."},
    {"padding", LAYER_INTEGER(padding, 0, 15), .unit = "pixels",
     .help = "conv: zeros added on every side."},
    {"pool", .type = EPX_TYPE_ENUM, .offset = offsetof(epx_layer_t, pool), .name = epx_pool_name,
     .unit = "", .help = "conv: 2x2 pooling in steps of 2."},
};

const epx_config_row_t *epx_config_rows(int *count) {
  *count = (int)(sizeof rows / sizeof rows[0]);
  return rows;
}

const epx_config_row_t *epx_config_layer_rows(int *count) {
  *count = (int)(sizeof layer_rows / sizeof layer_rows[0]);
  return layer_rows;
}

bool epx_config_takes(const epx_config_row_t *row, double value) {
  const bool real = row->type == EPX_TYPE_REAL || row->type == EPX_TYPE_REAL_LIST;
  const double least = row->least > 0.0 ? row->least : EPX_CONFIG_LEAST_REAL;
  return (row->above ? value > row->low : value >= row->low) &&
         (row->below ? value < row->high : value <= row->high) &&
         (!real || value == 0.0 || fabs(value) >= least);
}

int epx_config_find(const char *key) {
  for (int i = 0; i < (int)(sizeof rows / sizeof rows[0]); ++i) {
    if (strcmp(rows[i].key, key) == 0) {
      return i;
    }
  }
  return -1;
}

/* The rest of a key below a group ("epochs" of "training.epochs"), or NULL. */
static const char *below_group(const char *key, const char *group) {
  const size_t length = strlen(group);
  if (length == 0) {
    return key;
  }
  return strncmp(key, group, length) == 0 && key[length] == '.' ? key + length + 1 : NULL;
}

bool epx_config_is_group(const char *key) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    if (below_group(rows[i].key, key) != NULL) {
      return true;
    }
  }
  return false;
}

void epx_config_children(const char *group, epx_config_names_t *names) {
  names->count = 0;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    const char *rest = below_group(rows[i].key, group);
    if (rest == NULL) {
      continue;
    }
    const size_t length = strcspn(rest, ".");
    char *text = names->text[names->count];
    if (length >= sizeof names->text[0]) {
      continue;
    }
    memcpy(text, rest, length);
    text[length] = '\0';
    if (names->count == 0 || strcmp(names->names[names->count - 1], text) != 0) {
      names->names[names->count++] = text;
    }
  }
}
