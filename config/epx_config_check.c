/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the network and of substrates stand with them; their messages begin with the key that is
 * at fault, and this file adds the line on which it was set. */
#include "epx_config_check.h"

#include <stdio.h>
#include <string.h>

/* The file or option, and line, at which an origin lies. */
static void print_place(const epx_config_origins_t *origins, epx_config_origin_t origin, char *text,
                        size_t size) {
  const char *path = origins->path != NULL ? origins->path : "configuration";
  switch (origin.source) {
    case EPX_CONFIG_FROM_FILE:
      snprintf(text, size, "%s:%d:%d:", path, origin.line, origin.column);
      break;
    case EPX_CONFIG_FROM_OVERRIDE:
      snprintf(text, size, "--set");
      break;
    case EPX_CONFIG_FROM_DEFAULT:
      snprintf(text, size, "%s:", path);
      break;
  }
}

/* The row that a message is about: the key it begins with, or the first one set below that group.
 */
static int find_subject(const epx_config_origins_t *origins, const char *message) {
  char key[EPX_CONFIG_KEY_SIZE];
  const size_t length = strspn(message, "abcdefghijklmnopqrstuvwxyz_.");
  if (length == 0 || length >= sizeof key) {
    return -1;
  }
  memcpy(key, message, length);
  key[length] = '\0';
  const int row = epx_config_find(key);
  if (row >= 0 || !epx_config_is_group(key)) {
    return row;
  }
  int count, first = -1;
  const epx_config_row_t *rows = epx_config_rows(&count);
  for (int i = 0; i < count; ++i) {
    if (strncmp(rows[i].key, key, length) == 0 && rows[i].key[length] == '.') {
      first = first < 0 ? i : first;
      if (origins->row[i].source != EPX_CONFIG_FROM_DEFAULT) {
        return i;
      }
    }
  }
  return first;
}

/* Whether a message that begins with a key goes on with what was found: "KEY: found 9; expected
 * ..." or "KEY: 9; expected ...", as libraries write that know nothing of places. */
static bool says_found(const char *message, const char *key, const char *value) {
  const size_t length = strlen(value);
  const char *rest = message + strlen(key);
  if (strncmp(rest, ": ", 2) != 0) {
    return false;
  }
  rest += 2;
  return strncmp(rest, "found ", 6) == 0 ||
         (strncmp(rest, value, length) == 0 && strchr(";,", rest[length]) != NULL);
}

/* Fails with a message that begins with a key, preceded by the place where that key was set. */
static epx_status_t fail_located(const epx_experiment_t *experiment,
                                 const epx_config_origins_t *origins, epx_status_t status,
                                 const char *message, epx_error_t *error) {
  char place[700], value[EPX_CONFIG_VALUE_SIZE] = "";
  epx_config_origin_t origin = {EPX_CONFIG_FROM_DEFAULT, 0, 0};
  int layer = -1;
  bool said = false;
  const int subject = find_subject(origins, message);
  if (sscanf(message, "network.layers[%d]", &layer) == 1 && layer >= 0 && layer < EPX_MAX_LAYERS) {
    origin = origins->layer[layer];
    epx_config_format_layer(&experiment->network.layers[layer], value);
  } else if (subject >= 0) {
    int count;
    const epx_config_row_t *row = &epx_config_rows(&count)[subject];
    origin = origins->row[subject];
    if (strncmp(message, row->key, strlen(row->key)) == 0) {
      epx_config_format_value(row, experiment, value);
      said = says_found(message, row->key, value);
    }
  }
  print_place(origins, origin, place, sizeof place);
  const char *by_default = origin.source == EPX_CONFIG_FROM_DEFAULT ? " (the default)" : "";
  status = status == EPX_ERR_ARGUMENT ? EPX_ERR_CONFIG : status;
  if (value[0] == '\0' || said) {
    return epx_fail(error, status, "%s %s%s", place, message, said ? by_default : "");
  }
  return epx_fail(error, status, "%s %s; found %.300s%s", place, message, value, by_default);
}

/* One value for all parameter layers, or one for each. */
static epx_status_t check_count(const epx_experiment_t *experiment,
                                const epx_config_origins_t *origins, const char *key, int count,
                                epx_error_t *error) {
  const int layers = epx_network_parameter_layers(&experiment->network);
  if (count == 1 || count == layers) {
    return EPX_OK;
  }
  char message[256];
  snprintf(message, sizeof message,
           "%s: %d values for %d parameter layers%s; expected 1 value or %d", key, count, layers,
           layers > experiment->network.layer_count ? " (the read-out is one)" : "", layers);
  return fail_located(experiment, origins, EPX_ERR_CONFIG, message, error);
}

