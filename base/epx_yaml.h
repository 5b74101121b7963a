/* SPDX-License-Identifier: Apache-2.0 */
/* A small tree of a YAML file, with the line and column of every node (libyaml underneath).
 *
 * The reader takes the part of YAML that settings need: one document of mappings, lists and
 * scalars. Anchors, aliases, tags, duplicate keys, a second document, nesting deeper than
 * EPX_YAML_MAX_DEPTH, mappings or lists longer than EPX_YAML_MAX_ITEMS and files above
 * EPX_YAML_MAX_BYTES are errors. Errors are EPX_ERR_CONFIG with "FILE:LINE:COLUMN: ..."; a missing
 * file is EPX_ERR_NOT_FOUND. */
#ifndef EPX_YAML_H
#define EPX_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  EPX_YAML_MAX_DEPTH = 32,
  EPX_YAML_MAX_ITEMS = 4096,
  EPX_YAML_MAX_BYTES = 1 << 20,
  EPX_YAML_FOUND_SIZE = 80
};

typedef enum epx_yaml_kind_t { EPX_YAML_SCALAR, EPX_YAML_LIST, EPX_YAML_MAPPING } epx_yaml_kind_t;

typedef struct epx_yaml_node_t {
  epx_yaml_kind_t kind;
  int line, column; /* of the value, from 1 */
  char *key;        /* in a mapping: this value's key; else NULL */
  int key_line, key_column;
  char *text;                    /* scalar: without quotes, no NUL inside */
  bool quoted;                   /* scalar: written in quotes or as a block, so never a number */
  int count;                     /* list, mapping: children */
  struct epx_yaml_node_t *first; /* list, mapping: first child */
  struct epx_yaml_node_t *next;  /* next child of the same parent */
} epx_yaml_node_t;

typedef struct epx_yaml_t epx_yaml_t;

/* Reads a file. The tree is owned by *yaml. */
EPX_CHECKED epx_status_t epx_yaml_read(const char *path, epx_yaml_t **yaml, epx_error_t *error);

/* Parses text (UTF-8, `size` bytes). Errors begin with "LABEL " and carry no line. */
EPX_CHECKED epx_status_t epx_yaml_parse(const char *label, const char *text, size_t size,
                                        epx_yaml_t **yaml, epx_error_t *error);
void epx_yaml_destroy(epx_yaml_t *yaml);

/* The top node; never NULL. */
const epx_yaml_node_t *epx_yaml_root(const epx_yaml_t *yaml);

/* A mapping's value of that key, or NULL. */
const epx_yaml_node_t *epx_yaml_find(const epx_yaml_node_t *mapping, const char *key);

/* Scalars as typed values; false (and *value untouched) where the text is no such value.
 * Integers: decimal or 0x hexadecimal, within int64. Reals: decimal with optional exponent, finite.
 */
bool epx_yaml_integer(const epx_yaml_node_t *node, int64_t *value);
bool epx_yaml_real(const epx_yaml_node_t *node, double *value);
bool epx_yaml_boolean(const epx_yaml_node_t *node, bool *value);

/* True for an empty plain scalar, `~` or `null`. */
bool epx_yaml_is_null(const epx_yaml_node_t *node);

/* What a node is, for messages: the text (shortened), "a list of 3", "a mapping", "nothing".
 * Returns `found`. */
const char *epx_yaml_found(const epx_yaml_node_t *node, char found[EPX_YAML_FOUND_SIZE]);

/* "FILE:LINE:COLUMN: message" (of the value) as EPX_ERR_CONFIG; the second form points at its key.
 */
epx_status_t epx_yaml_fail(const epx_yaml_t *yaml, const epx_yaml_node_t *node, epx_error_t *error,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
epx_status_t epx_yaml_fail_key(const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                               epx_error_t *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The name that a misspelt word most likely meant (few enough edits), or NULL. */
const char *epx_yaml_nearest(const char *word, const char *const *names, int count);

#ifdef __cplusplus
}
#endif
#endif
