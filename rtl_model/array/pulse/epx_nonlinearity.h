/* SPDX-License-Identifier: Apache-2.0 */
/* NeuroSim's nonlinearity label NL of a pulse curve, and the curve's parameter A.
 *
 * The curve of Pmax pulses from 0 to 1 is f(x) = (1 - e^(-x/a)) / (1 - e^(-1/a)) over the fraction
 * x of pulses, a = A / Pmax. Its label is the greatest height above the diagonal, in units of
 * 0.14/sqrt(2) = 0.0989949:
 *
 *   max_x [f(x) - x] = 0.14/sqrt(2) |NL|,   at x = -a ln(a (1 - e^(-1/a))),   sign(A) = sign(NL)
 *
 * Source: the table of 900 values in NeuroSim (getParamA in formula.cpp of MLP_NeuroSim_V3.0, NL
 * 0.01 to 9), which this equation reproduces to 1e-5 and better, relative; the tests hold it
 * against some of them. A negative A bends the curve downwards: f lies below the diagonal. */
#ifndef EPX_NONLINEARITY_H
#define EPX_NONLINEARITY_H

#ifdef __cplusplus
extern "C" {
#endif

#define EPX_NONLINEARITY_MIN 0.01 /* less is a straight line */
#define EPX_NONLINEARITY_MAX 9.0

/* a of a label, |nl| in [EPX_NONLINEARITY_MIN, EPX_NONLINEARITY_MAX] (others are taken there). */
double epx_nonlinearity_a(double nl);

/* The label of a, |a| in [0.02, 200]. */
double epx_nonlinearity_label(double a);

#ifdef __cplusplus
}
#endif
#endif
