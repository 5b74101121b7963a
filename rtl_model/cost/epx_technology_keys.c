/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_technology_keys.h"

#include <stdio.h>
#include <string.h>

epx_status_t tech_check_keys(const tech_file_t *file, const epx_yaml_node_t *mapping,
                             const char *what, const char *const *names, int count) {
  char found[EPX_YAML_FOUND_SIZE];
  if (mapping->kind != EPX_YAML_MAPPING) {
    return epx_yaml_fail(file->yaml, mapping, file->error, "%s: found %s; expected a mapping", what,
                         epx_yaml_found(mapping, found));
  }
  for (const epx_yaml_node_t *child = mapping->first; child != NULL; child = child->next) {
    bool known = false;
    for (int i = 0; i < count; ++i) {
      known = known || strcmp(child->key, names[i]) == 0;
    }
    if (!known) {
      const char *nearest = epx_yaml_nearest(child->key, names, count);
      return epx_yaml_fail_key(file->yaml, child, file->error, "%s: found an unknown key %.60s%s%s",
                               what, child->key, nearest != NULL ? "; did you mean " : "",
                               nearest != NULL ? nearest : "");
    }
  }
  return EPX_OK;
}

epx_status_t tech_find(const tech_file_t *file, const epx_yaml_node_t *mapping, const char *what,
                       const char *key, const epx_yaml_node_t **node) {
  *node = epx_yaml_find(mapping, key);
  return *node != NULL ? EPX_OK
                       : epx_yaml_fail(file->yaml, mapping, file->error,
                                       "%s: the key %s is missing", what, key);
}

static epx_status_t number(const tech_file_t *file, const epx_yaml_node_t *node, const char *what,
                           const char *key, double low, double high, double *value) {
  char found[EPX_YAML_FOUND_SIZE];
  double real;
  if (!epx_yaml_real(node, &real) || !(real >= low && real <= high)) {
    return epx_yaml_fail(file->yaml, node, file->error,
                         "%s.%s: found %s; expected a number in [%g, %g]", what, key,
                         epx_yaml_found(node, found), low, high);
  }
  *value = real;
  return EPX_OK;
}

epx_status_t tech_real(const tech_file_t *file, const epx_yaml_node_t *mapping, const char *what,
                       const char *key, double low, double high, double *value) {
  const epx_yaml_node_t *node;
  const epx_status_t status = tech_find(file, mapping, what, key, &node);
  return status == EPX_OK ? number(file, node, what, key, low, high, value) : status;
}

epx_status_t tech_interval(const tech_file_t *file, const epx_yaml_node_t *mapping,
                           const char *what, const char *key, double low, double high,
                           double interval[2]) {
  const epx_yaml_node_t *node;
  char found[EPX_YAML_FOUND_SIZE];
  epx_status_t status = tech_find(file, mapping, what, key, &node);
  if (status != EPX_OK) {
    return status;
  }
  if (node->kind != EPX_YAML_LIST || node->count != 2) {
    return epx_yaml_fail(file->yaml, node, file->error,
                         "%s.%s: found %s; expected a list of two numbers, [from, to]", what, key,
                         epx_yaml_found(node, found));
  }
  double from = 0.0, to = 0.0;
  status = number(file, node->first, what, key, low, high, &from);
  status = status == EPX_OK ? number(file, node->first->next, what, key, from, high, &to) : status;
  if (status == EPX_OK) {
    interval[0] = from;
    interval[1] = to;
  }
  return status;
}

epx_status_t tech_text(const tech_file_t *file, const epx_yaml_node_t *mapping, const char *what,
                       const char *key, char *text, size_t size) {
  const epx_yaml_node_t *node;
  char found[EPX_YAML_FOUND_SIZE];
  const epx_status_t status = tech_find(file, mapping, what, key, &node);
  if (status != EPX_OK) {
    return status;
  }
  if (node->kind != EPX_YAML_SCALAR || epx_yaml_is_null(node) || node->text[0] == '\0' ||
      strlen(node->text) >= size) {
    return epx_yaml_fail(file->yaml, node, file->error,
                         "%s.%s: found %s; expected text of 1 to %zu bytes", what, key,
                         epx_yaml_found(node, found), size - 1);
  }
  snprintf(text, size, "%s", node->text);
  return EPX_OK;
}

epx_status_t tech_choice(const tech_file_t *file, const epx_yaml_node_t *mapping, const char *what,
                         const char *key, const char *const *names, int count, int *index) {
  const epx_yaml_node_t *node;
  char found[EPX_YAML_FOUND_SIZE], list[128] = "";
  const epx_status_t status = tech_find(file, mapping, what, key, &node);
  if (status != EPX_OK) {
    return status;
  }
  for (int i = 0; i < count; ++i) {
    const size_t used = strlen(list);
    if (node->kind == EPX_YAML_SCALAR && strcmp(node->text, names[i]) == 0) {
      *index = i;
      return EPX_OK;
    }
    snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? " or " : "", names[i]);
  }
  return epx_yaml_fail(file->yaml, node, file->error, "%s.%s: found %s; expected %s", what, key,
                       epx_yaml_found(node, found), list);
}
