/* SPDX-License-Identifier: Apache-2.0 */
/* What `epxbar bias` varies: lists as given on the command line. */
#ifndef BIAS_GRID_H
#define BIAS_GRID_H

#include <stdbool.h>

#include "epx_dynamics.h"
#include "epx_estimator.h"
#include "epx_network.h"
#include "epx_qformat.h"

enum { BIAS_MAX_ITEMS = 32 };

/* A number format of states or synapses; not quantised: floating point. */
typedef struct bias_format_t {
  bool quantised, single; /* single: float32 where not quantised */
  epx_qformat_t format;
  char name[16]; /* "UQ0.8", "float64", "float32", "exact" */
} bias_format_t;

typedef struct bias_steps_t {
  int free, nudged;
} bias_steps_t;

typedef struct bias_grid_t {
  epx_estimator_kind_t estimator[BIAS_MAX_ITEMS];
  double beta[BIAS_MAX_ITEMS];
  bias_format_t state[BIAS_MAX_ITEMS], synapse[BIAS_MAX_ITEMS];
  bias_steps_t steps[BIAS_MAX_ITEMS];
  epx_pool_t pool[BIAS_MAX_ITEMS];
  epx_switches_t switches[BIAS_MAX_ITEMS];
  int estimators, betas, states, synapses; /* numbers of items */
  int step_pairs, pools, switch_kinds;     /* 0: as configured */
  bool chip;                               /* the twin and its update's rounding too */
} bias_grid_t;

/* The default lists. */
void bias_grid_default(bias_grid_t *grid);

typedef enum bias_axis_t {
  BIAS_ESTIMATORS, /* symmetric,richardson */
  BIAS_BETAS,      /* 0.1,0.5 */
  BIAS_STATES,     /* float64,float32,UQ0.8 */
  BIAS_SYNAPSES,   /* exact,Q1.6 */
  BIAS_STEPS,      /* 250/30,60/15: free/nudged */
  BIAS_POOLS,      /* max,avg */
  BIAS_SWITCHES    /* live,frozen */
} bias_axis_t;

/* Replaces one list by comma-separated items; EPX_ERR_ARGUMENT names the item and what is expected.
 */
EPX_CHECKED epx_status_t bias_grid_parse(bias_grid_t *grid, bias_axis_t axis, const char *text,
                                         epx_error_t *error);

#endif
