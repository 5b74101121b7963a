/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_wires_exact.h"

#include <amd.h>
#include <ldl.h>
#include <stdlib.h>
#include <string.h>

#include "epx_wires_internal.h"

enum { LANES = 8 }; /* vectors solved side by side */

typedef SuiteSparse_long index_t;

struct epx_wires_exact_t {
  epx_wires_t wires;
  epx_ladder_t ladder;
  double *g; /* [inputs][outputs] */
  bool programmed;
  index_t nodes, entries; /* of the matrix, both triangles */
  index_t *column, *row;  /* compressed columns; a column's diagonal stands first */
  double *value;
  index_t *order, *rank;       /* node at a place of the elimination, and the inverse */
  index_t *l_column, *l_row;   /* L by columns */
  index_t *parent, *count;     /* elimination tree, entries of each column of L */
  index_t *flag, *pattern;     /* workspace of LDL */
  double *l_value, *pivot, *y; /* L, D, workspace */
};

/* ---- nodes ---- */

/* Nodes stand in two planes: driven lines, then sensed ones. A line without segment resistance is
 * one node. A node on a source or on ground has no number. */
enum { FIXED = -1 };

static index_t driven_nodes(const epx_ladder_t *l) {
  const index_t each = l->driven_ohm > 0.0 ? l->outputs : 1;
  return (index_t)l->inputs * (each - (l->driver_ohm > 0.0 ? 0 : 1));
}

static index_t sensed_nodes(const epx_ladder_t *l) {
  const index_t each = l->sensed_ohm > 0.0 ? l->inputs : 1;
  return (index_t)l->outputs * (each - (l->sense_ohm > 0.0 ? 0 : 1));
}

static index_t driven_node(const epx_ladder_t *l, int i, int j) {
  const index_t each = l->driven_ohm > 0.0 ? l->outputs : 1;
  const index_t at = l->driven_ohm > 0.0 ? j : 0;
  if (l->driver_ohm > 0.0) {
    return i * each + at;
  }
  return at == 0 ? FIXED : i * (each - 1) + at - 1;
}

static index_t sensed_node(const epx_ladder_t *l, int i, int j) {
  const index_t each = l->sensed_ohm > 0.0 ? l->inputs : 1;
  const index_t at = l->sensed_ohm > 0.0 ? l->inputs - 1 - i : 0; /* from the sensor */
  if (l->sense_ohm > 0.0) {
    return driven_nodes(l) + j * each + at;
  }
  return at == 0 ? FIXED : driven_nodes(l) + j * (each - 1) + at - 1;
}

/* ---- the matrix ---- */

/* Calls visit(context, a, b, siemens) for every resistor; FIXED: a source or ground. */
typedef void visit_t(epx_wires_exact_t *exact, index_t a, index_t b, double siemens);

static void each_resistor(epx_wires_exact_t *exact, visit_t *visit) {
  const epx_ladder_t *l = &exact->ladder;
  for (int i = 0; i < l->inputs; ++i) {
    for (int j = 0; j < l->outputs; ++j) {
      const index_t driven = driven_node(l, i, j), sensed = sensed_node(l, i, j);
      visit(exact, driven, sensed, exact->g[(size_t)i * l->outputs + j]);
      if (l->driven_ohm > 0.0 && j > 0) {
        visit(exact, driven_node(l, i, j - 1), driven, 1.0 / l->driven_ohm);
      }
      if (l->driver_ohm > 0.0 && j == 0) {
        visit(exact, FIXED, driven, 1.0 / l->driver_ohm);
      }
      if (l->sensed_ohm > 0.0 && i > 0) {
        visit(exact, sensed_node(l, i - 1, j), sensed, 1.0 / l->sensed_ohm);
      }
      if (l->sense_ohm > 0.0 && i == l->inputs - 1) {
        visit(exact, sensed, FIXED, 1.0 / l->sense_ohm);
      }
    }
  }
}

/* First pass: entries of each column, in column[node + 1]. No two resistors join the same nodes. */
static void count_resistor(epx_wires_exact_t *exact, index_t a, index_t b, double siemens) {
  (void)siemens;
  if (a != FIXED && b != FIXED) {
    ++exact->column[a + 1];
    ++exact->column[b + 1];
  }
}

/* Later passes: count[node] entries of the column are there. */
static void stamp_resistor(epx_wires_exact_t *exact, index_t a, index_t b, double siemens) {
  const index_t end[2] = {a, b};
  for (int k = 0; k < 2; ++k) {
    const index_t node = end[k], other = end[1 - k];
    if (node == FIXED) {
      continue;
    }
    exact->value[exact->column[node]] += siemens;
    if (other != FIXED) {
      const index_t at = exact->column[node] + exact->count[node]++;
      exact->row[at] = other;
      exact->value[at] = -siemens;
    }
  }
}

