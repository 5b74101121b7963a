/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_convergence_record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epx_csv.h"
#include "epx_record_file.h"

static const char HEADER[] =
    "axis,bits,format,estimator,beta,free_steps,nudged_steps,images,states,states_rest,gradient,"
    "gradient_rest,cosine\n";
enum { COLUMNS = 13 };

static epx_status_t put_row(FILE *out, const void *at, epx_error_t *error) {
  const epx_convergence_row_t *row = at;
  if (!epx_csv_is_plain(row->axis, sizeof row->axis) ||
      !epx_csv_is_plain(row->format, sizeof row->format) ||
      !epx_csv_is_plain(row->estimator, sizeof row->estimator)) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "A row of convergence.csv holds a text that is too long or has a comma, a "
                    "quote or a control character.");
  }
  const double numbers[] = {row->states.whole,  row->states.rest, row->gradient.whole,
                            row->gradient.rest, row->cosine,      row->beta};
  char text[6][EPX_CSV_NUMBER_SIZE];
  for (int i = 0; i < 6; ++i) {
    epx_csv_format(numbers[i], text[i]);
  }
  fprintf(out, "%s,%d,%s,%s,%s,%d,%d,%d,%s,%s,%s,%s,%s\n", row->axis, row->bits, row->format,
          row->estimator, text[5], row->free_steps, row->nudged_steps, row->images, text[0],
          text[1], text[2], text[3], text[4]);
  return EPX_OK;
}

epx_status_t epx_convergence_write(const char *folder, const epx_convergence_row_t *rows, int count,
                                   epx_error_t *error) {
  return epx_csv_write(folder, "convergence.csv", HEADER, put_row, rows, sizeof *rows, count,
                       error);
}

static const char *parse_row(void *at, char **fields) {
  epx_convergence_row_t *row = at;
  return !epx_csv_text(fields[0], row->axis, sizeof row->axis)             ? "axis"
         : !epx_csv_int(fields[1], 1, &row->bits)                          ? "bits"
         : !epx_csv_text(fields[2], row->format, sizeof row->format)       ? "format"
         : !epx_csv_text(fields[3], row->estimator, sizeof row->estimator) ? "estimator"
         : !epx_csv_number(fields[4], &row->beta) || !isfinite(row->beta)  ? "beta"
         : !epx_csv_int(fields[5], 1, &row->free_steps)                    ? "free_steps"
         : !epx_csv_int(fields[6], 1, &row->nudged_steps)                  ? "nudged_steps"
         : !epx_csv_int(fields[7], 1, &row->images)                        ? "images"
         : !epx_csv_number_or_nan(fields[8], &row->states.whole)           ? "states"
         : !epx_csv_number_or_nan(fields[9], &row->states.rest)            ? "states_rest"
         : !epx_csv_number_or_nan(fields[10], &row->gradient.whole)        ? "gradient"
         : !epx_csv_number_or_nan(fields[11], &row->gradient.rest)         ? "gradient_rest"
         : !epx_csv_number_or_nan(fields[12], &row->cosine)                ? "cosine"
                                                                           : NULL;
}

epx_status_t epx_convergence_read(const char *folder, epx_convergence_row_t **rows, int *count,
                                  epx_error_t *error) {
  void *read = NULL;
  const epx_status_t status = epx_csv_read(folder, "convergence.csv", HEADER, COLUMNS, parse_row,
                                           sizeof **rows, &read, count, error);
  if (status == EPX_OK) {
    *rows = read;
  }
  return status;
}

epx_convergence_fit_t epx_convergence_fit(const epx_convergence_row_t *rows, int count,
                                          const char *axis, bool gradient) {
  epx_convergence_fit_t fit = {0};
  double bits = 0.0, logs = 0.0, products = 0.0, squares = 0.0;
  for (int i = 0; i < count; ++i) {
    const epx_convergence_error_t *e = gradient ? &rows[i].gradient : &rows[i].states;
    if (strcmp(rows[i].axis, axis) != 0 || !(e->whole > 0.0) ||
        e->whole > EPX_CONVERGENCE_SATURATED || !(e->whole >= EPX_CONVERGENCE_OWN * e->rest)) {
      continue;
    }
    const int b = rows[i].bits;
    const double own = log2(sqrt(e->whole * e->whole - e->rest * e->rest));
    fit.low = fit.used == 0 || b < fit.low ? b : fit.low;
    fit.high = b > fit.high ? b : fit.high;
    ++fit.used;
    bits += b;
    logs += own;
    products += b * own;
    squares += (double)b * b;
  }
  const double n = fit.used, spread = n * squares - bits * bits;
  fit.determined = fit.used >= 3 && spread > 0.0;
  if (fit.determined) {
    fit.factor = exp2((bits * logs - n * products) / spread);
    fit.middle = bits / n;
    fit.at_middle = exp2(logs / n);
  }
  return fit;
}

double epx_convergence_law(const epx_convergence_fit_t *fit, int bits, double rest) {
  return hypot(fit->at_middle * exp2(fit->middle - bits), rest);
}
