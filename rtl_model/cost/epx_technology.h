/* SPDX-License-Identifier: Apache-2.0 */
/* Energies of a technology node, read from a YAML file in which every number keeps its source.
 *
 * The file holds each number as published, with unit, node, supply and range; it is scaled here to
 * the file's own node and supply by the energy polynomials b2 V^2 + b1 V + b0 of Stillmaker and
 * Baas, Integration 58 (2017), also in the file. ADCs: the regression of Accelergy's ADC plug-in.
 */
#ifndef EPX_TECHNOLOGY_H
#define EPX_TECHNOLOGY_H

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

enum { EPX_TECH_SOURCE_SIZE = 320 };

typedef struct epx_tech_value_t {
  double pj, low, high;              /* of one use, at the technology's node and supply */
  char source[EPX_TECH_SOURCE_SIZE]; /* number as published, scaling, origin */
} epx_tech_value_t;

typedef struct epx_technology_t {
  char name[64];
  double node_nm, supply_v;
  epx_tech_value_t value[EPX_TECH_COUNT];
  double adc_low, adc_high; /* range as factors of the regression */
  char adc_source[EPX_TECH_SOURCE_SIZE];
} epx_technology_t;

/* Reads a technology. Missing, unknown and mistyped keys, numbers out of range and nodes without a
 * scaling row are EPX_ERR_CONFIG with file, line, column, key, what was found and expected. */
EPX_CHECKED epx_status_t epx_technology_read(const char *path, epx_technology_t *technology,
                                             epx_error_t *error);

/* pJ of one conversion of a `bits`-bit ADC (below 4: as 4, the regression's end) at rate_hz. */
double epx_technology_adc_pj(const epx_technology_t *technology, int bits, double rate_hz);

#ifdef __cplusplus
}
#endif
#endif
