/* SPDX-License-Identifier: Apache-2.0 */
/* Energies of a technology node, read from a YAML file in which every number keeps its source.
 *
 * The file holds each number as published, with unit, range, and the rail that pays for it: the
 * core (logic, memories, converters), the voltage of a cell's read or write, or the DRAM's
 * interface. A number of the core's rail follows the law `scaling: core` from its node and supply
 * to the file's (epx_technology_scaling.h); numbers of other rails stay as published. ADCs have a
 * law for each kind of converter (epx_technology_adc). Each law has a domain, outside which there
 * is no price. */
#ifndef EPX_TECHNOLOGY_H
#define EPX_TECHNOLOGY_H

#include "epx_converter.h"
#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_tech_t {
  EPX_TECH_LINE_DRIVER,      /* one pulse on a wordline or column */
  EPX_TECH_CELL_READ_ANALOG, /* one cell, one driven bit */
  EPX_TECH_CELL_READ_DIGITAL,
  EPX_TECH_CELL_WRITE_ANALOG,
  EPX_TECH_CELL_WRITE_DIGITAL,
  EPX_TECH_SAMPLE_HOLD, /* one line, one driven bit */
  EPX_TECH_SHIFT_ADD,
  EPX_TECH_FULL_ADDER, /* one bit */
  EPX_TECH_ADD,        /* 32 bits */
  EPX_TECH_MULTIPLY_8,
  EPX_TECH_MULTIPLY_32,
  EPX_TECH_SRAM, /* one bit, read or written */
  EPX_TECH_EDRAM,
  EPX_TECH_ROUTER, /* one bit, one hop */
  EPX_TECH_BUS,
  EPX_TECH_DRAM, /* one bit */
  EPX_TECH_COUNT
} epx_tech_t;

/* Of a number as published; of the line that a report prints, which adds number and scaling. */
enum { EPX_TECH_PUBLISHED_SIZE = 200, EPX_TECH_SOURCE_SIZE = 640 };

typedef struct epx_tech_value_t {
  double pj, low, high;              /* of one use, at the technology's node and supply */
  char source[EPX_TECH_SOURCE_SIZE]; /* number as published, rail, scaling, origin */
} epx_tech_value_t;

enum { EPX_TECH_ADC_MAX_BITS = 24 }; /* of a law; an ideal converter may need so many */

typedef enum epx_adc_law_t {
  EPX_ADC_REGRESSION, /* Accelergy's ADC plug-in, on Murmann's survey: bits, rate and node */
  EPX_ADC_TABLE,      /* pJ of a conversion by bits */
  EPX_ADC_STEPS       /* pJ of a step, times the 2^bits steps of a ramp */
} epx_adc_law_t;

/* The price of a kind of converter. */
typedef struct epx_tech_adc_t {
  epx_adc_law_t law;
  double low, high;                     /* range, as factors of the law */
  double bits[2], rate[2];              /* the law's domain; rate of conversions in MS/s */
  double nodes[2];                      /* nm; of the regression */
  double pj[EPX_TECH_ADC_MAX_BITS + 1]; /* table: by bits; steps: [0] of a step */
  char published[EPX_TECH_PUBLISHED_SIZE];
  char scaled[256]; /* how the number came to this node and supply */
} epx_tech_adc_t;

typedef struct epx_technology_t {
  char name[64], path[256];
  double node_nm, supply_v; /* the core's */
  epx_tech_value_t value[EPX_TECH_COUNT];
  epx_tech_adc_t adc[3]; /* by epx_converter_kind_t */
  int adc_line[3];       /* where each stands in the file */
} epx_technology_t;

/* Reads a technology. Missing, unknown and mistyped keys, numbers that are not finite or out of
 * range, numbers without rail, scaling or source, and nodes and supplies outside their law's domain
 * are EPX_ERR_CONFIG with file, line, column, key, what was found and expected. */
EPX_CHECKED epx_status_t epx_technology_read(const char *path, epx_technology_t *technology,
                                             epx_error_t *error);

/* One conversion of an ADC of this kind, `bits` and rate. An ideal converter is any that loses
 * nothing: where its sums need fewer bits than the law knows, it has the fewest that the law knows.
 * EPX_ERR_UNSUPPORTED outside the law's domain, with file, line, key, found and expected. */
EPX_CHECKED epx_status_t epx_technology_adc(const epx_technology_t *technology,
                                            epx_converter_kind_t kind, int bits, double rate_hz,
                                            epx_tech_value_t *value, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
