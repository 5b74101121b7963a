/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "command.h"
#include "epx_report.h"

enum { MAX_FOLDERS = 64 };

typedef struct arguments_t {
  const char *folders[MAX_FOLDERS];
  int count;
  const char *out;
} arguments_t;

static const epx_option_t options[] = {
    {"out", 'o', "FILE", "Page to write (default: report.html in the first folder)",
     EPX_OPTION_OUTPUT, EPX_OPTION_AT(arguments_t, out)},
    {0}};

static void take_folder(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  if (arguments->count == MAX_FOLDERS) {
    argp_error(state, "more than %d run folders", MAX_FOLDERS);
  }
  arguments->folders[arguments->count++] = argument;
}

static void check(void *values, struct argp_state *state) {
  const arguments_t *arguments = values;
  if (arguments->count == 0) {
    argp_error(state, "expected at least one run folder");
  }
}

static const char help[] =
    "Makes one self-contained HTML page of run folders: learning curves, gradient agreement, "
    "energy and latency, the tile check, the settings. It opens offline.";

int command_report(int argc, char **argv) {
  arguments_t arguments = {0};
  char path[1024];
  epx_error_t error = {0};
  const epx_command_line_t line = {
      .arguments = "RUN_FOLDER...",
      .help = help,
      .sets = {{options, &arguments}},
      .argument = take_folder,
      .argument_values = &arguments,
      .check = check,
      .check_values = &arguments,
  };
  epx_status_t status = epx_options_parse(&line, argc, argv, &error);
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  snprintf(path, sizeof path, "%s/report.html", arguments.folders[0]);
  const char *out = arguments.out != NULL ? arguments.out : path;
  status = epx_report_write(arguments.folders, arguments.count, out, &error);
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  printf("%s\n", out);
  return 0;
}
