/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them in reports. What is not finite becomes a dash. */
#ifndef EPX_FORMAT_H
#define EPX_FORMAT_H

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_FORMAT_SIZE = 48 };

/* Four significant digits, thousands grouped: "0.1235", "12.30", "1,235", "1.235e+15". */
const char *epx_format_number(double x, char text[EPX_FORMAT_SIZE]);

/* The same without trailing zeros, for values that somebody chose: "0.05", "1", "290". */
const char *epx_format_short(double x, char text[EPX_FORMAT_SIZE]);

/* A fraction in percent with two decimals: "12.34 %". */
const char *epx_format_percent(double fraction, char text[EPX_FORMAT_SIZE]);

/* A whole number with thousands grouped: "1,234,567". */
const char *epx_format_count(double x, char text[EPX_FORMAT_SIZE]);

/* "low to high" of epx_format_short, or a dash where both are unknown. */
const char *epx_format_range(double low, double high, char text[EPX_FORMAT_SIZE]);

/* A time span: "850 ms", "12.3 s", "4 min 05 s", "3 h 12 min". */
const char *epx_format_seconds(double seconds, char text[EPX_FORMAT_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