static void stamp_all(epx_wires_exact_t *exact) {
  for (index_t node = 0; node < exact->nodes; ++node) {
    exact->row[exact->column[node]] = node;
    exact->value[exact->column[node]] = 0.0;
    exact->count[node] = 1;
  }
  each_resistor(exact, stamp_resistor);
}

/* ---- create ---- */

static void *take(size_t count, size_t size) {
  return calloc(count > 0 ? count : 1, size);
}

static bool take_nodes(epx_wires_exact_t *e) {
  const size_t n = (size_t)e->nodes;
  e->column = take(n + 1, sizeof *e->column);
  e->order = take(n, sizeof *e->order);
  e->rank = take(n, sizeof *e->rank);
  e->l_column = take(n + 1, sizeof *e->l_column);
  e->parent = take(n, sizeof *e->parent);
  e->count = take(n, sizeof *e->count);
  e->flag = take(n, sizeof *e->flag);
  e->pattern = take(n, sizeof *e->pattern);
  e->pivot = take(n, sizeof *e->pivot);
  e->y = take(n, sizeof *e->y);
  e->g = take((size_t)e->ladder.inputs * (size_t)e->ladder.outputs, sizeof *e->g);
  return e->column && e->order && e->rank && e->l_column && e->parent && e->count && e->flag &&
         e->pattern && e->pivot && e->y && e->g;
}

static bool build_graph(epx_wires_exact_t *e) {
  each_resistor(e, count_resistor);
  for (index_t node = 0; node < e->nodes; ++node) {
    e->column[node + 1] += e->column[node] + 1;
  }
  e->entries = e->column[e->nodes];
  e->row = take((size_t)e->entries, sizeof *e->row);
  e->value = take((size_t)e->entries, sizeof *e->value);
  if (e->row == NULL || e->value == NULL) {
    return false;
  }
  stamp_all(e);
  return true;
}

static bool analyse(epx_wires_exact_t *e) {
  if (amd_l_order(e->nodes, e->column, e->row, e->order, NULL, NULL) < AMD_OK) {
    return false;
  }
  ldl_l_symbolic(e->nodes, e->column, e->row, e->l_column, e->parent, e->count, e->flag, e->order,
                 e->rank);
  const size_t fill = (size_t)e->l_column[e->nodes];
  e->l_row = take(fill, sizeof *e->l_row);
  e->l_value = take(fill, sizeof *e->l_value);
  return e->l_row != NULL && e->l_value != NULL;
}

