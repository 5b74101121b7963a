/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "epx_config.h"

typedef struct arguments_t {
  command_source_t source;
  bool explain;
  const char *prefix;
  epx_config_format_t format;
} arguments_t;

enum { KEY_EXPLAIN = 0x200, KEY_MARKDOWN };

static const struct argp_option options[] = {
    {"explain", KEY_EXPLAIN, "PREFIX", OPTION_ARG_OPTIONAL,
     "Explain every key: type, range, unit, default (only those below PREFIX)", 0},
    {"markdown", KEY_MARKDOWN, 0, 0, "With --explain: in Markdown", 0},
    COMMAND_COMMON_OPTIONS,
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  arguments_t *arguments = state->input;
  switch (key) {
    case KEY_EXPLAIN:
      arguments->explain = true;
      arguments->prefix = argument;
      return 0;
    case KEY_MARKDOWN:
      arguments->format = EPX_CONFIG_MARKDOWN;
      return 0;
    case ARGP_KEY_ARG:
      return command_file_argument(argument, state, &arguments->source);
    case ARGP_KEY_END: /* "--explain chip" means "--explain=chip" */
      if (arguments->format == EPX_CONFIG_MARKDOWN && !arguments->explain) {
        argp_error(state, "--markdown goes with --explain");
      }
      if (arguments->explain && arguments->source.file != NULL) {
        if (arguments->prefix != NULL) {
          argp_error(state, "--explain takes one key: %s", arguments->source.file);
        }
        arguments->prefix = arguments->source.file;
      }
      return 0;
    default:
      return command_common_option(key, argument, state, &arguments->source);
  }
}

static const struct argp argp = {
    options,
    parse,
    "[CONFIG.yaml]",
    "Checks a configuration (or the embedded default) and prints it whole, or explains the keys.",
    0,
    0,
    0};

int command_config(int argc, char **argv) {
  arguments_t arguments = {.format = EPX_CONFIG_TEXT};
  epx_experiment_t experiment;
  epx_error_t error = {0};
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  epx_status_t status;
  if (arguments.explain) {
    status = epx_config_explain(stdout, arguments.prefix, arguments.format, &error);
  } else {
    status = epx_config_load(arguments.source.file, arguments.source.overrides,
                             arguments.source.override_count, &experiment, &error);
    status = status == EPX_OK ? epx_config_write(&experiment, stdout, &error) : status;
  }
  return status == EPX_OK ? 0 : command_failed(status, &error);
}
