/* SPDX-License-Identifier: Apache-2.0 */
/* exp, log and the normal quantile, the same bits on every processor.
 *
 * A C library may compute exp and log with or without fused multiply-adds, chosen at run time, so
 * that a last bit would depend on the machine. These use +, -, *, / and sqrt of binary64 alone, in
 * a fixed order and without branches, so that loops over them vectorise. Errors are measured
 * against long double in testbenches/rtl_model/array/random/test_array_random.cpp. */
#ifndef EPX_ARRAY_MATH_H
#define EPX_ARRAY_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline double epx_math_from_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint64_t epx_math_to_bits(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* The nearest integer, ties to even; |x| < 2^51. */
static inline double epx_math_round(double x) {
  const double magic = 0x1.8p52;
  return (x + magic) - magic;
}

/* e^x, relative error below 2^-51. Arguments are taken into [-700, 700]: no overflow, no denormals.
 * x = k ln 2 + r with |r| <= ln 2 / 2; the Taylor series of e^r up to r^13. */
static inline double epx_math_exp(double x) {
  x = x < -700.0 ? -700.0 : x > 700.0 ? 700.0 : x;
  const double magic = 0x1.8p52;
  const double shifted = x * 0x1.71547652b82fep+0 + magic; /* 1 / ln 2 */
  const double k = shifted - magic;
  const double r = (x - k * 0x1.62e42fefa3800p-1) - k * 0x1.ef35793c76730p-45; /* ln 2, two parts */
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  /* The low bits of `shifted` are k in two's complement. */
  return p * epx_math_from_bits((epx_math_to_bits(shifted) + 1023) << 52);
}

/* ln x, relative error below 2^-50; x positive and normal. x = 2^k m, m in [sqrt(1/2), sqrt(2));
 * ln m = 2 artanh(s), s = (m - 1) / (m + 1), its series up to s^21. */
static inline double epx_math_log(double x) {
  const uint64_t bits = epx_math_to_bits(x);
  const uint64_t low = UINT64_C(0x3fe6a09e667f3bcd);     /* sqrt(1/2) */
  const uint64_t k_biased = ((bits - low) >> 52) + 1024; /* exponent of 2 modulo 4096, plus 1024 */
  const double m = epx_math_from_bits(bits - ((k_biased - 1024) << 52));
  /* k as a real number: the 12 bits lie below the magic number's point. */
  const double k =
      epx_math_from_bits((k_biased & 0xfff) | UINT64_C(0x4330000000000000)) - (0x1p52 + 1024.0);
  const double s = (m - 1.0) / (m + 1.0), t = s * s;
  double p = 1.0 / 21.0;
  p = p * t + 1.0 / 19.0;
  p = p * t + 1.0 / 17.0;
  p = p * t + 1.0 / 15.0;
  p = p * t + 1.0 / 13.0;
  p = p * t + 1.0 / 11.0;
  p = p * t + 1.0 / 9.0;
  p = p * t + 1.0 / 7.0;
  p = p * t + 1.0 / 5.0;
  p = p * t + 1.0 / 3.0;
  const double tail = p * t * s;
  return k * 0x1.62e42fefa3800p-1 + (2.0 * s + (2.0 * tail + k * 0x1.ef35793c76730p-45));
}

/* The standard normal quantile of p = 1/2 + q, |q| < 1/2, |q| a multiple of 2^-53: relative error
 * below 2^-48. Source: algorithm AS 241 (PPND16), M. J. Wichura, The percentage points of the
 * normal distribution, Applied Statistics 37 (1988) 477-484: rational functions of 0.180625 - q^2
 * near the middle and of sqrt(-ln(min(p, 1 - p))) in the tails. */
static inline double epx_math_normal_quantile(double q) {
  const double r = 0.180625 - q * q;
  double a = 2.5090809287301226727e3, b = 5.2264952788528545610e3;
  a = a * r + 3.3430575583588128105e4;
  a = a * r + 6.7265770927008700853e4;
  a = a * r + 4.5921953931549871457e4;
  a = a * r + 1.3731693765509461125e4;
  a = a * r + 1.9715909503065514427e3;
  a = a * r + 1.3314166789178437745e2;
  a = a * r + 3.3871328727963666080e0;
  b = b * r + 2.8729085735721942674e4;
  b = b * r + 3.9307895800092710610e4;
  b = b * r + 2.1213794301586595867e4;
  b = b * r + 5.3941960214247511077e3;
  b = b * r + 6.8718700749205790830e2;
  b = b * r + 4.2313330701600911252e1;
  b = b * r + 1.0;

  const double size = q < 0.0 ? -q : q;
  const double root = sqrt(-epx_math_log(0.5 - size));
  const int far = root > 5.0;
  const double s = far ? root - 5.0 : root - 1.6;
  double c = far ? 2.01033439929228813265e-7 : 7.74545014278341407640e-4;
  double d = far ? 2.04426310338993978564e-15 : 1.05075007164441684324e-9;
  c = c * s + (far ? 2.71155556874348757815e-5 : 2.27238449892691845833e-2);
  c = c * s + (far ? 1.24266094738807843860e-3 : 2.41780725177450611770e-1);
  c = c * s + (far ? 2.65321895265761230930e-2 : 1.27045825245236838258e0);
  c = c * s + (far ? 2.96560571828504891230e-1 : 3.64784832476320460504e0);
  c = c * s + (far ? 1.78482653991729133580e0 : 5.76949722146069140550e0);
  c = c * s + (far ? 5.46378491116411436990e0 : 4.63033784615654529590e0);
  c = c * s + (far ? 6.65790464350110377720e0 : 1.42343711074968357734e0);
  d = d * s + (far ? 1.42151175831644588870e-7 : 5.47593808499534494600e-4);
  d = d * s + (far ? 1.84631831751005468180e-5 : 1.51986665636164571966e-2);
  d = d * s + (far ? 7.86869131145613259100e-4 : 1.48103976427480074590e-1);
  d = d * s + (far ? 1.48753612908506148525e-2 : 6.89767334985100004550e-1);
  d = d * s + (far ? 1.36929880922735805310e-1 : 1.67638483018380384940e0);
  d = d * s + (far ? 5.99832206555887937690e-1 : 2.05319162663775882187e0);
  d = d * s + 1.0;

  const double middle = q * a / b, tail = q < 0.0 ? -(c / d) : c / d;
  return size <= 0.425 ? middle : tail;
}

#endif
