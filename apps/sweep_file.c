/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_config.h"
#include "epx_yaml.h"

/* Appends a node in YAML flow form. */
static void print_node(const epx_yaml_node_t *node, FILE *out) {
  if (node->kind == EPX_YAML_SCALAR) {
    fprintf(out, node->quoted ? "\"%s\"" : "%s", node->text);
    return;
  }
  fputc(node->kind == EPX_YAML_LIST ? '[' : '{', out);
  for (const epx_yaml_node_t *child = node->first; child != NULL; child = child->next) {
    if (child->key != NULL) {
      fprintf(out, "%s: ", child->key);
    }
    print_node(child, out);
    fputs(child->next != NULL ? ", " : "", out);
  }
  fputc(node->kind == EPX_YAML_LIST ? ']' : '}', out);
}

/* A node's flow text after `prefix`, on the heap; NULL where memory runs out. */
static char *node_text(const char *prefix, const epx_yaml_node_t *node) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) {
    return NULL;
  }
  fputs(prefix, out);
  print_node(node, out);
  return fclose(out) == 0 ? text : NULL;
}

static epx_status_t read_base(const char *path, const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                              sweep_file_t *file, epx_error_t *error) {
  const char *slash = strrchr(path, '/');
  if (node->kind != EPX_YAML_SCALAR || node->text[0] == '\0') {
    return epx_yaml_fail(yaml, node, error, "base: expected the path of an experiment");
  }
  const int folder = node->text[0] == '/' || slash == NULL ? 0 : (int)(slash - path) + 1;
  snprintf(file->base, sizeof file->base, "%.*s%s", folder, path, node->text);
  return EPX_OK;
}

static epx_status_t read_set(const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                             sweep_file_t *file, epx_error_t *error) {
  if (node->kind != EPX_YAML_MAPPING) {
    return epx_yaml_fail(yaml, node, error, "set: expected a mapping of keys to values");
  }
  for (const epx_yaml_node_t *child = node->first; child != NULL; child = child->next) {
    char prefix[256];
    if (file->set_count == SWEEP_FILE_MAX_SET) {
      return epx_yaml_fail(yaml, child, error, "set: more than %d keys", SWEEP_FILE_MAX_SET);
    }
    snprintf(prefix, sizeof prefix, "%s=", child->key);
    if ((file->set[file->set_count++] = node_text(prefix, child)) == NULL) {
      return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the sweep");
    }
  }
  return EPX_OK;
}

static epx_status_t read_axis(const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                              sweep_file_t *file, epx_error_t *error) {
  if (node->kind != EPX_YAML_LIST || node->count < 1 || node->count > SWEEP_FILE_MAX_VALUES) {
    return epx_yaml_fail(yaml, node, error, "axes.%s: expected a list of 1 to %d values", node->key,
                         SWEEP_FILE_MAX_VALUES);
  }
  if (file->axis_count == EPX_SWEEP_MAX_AXES) {
    return epx_yaml_fail(yaml, node, error, "axes: more than %d axes", EPX_SWEEP_MAX_AXES);
  }
  epx_sweep_axis_t *axis = &file->axes[file->axis_count++];
  char **values = calloc((size_t)node->count, sizeof *values);
  axis->key = strdup(node->key);
  axis->values = (const char *const *)values;
  if (values == NULL || axis->key == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the sweep");
  }
  for (const epx_yaml_node_t *child = node->first; child != NULL; child = child->next) {
    if ((values[axis->value_count++] = node_text("", child)) == NULL) {
      return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the sweep");
    }
  }
  return EPX_OK;
}

static epx_status_t read_top(const char *path, const epx_yaml_t *yaml, sweep_file_t *file,
                             epx_error_t *error) {
  static const char *const keys[] = {"base", "set", "axes"};
  const epx_yaml_node_t *root = epx_yaml_root(yaml);
  epx_status_t status = EPX_OK;
  if (root->kind != EPX_YAML_MAPPING) {
    return epx_yaml_fail(yaml, root, error, "expected a mapping with base, set and axes");
  }
  for (const epx_yaml_node_t *node = root->first; node != NULL && status == EPX_OK;
       node = node->next) {
    if (strcmp(node->key, "base") == 0) {
      status = read_base(path, yaml, node, file, error);
    } else if (strcmp(node->key, "set") == 0) {
      status = read_set(yaml, node, file, error);
    } else if (strcmp(node->key, "axes") == 0 && node->kind == EPX_YAML_MAPPING) {
      for (const epx_yaml_node_t *axis = node->first; axis != NULL && status == EPX_OK;
           axis = axis->next) {
        status = read_axis(yaml, axis, file, error);
      }
    } else {
      const char *near = epx_yaml_nearest(node->key, keys, 3);
      status = epx_yaml_fail_key(yaml, node, error,
                                 "%s: expected base, set or axes (a mapping)%s%s", node->key,
                                 near != NULL ? "; did you mean " : "", near != NULL ? near : "");
    }
  }
  if (status == EPX_OK && file->axis_count == 0) {
    status = epx_yaml_fail(yaml, root, error, "axes: missing; a sweep needs at least one axis");
  }
  return status;
}

epx_status_t sweep_file_read(const char *path, sweep_file_t *file, epx_error_t *error) {
  epx_yaml_t *yaml = NULL;
  memset(file, 0, sizeof *file);
  snprintf(file->path, sizeof file->path, "%s", path);
  epx_status_t status = epx_yaml_read(path, &yaml, error);
  if (status == EPX_OK) {
    status = read_top(path, yaml, file, error);
    epx_yaml_destroy(yaml);
  }
  if (status != EPX_OK) {
    sweep_file_free(file);
  }
  return status;
}

