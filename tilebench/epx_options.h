/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines as tables: a command lists its options, each with the member of a struct that it
 * fills, and gets parsing, --help, --usage, ranges and the check of its output files.
 *
 *   typedef struct arguments_t { const char *out; int images; bool quiet; } arguments_t;
 *   static const epx_option_t options[] = {
 *       {"out", 'o', "FILE", "File to write", EPX_OPTION_OUTPUT, EPX_OPTION_AT(arguments_t, out)},
 *       {"images", 0, "N", "How many", EPX_OPTION_WHOLE, EPX_OPTION_AT(arguments_t, images),
 *        .low = 1, .high = 99},
 *       {"quiet", 'q', NULL, "Print nothing", EPX_OPTION_FLAG, EPX_OPTION_AT(arguments_t, quiet)},
 *       {0}};
 *
 * For programs, not for libraries: errors of usage and --help print and exit, as argp does. */
#ifndef EPX_OPTIONS_H
#define EPX_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_option_kind_t {
  EPX_OPTION_FLAG,   /* bool: becomes true */
  EPX_OPTION_TEXT,   /* const char *: becomes the argument */
  EPX_OPTION_OUTPUT, /* const char *: a file that the command writes */
  EPX_OPTION_FOLDER, /* const char *: a folder that the command writes into, or makes */
  EPX_OPTION_WHOLE,  /* int, uint32_t or uint64_t: a whole number from low to high */
  EPX_OPTION_CALL,   /* take() is called */
  EPX_OPTION_ALIAS   /* another name of the option before it */
} epx_option_kind_t;

/* What an option of its own or a positional argument does to `values`; argp_error() on a mistake.
 */
typedef void epx_option_take_t(void *values, char *argument, struct argp_state *state);

typedef struct epx_option_t {
  const char *name;  /* without its dashes; NULL ends a table */
  int letter;        /* of the short form, or 0 */
  const char *value; /* how --help names the argument; NULL: the option takes none */
  const char *help;
  epx_option_kind_t kind;
  size_t at, size;         /* of the member: EPX_OPTION_AT(type, member) */
  int low, high;           /* WHOLE */
  epx_option_take_t *take; /* CALL */
  bool optional;           /* the argument may be left out: take() gets NULL */
  int group;               /* of --help */
} epx_option_t;

#define EPX_OPTION_AT(type, member) \
  .at = offsetof(type, member), .size = sizeof(((type *)0)->member)

/* A table and the struct whose members it fills. */
typedef struct epx_option_set_t {
  const epx_option_t *options;
  void *values;
} epx_option_set_t;

enum { EPX_OPTIONS_MAX_SETS = 4, EPX_OPTIONS_MAX = 64 };

typedef struct epx_command_line_t {
  const char *arguments; /* "[CONFIG.yaml]"; how --help names what is no option */
  const char *help;      /* paragraph of --help; what follows a \v stands below the options */
  epx_option_set_t sets[EPX_OPTIONS_MAX_SETS]; /* the first unused one has no options */
  epx_option_take_t *argument;                 /* for each argument that is no option; or NULL */
  void *argument_values;
  void (*check)(void *values, struct argp_state *state); /* at the end; or NULL */
  void *check_values;
} epx_command_line_t;

/* Parses a command line; exits with 2 on an error of usage. Then every file and folder that an
 * option names for writing is checked (epx_output.h), and that no two options name the same file:
 * EPX_ERR_ARGUMENT or EPX_ERR_IO, before anything is opened. */
EPX_CHECKED epx_status_t epx_options_parse(const epx_command_line_t *line, int argc, char **argv,
                                           epx_error_t *error);

/* A whole number from low to high; else an error of usage that names the option. */
long epx_options_number(const char *option, const char *argument, struct argp_state *state,
                        long low, long high);

#ifdef __cplusplus
}
#endif
#endif
