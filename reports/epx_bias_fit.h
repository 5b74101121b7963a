/* SPDX-License-Identifier: Apache-2.0 */
/* The law that a gradient estimate's error is expected to follow, fitted to measurements:
 *
 *   error(beta, q)^2 = (a beta^p)^2 + (b q / beta)^2 + floor^2      a, b, floor >= 0
 *
 * a beta^p: the estimator's bias (p = 1 one-sided, 2 symmetric, 4 Richardson); b q / beta: the
 * rounding of states to steps of q, divided by the nudging factor as the estimate is; floor: what
 * depends on neither (finite T, the synapses' format). Pure functions, no memory of their own.
 *
 * What is minimised is the sum of squares of ln(error / law): errors span decades, a factor of two
 * too much or too little is an equal fault anywhere, and no error is zero. For each p, a^2, b^2 and
 * floor^2 come from Gauss-Newton steps on the log, each a non-negative least-squares problem in
 * three unknowns, solved exactly by trying every set of unknowns that may be above zero; p from a
 * grid over [0.25, 8] and a golden-section search. */
#ifndef EPX_BIAS_FIT_H
#define EPX_BIAS_FIT_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where an estimate points nowhere near the gradient, the size of its error says nothing any more:
 * points from about this relative error on are left out. */
#define EPX_BIAS_SATURATED 0.7

/* Above this rms of ln(error / law), about 28 % of typical misfit, the law does not hold. */
#define EPX_BIAS_RMS_LIMIT 0.25

/* One measurement: nudging factor, step of the state format (2^-fraction bits; 0: floating point),
 * relative error. */
typedef struct epx_bias_point_t {
  double beta, q, error;
} epx_bias_point_t;

typedef enum epx_bias_use_t {
  EPX_BIAS_USED,
  EPX_BIAS_OVER_CAP, /* saturated: error above the cap */
  EPX_BIAS_INVALID   /* error or beta not finite and above 0, or q not finite and at least 0 */
} epx_bias_use_t;

/* epx_bias_law_error uses all numbers of the fit, also those that the points do not determine; who
 * shows the fit should show determined numbers only. A term counts as determined where the law
 * without it fits worse than noise explains (the 95 % point of the F distribution with one degree
 * of freedom, as for the interval of p). The misfits are not random draws, so take these as a
 * scale, not as a probability.
 *
 * The law holds where rms is at most EPX_BIAS_RMS_LIMIT, the points show bias or noise, and no
 * point that was left out as saturated lies where the law predicts a good estimate (ln(error / law)
 * above twice the limit): an unsettled free phase or switches that jump make such points. */
typedef struct epx_bias_fit_t {
  bool determined; /* false: only `why` and the numbers of points mean anything */
  bool holds;      /* see below; false where not determined */
  const char *why; /* the reason in words where it does not hold or is not determined, else "" */
  double a, power; /* bias: a is its size at beta = 1 */
  double b, floor;
  bool bias_determined;  /* and p is: its interval has at least one end */
  bool noise_determined; /* never where all q are 0 */
  bool floor_determined;
  double power_low, power_high;         /* the interval of p */
  bool power_open_low, power_open_high; /* it goes on beyond the search there */
  double rms;                           /* of ln(error / law) over the points used */
  int used, over_cap, invalid;
  int above; /* points over the cap that lie far above a law which predicts less than the cap */
} epx_bias_fit_t;

/* Fits points[count] of one estimator; those with errors above `cap` are left out. residuals[count]
 * and uses[count] (may be NULL) receive ln(error / law), NAN where undefined, and what became of
 * each point. Not determined: fewer than 5 points used, fewer than 3 nudging factors among them,
 * errors that do not differ by more than 2 %. */
void epx_bias_fit(const epx_bias_point_t *points, int count, double cap, epx_bias_fit_t *fit,
                  double *residuals, epx_bias_use_t *uses);

/* The law's error. NAN where the fit is not determined. */
double epx_bias_law_error(const epx_bias_fit_t *fit, double beta, double q);

/* The nudging factor with the smallest error by the law for steps of q: the derivative of error^2
 * is zero at beta^(2p+2) = (b q)^2 / (p a^2). NAN where bias or noise is not determined or q is 0:
 * the law then has no minimum that could be trusted. */
double epx_bias_law_best_beta(const epx_bias_fit_t *fit, double q);

/* Where bias and noise are equal, beta^(p+1) = b q / a; below it noise rules. NAN as above. */
double epx_bias_law_crossover(const epx_bias_fit_t *fit, double q);

/* Minimises x'Gx - 2 c'x over x >= 0 (least squares: G = A'A, c = A'y; symmetric, positive
 * semidefinite). Unknowns that are zero columns, or that others make redundant, come out 0. */
void epx_nnls3(double gram[3][3], const double moment[3], double x[3]);

#ifdef __cplusplus
}
#endif
#endif
