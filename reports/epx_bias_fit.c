/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_bias_fit.h"

#include <math.h>
#include <stddef.h>

#define POWER_LOW 0.25
#define POWER_HIGH 8.0
#define SMALLEST 1e-300

enum { GRID = 61, MIN_POINTS = 5, MIN_BETAS = 3, STEPS = 60, BISECTIONS = 40 };

/* Terms of the law, as bits of a set. */
enum { BIAS = 1, NOISE = 2, FLOOR = 4, ALL_TERMS = 7 };

/* Squares: a^2, b^2, floor^2. */
typedef struct law_t {
  double x[3], power;
} law_t;

typedef struct problem_t {
  const epx_bias_point_t *points;
  int count;
  double cap;
} problem_t;

static epx_bias_use_t use_of(const epx_bias_point_t *point, double cap) {
  const bool valid = isfinite(point->error) && point->error > 0.0 && isfinite(point->beta) &&
                     point->beta > 0.0 && isfinite(point->q) && point->q >= 0.0;
  return !valid ? EPX_BIAS_INVALID : point->error > cap ? EPX_BIAS_OVER_CAP : EPX_BIAS_USED;
}

static void columns(const epx_bias_point_t *point, double power, double column[3]) {
  const double noise = point->q / point->beta;
  column[0] = pow(point->beta, 2.0 * power);
  column[1] = noise * noise;
  column[2] = 1.0;
}

static double square(const law_t *law, const epx_bias_point_t *point) {
  double column[3];
  columns(point, law->power, column);
  return fmax(law->x[0] * column[0] + law->x[1] * column[1] + law->x[2], SMALLEST);
}

/* ln(error / law). */
static double residual(const law_t *law, const epx_bias_point_t *point) {
  return log(point->error) - 0.5 * log(square(law, point));
}

static double objective(const problem_t *problem, const law_t *law) {
  double sum = 0.0;
  for (int i = 0; i < problem->count; ++i) {
    if (use_of(&problem->points[i], problem->cap) == EPX_BIAS_USED) {
      const double r = residual(law, &problem->points[i]);
      sum += r * r;
    }
  }
  return sum;
}

/* One Gauss-Newton step: with f near f0, ln(e^2 / f) is 1 + ln(e^2 / f0) - f / f0. Without a law to
 * start from f0 is e^2, and the step minimises relative residuals of error^2. */
static void gauss_newton(const problem_t *problem, unsigned terms, const law_t *from, law_t *to) {
  double gram[3][3] = {{0.0}}, moment[3] = {0.0};
  for (int i = 0; i < problem->count; ++i) {
    const epx_bias_point_t *point = &problem->points[i];
    if (use_of(point, problem->cap) != EPX_BIAS_USED) {
      continue;
    }
    double column[3];
    const double squared = point->error * point->error;
    const double f0 = from != NULL ? square(from, point) : squared;
    const double target = 1.0 + log(squared / f0);
    columns(point, to->power, column);
    for (int r = 0; r < 3; ++r) {
      column[r] = (terms >> r & 1U) != 0 ? column[r] / f0 : 0.0;
    }
    for (int r = 0; r < 3; ++r) {
      moment[r] += column[r] * target;
      for (int c = 0; c < 3; ++c) {
        gram[r][c] += column[r] * column[c];
      }
    }
  }
  epx_nnls3(gram, moment, to->x);
}

/* The best law with that power and those terms; returns its objective. */
static double fit_terms(const problem_t *problem, unsigned terms, double power, law_t *law) {
  law->power = power;
  gauss_newton(problem, terms, NULL, law);
  double best = objective(problem, law);
  for (int step = 0; step < STEPS; ++step) {
    law_t full = {{0.0}, power};
    gauss_newton(problem, terms, law, &full);
    double length = 1.0, own = best;
    law_t tried = full;
    for (int halving = 0; halving < 12; ++halving, length *= 0.5) {
      for (int i = 0; i < 3; ++i) {
        tried.x[i] = law->x[i] + length * (full.x[i] - law->x[i]);
      }
      own = objective(problem, &tried);
      if (own < best) {
        break;
      }
    }
    if (!(own < best)) {
      break;
    }
    const bool done = best - own <= 1e-12 * best;
    *law = tried;
    best = own;
    if (done) {
      break;
    }
  }
  return best;
}

static double grid_power(int i) {
  return POWER_LOW * pow(POWER_HIGH / POWER_LOW, (double)i / (GRID - 1));
}

/* The best law over all powers; values[GRID] receives the objective along the grid. */
static double search_power(const problem_t *problem, law_t *law, double values[GRID]) {
  int best = 0;
  for (int i = 0; i < GRID; ++i) {
    values[i] = fit_terms(problem, ALL_TERMS, grid_power(i), law);
    best = values[i] < values[best] ? i : best;
  }
  const double ratio = 0.5 * (sqrt(5.0) - 1.0);
  double low = grid_power(best > 0 ? best - 1 : 0);
  double high = grid_power(best < GRID - 1 ? best + 1 : best);
  double left = high - ratio * (high - low), right = low + ratio * (high - low);
  double at_left = fit_terms(problem, ALL_TERMS, left, law);
  double at_right = fit_terms(problem, ALL_TERMS, right, law);
  while (high - low > 1e-7 * high) {
    if (at_left < at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - ratio * (high - low);
      at_left = fit_terms(problem, ALL_TERMS, left, law);
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + ratio * (high - low);
      at_right = fit_terms(problem, ALL_TERMS, right, law);
    }
  }
  const double found = fit_terms(problem, ALL_TERMS, 0.5 * (low + high), law);
  return found <= values[best] ? found : fit_terms(problem, ALL_TERMS, grid_power(best), law);
}

