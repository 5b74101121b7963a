/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "epx_config_table.h"
#include "epx_cpu.h"
#include "epx_output.h"
#include "epx_parallel.h"
#include "epx_yaml.h"

typedef struct command_t {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *help;
} command_t;

static const command_t commands[] = {
    {"train", command_train, "train a network on the chip's twin or the golden model"},
    {"sweep", command_sweep,
     "train at every point of a grid of settings; resumes where it stopped"},

    {"gradient", command_gradient, "hold the estimated gradient against the exact one"},
    {"bias", command_bias, "measure the estimate's error over estimators, beta and number formats"},
    {"converge", command_converge,
     "measure how the twin's error against the golden model falls with bits"},
    {"tile", command_tile,
     "check one tile in SystemC, bit for bit, with vectors of a file, a run or a generator"},
    {"chip", command_chip, "run a training step on the whole chip in SystemC, against the twin"},

    {"report", command_report, "make one offline HTML page of run folders"},
    {"config", command_config, "explain, check or print a configuration"},
};

static void print_help(FILE *out) {
  fprintf(out,
          "Usage: epxbar COMMAND [OPTION...]\n\n"
          "Trains convergent networks by equilibrium propagation on a model of a crossbar chip,\n"
          "next to a floating-point golden model, and says what it cost.\n\nCommands:\n");
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; ++i) {
    fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
  }
  fprintf(out,
          "\nOptions:\n"
          "  --help     this text; `epxbar COMMAND --help` explains a command\n"
          "  --version  version and instruction set\n\n"
          "Exit codes: 0 ok, 1 the run failed, 2 usage, configuration or data.\n");
}

static void print_unknown(const char *word) {
  enum { COUNT = sizeof commands / sizeof commands[0] };
  const char *names[COUNT];
  for (int i = 0; i < COUNT; ++i) {
    names[i] = commands[i].name;
  }
  const char *near = epx_yaml_nearest(word, names, COUNT);
  fprintf(stderr, "epxbar: '%s' is not %s%s%s%s\nTry `epxbar --help' for the commands.\n", word,
          word[0] == '-' ? "an option before a command" : "a command",
          near != NULL ? "; did you mean " : "", near != NULL ? near : "", near != NULL ? "?" : "");
}

/* A program started without standard output would take the first file that it opens for it, and
 * print into it. In its place comes one that nothing can be written to. */
static void guard_streams(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file) {
    if (fcntl(file, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != file) {
      _exit(1);
    }
  }
}

/* A signal that ends the program leaves no temporary files. Commands that stop by themselves
 * install a handler of their own in its place. */
static void on_signal(int number) {
  epx_output_end_all();
  raise(number); /* SA_RESETHAND: by default now, which ends the program */
}

static void catch_signals(void) {
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; ++i) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
      sigaction(signals[i], &action, NULL);
    }
  }
}

static bool failure_told = false; /* a second message would say the same */

/* At every exit, argp's own for --help too: what was printed has arrived, or the command failed. */
static void close_stdout(void) {
  epx_error_t error = {0};
  if (epx_output_flush(stdout, "standard output", &error) != EPX_OK) {
    if (!failure_told) {
      fprintf(stderr, "epxbar: %s\n", error.message);
    }
    _exit(1);
  }
}

int command_main(int argc, char **argv) {
  static char name[64];
  guard_streams();
  catch_signals();
  if (atexit(close_stdout) != 0) {
    return 1;
  }
  if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
    printf("epxbar %s (%s)\n", EPX_VERSION, epx_cpu_level_name(epx_cpu_level()));
    return 0;
  }
  if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
    print_help(stdout);
    return 0;
  }
  for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof commands[0]; ++i) {
    if (strcmp(argv[1], commands[i].name) == 0) {
      snprintf(name, sizeof name, "epxbar %s", commands[i].name);
      argv[1] = name;
      return commands[i].run(argc - 1, argv + 1);
    }
  }
  if (argc >= 2) {
    print_unknown(argv[1]);
  } else {
    print_help(stderr);
  }
  return 2;
}

int command_failed(epx_status_t status, const epx_error_t *error) {
  failure_told = true;
  fprintf(stderr, "epxbar: %s\n",
          error->message[0] != '\0' ? error->message : epx_status_string(status));
  return epx_status_exit_code(status);
}

int command_add_override(command_source_t *source, const char *text) {
  if (source->override_count == COMMAND_MAX_OVERRIDES) {
    return 0;
  }
  source->overrides[source->override_count++] = text;
  return 1;
}

static void add_override(command_source_t *source, const char *text, struct argp_state *state) {
  if (!command_add_override(source, text)) {
    argp_error(state, "more than %d --set options", COMMAND_MAX_OVERRIDES);
  }
}

static void take_set(void *source, char *argument, struct argp_state *state) {
  if (strchr(argument, '=') == NULL) {
    argp_error(state, "--set %s: expected KEY=VALUE", argument);
  }
  add_override(source, argument, state);
}

static void take_data(void *values, char *argument, struct argp_state *state) {
  command_source_t *source = values;
  if (strlen(argument) > 500) {
    argp_error(state, "--data: path longer than 500 characters");
  }
  snprintf(source->data, sizeof source->data, "data.path=%s", argument);
  add_override(source, source->data, state);
}

static void take_threads(void *source, char *argument, struct argp_state *state) {
  (void)source;
  epx_parallel_set_threads((int)epx_options_number("threads", argument, state, 1, 1024));
}

const epx_option_t command_common_options[] = {
    {"set", 0, "KEY=VALUE", "Override a key, e.g. training.epochs=3 (repeatable)", EPX_OPTION_CALL,
     .take = take_set},
    {"data", 0, "DIR", "Folder of the data set (short for --set data.path=DIR)", EPX_OPTION_CALL,
     .take = take_data},
    {"threads", 0, "N", "Threads; results do not depend on it (default: all)", EPX_OPTION_CALL,
     .take = take_threads},
    {0}};

void command_take_file(void *values, char *argument, struct argp_state *state) {
  command_source_t *source = values;
  if (source->file != NULL) {
    argp_error(state, "more than one file: %s and %s", source->file, argument);
  }
  source->file = argument;
}

void command_check_run(const char *option, const char *run, const command_source_t *source,
                       struct argp_state *state) {
  if (run != NULL && source->file != NULL) {
    argp_error(state, "--%s %s brings its own configuration; leave out %s", option, run,
               source->file);
  }
}

bool command_take_beta(const char *text, double *beta) {
  int count;
  char *end;
  const epx_config_row_t *rows = epx_config_rows(&count);
  *beta = strtod(text, &end);
  return end != text && *end == '\0' &&
         epx_config_takes(&rows[epx_config_find("estimator.beta")], *beta);
}
