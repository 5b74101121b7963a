/* SPDX-License-Identifier: Apache-2.0 */
/* One key's value: from a YAML node into its struct, and back into YAML flow text. */
#ifndef EPX_CONFIG_VALUE_H
#define EPX_CONFIG_VALUE_H

#include <stddef.h>

#include "epx_config_table.h"
#include "epx_yaml.h"

enum { EPX_CONFIG_VALUE_SIZE = 4096 }; /* room for the longest value in text */

/* Where a value was read; line 0: not from a line of a file. */
typedef enum epx_config_source_t {
  EPX_CONFIG_FROM_DEFAULT,
  EPX_CONFIG_FROM_FILE,
  EPX_CONFIG_FROM_OVERRIDE
} epx_config_source_t;

typedef struct epx_config_origin_t {
  epx_config_source_t source;
  int line, column;
} epx_config_origin_t;

/* Sets the row's value in `base` (the experiment, or a layer for a layer's row) from the node;
 * `key` is the full name for messages. EPX_ERR_CONFIG leaves the value untouched. */
EPX_CHECKED epx_status_t epx_config_parse_value(const epx_config_row_t *row, const char *key,
                                                const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                                                void *base, epx_error_t *error);

/* Parses network.layers as a whole; epx_config_parse_value calls it. */
EPX_CHECKED epx_status_t epx_config_parse_layers(const epx_config_row_t *row, const char *key,
                                                 const epx_yaml_t *yaml,
                                                 const epx_yaml_node_t *node, void *base,
                                                 epx_error_t *error);

/* The value as YAML flow text that parses back to the same value. */
void epx_config_format_value(const epx_config_row_t *row, const void *base,
                             char text[EPX_CONFIG_VALUE_SIZE]);

/* "{conv: 16, kernel: 3, stride: 1, padding: 1, pool: max}", appended to text. */
void epx_config_format_layer(const epx_layer_t *layer, char text[EPX_CONFIG_VALUE_SIZE]);

/* What the row takes, in words: "an integer, 1 to 255"; "one of golden, twin". */
void epx_config_describe(const epx_config_row_t *row, char *text, size_t size);

/* Appends formatted text to a string held in `size` bytes; cuts at the end. */
void epx_config_append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "did you mean X? expected one of a, b, c" for a word that is none of the names; X is the nearest
 * of them, or a key of that name in another group. */
void epx_config_suggest(const char *word, const char *const *names, int count, char *text,
                        size_t size);

/* Fails at a misspelt name: "KEY: found an unknown key; did you mean ...". */
epx_status_t epx_config_fail_unknown(const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                                     const char *key, const char *word, const char *const *names,
                                     int count, epx_error_t *error);

#endif
