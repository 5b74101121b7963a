/* SPDX-License-Identifier: Apache-2.0 */
/* Non-negative least squares in three unknowns: the minimum lies where some set of unknowns is free
 * and the others are 0, so all eight sets are tried. Unknowns are scaled to a unit diagonal first:
 * beta^16 and 1 may stand side by side. */
#include <math.h>
#include <string.h>

#include "epx_bias_fit.h"

/* Pivots of the scaled matrix below this: columns alike to about 6 digits. */
#define MIN_PIVOT 1e-12

/* Solves the equations of the unknowns in `set` by Gauss's elimination on a symmetric positive
 * matrix; false where it is singular. Others become 0. */
static bool solve_set(double gram[3][3], const double moment[3], unsigned set, double x[3]) {
  double m[3][4];
  int index[3], n = 0;
  for (int i = 0; i < 3; ++i) {
    x[i] = 0.0;
    if ((set >> i & 1U) != 0) {
      index[n++] = i;
    }
  }
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      m[i][j] = gram[index[i]][index[j]];
    }
    m[i][n] = moment[index[i]];
  }
  for (int k = 0; k < n; ++k) {
    if (m[k][k] < MIN_PIVOT) {
      return false;
    }
    for (int i = k + 1; i < n; ++i) {
      const double factor = m[i][k] / m[k][k];
      for (int j = k; j <= n; ++j) {
        m[i][j] -= factor * m[k][j];
      }
    }
  }
  for (int k = n - 1; k >= 0; --k) {
    double sum = m[k][n];
    for (int j = k + 1; j < n; ++j) {
      sum -= m[k][j] * x[index[j]];
    }
    x[index[k]] = sum / m[k][k];
  }
  return true;
}

static double objective(double gram[3][3], const double moment[3], const double x[3]) {
  double sum = 0.0;
  for (int i = 0; i < 3; ++i) {
    sum -= 2.0 * moment[i] * x[i];
    for (int j = 0; j < 3; ++j) {
      sum += x[i] * gram[i][j] * x[j];
    }
  }
  return sum;
}

void epx_nnls3(double gram[3][3], const double moment[3], double x[3]) {
  double scale[3], scaled[3][3], right[3];
  for (int i = 0; i < 3; ++i) {
    scale[i] = gram[i][i] > 0.0 ? 1.0 / sqrt(gram[i][i]) : 0.0;
  }
  for (int i = 0; i < 3; ++i) {
    right[i] = moment[i] * scale[i];
    for (int j = 0; j < 3; ++j) {
      scaled[i][j] = gram[i][j] * scale[i] * scale[j];
    }
  }
  double best[3] = {0.0, 0.0, 0.0}, best_objective = 0.0;
  for (unsigned set = 1; set < 8; ++set) {
    double y[3];
    if (!solve_set(scaled, right, set, y) || y[0] < 0.0 || y[1] < 0.0 || y[2] < 0.0) {
      continue;
    }
    const double own = objective(scaled, right, y);
    if (own < best_objective) {
      best_objective = own;
      memcpy(best, y, sizeof best);
    }
  }
  for (int i = 0; i < 3; ++i) {
    x[i] = best[i] * scale[i];
  }
}