epx_status_t epx_wires_exact_create(const epx_wires_t *wires, epx_wires_exact_t **exact,
                                    epx_error_t *error) {
  const epx_status_t status = epx_wires_check(wires, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_wires_exact_t *e = calloc(1, sizeof *e);
  bool ok = e != NULL;
  if (ok) {
    e->wires = *wires;
    e->ladder = epx_ladder_of(wires);
    e->nodes = driven_nodes(&e->ladder) + sensed_nodes(&e->ladder);
    ok = take_nodes(e) && (e->nodes == 0 || (build_graph(e) && analyse(e)));
  }
  if (!ok) {
    epx_wires_exact_destroy(e);
    return epx_fail(error, EPX_ERR_MEMORY, "wires: no memory for the matrix of %d x %d cells",
                    wires->rows, wires->columns);
  }
  *exact = e;
  return EPX_OK;
}

void epx_wires_exact_destroy(epx_wires_exact_t *e) {
  if (e == NULL) {
    return;
  }
  void *const owned[] = {e->g,    e->column,   e->row,     e->value,  e->order,
                         e->rank, e->l_column, e->l_row,   e->parent, e->count,
                         e->flag, e->pattern,  e->l_value, e->pivot,  e->y};
  for (size_t k = 0; k < sizeof owned / sizeof *owned; ++k) {
    free(owned[k]);
  }
  free(e);
}

/* ---- factor and solve ---- */

epx_status_t epx_wires_exact_program(epx_wires_exact_t *e, const double *conductance,
                                     epx_error_t *error) {
  const epx_status_t status = epx_wires_check_conductance(&e->wires, conductance, error);
  if (status != EPX_OK) {
    return status;
  }
  epx_ladder_arrange(&e->wires, conductance, e->g);
  e->programmed = false;
  if (e->nodes > 0) {
    stamp_all(e);
    const index_t done =
        ldl_l_numeric(e->nodes, e->column, e->row, e->value, e->l_column, e->parent, e->count,
                      e->l_row, e->l_value, e->pivot, e->y, e->pattern, e->flag, e->order, e->rank);
    if (done != e->nodes) { /* every node has a path of resistors to a fixed one */
      return epx_fail(error, EPX_ERR_ARGUMENT, "wires: the matrix of the array is singular");
    }
  }
  e->programmed = true;
  return EPX_OK;
}

/* x[nodes][LANES] in elimination order: x <- (L D L')^-1 x. */
static void substitute(const epx_wires_exact_t *e, double *x) {
  for (index_t k = 0; k < e->nodes; ++k) {
    const double *from = x + k * LANES;
    for (index_t p = e->l_column[k]; p < e->l_column[k + 1]; ++p) {
      double *to = x + e->l_row[p] * LANES;
      for (int lane = 0; lane < LANES; ++lane) {
        to[lane] -= e->l_value[p] * from[lane];
      }
    }
  }
  for (index_t k = e->nodes - 1; k >= 0; --k) {
    double *to = x + k * LANES;
    for (int lane = 0; lane < LANES; ++lane) {
      to[lane] /= e->pivot[k];
    }
    for (index_t p = e->l_column[k]; p < e->l_column[k + 1]; ++p) {
      const double *from = x + e->l_row[p] * LANES;
      for (int lane = 0; lane < LANES; ++lane) {
        to[lane] -= e->l_value[p] * from[lane];
      }
    }
  }
}

/* x[node] += siemens * the vectors' voltages on line i. */
static void inject_at(const epx_wires_exact_t *e, index_t node, double siemens, int i, int lanes,
                      const double *volts, double *x) {
  for (int lane = 0; node != FIXED && lane < lanes; ++lane) {
    x[e->rank[node] * LANES + lane] +=
        siemens * volts[(size_t)lane * e->ladder.inputs + epx_ladder_input(&e->ladder, i)];
  }
}

/* The currents that the sources drive into their neighbours while all nodes are at 0 V. */
static void inject(const epx_wires_exact_t *e, int lanes, const double *volts, double *x) {
  const epx_ladder_t *l = &e->ladder;
  for (int i = 0; i < l->inputs; ++i) {
    if (l->driver_ohm > 0.0) {
      inject_at(e, driven_node(l, i, 0), 1.0 / l->driver_ohm, i, lanes, volts, x);
    } else if (l->driven_ohm > 0.0 && l->outputs > 1) {
      inject_at(e, driven_node(l, i, 1), 1.0 / l->driven_ohm, i, lanes, volts, x);
    }
    for (int j = 0; j < l->outputs && driven_node(l, i, j) == FIXED; ++j) {
      inject_at(e, sensed_node(l, i, j), e->g[(size_t)i * l->outputs + j], i, lanes, volts, x);
    }
  }
}

/* What enters the sensors from their neighbours, which are positive terms wherever voltages are. */
static void collect(const epx_wires_exact_t *e, int lanes, const double *volts, const double *x,
                    double *amps) {
  const epx_ladder_t *l = &e->ladder;
  for (int j = 0; j < l->outputs; ++j) {
    const size_t output = epx_ladder_output(l, j);
    for (int lane = 0; lane < lanes; ++lane) {
      const double *v = volts + (size_t)lane * l->inputs;
      double sum = 0.0;
      if (l->sense_ohm > 0.0) {
        sum = x[e->rank[sensed_node(l, l->inputs - 1, j)] * LANES + lane] / l->sense_ohm;
      } else if (l->sensed_ohm > 0.0 && l->inputs > 1) {
        sum = x[e->rank[sensed_node(l, l->inputs - 2, j)] * LANES + lane] / l->sensed_ohm;
      }
      for (int i = l->inputs - 1; i >= 0 && sensed_node(l, i, j) == FIXED; --i) {
        const index_t driven = driven_node(l, i, j);
        sum += e->g[(size_t)i * l->outputs + j] *
               (driven != FIXED ? x[e->rank[driven] * LANES + lane] : v[epx_ladder_input(l, i)]);
      }
      amps[(size_t)lane * l->outputs + output] = sum;
    }
  }
}

epx_status_t epx_wires_exact_solve(const epx_wires_exact_t *e, int vectors, const double *volts,
                                   double *amps, epx_error_t *error) {
  if (!e->programmed) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "wires: solve before program");
  }
  const epx_status_t status = epx_wires_check_volts(&e->wires, vectors, volts, error);
  if (status != EPX_OK) {
    return status;
  }
  double *x = take((size_t)e->nodes * LANES, sizeof *x);
  if (x == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "wires: no memory for the voltages of %ld nodes",
                    (long)e->nodes);
  }
  for (int n = 0; n < vectors; n += LANES) {
    const int lanes = vectors - n < LANES ? vectors - n : LANES;
    const double *v = volts + (size_t)n * e->ladder.inputs;
    double *out = amps + (size_t)n * e->ladder.outputs;
    memset(x, 0, (size_t)e->nodes * LANES * sizeof *x);
    inject(e, lanes, v, x);
    substitute(e, x);
    collect(e, lanes, v, x, out);
  }
  free(x);
  return EPX_OK;
}

long epx_wires_exact_nodes(const epx_wires_exact_t *e) {
  return (long)e->nodes;
}
long epx_wires_exact_fill(const epx_wires_exact_t *e) {
  return e->nodes > 0 ? (long)e->l_column[e->nodes] : 0;
}
