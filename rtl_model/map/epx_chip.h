/* SPDX-License-Identifier: Apache-2.0 */
/* The chip as configured: number formats, array, tile, clock. Plain data. */
#ifndef EPX_CHIP_H
#define EPX_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "epx_converter.h"
#include "epx_device.h"
#include "epx_network.h"
#include "epx_qformat.h"
#include "epx_round.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_array_kind_t {
  EPX_ARRAY_DIGITAL, /* bit cells and an adder tree per column: a column converts in one cycle */
  EPX_ARRAY_ANALOG /* conductances; bit-serial drive, ADCs shared by columns, lossless resolution */
} epx_array_kind_t;

typedef enum epx_adc_reach_t {
  EPX_ADC_REACH_DIGITS,  /* all cells at their largest digit */
  EPX_ADC_REACH_WEIGHTS, /* the cells of the line as they stand, found anew after every update */
  EPX_ADC_REACH_BATCH,   /* what a batch's sums are, of an array's columns, or rows, of one slice */
  EPX_ADC_REACH_BATCH_LINES /* likewise, of each line by itself */
} epx_adc_reach_t;

typedef enum epx_dac_codes_t {
  EPX_DAC_DIGITS, /* a code is driven digit by digit of the DAC's bits */
  EPX_DAC_ROUNDED /* at once, rounded to the DAC's bits */
} epx_dac_codes_t;

/* The ADCs of an array. */
typedef struct epx_chip_adc_t {
  epx_converter_t
      converter;         /* kind (default ideal: lossless), bits (default 8), errors; lines_each:
                            columns that share one (default 8). Of ideal ones
                            2^bits > rows * (2^bits_per_cell - 1) * (2^dac.converter.bits - 1) */
  double range;          /* of a lossy one, as a share of what its line can reach; default 1 */
  epx_adc_reach_t reach; /* what a line can reach */
  double coverage;       /* of a batch's sums, in (0, 1]; default 1 */
  double headroom;       /* of a batch's range, what is added on each side; default 0.25 */
  int calibrate_epochs;  /* between calibrations on a batch; 0: once only */
  int follow_batches;    /* mini-batches from one of which clips widen ranges to the next; 0: none
                            does */
} epx_chip_adc_t;

/* The DACs of an array. */
typedef struct epx_chip_dac_t {
  epx_converter_t converter; /* bits (default 1), errors, in LSB of a digit; kind and lines_each are
                                not read */
  epx_dac_codes_t codes;     /* default EPX_DAC_DIGITS */
} epx_chip_dac_t;

typedef struct epx_chip_t {
  /* Formats. Products are exact integers; bits are dropped at the neuron, the read-out's error and
   * the update circuit only. */
  epx_qformat_t input; /* signed, <= 8 bits, default Q0.7; driven as code + 2^(bits-1) */
  epx_qformat_t state; /* unsigned, <= 8 bits, default UQ0.8 */
  int synapse_count;   /* 1: the same for every parameter layer */
  epx_qformat_t synapse[EPX_MAX_LAYERS + 1]; /* signed, <= 8 bits, default Q1.6 */
  int shadow_bits;    /* extra fraction bits of each synapse, kept for accumulation only; 0..16 */
  epx_qformat_t bias; /* signed, default Q3.20 */
  epx_qformat_t velocity;      /* momentum register, signed, default Q7.24 */
  epx_round_t state_rounding;  /* nearest_even (default) or truncate */
  epx_round_t update_rounding; /* any; default stochastic */
  uint32_t lfsr_seed;

  /* Tile. */
  epx_array_kind_t array_kind;
  int rows, columns;    /* of one array, default 128 x 128 */
  int bits_per_cell;    /* weight bits a cell holds, default 1: a weight takes bits/bits_per_cell
                           columns */
  epx_chip_adc_t adc;   /* analog: on columns and rows */
  epx_chip_dac_t dac;   /* analog: on wordlines, backward on columns */
  epx_device_t device;  /* analog: of the cells, default ideal */
  int pulse_preset;     /* analog: 0: weights are written; n: moved by pulses (epx_pulsed.h) of
                           epx_pulse_preset_name(n - 1) */
  int pulse_max;        /* pulses of one synapse in one update, 1..EPX_PULSE_MAX, default 255 */
  uint32_t device_seed; /* of what differs from device to device */
  int settle_cycles;    /* per driven digit, default 1 */
  int convert_cycles;   /* per step of a conversion (epx_converter_steps), default 1 */
  double clock_mhz;     /* default 1000 */
  bool stop_settled;    /* a phase ends at the first step that changes no state; default false */
  bool event_driven;    /* hidden layers drive only changed lines (epx_drive.h); default false */

  /* Network-on-chip: a mesh of routers, one for each tile. */
  int mesh_columns;  /* default 0: the smallest square that holds the network's tiles */
  int mesh_rows;     /* default 0: as many as it takes */
  int flit_bits;     /* width of a link, default 128 */
  int router_cycles; /* of a flit through a router and its link, default 2 */
  int buffer_flits;  /* of each router input, default 4 */
  int psum_buffer;   /* partial sums that a tile holds for its accumulator, default 4 */

  char technology[256]; /* YAML file of energies, beside the configuration or relative to the
                           working folder */
} epx_chip_t;

/* The largest sum of a column whose lines all carry the largest digit into cells of the largest:
 * what an ideal converter must resolve. */
long epx_chip_largest_sum(const epx_chip_t *chip);

/* Whether the chip's products are exact; whether a read may differ from the one before; whether
 * converters' ranges follow a batch (chip.array.adc.reach). */
bool epx_chip_exact(const epx_chip_t *chip);
bool epx_chip_noisy(const epx_chip_t *chip);
bool epx_chip_calibrates(const epx_chip_t *chip);

/* Whether pulses move the weights (chip.array.pulses). */
static inline bool epx_chip_pulsed(const epx_chip_t *chip) {
  return chip->pulse_preset > 0;
}

#ifdef __cplusplus
}
#endif

#endif
