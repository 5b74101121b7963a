// SPDX-License-Identifier: Apache-2.0
#include "epx_tile_main.h"

#include <cstring>
#include <vector>

#include "epx_config.h"

namespace epx::testbench {

namespace {

enum { KEY_CONFIG = 0x200, KEY_SET };

struct Arguments {
  const char *config = nullptr;
  std::vector<const char *> overrides;
  epx_tile_command_t command = epx_tile_command_default();
};

void set_config(Arguments *arguments, const char *file, argp_state *state) {
  if (arguments->config != nullptr) {
    argp_error(state, "more than one file: %s and %s", arguments->config, file);
  }
  arguments->config = file;
}

error_t parse(int key, char *argument, argp_state *state) {
  auto *arguments = static_cast<Arguments *>(state->input);
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &arguments->command;
      return 0;
    case KEY_CONFIG:
    case ARGP_KEY_ARG:
      set_config(arguments, argument, state);
      return 0;
    case KEY_SET:
      if (std::strchr(argument, '=') == nullptr) {
        argp_error(state, "--set %s: expected KEY=VALUE", argument);
      }
      arguments->overrides.push_back(argument);
      return 0;
    case ARGP_KEY_END:
      if ((arguments->command.vectors != nullptr) == (arguments->command.random > 0)) {
        argp_error(state, "expected --vectors FILE or --random N");
      }
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

void parse_arguments(int argc, char **argv, Arguments *arguments) {
  const argp_option options[] = {
      {"config", KEY_CONFIG, "FILE", 0, "Network and chip (or CONFIG.yaml; default: epxbar's)", 0},
      {"set", KEY_SET, "KEY=VALUE", 0, "Override a key of the configuration (repeatable)", 0},
      {nullptr, 0, nullptr, 0, nullptr, 0}};
  const argp_child children[] = {{epx_tile_command_argp(), 0, nullptr, 0},
                                 {nullptr, 0, nullptr, 0}};
  const argp parser = {
      options,         parse,
      "[CONFIG.yaml]", "Runs vectors on a tile behind epxbar's ports and compares every value.",
      children,        nullptr,
      nullptr};
  argp_err_exit_status = 2;
  argp_parse(&parser, argc, argv, 0, nullptr, arguments);
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
  parse_arguments(argc, argv, &arguments);
  arguments.command.bench.run = run_fn;
  const char *slash = std::strrchr(argv[0], '/');
  const char *program = slash != nullptr ? slash + 1 : argv[0];
  const epx_status_t status = run(arguments, program, &error);
  if (status != EPX_OK) {
    std::fprintf(stderr, "%s: %s\n", program, error.message);
  }
  return epx_status_exit_code(status);
}

}  // namespace epx::testbench
