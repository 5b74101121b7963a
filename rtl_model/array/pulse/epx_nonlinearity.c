/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_nonlinearity.h"

#include "epx_array_math.h"

/* Where 1/a is small, 1 - e^(-1/a) by its series: the difference would lose digits, and the height
 * is itself a small difference. */
static double one_minus_exp(double x) {
  if (x > 0.125) {
    return 1.0 - epx_math_exp(-x);
  }
  double sum = 1.0;
  for (int k = 12; k >= 2; --k) {
    sum = 1.0 - sum * x / k;
  }
  return sum * x;
}

static double height(double a) {
  const double range = one_minus_exp(1.0 / a);
  const double x = -a * epx_math_log(a * range);
  return one_minus_exp(x / a) / range - x;
}

double epx_nonlinearity_label(double a) {
  const double label = height(a < 0.0 ? -a : a) / (0.14 / sqrt(2.0));
  return a < 0.0 ? -label : label;
}

double epx_nonlinearity_a(double nl) {
  double label = nl < 0.0 ? -nl : nl;
  label = label < EPX_NONLINEARITY_MIN ? EPX_NONLINEARITY_MIN : label;
  label = label > EPX_NONLINEARITY_MAX ? EPX_NONLINEARITY_MAX : label;
  double low = 0.01, high = 200.0; /* the label falls as a grows */
  for (int i = 0; i < 60; ++i) {
    const double a = sqrt(low * high);
    if (epx_nonlinearity_label(a) > label) {
      low = a;
    } else {
      high = a;
    }
  }
  return nl < 0.0 ? -low : low;
}