/* The end of the powers on one side (step -1 or 1) whose objective is at most `limit`. */
static double interval_end(const problem_t *problem, double power, const double values[GRID],
                           int step, double limit, bool *open) {
  double inside = power;
  for (int i = step > 0 ? 0 : GRID - 1; i >= 0 && i < GRID; i += step) {
    const double p = grid_power(i);
    if (step * (p - power) <= 0.0) {
      continue;
    }
    if (values[i] <= limit) {
      inside = p;
      continue;
    }
    double outside = p;
    for (int k = 0; k < BISECTIONS; ++k) {
      law_t law;
      const double middle = 0.5 * (inside + outside);
      if (fit_terms(problem, ALL_TERMS, middle, &law) <= limit) {
        inside = middle;
      } else {
        outside = middle;
      }
    }
    *open = false;
    return inside;
  }
  *open = true;
  return inside;
}

/* 95 % point of the F distribution with 1 and `freedom` degrees of freedom, to 1 %. */
static double f_quantile(int freedom) {
  static const double TABLE[] = {161.4, 18.51, 10.13, 7.709, 6.608,
                                 5.987, 5.591, 5.318, 5.117, 4.965};
  return freedom <= 10 ? TABLE[freedom < 1 ? 0 : freedom - 1] : 3.8415 * (1.0 + 2.9 / freedom);
}

/* NULL where the points can determine a law, else why not. */
static const char *cannot_fit(const problem_t *problem, int used) {
  double betas[MIN_BETAS], lowest = INFINITY, highest = 0.0;
  int distinct = 0;
  for (int i = 0; i < problem->count; ++i) {
    const epx_bias_point_t *point = &problem->points[i];
    if (use_of(point, problem->cap) != EPX_BIAS_USED) {
      continue;
    }
    lowest = fmin(lowest, point->error);
    highest = fmax(highest, point->error);
    int seen = 0;
    while (seen < distinct && betas[seen] != point->beta) {
      ++seen;
    }
    if (seen == distinct && distinct < MIN_BETAS) {
      betas[distinct++] = point->beta;
    }
  }
  return used < MIN_POINTS          ? "fewer than 5 points can be used"
         : distinct < MIN_BETAS     ? "fewer than 3 nudging factors can be used"
         : highest <= 1.02 * lowest ? "the errors are all alike"
                                    : NULL;
}

static void fit_law(const problem_t *problem, epx_bias_fit_t *fit, law_t *law) {
  double values[GRID];
  law_t other;
  const double best = fmax(search_power(problem, law, values), 1e-18 * fit->used);
  const int unknowns = (law->x[0] > 0.0 ? 2 : 0) + (law->x[1] > 0.0) + (law->x[2] > 0.0);
  const int freedom = fit->used - unknowns;
  const double limit = best * (1.0 + f_quantile(freedom) / (freedom > 1 ? freedom : 1));
  fit->a = sqrt(law->x[0]);
  fit->power = law->power;
  fit->b = sqrt(law->x[1]);
  fit->floor = sqrt(law->x[2]);
  fit->power_low = interval_end(problem, law->power, values, -1, limit, &fit->power_open_low);
  fit->power_high = interval_end(problem, law->power, values, 1, limit, &fit->power_open_high);
  /* Each power fits at least as well as no bias at all: an end of the interval shows that no bias
   * is worse than noise explains. */
  fit->bias_determined = law->x[0] > 0.0 && !(fit->power_open_low && fit->power_open_high);
  fit->noise_determined =
      law->x[1] > 0.0 && fit_terms(problem, BIAS | FLOOR, law->power, &other) > limit;
  fit->floor_determined =
      law->x[2] > 0.0 && fit_terms(problem, BIAS | NOISE, law->power, &other) > limit;
  fit->rms = sqrt(objective(problem, law) / fit->used);
  for (int i = 0; i < problem->count; ++i) {
    const epx_bias_point_t *point = &problem->points[i];
    fit->above += use_of(point, problem->cap) == EPX_BIAS_OVER_CAP &&
                  sqrt(square(law, point)) < problem->cap &&
                  residual(law, point) > 2.0 * EPX_BIAS_RMS_LIMIT;
  }
  fit->why = fit->rms > EPX_BIAS_RMS_LIMIT ? "points scatter around it"
             : fit->above > 0              ? "points left out lie far above it"
             : !fit->bias_determined && !fit->noise_determined
                 ? "points show neither bias nor noise"
                 : "";
  fit->holds = fit->why[0] == '\0';
}

void epx_bias_fit(const epx_bias_point_t *points, int count, double cap, epx_bias_fit_t *fit,
                  double *residuals, epx_bias_use_t *uses) {
  const problem_t problem = {points, count, cap};
  law_t law = {{0.0}, NAN};
  *fit = (epx_bias_fit_t){.why = "",
                          .a = NAN,
                          .power = NAN,
                          .b = NAN,
                          .floor = NAN,
                          .rms = NAN,
                          .power_low = NAN,
                          .power_high = NAN};
  for (int i = 0; i < count; ++i) {
    const epx_bias_use_t use = use_of(&points[i], cap);
    fit->used += use == EPX_BIAS_USED;
    fit->over_cap += use == EPX_BIAS_OVER_CAP;
    fit->invalid += use == EPX_BIAS_INVALID;
    if (uses != NULL) {
      uses[i] = use;
    }
  }
  const char *why = cannot_fit(&problem, fit->used);
  if (why != NULL) {
    fit->why = why;
  } else {
    fit->determined = true;
    fit_law(&problem, fit, &law);
  }
  for (int i = 0; residuals != NULL && i < count; ++i) {
    residuals[i] = fit->determined && use_of(&points[i], cap) != EPX_BIAS_INVALID
                       ? residual(&law, &points[i])
                       : NAN;
  }
}
