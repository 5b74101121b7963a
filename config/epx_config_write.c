/* SPDX-License-Identifier: Apache-2.0 */
/* Visiting all keys, and writing them as a YAML file: groups as indented blocks, one layer a line.
 */
#include <errno.h>
#include <string.h>

#include "epx_config.h"
#include "epx_config_table.h"
#include "epx_config_value.h"

void epx_config_each(const epx_experiment_t *experiment, epx_config_visit_t *visit, void *context) {
  int count;
  const epx_config_row_t *rows = epx_config_rows(&count);
  for (int i = 0; i < count; ++i) {
    char value[EPX_CONFIG_VALUE_SIZE];
    epx_config_format_value(&rows[i], experiment, value);
    visit(context, rows[i].key, value);
  }
}

/* Prints the headings of the groups that `key` enters and `previous` was not in; returns the depth
 * of the key and its last name. */
static int enter_groups(FILE *out, const char *previous, const char *key, const char **name) {
  int depth = 0;
  bool same = true;
  for (const char *dot = strchr(key, '.'); dot != NULL; dot = strchr(*name, '.')) {
    const char *start = depth == 0 ? key : *name;
    same = same && strncmp(previous, key, (size_t)(dot - key) + 1) == 0;
    if (!same) {
      fprintf(out, "%*s%.*s:\n", 2 * depth, "", (int)(dot - start), start);
    }
    *name = dot + 1;
    ++depth;
  }
  return depth;
}

static void write_row(FILE *out, const epx_config_row_t *row, const char *previous,
                      const epx_experiment_t *experiment) {
  char value[EPX_CONFIG_VALUE_SIZE];
  const char *name = row->key;
  const int depth = enter_groups(out, previous, row->key, &name);
  if (row->type != EPX_TYPE_LAYERS) {
    epx_config_format_value(row, experiment, value);
    fprintf(out, "%*s%s: %s\n", 2 * depth, "", name, value);
    return;
  }
  fprintf(out, "%*s%s:\n", 2 * depth, "", name);
  for (int l = 0; l < experiment->network.layer_count; ++l) {
    value[0] = '\0';
    epx_config_format_layer(&experiment->network.layers[l], value);
    fprintf(out, "%*s- %s\n", 2 * depth + 2, "", value);
  }
}

epx_status_t epx_config_write(const epx_experiment_t *experiment, FILE *out, epx_error_t *error) {
  int count;
  const epx_config_row_t *rows = epx_config_rows(&count);
  for (int i = 0; i < count; ++i) {
    write_row(out, &rows[i], i > 0 ? rows[i - 1].key : "", experiment);
  }
  if (fflush(out) != 0 || ferror(out)) {
    return epx_fail(error, EPX_ERR_IO, "cannot write the configuration: %s", strerror(errno));
  }
  return EPX_OK;
}
