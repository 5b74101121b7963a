/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a fitted law in closed form. */
#include <math.h>

#include "epx_bias_fit.h"

double epx_bias_law_error(const epx_bias_fit_t *fit, double beta, double q) {
  return fit->determined ? sqrt(pow(fit->a * pow(beta, fit->power), 2.0) +
                                pow(fit->b * q / beta, 2.0) + fit->floor * fit->floor)
                         : NAN;
}

static bool has_minimum(const epx_bias_fit_t *fit, double q) {
  return fit->determined && fit->bias_determined && fit->noise_determined && q > 0.0;
}

double epx_bias_law_best_beta(const epx_bias_fit_t *fit, double q) {
  return has_minimum(fit, q)
             ? pow(fit->b * q / (fit->a * sqrt(fit->power)), 1.0 / (fit->power + 1.0))
             : NAN;
}

double epx_bias_law_crossover(const epx_bias_fit_t *fit, double q) {
  return has_minimum(fit, q) ? pow(fit->b * q / fit->a, 1.0 / (fit->power + 1.0)) : NAN;
}
