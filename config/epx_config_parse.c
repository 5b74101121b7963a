/* SPDX-License-Identifier: Apache-2.0 */
/* From YAML nodes to values. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "epx_config_value.h"

enum { EXPECTED_SIZE = 256 };

/* What a range in words leaves out: that a number is too near to 0. */
static const char *too_near(const epx_config_row_t *row, const epx_yaml_node_t *node,
                            char text[96]) {
  double value;
  const bool real = row->type == EPX_TYPE_REAL || row->type == EPX_TYPE_REAL_LIST;
  text[0] = '\0';
  if (real && row->least == 0.0 && epx_yaml_real(node, &value) && value != 0.0 &&
      fabs(value) < EPX_CONFIG_LEAST_REAL) {
    snprintf(text, 96, ", and no nearer to 0 than %.6g, the least of float32",
             EPX_CONFIG_LEAST_REAL);
  }
  return text;
}

static epx_status_t fail_value(const epx_config_row_t *row, const char *key, const epx_yaml_t *yaml,
                               const epx_yaml_node_t *node, epx_error_t *error) {
  char found[EPX_YAML_FOUND_SIZE], expected[EXPECTED_SIZE], near[96];
  epx_config_describe(row, expected, sizeof expected);
  return epx_yaml_fail(yaml, node, error, "%s: found %s; expected %s%s", key,
                       epx_yaml_found(node, found), expected, too_near(row, node, near));
}

/* The full key whose last name is `word`, for a key written at the wrong level; or NULL. */
static const char *elsewhere(const char *word) {
  int count;
  const epx_config_row_t *rows = epx_config_rows(&count);
  for (int i = 0; i < count; ++i) {
    const char *dot = strrchr(rows[i].key, '.');
    if (dot != NULL && strcmp(dot + 1, word) == 0) {
      return rows[i].key;
    }
  }
  return NULL;
}

void epx_config_suggest(const char *word, const char *const *names, int count, char *text,
                        size_t size) {
  const char *nearest = epx_yaml_nearest(word, names, count);
  nearest = nearest != NULL ? nearest : elsewhere(word);
  text[0] = '\0';
  if (nearest != NULL) {
    epx_config_append(text, size, "did you mean %s? ", nearest);
  }
  epx_config_append(text, size, "expected one of ");
  for (int i = 0; i < count; ++i) {
    epx_config_append(text, size, "%s%s", i > 0 ? ", " : "", names[i]);
  }
}

epx_status_t epx_config_fail_unknown(const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                                     const char *key, const char *word, const char *const *names,
                                     int count, epx_error_t *error) {
  char text[512];
  epx_config_suggest(word, names, count, text, sizeof text);
  return epx_yaml_fail_key(yaml, node, error, "%.200s: found an unknown key; %s", key, text);
}

/* ---- scalars; each returns false where the node is no such value ---- */

static bool parse_integer(const epx_config_row_t *row, const epx_yaml_node_t *node, void *at) {
  int64_t value;
  if (!epx_yaml_integer(node, &value)) {
    return false;
  }
  if (row->type == EPX_TYPE_SEED) {
    if (value < 0) {
      return false;
    }
    *(uint64_t *)at = (uint64_t)value;
    return true;
  }
  if (!epx_config_takes(row, (double)value)) {
    return false;
  }
  if (row->type == EPX_TYPE_UNSIGNED) {
    *(uint32_t *)at = (uint32_t)value;
  } else {
    *(int *)at = (int)value;
  }
  return true;
}

static bool parse_real(const epx_config_row_t *row, const epx_yaml_node_t *node, double *at) {
  double value;
  if (!epx_yaml_real(node, &value) || !epx_config_takes(row, value)) {
    return false;
  }
  *at = value;
  return true;
}

static bool parse_enum(const epx_config_row_t *row, const epx_yaml_node_t *node, int *at) {
  if (node->kind != EPX_YAML_SCALAR) {
    return false;
  }
  for (int value = 0; row->name(value) != NULL; ++value) {
    if (strcmp(row->name(value), node->text) == 0) {
      *at = value;
      return true;
    }
  }
  return false;
}

static bool parse_qformat(const epx_yaml_node_t *node, epx_qformat_t *at) {
  return node->kind == EPX_YAML_SCALAR && epx_qformat_parse(node->text, at, NULL) == EPX_OK;
}

/* True for text without control characters, line separators and non-characters, in UTF-8. */
static bool is_printable(const char *text) {
  static const char *const refused[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf",
                                        "\xef\xbf\xbe", "\xef\xbf\xbf"};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; ++i) {
    if (strstr(text, refused[i]) != NULL) {
      return false;
    }
  }
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; ++c) {
    if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) {
      return false;
    }
  }
  return true;
}

static bool parse_text(const epx_config_row_t *row, const epx_yaml_node_t *node, char *at) {
  if (node->kind != EPX_YAML_SCALAR || epx_yaml_is_null(node) || !is_printable(node->text) ||
      strlen(node->text) >= row->size) {
    return false;
  }
  memset(at, 0, row->size);
  memcpy(at, node->text, strlen(node->text));
  return true;
}

/* ---- lists ---- */

