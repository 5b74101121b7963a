/* SPDX-License-Identifier: Apache-2.0 */
/* network.layers: a list of {conv: N, kernel: K, stride: S, padding: P, pool: max} and {dense: N}.
 */
#include <stdio.h>
#include <string.h>

#include "epx_config_value.h"

static const epx_config_row_t *find_row(const char *name) {
  int count;
  const epx_config_row_t *rows = epx_config_layer_rows(&count);
  for (int i = 0; i < count; ++i) {
    if (strcmp(rows[i].key, name) == 0) {
      return &rows[i];
    }
  }
  return NULL;
}

static epx_status_t fail_unknown(const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                                 const char *key, epx_error_t *error) {
  const char *names[EPX_CONFIG_MAX_ROWS];
  int count;
  const epx_config_row_t *rows = epx_config_layer_rows(&count);
  for (int i = 0; i < count; ++i) {
    names[i] = rows[i].key;
  }
  return epx_config_fail_unknown(yaml, node, key, node->key, names, count, error);
}

static epx_status_t parse_layer(const char *key, const epx_yaml_t *yaml,
                                const epx_yaml_node_t *node, epx_layer_t *layer,
                                epx_error_t *error) {
  if (node->kind != EPX_YAML_MAPPING) {
    char found[EPX_YAML_FOUND_SIZE];
    return epx_yaml_fail(yaml, node, error,
                         "%s: found %s; expected a mapping such as {conv: 32, pool: max} or "
                         "{dense: 64}",
                         key, epx_yaml_found(node, found));
  }
  const bool conv = epx_yaml_find(node, "conv") != NULL;
  const bool dense = epx_yaml_find(node, "dense") != NULL;
  epx_layer_t result = {EPX_LAYER_DENSE, 0, 0, 0, 0, EPX_POOL_NONE};
  if (conv) {
    result = (epx_layer_t){EPX_LAYER_CONV, 0, 3, 1, 1, EPX_POOL_NONE};
  }
  for (const epx_yaml_node_t *item = node->first; item != NULL; item = item->next) {
    char item_key[EPX_CONFIG_KEY_SIZE + 64];
    snprintf(item_key, sizeof item_key, "%s.%.60s", key, item->key);
    const epx_config_row_t *row = find_row(item->key);
    if (row == NULL) {
      return fail_unknown(yaml, item, item_key, error);
    }
    if (dense && strcmp(item->key, "dense") != 0) {
      return epx_yaml_fail_key(yaml, item, error,
                               "%s: a dense layer has no such key; expected dense alone", item_key);
    }
    const epx_status_t status = epx_config_parse_value(row, item_key, yaml, item, &result, error);
    if (status != EPX_OK) {
      return status;
    }
  }
  if (!conv && !dense) {
    return epx_yaml_fail(yaml, node, error,
                         "%s: found neither conv nor dense; expected one of them", key);
  }
  *layer = result;
  return EPX_OK;
}

epx_status_t epx_config_parse_layers(const epx_config_row_t *row, const char *key,
                                     const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                                     void *base, epx_error_t *error) {
  epx_layer_t layers[EPX_MAX_LAYERS];
  memset(layers, 0, sizeof layers);
  if (node->kind != EPX_YAML_LIST || node->count < 1 || node->count > EPX_MAX_LAYERS) {
    char found[EPX_YAML_FOUND_SIZE], expected[128];
    epx_config_describe(row, expected, sizeof expected);
    return epx_yaml_fail(yaml, node, error, "%s: found %s; expected %s", key,
                         epx_yaml_found(node, found), expected);
  }
  int count = 0;
  for (const epx_yaml_node_t *item = node->first; item != NULL; item = item->next, ++count) {
    char item_key[EPX_CONFIG_KEY_SIZE];
    snprintf(item_key, sizeof item_key, "%s[%d]", key, count);
    const epx_status_t status = parse_layer(item_key, yaml, item, &layers[count], error);
    if (status != EPX_OK) {
      return status;
    }
  }
  memcpy((char *)base + row->offset, layers, sizeof layers);
  memcpy((char *)base + row->count_offset, &count, sizeof count);
  return EPX_OK;
}

void epx_config_format_layer(const epx_layer_t *layer, char text[EPX_CONFIG_VALUE_SIZE]) {
  if (layer->kind == EPX_LAYER_DENSE) {
    epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "{dense: %d}", layer->units);
    return;
  }
  epx_config_append(text, EPX_CONFIG_VALUE_SIZE,
                    "{conv: %d, kernel: %d, stride: %d, padding: %d, pool: %s}", layer->units,
                    layer->kernel, layer->stride, layer->padding,
                    find_row("pool")->name((int)layer->pool));
}
