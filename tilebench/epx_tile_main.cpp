// SPDX-License-Identifier: Apache-2.0
#include "epx_tile_main.h"

#include <cstring>
#include <vector>

#include "epx_config.h"
#include "epx_output.h"

namespace epx::testbench {

namespace {

struct Arguments {
  const char *config = nullptr;
  std::vector<const char *> overrides;
  epx_tile_command_t command = epx_tile_command_default();
};

void take_config(void *values, char *file, argp_state *state) {
  auto *arguments = static_cast<Arguments *>(values);
  if (arguments->config != nullptr) {
    argp_error(state, "more than one file: %s and %s", arguments->config, file);
  }
  arguments->config = file;
}

void take_set(void *values, char *argument, argp_state *state) {
  if (std::strchr(argument, '=') == nullptr) {
    argp_error(state, "--set %s: expected KEY=VALUE", argument);
  }
  static_cast<Arguments *>(values)->overrides.push_back(argument);
}

void check(void *values, argp_state *state) {
  auto *arguments = static_cast<Arguments *>(values);
  if ((arguments->command.vectors != nullptr) == (arguments->command.random > 0)) {
    argp_error(state, "expected --vectors FILE or --random N");
  }
  epx_tile_command_check(&arguments->command);
}

epx_status_t parse(int argc, char **argv, Arguments *arguments, epx_error_t *error) {
  epx_option_t options[3] = {};
  options[0].name = "config";
  options[0].value = "FILE";
  options[0].help = "Network and chip (or CONFIG.yaml; default: epxbar's)";
  options[0].kind = EPX_OPTION_CALL;
  options[0].take = take_config;
  options[1].name = "set";
  options[1].value = "KEY=VALUE";
  options[1].help = "Override a key of the configuration (repeatable)";
  options[1].kind = EPX_OPTION_CALL;
  options[1].take = take_set;
  epx_command_line_t line = {};
  line.arguments = "[CONFIG.yaml]";
  line.help = "Runs vectors on a tile behind epxbar's ports and compares every value.";
  line.sets[0] = {options, arguments};
  line.sets[1] = {epx_tile_command_options, &arguments->command};
  line.argument = take_config;
  line.argument_values = arguments;
  line.check = check;
  line.check_values = arguments;
  return epx_options_parse(&line, argc, argv, error);
}

epx_status_t run(const Arguments &arguments, const char *program, epx_error_t *error) {
  epx_experiment_t experiment;
  epx_tile_vectors_t *vectors = nullptr;
  epx_tile_check_t check;
  const epx_tile_command_t &command = arguments.command;
  epx_status_t status =
      epx_config_load(arguments.config, arguments.overrides.data(),
                      static_cast<int>(arguments.overrides.size()), &experiment, error);
  if (status == EPX_OK) {
    status = epx_tile_command_open(&command, &experiment, &vectors, error);
  }
  const std::string from = command.vectors != nullptr
                               ? command.vectors
                               : std::to_string(command.random) + " random positions, seed " +
                                     std::to_string(command.seed);
  if (status == EPX_OK) {
    status = epx_tile_command_run(&command, &experiment, vectors, from.c_str(), program, stdout,
                                  &check, error);
  } else {
    epx_tile_command_give_up(&command, program, error);
  }
  epx_tile_vectors_destroy(vectors);
  return status;
}

}  // namespace

int tile_main_with(epx_tile_run_fn run_fn, int argc, char **argv) {
  Arguments arguments;
  epx_error_t error = {};
  epx_status_t status = parse(argc, argv, &arguments, &error);
  arguments.command.bench.run = run_fn;
  const char *slash = std::strrchr(argv[0], '/');
  const char *program = slash != nullptr ? slash + 1 : argv[0];
  status = status == EPX_OK ? run(arguments, program, &error) : status;
  status = status == EPX_OK ? epx_output_flush(stdout, "standard output", &error) : status;
  if (status != EPX_OK) {
    std::fprintf(stderr, "%s: %s\n", program, error.message);
  }
  return epx_status_exit_code(status);
}

}  // namespace epx::testbench
