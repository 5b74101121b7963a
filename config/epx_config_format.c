/* SPDX-License-Identifier: Apache-2.0 */
/* From values to text: YAML flow form, and ranges in words. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_config_value.h"

void epx_config_append(char *text, size_t size, const char *format, ...) {
  const size_t used = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + used, size - used, format, arguments);
  va_end(arguments);
}

/* The shortest of 15 to 17 digits that reads back as the same number. */
static void append_real(char *text, double value) {
  char number[32];
  for (int digits = 15; digits <= 17; ++digits) {
    snprintf(number, sizeof number, "%.*g", digits, value);
    if (strtod(number, NULL) == value) {
      break;
    }
  }
  epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "%s", number);
}

static void append_qformat(char *text, epx_qformat_t format) {
  char name[EPX_QFORMAT_TEXT_SIZE];
  epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "%s", epx_qformat_print(format, name));
}

/* Plain where that is safe, else in double quotes. */
static void append_text(char *text, const char *value) {
  static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  const bool plain = value[0] != '\0' && value[0] != '-' && value[0] != '.' &&
                     value[strspn(value, safe)] == '\0' && strcmp(value, "null") != 0;
  if (plain) {
    epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "%s", value);
    return;
  }
  epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "\"");
  for (const char *c = value; *c != '\0'; ++c) {
    epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
  }
  epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "\"");
}

static void append_item(const epx_config_row_t *row, const char *at, int index, char *text) {
  switch (row->type) {
    case EPX_TYPE_REAL_LIST:
      append_real(text, ((const double *)(const void *)at)[index]);
      break;
    case EPX_TYPE_QFORMAT_LIST:
      append_qformat(text, ((const epx_qformat_t *)(const void *)at)[index]);
      break;
    case EPX_TYPE_LAYERS:
      epx_config_format_layer(&((const epx_layer_t *)(const void *)at)[index], text);
      break;
    default:
      epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "%d", ((const int *)(const void *)at)[index]);
      break;
  }
}

/* A list; one number or format stands alone, as it may be written. */
static void append_list(const epx_config_row_t *row, const char *base, char *text) {
  const bool shape = row->type == EPX_TYPE_SHAPE;
  const int count = shape ? 3 : *(const int *)(const void *)(base + row->count_offset);
  if (count == 1 && row->type != EPX_TYPE_LAYERS) {
    append_item(row, base + row->offset, 0, text);
    return;
  }
  epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "[");
  for (int i = 0; i < count; ++i) {
    epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "%s", i > 0 ? ", " : "");
    append_item(row, base + row->offset, i, text);
  }
  epx_config_append(text, EPX_CONFIG_VALUE_SIZE, "]");
}

void epx_config_format_value(const epx_config_row_t *row, const void *base,
                             char text[EPX_CONFIG_VALUE_SIZE]) {
  const void *at = (const char *)base + row->offset;
  const size_t size = EPX_CONFIG_VALUE_SIZE;
  text[0] = '\0';
  switch (row->type) {
    case EPX_TYPE_INTEGER:
      epx_config_append(text, size, "%d", *(const int *)at);
      break;
    case EPX_TYPE_UNSIGNED:
      epx_config_append(text, size, "%lu", (unsigned long)*(const uint32_t *)at);
      break;
    case EPX_TYPE_SEED:
      epx_config_append(text, size, "%llu", (unsigned long long)*(const uint64_t *)at);
      break;
    case EPX_TYPE_REAL:
      append_real(text, *(const double *)at);
      break;
    case EPX_TYPE_BOOLEAN:
      epx_config_append(text, size, "%s", *(const bool *)at ? "true" : "false");
      break;
    case EPX_TYPE_ENUM: {
      const char *name = row->name(*(const int *)at);
      epx_config_append(text, size, "%s", name != NULL ? name : "unknown");
      break;
    }
    case EPX_TYPE_TEXT:
      append_text(text, at);
      break;
    case EPX_TYPE_QFORMAT:
      append_qformat(text, *(const epx_qformat_t *)at);
      break;
    case EPX_TYPE_REAL_LIST:
    case EPX_TYPE_QFORMAT_LIST:
    case EPX_TYPE_SHAPE:
    case EPX_TYPE_LAYERS:
      append_list(row, base, text);
      break;
  }
}

static void describe_range(const epx_config_row_t *row, char *text, size_t size) {
  if (row->above || row->below) {
    epx_config_append(text, size, ", %s%.15g and %s%.15g", row->above ? "above " : "at least ",
                      row->low, row->below ? "below " : "at most ", row->high);
  } else if (row->least > 0.0) {
    epx_config_append(text, size, ", 0, or %.15g to %.15g", row->least, row->high);
  } else {
    epx_config_append(text, size, ", %.15g to %.15g", row->low, row->high);
  }
}

void epx_config_describe(const epx_config_row_t *row, char *text, size_t size) {
  static const char *const words[] = {
      [EPX_TYPE_INTEGER] = "an integer",
      [EPX_TYPE_UNSIGNED] = "an integer",
      [EPX_TYPE_SEED] = "an integer, 0 to 9223372036854775807",
      [EPX_TYPE_REAL] = "a number",
      [EPX_TYPE_REAL_LIST] = "a number or a list of 1 to 17 numbers",
      [EPX_TYPE_BOOLEAN] = "true or false",
      [EPX_TYPE_ENUM] = "one of ",
      [EPX_TYPE_TEXT] = "printable text",
      [EPX_TYPE_QFORMAT] = "a Q-format such as Q1.6 or UQ0.8, 1 to 32 bits",
      [EPX_TYPE_QFORMAT_LIST] = "a Q-format such as Q1.6 or a list of 1 to 17, 1 to 32 bits",
      [EPX_TYPE_SHAPE] = "a list of 3 integers",
      [EPX_TYPE_LAYERS] = "a list of 1 to 16 layers",
  };
  _Static_assert(EPX_MAX_LAYERS == 16, "the words above name the limit");
  snprintf(text, size, "%s", words[row->type]);
  switch (row->type) {
    case EPX_TYPE_INTEGER:
    case EPX_TYPE_UNSIGNED:
    case EPX_TYPE_REAL:
    case EPX_TYPE_REAL_LIST:
    case EPX_TYPE_SHAPE:
      describe_range(row, text, size);
      break;
    case EPX_TYPE_TEXT:
      epx_config_append(text, size, ", at most %zu bytes", row->size - 1);
      break;
    case EPX_TYPE_ENUM:
      for (int value = 0; row->name(value) != NULL; ++value) {
        epx_config_append(text, size, "%s%s", value > 0 ? ", " : "", row->name(value));
      }
      break;
    default:
      break;
  }
}
