/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_junit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "epx_record_file.h"

static void print_escaped(FILE *out, const char *text) {
  for (; *text != '\0'; ++text) {
    switch (*text) {
      case '&':
        fputs("&amp;", out);
        break;
      case '<':
        fputs("&lt;", out);
        break;
      case '>':
        fputs("&gt;", out);
        break;
      case '"':
        fputs("&quot;", out);
        break;
      default:
        fputc(*text, out);
    }
  }
}

static void print_case(FILE *out, const char *suite, const epx_junit_case_t *one) {
  fputs("    <testcase classname=\"", out);
  print_escaped(out, suite);
  fputs("\" name=\"", out);
  print_escaped(out, one->name);
  fprintf(out, "\" assertions=\"%" PRId64 "\"", one->compared);
  if (one->differing == 0) {
    fputs("/>\n", out);
    return;
  }
  fprintf(out, ">\n      <failure message=\"%" PRId64 " of %" PRId64 " differ", one->differing,
          one->compared);
  if (one->message != NULL && one->message[0] != '\0') {
    fputs("; first: ", out);
    print_escaped(out, one->message);
  }
  fputs("\"/>\n    </testcase>\n", out);
}

epx_status_t epx_junit_write(const char *path, const char *suite, const epx_junit_case_t *cases,
                             int count, double seconds, epx_error_t *error) {
  char *text = NULL;
  size_t size = 0;
  int failures = 0;
  for (int i = 0; i < count; ++i) {
    failures += cases[i].differing > 0;
  }
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for %s", path);
  }
  fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
  print_escaped(out, suite);
  fprintf(out, "\" tests=\"%d\" failures=\"%d\" errors=\"0\" time=\"%.3f\">\n", count, failures,
          seconds);
  for (int i = 0; i < count; ++i) {
    print_case(out, suite, &cases[i]);
  }
  fprintf(out, "  </testsuite>\n</testsuites>\n");
  epx_status_t status = EPX_OK;
  if (fclose(out) != 0) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for %s", path);
  }
  status = status == EPX_OK ? epx_text_write(path, text, size, error) : status;
  free(text);
  return status;
}