void sweep_file_free(sweep_file_t *file) {
  for (int i = 0; i < file->set_count; ++i) {
    free(file->set[i]);
  }
  for (int a = 0; a < file->axis_count; ++a) {
    for (int i = 0; i < file->axes[a].value_count; ++i) {
      free((void *)(uintptr_t)file->axes[a].values[i]);
    }
    free((void *)(uintptr_t)file->axes[a].values);
    free((void *)(uintptr_t)file->axes[a].key);
  }
  memset(file, 0, sizeof *file);
}

/* A setting came from the sweep file, not from --set: says so in the message. */
static void name_origin(const sweep_file_t *file, epx_error_t *error) {
  const char *key = error->message + strlen("--set ");
  const char *origin = NULL;
  if (strncmp(error->message, "--set ", strlen("--set ")) != 0) {
    return;
  }
  const size_t length = strcspn(key, ":[");
  for (int i = 0; i < file->set_count; ++i) {
    if (strncmp(file->set[i], key, length) == 0 && file->set[i][length] == '=') {
      origin = "set";
    }
  }
  for (int a = 0; a < file->axis_count; ++a) {
    if (strncmp(file->axes[a].key, key, length) == 0 && file->axes[a].key[length] == '\0') {
      origin = "axes";
    }
  }
  if (origin != NULL) {
    const epx_error_t before = *error;
    snprintf(error->message, sizeof error->message, "%.*s: %s: %.*s", 500, file->path, origin, 500,
             before.message + strlen("--set "));
  }
}

epx_status_t sweep_file_experiment(const sweep_file_t *file, const char *const *overrides,
                                   int override_count, char *const *values,
                                   epx_experiment_t *experiment, epx_error_t *error) {
  const char *list[SWEEP_FILE_MAX_SET + 128 + EPX_SWEEP_MAX_AXES];
  char *settings[EPX_SWEEP_MAX_AXES] = {0};
  int count = 0;
  epx_status_t status = EPX_OK;
  for (int i = 0; i < file->set_count; ++i) {
    list[count++] = file->set[i];
  }
  for (int i = 0; i < override_count && i < 128; ++i) {
    list[count++] = overrides[i];
  }
  for (int a = 0; values != NULL && a < file->axis_count && status == EPX_OK; ++a) {
    const size_t size = strlen(file->axes[a].key) + strlen(values[a]) + 2;
    if ((settings[a] = malloc(size)) == NULL) {
      status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for the sweep");
      break;
    }
    snprintf(settings[a], size, "%s=%s", file->axes[a].key, values[a]);
    list[count++] = settings[a];
  }
  if (status == EPX_OK) {
    status =
        epx_config_load(file->base[0] != '\0' ? file->base : NULL, list, count, experiment, error);
    if (status != EPX_OK && error != NULL) {
      name_origin(file, error);
    }
  }
  for (int a = 0; a < EPX_SWEEP_MAX_AXES; ++a) {
    free(settings[a]);
  }
  return status;
}

/* Steps *at to the next combination of the axes other than `fixed`; false after the last. */
static bool next_combination(const sweep_file_t *file, int fixed, int at[EPX_SWEEP_MAX_AXES]) {
  for (int a = file->axis_count - 1; a >= 0; --a) {
    if (a == fixed) {
      continue;
    }
    if (++at[a] < file->axes[a].value_count) {
      return true;
    }
    at[a] = 0;
  }
  return false;
}

/* OK where a point with value `index` on axis `axis` is possible; the first failure else. */
static epx_status_t check_value(const sweep_file_t *file, const char *const *overrides,
                                int override_count, int axis, int index, epx_error_t *error) {
  enum { MOST_TRIALS = 1000 };
  int at[EPX_SWEEP_MAX_AXES] = {0};
  epx_experiment_t experiment;
  epx_error_t failure = {0};
  epx_status_t first = EPX_OK;
  at[axis] = index;
  for (int trial = 0; trial < MOST_TRIALS; ++trial) {
    char *values[EPX_SWEEP_MAX_AXES] = {0};
    for (int a = 0; a < file->axis_count; ++a) {
      values[a] = (char *)(uintptr_t)file->axes[a].values[at[a]];
    }
    const epx_status_t status = sweep_file_experiment(
        file, overrides, override_count, values, &experiment, first == EPX_OK ? error : &failure);
    if (status == EPX_OK) {
      return EPX_OK;
    }
    first = first == EPX_OK ? status : first;
    if (!next_combination(file, axis, at)) {
      return first;
    }
  }
  return EPX_OK; /* nothing found: such points will fail for themselves */
}

epx_status_t sweep_file_check(const sweep_file_t *file, const char *const *overrides,
                              int override_count, epx_error_t *error) {
  for (int a = 0; a < file->axis_count; ++a) {
    const char *key = file->axes[a].key;
    const size_t length = strlen(key);
    for (int i = 0; i < override_count; ++i) {
      if (strncmp(overrides[i], key, length) == 0 && overrides[i][length] == '=') {
        return epx_fail(error, EPX_ERR_CONFIG,
                        "--set %s: no effect; %s: axes sets that key for each point", overrides[i],
                        file->path);
      }
    }
    for (int i = 0; i < file->axes[a].value_count; ++i) {
      epx_error_t failure = {0};
      const epx_status_t status = check_value(file, overrides, override_count, a, i, &failure);
      if (status != EPX_OK) {
        return epx_fail(error, status, "%s", failure.message);
      }
    }
  }
  return EPX_OK;
}
