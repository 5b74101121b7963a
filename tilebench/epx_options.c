/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_options.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_output.h"

/* argp knows an option by its letter, or by its place in the flattened tables. */
enum { FIRST_KEY = 0x200 };

typedef struct entry_t {
  const epx_option_t *option;
  void *values;
} entry_t;

typedef struct parser_t {
  const epx_command_line_t *line;
  int count;
  entry_t entries[EPX_OPTIONS_MAX];
} parser_t;

long epx_options_number(const char *option, const char *argument, struct argp_state *state,
                        long low, long high) {
  char *end;
  const long value = strtol(argument, &end, 10);
  if (*argument == '\0' || *end != '\0' || value < low || value > high) {
    argp_error(state, "--%s %s: expected a whole number, %ld to %ld", option, argument, low, high);
  }
  return value;
}

static void take_whole(const epx_option_t *option, char *at, const char *argument,
                       struct argp_state *state) {
  const long value = epx_options_number(option->name, argument, state, option->low, option->high);
  if (option->size == sizeof(uint64_t)) {
    const uint64_t wide = (uint64_t)value;
    memcpy(at, &wide, sizeof wide);
  } else { /* an int or a uint32_t */
    const uint32_t narrow = (uint32_t)value;
    memcpy(at, &narrow, sizeof narrow);
  }
}

static void take(const entry_t *entry, char *argument, struct argp_state *state) {
  const epx_option_t *option = entry->option;
  char *at = (char *)entry->values + option->at;
  switch (option->kind) {
    case EPX_OPTION_FLAG:
      *(bool *)at = true;
      return;
    case EPX_OPTION_TEXT:
    case EPX_OPTION_OUTPUT:
    case EPX_OPTION_FOLDER:
      memcpy(at, &argument, sizeof argument);
      return;
    case EPX_OPTION_WHOLE:
      take_whole(option, at, argument, state);
      return;
    case EPX_OPTION_CALL:
      option->take(entry->values, argument, state);
      return;
    case EPX_OPTION_ALIAS:
      return; /* argp hands an alias over as the option itself */
  }
}

static int key_of(const parser_t *parser, int index) {
  const int letter = parser->entries[index].option->letter;
  return letter != 0 ? letter : FIRST_KEY + index;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  const parser_t *parser = state->input;
  const epx_command_line_t *line = parser->line;
  if (key == ARGP_KEY_ARG && line->argument != NULL) {
    line->argument(line->argument_values, argument, state);
    return 0;
  }
  if (key == ARGP_KEY_END && line->check != NULL) {
    line->check(line->check_values, state);
    return 0;
  }
  for (int i = 0; i < parser->count; ++i) {
    if (key_of(parser, i) == key) {
      take(&parser->entries[i], argument, state);
      return 0;
    }
  }
  return ARGP_ERR_UNKNOWN;
}

static void flatten(parser_t *parser, struct argp_option options[EPX_OPTIONS_MAX + 1]) {
  for (int s = 0; s < EPX_OPTIONS_MAX_SETS && parser->line->sets[s].options != NULL; ++s) {
    const epx_option_set_t *set = &parser->line->sets[s];
    for (const epx_option_t *o = set->options; o->name != NULL; ++o) {
      if (parser->count == EPX_OPTIONS_MAX) {
        return; /* a programmer's mistake: --help then lacks the rest */
      }
      const int i = parser->count++;
      const bool alias = o->kind == EPX_OPTION_ALIAS;
      parser->entries[i] = (entry_t){o, set->values};
      options[i] = (struct argp_option){
          .name = o->name,
          .key = alias ? 0 : key_of(parser, i),
          .arg = o->value,
          .flags = (alias ? OPTION_ALIAS : 0) | (o->optional ? OPTION_ARG_OPTIONAL : 0),
          .doc = o->help,
          .group = o->group};
    }
  }
}

/* The file or folder that an option was given for writing, or NULL. */
static const char *output_of(const entry_t *entry) {
  const char *path = NULL;
  if (entry->option->kind == EPX_OPTION_OUTPUT || entry->option->kind == EPX_OPTION_FOLDER) {
    memcpy(&path, (const char *)entry->values + entry->option->at, sizeof path);
  }
  return path;
}

static epx_status_t check_outputs(const parser_t *parser, epx_error_t *error) {
  for (int i = 0; i < parser->count; ++i) {
    const epx_option_t *option = parser->entries[i].option;
    const char *path = output_of(&parser->entries[i]);
    if (path == NULL) {
      continue;
    }
    epx_error_t why = {{0}};
    const epx_status_t status = option->kind == EPX_OPTION_OUTPUT
                                    ? epx_output_check(path, &why)
                                    : epx_output_check_folder(path, &why);
    if (status != EPX_OK) {
      return epx_fail(error, status, "--%s %.900s", option->name, why.message);
    }
    for (int j = 0; j < i; ++j) {
      const char *other = output_of(&parser->entries[j]);
      if (other != NULL && epx_output_same(path, other)) {
        return epx_fail(error, EPX_ERR_ARGUMENT, "--%s and --%s name the same file, %s",
                        parser->entries[j].option->name, option->name, path);
      }
    }
  }
  return EPX_OK;
}

epx_status_t epx_options_parse(const epx_command_line_t *line, int argc, char **argv,
                               epx_error_t *error) {
  struct argp_option options[EPX_OPTIONS_MAX + 1];
  parser_t parser = {.line = line};
  memset(options, 0, sizeof options);
  flatten(&parser, options);
  const struct argp argp = {options, parse, line->arguments, line->help, 0, 0, 0};
  argp_err_exit_status = 2;
  argp_parse(&argp, argc, argv, 0, NULL, &parser);
  return check_outputs(&parser, error);
}
