/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "cost_record.h"
#include "epx_config.h"

typedef struct arguments_t {
  command_source_t source;
  bool explain, markdown;
  const char *prefix;
} arguments_t;

static void take_explain(void *values, char *argument, struct argp_state *state) {
  arguments_t *arguments = values;
  (void)state;
  arguments->explain = true;
  arguments->prefix = argument;
}

static const epx_option_t options[] = {
    {"explain", 0, "PREFIX",
     "Explain every key: type, range, unit, default (only those below PREFIX)", EPX_OPTION_CALL,
     .take = take_explain, .optional = true},
    {"markdown", 0, NULL, "With --explain: in Markdown", EPX_OPTION_FLAG,
     EPX_OPTION_AT(arguments_t, markdown)},
    {0}};

/* "--explain chip" means "--explain=chip". */
static void check(void *values, struct argp_state *state) {
  arguments_t *arguments = values;
  if (arguments->markdown && !arguments->explain) {
    argp_error(state, "--markdown goes with --explain");
  }
  if (arguments->explain && arguments->source.file != NULL) {
    if (arguments->prefix != NULL) {
      argp_error(state, "--explain takes one key: %s", arguments->source.file);
    }
    arguments->prefix = arguments->source.file;
  }
}

static const char help[] =
    "Checks a configuration (or the embedded default) and prints it whole, or explains the keys.";

int command_config(int argc, char **argv) {
  arguments_t arguments = {0};
  epx_experiment_t experiment;
  epx_error_t error = {0};
  const epx_command_line_t line = {
      .arguments = "[CONFIG.yaml]",
      .help = help,
      .sets = {{options, &arguments}, {command_common_options, &arguments.source}},
      .argument = command_take_file,
      .argument_values = &arguments.source,
      .check = check,
      .check_values = &arguments,
  };
  epx_status_t status = epx_options_parse(&line, argc, argv, &error);
  if (status == EPX_OK && arguments.explain) {
    status = epx_config_explain(stdout, arguments.prefix,
                                arguments.markdown ? EPX_CONFIG_MARKDOWN : EPX_CONFIG_TEXT, &error);
  } else if (status == EPX_OK) {
    status = epx_config_load(arguments.source.file, arguments.source.overrides,
                             arguments.source.override_count, &experiment, &error);
    status = status == EPX_OK ? cost_record_check(&experiment, &error) : status;
    status = status == EPX_OK ? epx_config_write(&experiment, stdout, &error) : status;
  }
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
