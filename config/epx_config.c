/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: defaults, then the file's tree, then the overrides' trees, then the checks. */
#include "epx_config.h"

#include <stdio.h>
#include <string.h>

#include "epx_config_check.h"
#include "epx_config_table.h"
#include "epx_config_value.h"

typedef struct loader_t {
  epx_experiment_t experiment;
  epx_config_origins_t origins;
  const epx_yaml_t *yaml; /* of the source being applied */
  epx_config_source_t source;
  epx_error_t *error;
} loader_t;

static epx_config_origin_t origin_of(const loader_t *loader, const epx_yaml_node_t *node) {
  return (epx_config_origin_t){loader->source, node->line, node->column};
}

static epx_status_t apply_value(loader_t *loader, int row, const epx_yaml_node_t *node) {
  int count;
  const epx_config_row_t *rows = epx_config_rows(&count);
  const epx_status_t status = epx_config_parse_value(&rows[row], rows[row].key, loader->yaml, node,
                                                     &loader->experiment, loader->error);
  if (status != EPX_OK) {
    return status;
  }
  loader->origins.row[row] = origin_of(loader, node);
  if (rows[row].type == EPX_TYPE_LAYERS) {
    int layer = 0;
    for (const epx_yaml_node_t *item = node->first; item != NULL; item = item->next) {
      loader->origins.layer[layer++] = origin_of(loader, item);
    }
  }
  return EPX_OK;
}

static epx_status_t fail_unknown(const loader_t *loader, const epx_yaml_node_t *node,
                                 const char *group, const char *key, const char *word) {
  epx_config_names_t names;
  epx_config_children(group, &names);
  return epx_config_fail_unknown(loader->yaml, node, key, word, names.names, names.count,
                                 loader->error);
}

static epx_status_t fail_not_group(const loader_t *loader, const epx_yaml_node_t *node,
                                   const char *key) {
  char found[EPX_YAML_FOUND_SIZE], text[512] = "";
  epx_config_names_t names;
  epx_config_children(key, &names);
  for (int i = 0; i < names.count; ++i) {
    epx_config_append(text, sizeof text, "%s%s", i > 0 ? ", " : "", names.names[i]);
  }
  return epx_yaml_fail(loader->yaml, node, loader->error,
                       "%s%sfound %s; expected a mapping with any of the keys %s", key,
                       key[0] != '\0' ? ": " : "", epx_yaml_found(node, found), text);
}

/* Applies the node of a key ("" at the top): a value, or a group's mapping. Depth: that of the
 * keys. */
static epx_status_t apply(loader_t *loader, const char *key, const epx_yaml_node_t *node) {
  const int row = epx_config_find(key);
  if (row >= 0) {
    return apply_value(loader, row, node);
  }
  if (node->kind != EPX_YAML_MAPPING) {
    return fail_not_group(loader, node, key);
  }
  for (const epx_yaml_node_t *item = node->first; item != NULL; item = item->next) {
    char child[EPX_CONFIG_KEY_SIZE];
    const int length =
        snprintf(child, sizeof child, "%s%s%s", key, key[0] != '\0' ? "." : "", item->key);
    const bool known = length < (int)sizeof child && strchr(item->key, '.') == NULL &&
                       item->key[0] != '\0' &&
                       (epx_config_find(child) >= 0 || epx_config_is_group(child));
    const epx_status_t status =
        known ? apply(loader, child, item) : fail_unknown(loader, item, key, child, item->key);
    if (status != EPX_OK) {
      return status;
    }
  }
  return EPX_OK;
}

static epx_status_t apply_file(loader_t *loader, const char *path) {
  epx_yaml_t *yaml = NULL;
  epx_status_t status = epx_yaml_read(path, &yaml, loader->error);
  if (status == EPX_OK) {
    loader->yaml = yaml;
    loader->source = EPX_CONFIG_FROM_FILE;
    status = apply(loader, "", epx_yaml_root(yaml));
    epx_yaml_destroy(yaml);
  }
  return status;
}

/* An override's key that is in no row: lists what the last known group holds. */
static epx_status_t fail_override(const char *key, epx_error_t *error) {
  char group[EPX_CONFIG_KEY_SIZE], text[512];
  snprintf(group, sizeof group, "%s", key);
  char *dot;
  do {
    dot = strrchr(group, '.');
    *(dot != NULL ? dot : group) = '\0';
  } while (group[0] != '\0' && !epx_config_is_group(group));
  const char *word = key + strlen(group) + (group[0] != '\0' ? 1 : 0);
  epx_config_names_t names;
  epx_config_children(group, &names);
  epx_config_suggest(word, names.names, names.count, text, sizeof text);
  return epx_fail(error, EPX_ERR_CONFIG, "--set %s: found an unknown key; %s%s%s", key, text,
                  group[0] != '\0' ? " after " : "", group);
}

/* One "a.b.c=value". */
static epx_status_t apply_override(loader_t *loader, const char *override) {
  const char *equals = strchr(override, '=');
  char key[EPX_CONFIG_KEY_SIZE];
  if (equals == NULL || equals == override) {
    return epx_fail(loader->error, EPX_ERR_CONFIG, "--set %.200s: expected KEY=VALUE", override);
  }
  snprintf(key, sizeof key, "%.*s", (int)(equals - override < 95 ? equals - override : 95),
           override);
  if (epx_config_find(key) < 0 && !epx_config_is_group(key)) {
    return fail_override(key, loader->error);
  }
  epx_yaml_t *yaml = NULL;
  epx_error_t inner = {{0}};
  epx_status_t status = epx_yaml_parse("--set", equals + 1, strlen(equals + 1), &yaml, &inner);
  if (status != EPX_OK) {
    return epx_fail(loader->error, status, "--set %s: %.900s", key, inner.message + 6);
  }
  loader->yaml = yaml;
  loader->source = EPX_CONFIG_FROM_OVERRIDE;
  status = apply(loader, key, epx_yaml_root(yaml));
  epx_yaml_destroy(yaml);
  return status;
}

typedef epx_status_t check_t(const epx_experiment_t *experiment,
                             const epx_config_origins_t *origins, epx_error_t *error);

static epx_status_t load(const char *path, const char *const *overrides, int override_count,
                         check_t *check, epx_experiment_t *experiment, epx_error_t *error) {
  loader_t loader = {.origins = {.path = path}, .error = error};
  epx_config_default(&loader.experiment);
  epx_status_t status = path != NULL ? apply_file(&loader, path) : EPX_OK;
  for (int i = 0; status == EPX_OK && i < override_count; ++i) {
    status = apply_override(&loader, overrides[i]);
  }
  status = status == EPX_OK ? check(&loader.experiment, &loader.origins, error) : status;
  if (status == EPX_OK) {
    *experiment = loader.experiment;
  }
  return status;
}

epx_status_t epx_config_load(const char *path, const char *const *overrides, int override_count,
                             epx_experiment_t *experiment, epx_error_t *error) {
  return load(path, overrides, override_count, epx_config_check, experiment, error);
}

epx_status_t epx_config_load_network(const char *path, const char *const *overrides,
                                     int override_count, epx_experiment_t *experiment,
                                     epx_error_t *error) {
  return load(path, overrides, override_count, epx_config_check_network, experiment, error);
}
