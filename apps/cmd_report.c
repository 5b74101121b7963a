/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>

#include "command.h"
#include "epx_report.h"

enum { MAX_FOLDERS = 64 };

typedef struct arguments_t {
  const char *folders[MAX_FOLDERS];
  int count;
  const char *out;
} arguments_t;

static const struct argp_option options[] = {
    {"out", 'o', "FILE", 0, "Page to write (default: report.html in the first folder)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  arguments_t *arguments = state->input;
  switch (key) {
    case 'o':
      arguments->out = argument;
      return 0;
    case ARGP_KEY_ARG:
      if (arguments->count == MAX_FOLDERS) {
        argp_error(state, "more than %d run folders", MAX_FOLDERS);
      }
      arguments->folders[arguments->count++] = argument;
      return 0;
    case ARGP_KEY_NO_ARGS:
      argp_error(state, "expected at least one run folder");
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp argp = {options,
                                 parse,
                                 "RUN_FOLDER...",
                                 "Makes one self-contained HTML page of run folders: learning "
                                 "curves, gradient agreement, energy "
                                 "and latency, the tile check, the settings. It opens offline.",
                                 0,
                                 0,
                                 0};

int command_report(int argc, char **argv) {
  arguments_t arguments = {0};
  char path[1024];
  epx_error_t error = {0};
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  snprintf(path, sizeof path, "%s/report.html", arguments.folders[0]);
  const char *out = arguments.out != NULL ? arguments.out : path;
  const epx_status_t status = epx_report_write(arguments.folders, arguments.count, out, &error);
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  printf("%s\n", out);
  return 0;
}
