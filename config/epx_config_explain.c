/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of all keys, as text for a terminal and as docs/configuration.md. */
#include <errno.h>
#include <string.h>

#include "epx_config.h"
#include "epx_config_table.h"
#include "epx_config_value.h"

static bool selected(const char *key, const char *prefix) {
  const size_t length = strlen(prefix);
  return length == 0 || (strncmp(key, prefix, length) == 0 &&
                         (key[length] == '\0' || key[length] == '.' || key[length] == '['));
}

/* A layer's keys have a default only where a layer may leave them out. */
static const char *layer_default(const epx_config_row_t *row, char value[EPX_CONFIG_VALUE_SIZE]) {
  static const epx_layer_t conv = {EPX_LAYER_CONV, 0, 3, 1, 1, EPX_POOL_NONE};
  if (strcmp(row->key, "conv") == 0 || strcmp(row->key, "dense") == 0) {
    return "";
  }
  epx_config_format_value(row, &conv, value);
  return value;
}

/* The row's help, and that of every name where names bring their own. */
static void help_text(const epx_config_row_t *row, char *text, size_t size) {
  text[0] = '\0';
  epx_config_append(text, size, "%s", row->help);
  for (int i = 0; row->name_help != NULL && row->name(i) != NULL; ++i) {
    epx_config_append(text, size, "%s%s: %s", i == 0 ? " " : "; ", row->name(i), row->name_help(i));
  }
  if (row->name_help != NULL) {
    epx_config_append(text, size, ".");
  }
}

static void explain_row(FILE *out, epx_config_format_t format, const epx_config_row_t *row,
                        const char *key, const char *value) {
  char range[256], help[1024];
  epx_config_describe(row, range, sizeof range);
  help_text(row, help, sizeof help);
  if (format == EPX_CONFIG_MARKDOWN) {
    fprintf(out, "| `%s` | %s | %s | %s%s%s | %s |\n", key, range, row->unit,
            value[0] != '\0' ? "`" : "", value, value[0] != '\0' ? "`" : "", help);
    return;
  }
  fprintf(out, "%s\n    %s%s%s%s%s\n    %s\n", key, range, row->unit[0] != '\0' ? " (" : "",
          row->unit, row->unit[0] != '\0' ? ")" : "", row->type == EPX_TYPE_LAYERS ? ":" : "",
          help);
  if (value[0] != '\0') {
    fprintf(out, "    default: %s\n", value);
  }
}

static void explain_layer_rows(FILE *out, epx_config_format_t format, const char *layers_key) {
  int count;
  const epx_config_row_t *rows = epx_config_layer_rows(&count);
  for (int i = 0; i < count; ++i) {
    char key[EPX_CONFIG_KEY_SIZE], value[EPX_CONFIG_VALUE_SIZE];
    snprintf(key, sizeof key, "%s[].%s", layers_key, rows[i].key);
    explain_row(out, format, &rows[i], key, layer_default(&rows[i], value));
  }
}

static void markdown_head(FILE *out) {
  fputs(
      "<!-- Generated from the table of keys by epx_config_explain; do not edit. -->\n"
      "# Configuration\n\n"
      "One YAML file describes an experiment. A key that is left out has its default; an unknown "
      "key, a wrong\ntype or a value out of range is an error that names file, line, column, key "
      "and what was expected.\n`--set KEY=VALUE` overrides any key; VALUE is YAML, so lists work: "
      "`--set training.learning_rate=[0.1,0.2]`.\nA Q-format is `Qi.f` (signed, i integer and f "
      "fraction bits, the sign bit not counted) or `UQi.f` (unsigned).\n"
      "Of numbers that need not be whole, float32 must hold what is not 0: nothing is nearer to 0 "
      "than 1.17549e-38.\n"
      "`configs/demo.yaml` spells out every default, but for its learning rates.\n\n"
      "`train --resume` goes on with the configuration of the run. Of it, these may be changed, in "
      "the run's\nconfig.yaml or with --set, and the run's history then says so: ",
      out);
  int count;
  const char *const *keys = epx_config_resume_keys(&count);
  for (int i = 0; i < count; ++i) {
    fprintf(out, "%s`%s`", i == 0 ? "\n" : i % 4 == 0 ? ",\n" : ", ", keys[i]);
  }
  fputs(".\n", out);
}

/* A section a top-level group. */
static void markdown_section(FILE *out, const char *previous, const char *key) {
  const size_t length = strcspn(key, ".") + 1;
  if (strncmp(previous, key, length) != 0) {
    fprintf(out,
            "\n## %.*s\n\n| key | value | unit | default | meaning |\n"
            "|---|---|---|---|---|\n",
            (int)length - 1, key);
  }
}

static epx_status_t fail_prefix(const char *prefix, epx_error_t *error) {
  char text[512];
  epx_config_names_t top;
  epx_config_children("", &top);
  epx_config_suggest(prefix, top.names, top.count, text, sizeof text);
  return epx_fail(error, EPX_ERR_ARGUMENT, "%.100s: found an unknown key; %s", prefix, text);
}

epx_status_t epx_config_explain(FILE *out, const char *prefix, epx_config_format_t format,
                                epx_error_t *error) {
  int count, printed = 0;
  const epx_config_row_t *rows = epx_config_rows(&count);
  const bool whole = prefix == NULL || prefix[0] == '\0';
  epx_experiment_t defaults;
  epx_config_default(&defaults);
  const char *previous = "";
  for (int i = 0; i < count; ++i) {
    if (!whole && !selected(rows[i].key, prefix)) {
      continue;
    }
    if (printed++ == 0 && whole && format == EPX_CONFIG_MARKDOWN) {
      markdown_head(out);
    }
    if (format == EPX_CONFIG_MARKDOWN) {
      markdown_section(out, previous, rows[i].key);
    }
    char value[EPX_CONFIG_VALUE_SIZE];
    epx_config_format_value(&rows[i], &defaults, value);
    explain_row(out, format, &rows[i], rows[i].key, value);
    if (rows[i].type == EPX_TYPE_LAYERS) {
      explain_layer_rows(out, format, rows[i].key);
    }
    previous = rows[i].key;
  }
  if (printed == 0) {
    return fail_prefix(prefix, error);
  }
  if (fflush(out) != 0 || ferror(out)) {
    return epx_fail(error, EPX_ERR_IO, "cannot write the explanation: %s", strerror(errno));
  }
  return EPX_OK;
}
