/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_junit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "epx_output.h"
#include "epx_record_file.h"
#include "epx_table.h"

static void print_case(FILE *out, const char *suite, const epx_junit_case_t *one) {
  const bool told = one->message != NULL && one->message[0] != '\0';
  fputs("    <testcase classname=\"", out);
  epx_html_text(out, suite);
  fputs("\" name=\"", out);
  epx_html_text(out, one->name);
  fprintf(out, "\" assertions=\"%" PRId64 "\"", one->compared);
  if (one->differing == 0 && !one->broken) {
    fputs("/>\n", out);
    return;
  }
  fprintf(out, ">\n      <%s message=\"", one->broken ? "error" : "failure");
  if (!one->broken) {
    fprintf(out, "%" PRId64 " of %" PRId64 " differ%s", one->differing, one->compared,
            told ? "; first: " : "");
  }
  epx_html_text(out, told ? one->message : "");
  fputs("\"/>\n    </testcase>\n", out);
}

epx_status_t epx_junit_write(const char *path, const char *suite, const epx_junit_case_t *cases,
                             int count, double seconds, epx_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  int failures = 0, errors = 0;
  for (int i = 0; i < count; ++i) {
    failures += cases[i].differing > 0 && !cases[i].broken;
    errors += cases[i].broken;
  }
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for %s", path);
  }
  fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
  epx_html_text(out, suite);
  fprintf(out, "\" tests=\"%d\" failures=\"%d\" errors=\"%d\" time=\"%.3f\">\n", count, failures,
          errors, seconds);
  for (int i = 0; i < count; ++i) {
    print_case(out, suite, &cases[i]);
  }
  fprintf(out, "  </testsuite>\n</testsuites>\n");
  epx_status_t status = EPX_OK;
  if (fclose(out) != 0) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for %s", path);
  }
  status = status == EPX_OK ? epx_output_write(path, text, size, error) : status;
  free(text);
  return status;
}

epx_status_t epx_junit_write_error(const char *path, const char *suite, const char *message,
                                   epx_error_t *error) {
  const epx_junit_case_t one = {.name = "run", .message = message, .broken = true};
  return epx_junit_write(path, suite, &one, 1, 0.0, error);
}
