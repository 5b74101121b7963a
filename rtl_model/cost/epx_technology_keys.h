/* SPDX-License-Identifier: Apache-2.0 */
/* Typed keys of a technology file. Every failure is EPX_ERR_CONFIG and names file, line, column,
 * key, what was found and what was expected. `what` names the mapping in messages ("shift_add"). */
#ifndef EPX_TECHNOLOGY_KEYS_H
#define EPX_TECHNOLOGY_KEYS_H

#include "epx_yaml.h"

typedef struct tech_file_t {
  const epx_yaml_t *yaml;
  epx_error_t *error;
} tech_file_t;

/* `mapping` is one, and has no key but those of `names`. */
EPX_CHECKED epx_status_t tech_check_keys(const tech_file_t *file, const epx_yaml_node_t *mapping,
                                         const char *what, const char *const *names, int count);

/* The node of `key`, which must be there. */
EPX_CHECKED epx_status_t tech_find(const tech_file_t *file, const epx_yaml_node_t *mapping,
                                   const char *what, const char *key, const epx_yaml_node_t **node);

/* A finite number in [low, high]. */
EPX_CHECKED epx_status_t tech_real(const tech_file_t *file, const epx_yaml_node_t *mapping,
                                   const char *what, const char *key, double low, double high,
                                   double *value);

/* A list [from, to] of two numbers, low <= from <= to <= high. */
EPX_CHECKED epx_status_t tech_interval(const tech_file_t *file, const epx_yaml_node_t *mapping,
                                       const char *what, const char *key, double low, double high,
                                       double interval[2]);

/* Text of 1 to size - 1 bytes, copied. */
EPX_CHECKED epx_status_t tech_text(const tech_file_t *file, const epx_yaml_node_t *mapping,
                                   const char *what, const char *key, char *text, size_t size);

/* The index of the text of `key` among `names`. */
EPX_CHECKED epx_status_t tech_choice(const tech_file_t *file, const epx_yaml_node_t *mapping,
                                     const char *what, const char *key, const char *const *names,
                                     int count, int *index);

#endif