/* What an idx set holds shows when its files are opened. Digits are not augmented: mirrored, many
 * are no digits. */
static epx_status_t check_idx(const epx_experiment_t *experiment,
                              const epx_config_origins_t *origins, epx_error_t *error) {
  if (experiment->data.path[0] == '\0') {
    return fail_located(experiment, origins, EPX_ERR_CONFIG,
                        "data.path: data.set idx needs the folder of its files", error);
  }
  if (experiment->data.augment) {
    return fail_located(experiment, origins, EPX_ERR_UNSUPPORTED,
                        "data.augment: data.set idx is not augmented, for flips would make other "
                        "signs of digits",
                        error);
  }
  return EPX_OK;
}

/* The other sets hold colour images of 32 x 32 pixels in ten classes. */
static epx_status_t check_data(const epx_experiment_t *experiment,
                               const epx_config_origins_t *origins, epx_error_t *error) {
  static const int shape[3] = {3, 32, 32};
  static const int classes = 10;
  const char *set = experiment->data.set == EPX_DATA_CIFAR10 ? "cifar10" : "generated";
  char message[256];
  if (experiment->data.set == EPX_DATA_IDX) {
    return check_idx(experiment, origins, error);
  }
  if (memcmp(experiment->network.input, shape, sizeof shape) != 0) {
    snprintf(message, sizeof message, "network.input: images of data.set %s are [%d, %d, %d]", set,
             shape[0], shape[1], shape[2]);
    return fail_located(experiment, origins, EPX_ERR_CONFIG, message, error);
  }
  if (experiment->network.classes != classes) {
    snprintf(message, sizeof message, "network.classes: data.set %s has %d classes", set, classes);
    return fail_located(experiment, origins, EPX_ERR_CONFIG, message, error);
  }
  if (experiment->data.set == EPX_DATA_CIFAR10 && experiment->data.path[0] == '\0') {
    return fail_located(experiment, origins, EPX_ERR_CONFIG,
                        "data.path: data.set cifar10 needs the path of its files", error);
  }
  return EPX_OK;
}

/* What the substrate refuses. */
static epx_status_t check_substrate(const epx_experiment_t *experiment,
                                    const epx_config_origins_t *origins, epx_error_t *error) {
  const epx_substrate_setup_t setup = epx_experiment_setup(experiment);
  epx_error_t inner = {{0}};
  const epx_status_t status = epx_experiment_kind(experiment)->check(&setup, &inner);
  return status == EPX_OK ? EPX_OK
                          : fail_located(experiment, origins, status, inner.message, error);
}

/* Updates inside a phase leave no room for what lasts from one mini-batch to the next. */
static epx_status_t check_continual(const epx_experiment_t *experiment,
                                    const epx_config_origins_t *origins, epx_error_t *error) {
  if (!experiment->estimator.continual) {
    return EPX_OK;
  }
  if (experiment->training.momentum != 0.0) {
    return fail_located(experiment, origins, EPX_ERR_CONFIG,
                        "training.momentum: estimator.continual needs 0", error);
  }
  if (experiment->training.weight_decay != 0.0) {
    return fail_located(experiment, origins, EPX_ERR_CONFIG,
                        "training.weight_decay: estimator.continual needs 0", error);
  }
  return EPX_OK;
}

epx_status_t epx_config_check_network(const epx_experiment_t *experiment,
                                      const epx_config_origins_t *origins, epx_error_t *error) {
  epx_layer_shape_t shapes[EPX_MAX_LAYERS + 1];
  epx_error_t inner = {{0}};
  const epx_status_t status = epx_network_shapes(&experiment->network, shapes, &inner);
  return status == EPX_OK ? EPX_OK
                          : fail_located(experiment, origins, status, inner.message, error);
}

epx_status_t epx_config_check(const epx_experiment_t *experiment,
                              const epx_config_origins_t *origins, epx_error_t *error) {
  epx_status_t status = epx_config_check_network(experiment, origins, error);
  if (status != EPX_OK) {
    return status;
  }
  status = check_count(experiment, origins, "training.learning_rate",
                       experiment->training.learning_rate_count, error);
  if (status == EPX_OK) {
    status = check_count(experiment, origins, "chip.synapse.format", experiment->chip.synapse_count,
                         error);
  }
  status = status == EPX_OK ? check_data(experiment, origins, error) : status;
  status = status == EPX_OK ? check_substrate(experiment, origins, error) : status;
  return status == EPX_OK ? check_continual(experiment, origins, error) : status;
}