static epx_status_t fail_element(const epx_config_row_t *row, const char *key, int index,
                                 const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                                 epx_error_t *error) {
  static const char *const what[] = {[EPX_TYPE_REAL_LIST] = "a number",
                                     [EPX_TYPE_QFORMAT_LIST] = "a Q-format such as Q1.6",
                                     [EPX_TYPE_SHAPE] = "an integer"};
  char found[EPX_YAML_FOUND_SIZE], range[64] = "", near[96];
  if (row->type != EPX_TYPE_QFORMAT_LIST) {
    snprintf(range, sizeof range, ", %.15g to %.15g", row->low, row->high);
  }
  return epx_yaml_fail(yaml, node, error, "%s[%d]: found %s; expected %s%s%s", key, index,
                       epx_yaml_found(node, found), what[row->type], range,
                       too_near(row, node, near));
}

/* A list of numbers or formats, or one of them alone. */
static epx_status_t parse_list(const epx_config_row_t *row, const char *key, const epx_yaml_t *yaml,
                               const epx_yaml_node_t *node, char *base, epx_error_t *error) {
  double reals[EPX_MAX_LAYERS + 1] = {0};
  epx_qformat_t formats[EPX_MAX_LAYERS + 1] = {{0}};
  const bool real = row->type == EPX_TYPE_REAL_LIST;
  const bool alone = node->kind == EPX_YAML_SCALAR;
  const int count = alone ? 1 : node->count;
  if (node->kind == EPX_YAML_MAPPING || count < 1 || count > EPX_MAX_LAYERS + 1) {
    return fail_value(row, key, yaml, node, error);
  }
  const epx_yaml_node_t *item = alone ? node : node->first;
  for (int i = 0; i < count; ++i, item = item->next) {
    if (real ? !parse_real(row, item, &reals[i]) : !parse_qformat(item, &formats[i])) {
      return alone ? fail_value(row, key, yaml, item, error)
                   : fail_element(row, key, i, yaml, item, error);
    }
  }
  if (real) {
    memcpy(base + row->offset, reals, sizeof reals);
  } else {
    memcpy(base + row->offset, formats, sizeof formats);
  }
  *(int *)(void *)(base + row->count_offset) = count;
  return EPX_OK;
}

static epx_status_t parse_shape(const epx_config_row_t *row, const char *key,
                                const epx_yaml_t *yaml, const epx_yaml_node_t *node, void *at,
                                epx_error_t *error) {
  int shape[3] = {0};
  if (node->kind != EPX_YAML_LIST || node->count != 3) {
    return fail_value(row, key, yaml, node, error);
  }
  const epx_yaml_node_t *item = node->first;
  for (int i = 0; i < 3; ++i, item = item->next) {
    if (!parse_integer(row, item, &shape[i])) {
      return fail_element(row, key, i, yaml, item, error);
    }
  }
  memcpy(at, shape, sizeof shape);
  return EPX_OK;
}

/* ---- any row ---- */

epx_status_t epx_config_parse_value(const epx_config_row_t *row, const char *key,
                                    const epx_yaml_t *yaml, const epx_yaml_node_t *node, void *base,
                                    epx_error_t *error) {
  void *at = (char *)base + row->offset;
  bool parsed = false;
  switch (row->type) {
    case EPX_TYPE_INTEGER:
    case EPX_TYPE_UNSIGNED:
    case EPX_TYPE_SEED:
      parsed = parse_integer(row, node, at);
      break;
    case EPX_TYPE_REAL:
      parsed = parse_real(row, node, at);
      break;
    case EPX_TYPE_BOOLEAN:
      parsed = epx_yaml_boolean(node, at);
      break;
    case EPX_TYPE_ENUM:
      parsed = parse_enum(row, node, at);
      break;
    case EPX_TYPE_TEXT:
      parsed = parse_text(row, node, at);
      break;
    case EPX_TYPE_QFORMAT:
      parsed = parse_qformat(node, at);
      break;
    case EPX_TYPE_REAL_LIST:
    case EPX_TYPE_QFORMAT_LIST:
      return parse_list(row, key, yaml, node, base, error);
    case EPX_TYPE_SHAPE:
      return parse_shape(row, key, yaml, node, at, error);
    case EPX_TYPE_LAYERS:
      return epx_config_parse_layers(row, key, yaml, node, base, error);
  }
  if (parsed) {
    return EPX_OK;
  }
  if (row->type == EPX_TYPE_ENUM && node->kind == EPX_YAML_SCALAR) {
    const char *names[16];
    int count = 0;
    while (count < 16 && row->name(count) != NULL) {
      names[count] = row->name(count);
      ++count;
    }
    const char *nearest = epx_yaml_nearest(node->text, names, count);
    if (nearest != NULL) {
      char found[EPX_YAML_FOUND_SIZE], expected[EXPECTED_SIZE];
      epx_config_describe(row, expected, sizeof expected);
      return epx_yaml_fail(yaml, node, error, "%s: found %s; did you mean %s? expected %s", key,
                           epx_yaml_found(node, found), nearest, expected);
    }
  }
  return fail_value(row, key, yaml, node, error);
}
