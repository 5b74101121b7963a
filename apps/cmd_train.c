/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "epx_config.h"
#include "run.h"

typedef struct arguments_t {
  command_source_t source;
  const char *out;
  const char *resume;
  double checkpoint_seconds;
  bool quiet;
} arguments_t;

static void take_seconds(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  char *end;
  arguments->checkpoint_seconds = strtod(argument, &end);
  if (*argument == '\0' || *end != '\0' || !(arguments->checkpoint_seconds >= 0.0)) {
    argp_error(state, "--checkpoint-every %s: expected seconds, 0 or more", argument);
  }
}

static const epx_option_t options[] = {
    {"out", 'o', "DIR", "Run folder to make (default: runs/DATE-TIME)", EPX_OPTION_FOLDER,
     EPX_OPTION_AT(arguments_t, out)},
    {"resume", 0, "DIR",
     "Continue a run, bit for bit as if it had not stopped, with its own configuration; what "
     "--set, "
     "--data or an edit of its config.yaml changes is said and kept in its history, and refused "
     "where it would make another run of it",
     EPX_OPTION_TEXT, EPX_OPTION_AT(arguments_t, resume)},
    {"checkpoint-every", 0, "SECONDS",
     "Write a checkpoint at least this often (default 60; 0: after epochs only)", EPX_OPTION_CALL,
     .take = take_seconds},
    {"quiet", 'q', NULL, "No progress bar and no line an epoch", EPX_OPTION_FLAG,
     EPX_OPTION_AT(arguments_t, quiet)},
    {0}};

static const char help[] =
    "Trains a network by equilibrium propagation; without a configuration file, the embedded "
    "default on generated images.\v"
    "Example: epxbar train configs/cifar10-small.yaml --data data --out runs/cifar10";

static char *join(int argc, char **argv) {
  size_t length = 1;
  for (int i = 0; i < argc; ++i) {
    length += strlen(argv[i]) + 1;
  }
  char *line = calloc(length, 1);
  for (int i = 0; line != NULL && i < argc; ++i) {
    strcat(line, argv[i]);
    strcat(line, i + 1 < argc ? " " : "");
  }
  return line;
}

static epx_status_t load(arguments_t *arguments, epx_experiment_t *experiment, epx_error_t *error) {
  static char path[1024];
  command_source_t *source = &arguments->source;
  if (arguments->resume != NULL) {
    if (source->file != NULL || arguments->out != NULL) {
      return epx_fail(error, EPX_ERR_ARGUMENT,
                      "--resume %s continues that run with its own configuration, in its own "
                      "folder; leave out %s%s",
                      arguments->resume, source->file != NULL ? "" : "--out ",
                      source->file != NULL ? source->file : arguments->out);
    }
    snprintf(path, sizeof path, "%s/config.yaml", arguments->resume);
    source->file = path;
    if (access(path, R_OK) != 0) {
      return epx_fail(error, EPX_ERR_NOT_FOUND, "--resume %s: no run to continue: %s: %s",
                      arguments->resume, path, strerror(errno));
    }
  }
  return epx_config_load(source->file, source->overrides, source->override_count, experiment,
                         error);
}

int command_train(int argc, char **argv) {
  arguments_t arguments = {.checkpoint_seconds = 60.0};
  epx_experiment_t experiment;
  epx_error_t error = {0};
  char folder[64];
  const epx_command_line_t line = {
      .arguments = "[CONFIG.yaml]",
      .help = help,
      .sets = {{options, &arguments}, {command_common_options, &arguments.source}},
      .argument = command_take_file,
      .argument_values = &arguments.source,
  };
  epx_status_t status = epx_options_parse(&line, argc, argv, &error);
  status = status == EPX_OK ? load(&arguments, &experiment, &error) : status;
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  const time_t now = time(NULL);
  strftime(folder, sizeof folder, "runs/%Y%m%d-%H%M%S", localtime(&now));
  char *command_line = join(argc, argv);
  const run_options_t run = {
      .folder = arguments.resume != NULL ? arguments.resume
                : arguments.out != NULL  ? arguments.out
                                         : folder,
      .command_line = command_line != NULL ? command_line : "epxbar train",
      .resume = arguments.resume != NULL,
      .quiet = arguments.quiet,
      .checkpoint_seconds = arguments.checkpoint_seconds,
  };
  status = run_train(&experiment, &run, NULL, &error);
  free(command_line);
  if (status == EPX_ERR_INTERRUPTED) {
    fprintf(stderr, "epxbar: %s; continue with: epxbar train --resume %s\n", error.message,
            run.folder);
    return 1;
  }
  if (status != EPX_OK) {
    return command_failed(status, &error);
  }
  if (!arguments.quiet) {
    fprintf(stderr, "run folder: %s\n", run.folder);
  }
  return 0;
}
