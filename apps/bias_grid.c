/* SPDX-License-Identifier: Apache-2.0 */
#include "bias_grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static bool parse_format(const char *item, bool state, bias_format_t *format) {
  *format = (bias_format_t){.single = state && strcmp(item, "float32") == 0};
  format->quantised = !format->single && strcmp(item, state ? "float64" : "exact") != 0;
  if (strlen(item) >= sizeof format->name ||
      (format->quantised && epx_qformat_parse(item, &format->format, NULL) != EPX_OK)) {
    return false;
  }
  strcpy(format->name, item);
  return true;
}

static bool parse_steps(const char *item, bias_steps_t *steps) {
  char *end;
  const long first = strtol(item, &end, 10);
  if (end == item || *end != '/') {
    return false;
  }
  const char *rest = end + 1;
  const long second = strtol(rest, &end, 10);
  *steps = (bias_steps_t){(int)first, (int)second};
  return end != rest && *end == '\0' && first >= 1 && first <= 100000 && second >= 1 &&
         second <= 100000;
}

/* The value of that name, or -1. */
static int find_name(const char *item, const char *(*name)(int value)) {
  for (int value = 0; name(value) != NULL; ++value) {
    if (strcmp(item, name(value)) == 0) {
      return value;
    }
  }
  return -1;
}

static bool parse_estimator(const char *item, epx_estimator_kind_t *kind) {
  for (int k = 0; k < EPX_ESTIMATOR_KIND_COUNT; ++k) {
    if (strcmp(item, epx_estimator_row((epx_estimator_kind_t)k)->name) == 0) {
      *kind = (epx_estimator_kind_t)k;
      return true;
    }
  }
  return false;
}

/* An axis: its option, what an item may be, and the count in the grid. */
typedef struct axis_row_t {
  const char *option, *expected;
  size_t count; /* offset */
} axis_row_t;

static const axis_row_t axes[] = {
    [BIAS_ESTIMATORS] = {"--estimators", "symmetric, one_sided, random_sign or richardson",
                         offsetof(bias_grid_t, estimators)},
    [BIAS_BETAS] = {"--beta", "numbers in (0, 100], of at least 1.2e-38",
                    offsetof(bias_grid_t, betas)},
    [BIAS_STATES] = {"--states", "float64, float32 or Q-formats such as UQ0.8",
                     offsetof(bias_grid_t, states)},
    [BIAS_SYNAPSES] = {"--synapses", "exact or Q-formats such as Q1.6",
                       offsetof(bias_grid_t, synapses)},
    [BIAS_STEPS] = {"--steps", "free/nudged steps such as 250/30",
                    offsetof(bias_grid_t, step_pairs)},
    [BIAS_POOLS] = {"--pool", "max or avg", offsetof(bias_grid_t, pools)},
    [BIAS_SWITCHES] = {"--switches", "live or frozen", offsetof(bias_grid_t, switch_kinds)},
};

static bool parse_item(bias_grid_t *grid, bias_axis_t axis, int i, const char *item) {
  int found;
  switch (axis) {
    case BIAS_ESTIMATORS:
      return parse_estimator(item, &grid->estimator[i]);
    case BIAS_BETAS:
      return command_take_beta(item, &grid->beta[i]);
    case BIAS_STATES:
      return parse_format(item, true, &grid->state[i]);
    case BIAS_SYNAPSES:
      return parse_format(item, false, &grid->synapse[i]);
    case BIAS_STEPS:
      return parse_steps(item, &grid->steps[i]);
    case BIAS_POOLS:
      found = find_name(item, epx_pool_name);
      grid->pool[i] = found > 0 ? (epx_pool_t)found : EPX_POOL_NONE;
      return found > 0;
    case BIAS_SWITCHES:
      found = find_name(item, epx_switches_name);
      grid->switches[i] = found > 0 ? EPX_SWITCHES_FROZEN : EPX_SWITCHES_LIVE;
      return found >= 0;
  }
  return false;
}

epx_status_t bias_grid_parse(bias_grid_t *grid, bias_axis_t axis, const char *text,
                             epx_error_t *error) {
  const axis_row_t *row = &axes[axis];
  int count = 0;
  char list[1024];
  if (strlen(text) >= sizeof list) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "%s: a list of %zu characters; expected fewer than %zu", row->option,
                    strlen(text), sizeof list);
  }
  strcpy(list, text);
  for (char *item = strtok(list, ","); item != NULL; item = strtok(NULL, ",")) {
    if (count == BIAS_MAX_ITEMS) {
      return epx_fail(error, EPX_ERR_ARGUMENT, "%s: more than %d items", row->option,
                      BIAS_MAX_ITEMS);
    }
    if (!parse_item(grid, axis, count, item)) {
      return epx_fail(error, EPX_ERR_ARGUMENT, "%s: '%s'; expected %s, separated by commas",
                      row->option, item, row->expected);
    }
    ++count;
  }
  if (count == 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s: an empty list; expected %s", row->option,
                    row->expected);
  }
  memcpy((char *)grid + row->count, &count, sizeof count);
  return EPX_OK;
}

void bias_grid_default(bias_grid_t *grid) {
  static const char *const lists[] = {
      [BIAS_ESTIMATORS] = "one_sided,symmetric,richardson",
      [BIAS_BETAS] = "0.01,0.02,0.05,0.1,0.2,0.5,1",
      [BIAS_STATES] = "float64,UQ0.4,UQ0.6,UQ0.8,UQ0.12,UQ0.16",
      [BIAS_SYNAPSES] = "exact",
  };
  *grid = (bias_grid_t){0};
  for (int axis = BIAS_ESTIMATORS; axis <= BIAS_SYNAPSES; ++axis) {
    const epx_status_t status = bias_grid_parse(grid, (bias_axis_t)axis, lists[axis], NULL);
    (void)status; /* the lists are those above */
  }
}
