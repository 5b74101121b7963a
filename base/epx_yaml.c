/* SPDX-License-Identifier: Apache-2.0 */
/* Algorithm: one recursive descent over libyaml's events; every node is its own allocation. */
#include "epx_yaml.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

struct epx_yaml_t {
  char *label;
  bool has_lines; /* a file: messages carry line and column */
  epx_yaml_node_t *root;
};

/* ---- messages ---- */

static epx_status_t fail_at(const epx_yaml_t *yaml, int line, int column, epx_error_t *error,
                            const char *format, va_list arguments) {
  char text[EPX_ERROR_MESSAGE_SIZE];
  vsnprintf(text, sizeof text, format, arguments);
  for (char *c = text; *c != '\0'; ++c) {
    *c = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c; /* safe on a terminal */
  }
  if (yaml->has_lines) {
    return epx_fail(error, EPX_ERR_CONFIG, "%s:%d:%d: %s", yaml->label, line, column, text);
  }
  return epx_fail(error, EPX_ERR_CONFIG, "%s %s", yaml->label, text);
}

epx_status_t epx_yaml_fail(const epx_yaml_t *yaml, const epx_yaml_node_t *node, epx_error_t *error,
                           const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_at(yaml, node->line, node->column, error, format, arguments);
  va_end(arguments);
  return EPX_ERR_CONFIG;
}

epx_status_t epx_yaml_fail_key(const epx_yaml_t *yaml, const epx_yaml_node_t *node,
                               epx_error_t *error, const char *format, ...) {
  const bool keyed = node->key != NULL;
  va_list arguments;
  va_start(arguments, format);
  fail_at(yaml, keyed ? node->key_line : node->line, keyed ? node->key_column : node->column, error,
          format, arguments);
  va_end(arguments);
  return EPX_ERR_CONFIG;
}

__attribute__((format(printf, 4, 5))) static epx_status_t fail_mark(const epx_yaml_t *yaml,
                                                                    yaml_mark_t mark,
                                                                    epx_error_t *error,
                                                                    const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail_at(yaml, (int)mark.line + 1, (int)mark.column + 1, error, format, arguments);
  va_end(arguments);
  return EPX_ERR_CONFIG;
}

const char *epx_yaml_found(const epx_yaml_node_t *node, char found[EPX_YAML_FOUND_SIZE]) {
  if (node->kind == EPX_YAML_MAPPING) {
    snprintf(found, EPX_YAML_FOUND_SIZE, "a mapping");
  } else if (node->kind == EPX_YAML_LIST) {
    snprintf(found, EPX_YAML_FOUND_SIZE, "a list of %d", node->count);
  } else if (epx_yaml_is_null(node)) {
    snprintf(found, EPX_YAML_FOUND_SIZE, "nothing");
  } else {
    const char *quote = node->quoted ? "\"" : "";
    int length = (int)strlen(node->text);
    const bool cut = length > 60;
    length = cut ? 60 : length;
    while (cut && length > 0 && ((unsigned char)node->text[length] & 0xc0) == 0x80) {
      --length; /* not within a UTF-8 sequence */
    }
    snprintf(found, EPX_YAML_FOUND_SIZE, "%s%.*s%s%s", quote, length, node->text, cut ? "..." : "",
             quote);
  }
  return found;
}

/* ---- building the tree ---- */

static void node_destroy(epx_yaml_node_t *node) {
  while (node != NULL) {
    epx_yaml_node_t *next = node->next;
    node_destroy(node->first);
    free(node->key);
    free(node->text);
    free(node);
    node = next;
  }
}

typedef struct reader_t {
  yaml_parser_t parser;
  yaml_event_t event; /* the newest; valid where has_event */
  bool has_event;
  const epx_yaml_t *yaml;
  epx_error_t *error;
} reader_t;

static void drop_event(reader_t *reader) {
  if (reader->has_event) {
    yaml_event_delete(&reader->event);
    reader->has_event = false;
  }
}

static epx_status_t next_event(reader_t *reader) {
  drop_event(reader);
  if (yaml_parser_parse(&reader->parser, &reader->event)) {
    reader->has_event = true;
    return EPX_OK;
  }
  const yaml_parser_t *parser = &reader->parser;
  if (parser->error == YAML_MEMORY_ERROR) {
    return epx_fail(reader->error, EPX_ERR_MEMORY, "%s: out of memory", reader->yaml->label);
  }
  const char *problem = parser->problem != NULL ? parser->problem : "unknown problem";
  if (parser->error == YAML_READER_ERROR) {
    return fail_mark(reader->yaml, parser->mark, reader->error,
                     "not YAML text: %s at byte %zu; expected UTF-8", problem,
                     parser->problem_offset);
  }
  return fail_mark(reader->yaml, parser->problem_mark, reader->error, "not YAML: %s%s%s", problem,
                   parser->context != NULL ? ", " : "",
                   parser->context != NULL ? parser->context : "");
}

/* Copies the scalar of the present event. */
static epx_status_t copy_scalar(reader_t *reader, char **text) {
  const yaml_event_t *event = &reader->event;
  const char *value = (const char *)event->data.scalar.value;
  const size_t length = event->data.scalar.length;
  if (strlen(value) != length) {
    return fail_mark(reader->yaml, event->start_mark, reader->error,
                     "found a NUL character; expected text");
  }
  *text = malloc(length + 1);
  if (*text == NULL) {
    return epx_fail(reader->error, EPX_ERR_MEMORY, "%s: out of memory", reader->yaml->label);
  }
  memcpy(*text, value, length + 1);
  return EPX_OK;
}

/* Anchors and tags are refused; so is everything that is not the start of a node. */
static epx_status_t check_start(reader_t *reader) {
  const yaml_event_t *event = &reader->event;
  const yaml_char_t *anchor = NULL, *tag = NULL;
  switch (event->type) {
    case YAML_SCALAR_EVENT:
      anchor = event->data.scalar.anchor;
      tag = event->data.scalar.tag;
      break;
    case YAML_SEQUENCE_START_EVENT:
      anchor = event->data.sequence_start.anchor;
      tag = event->data.sequence_start.tag;
      break;
    case YAML_MAPPING_START_EVENT:
      anchor = event->data.mapping_start.anchor;
      tag = event->data.mapping_start.tag;
      break;
    case YAML_ALIAS_EVENT:
      return fail_mark(reader->yaml, event->start_mark, reader->error,
                       "found the alias *%.40s; aliases are not supported: write the value",
                       (const char *)event->data.alias.anchor);
    default:
      return fail_mark(reader->yaml, event->start_mark, reader->error,
                       "found no value; expected a scalar, a list or a mapping");
  }
  if (anchor != NULL) {
    return fail_mark(reader->yaml, event->start_mark, reader->error,
                     "found the anchor &%.40s; anchors are not supported", (const char *)anchor);
  }
  if (tag != NULL) {
    return fail_mark(reader->yaml, event->start_mark, reader->error,
                     "found the tag %.40s; tags are not supported", (const char *)tag);
  }
  return EPX_OK;
}

static epx_status_t read_node(reader_t *reader, int depth, epx_yaml_node_t **result);

/* The present event is a mapping's key: checks it against the keys before it. */
static epx_status_t read_key(reader_t *reader, const epx_yaml_node_t *mapping, char **key,
                             yaml_mark_t *mark) {
  epx_status_t status = check_start(reader);
  if (status != EPX_OK) {
    return status;
  }
  *mark = reader->event.start_mark;
  if (reader->event.type != YAML_SCALAR_EVENT) {
    return fail_mark(reader->yaml, *mark, reader->error,
                     "found a list or a mapping as a key; expected a name");
  }
  if ((status = copy_scalar(reader, key)) != EPX_OK) {
    return status;
  }
  const epx_yaml_node_t *other = epx_yaml_find(mapping, *key);
  if (other != NULL) {
    return fail_mark(reader->yaml, *mark, reader->error,
                     "the key %.60s is given twice; the first is on line %d", *key,
                     other->key_line);
  }
  return EPX_OK;
}

/* Children up to the matching end event; the present event is the start. */
static epx_status_t read_children(reader_t *reader, int depth, epx_yaml_node_t *parent) {
  const bool mapping = parent->kind == EPX_YAML_MAPPING;
  const yaml_event_type_t end = mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
  epx_yaml_node_t **tail = &parent->first;
  for (;;) {
    epx_status_t status = next_event(reader);
    if (status != EPX_OK || reader->event.type == end) {
      return status;
    }
    if (parent->count == EPX_YAML_MAX_ITEMS) {
      return fail_mark(reader->yaml, reader->event.start_mark, reader->error,
                       "found more than %d items; expected fewer", EPX_YAML_MAX_ITEMS);
    }
    char *key = NULL;
    yaml_mark_t mark = reader->event.start_mark;
    epx_yaml_node_t *child = NULL;
    if (mapping) {
      status = read_key(reader, parent, &key, &mark);
      status = status == EPX_OK ? next_event(reader) : status;
    }
    status = status == EPX_OK ? read_node(reader, depth + 1, &child) : status;
    if (status != EPX_OK) {
      free(key);
      return status;
    }
    child->key = key;
    child->key_line = (int)mark.line + 1;
    child->key_column = (int)mark.column + 1;
    *tail = child;
    tail = &child->next;
    ++parent->count;
  }
}

/* The node that begins at the present event; leaves its last event as the present one. */
static epx_status_t read_node(reader_t *reader, int depth, epx_yaml_node_t **result) {
  epx_status_t status = check_start(reader);
  if (status != EPX_OK) {
    return status;
  }
  if (depth > EPX_YAML_MAX_DEPTH) {
    return fail_mark(reader->yaml, reader->event.start_mark, reader->error,
                     "nested deeper than %d levels", EPX_YAML_MAX_DEPTH);
  }
  epx_yaml_node_t *node = calloc(1, sizeof *node);
  if (node == NULL) {
    return epx_fail(reader->error, EPX_ERR_MEMORY, "%s: out of memory", reader->yaml->label);
  }
  node->line = (int)reader->event.start_mark.line + 1;
  node->column = (int)reader->event.start_mark.column + 1;
  if (reader->event.type == YAML_SCALAR_EVENT) {
    node->kind = EPX_YAML_SCALAR;
    node->quoted = reader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    status = copy_scalar(reader, &node->text);
  } else {
    node->kind = reader->event.type == YAML_MAPPING_START_EVENT ? EPX_YAML_MAPPING : EPX_YAML_LIST;
    status = read_children(reader, depth, node);
  }
  if (status != EPX_OK) {
    node_destroy(node);
    return status;
  }
  *result = node;
  return EPX_OK;
}

/* The whole stream: exactly one document. */
static epx_status_t read_stream(reader_t *reader, epx_yaml_node_t **root) {
  epx_status_t status = next_event(reader); /* stream start */
  status = status == EPX_OK ? next_event(reader) : status;
  if (status != EPX_OK) {
    return status;
  }
  if (reader->event.type != YAML_DOCUMENT_START_EVENT) {
    return fail_mark(reader->yaml, reader->event.start_mark, reader->error,
                     "found nothing; expected YAML text");
  }
  status = next_event(reader);
  status = status == EPX_OK ? read_node(reader, 0, root) : status;
  status = status == EPX_OK ? next_event(reader) : status; /* document end */
  status = status == EPX_OK ? next_event(reader) : status;
  if (status == EPX_OK && reader->event.type != YAML_STREAM_END_EVENT) {
    status = fail_mark(reader->yaml, reader->event.start_mark, reader->error,
                       "found a second document; expected one");
  }
  return status;
}

/* Editors begin a file with a byte-order mark, and files that were joined have more of them. At the
 * start it means nothing; elsewhere it would be an invisible part of a key or a value. */
static epx_status_t skip_marks(const char *label, bool has_lines, const char **text, size_t *size,
                               epx_error_t *error) {
  static const char mark[3] = {'\xef', '\xbb', '\xbf'};
  while (*size >= sizeof mark && memcmp(*text, mark, sizeof mark) == 0) {
    *text += sizeof mark;
    *size -= sizeof mark;
  }
  int line = 1, column = 1;
  for (size_t i = 0; i + sizeof mark <= *size; ++i) {
    const char c = (*text)[i];
    if (memcmp(*text + i, mark, sizeof mark) == 0) {
      char place[32] = "";
      if (has_lines) {
        snprintf(place, sizeof place, "%d:%d:", line, column);
      }
      return epx_fail(error, EPX_ERR_CONFIG,
                      "%s:%s found a byte-order mark (U+FEFF, invisible); expected it at the start "
                      "of the file only",
                      label, place);
    }
    line += c == '\n';
    column = c == '\n' ? 1 : column + ((c & '\xc0') != '\x80'); /* characters, not bytes */
  }
  return EPX_OK;
}

static epx_status_t parse(const char *label, bool has_lines, const char *text, size_t size,
                          epx_yaml_t **result, epx_error_t *error) {
  if (size > EPX_YAML_MAX_BYTES) {
    return epx_fail(error, EPX_ERR_CONFIG, "%s: longer than %d bytes; expected a short YAML file",
                    label, EPX_YAML_MAX_BYTES);
  }
  const epx_status_t marks = skip_marks(label, has_lines, &text, &size, error);
  if (marks != EPX_OK) {
    return marks;
  }
  reader_t reader = {.error = error};
  epx_yaml_t *yaml = calloc(1, sizeof *yaml);
  const size_t label_size = strlen(label) + 1;
  char *label_copy = malloc(label_size);
  if (yaml == NULL || label_copy == NULL || !yaml_parser_initialize(&reader.parser)) {
    free(label_copy);
    free(yaml);
    return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory", label);
  }
  memcpy(label_copy, label, label_size);
  yaml->label = label_copy;
  yaml->has_lines = has_lines;
  reader.yaml = yaml;
  yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
  const epx_status_t status = read_stream(&reader, &yaml->root);
  drop_event(&reader);
  yaml_parser_delete(&reader.parser);
  if (status != EPX_OK) {
    epx_yaml_destroy(yaml);
    return status;
  }
  *result = yaml;
  return EPX_OK;
}

epx_status_t epx_yaml_parse(const char *label, const char *text, size_t size, epx_yaml_t **yaml,
                            epx_error_t *error) {
  return parse(label, false, text, size, yaml, error);
}

epx_status_t epx_yaml_read(const char *path, epx_yaml_t **yaml, epx_error_t *error) {
  struct stat info;
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return epx_fail(error, missing ? EPX_ERR_NOT_FOUND : EPX_ERR_IO, "%s: cannot open: %s", path,
                    strerror(errno));
  }
  if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
    fclose(file);
    return epx_fail(error, EPX_ERR_CONFIG, "%s: is a folder; expected a YAML file", path);
  }
  epx_status_t status;
  char *text = malloc(EPX_YAML_MAX_BYTES + 1);
  if (text == NULL) {
    status = epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory", path);
  } else {
    const size_t size = fread(text, 1, EPX_YAML_MAX_BYTES + 1, file);
    status = ferror(file)
                 ? epx_fail(error, EPX_ERR_IO, "%s: cannot read: %s", path, strerror(errno))
                 : parse(path, true, text, size, yaml, error);
  }
  free(text);
  fclose(file);
  return status;
}

void epx_yaml_destroy(epx_yaml_t *yaml) {
  if (yaml != NULL) {
    node_destroy(yaml->root);
    free(yaml->label);
    free(yaml);
  }
}

/* ---- reading the tree ---- */

const epx_yaml_node_t *epx_yaml_root(const epx_yaml_t *yaml) {
  return yaml->root;
}

const epx_yaml_node_t *epx_yaml_find(const epx_yaml_node_t *mapping, const char *key) {
  if (mapping->kind == EPX_YAML_MAPPING) {
    for (const epx_yaml_node_t *node = mapping->first; node != NULL; node = node->next) {
      if (strcmp(node->key, key) == 0) {
        return node;
      }
    }
  }
  return NULL;
}

bool epx_yaml_is_null(const epx_yaml_node_t *node) {
  return node->kind == EPX_YAML_SCALAR && !node->quoted &&
         (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

static const char *skip_digits(const char *text) {
  return text + strspn(text, "0123456789");
}

bool epx_yaml_integer(const epx_yaml_node_t *node, int64_t *value) {
  if (node->kind != EPX_YAML_SCALAR || node->quoted) {
    return false;
  }
  const char *digits = node->text + (node->text[0] == '-' || node->text[0] == '+' ? 1 : 0);
  const bool hexadecimal = digits[0] == '0' && digits[1] == 'x';
  digits += hexadecimal ? 2 : 0;
  const size_t length = strspn(digits, hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");
  if (length == 0 || digits[length] != '\0') {
    return false;
  }
  errno = 0;
  const long long number = strtoll(node->text, NULL, hexadecimal ? 16 : 10);
  if (errno != 0) {
    return false;
  }
  *value = number;
  return true;
}

bool epx_yaml_real(const epx_yaml_node_t *node, double *value) {
  if (node->kind != EPX_YAML_SCALAR || node->quoted) {
    return false;
  }
  const char *start = node->text + (node->text[0] == '-' || node->text[0] == '+' ? 1 : 0);
  const char *end = skip_digits(start);
  bool any = end != start;
  if (*end == '.') {
    const char *fraction = end + 1;
    end = skip_digits(fraction);
    any = any || end != fraction;
  }
  if (any && (*end == 'e' || *end == 'E')) {
    const char *exponent = end + (end[1] == '-' || end[1] == '+' ? 2 : 1);
    end = skip_digits(exponent);
    any = end != exponent;
  }
  if (!any || *end != '\0') {
    return false;
  }
  const double number = strtod(node->text, NULL);
  if (!isfinite(number)) {
    return false;
  }
  *value = number;
  return true;
}

bool epx_yaml_boolean(const epx_yaml_node_t *node, bool *value) {
  if (node->kind != EPX_YAML_SCALAR || node->quoted) {
    return false;
  }
  const bool yes = strcmp(node->text, "true") == 0;
  if (!yes && strcmp(node->text, "false") != 0) {
    return false;
  }
  *value = yes;
  return true;
}

/* Levenshtein distance; both words below 64 characters. */
static int edit_distance(const char *a, const char *b) {
  int row[64];
  const int width = (int)strlen(b);
  for (int j = 0; j <= width; ++j) {
    row[j] = j;
  }
  for (int i = 1; a[i - 1] != '\0'; ++i) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= width; ++j) {
      const int replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      const int insert = row[j - 1] + 1;
      const int best = row[j] + 1 < insert ? row[j] + 1 : insert;
      row[j] = replace < best ? replace : best;
    }
  }
  return row[width];
}

const char *epx_yaml_nearest(const char *word, const char *const *names, int count) {
  const size_t length = strlen(word);
  if (length == 0 || length > 63) {
    return NULL;
  }
  const char *nearest = NULL;
  int best = 1 + (length >= 3 ? 1 : 0) + (length >= 8 ? 1 : 0); /* at most 1, 2, 3 edits less one */
  for (int i = 0; i < count; ++i) {
    const int distance = strlen(names[i]) < 64 ? edit_distance(word, names[i]) : best + 1;
    if (distance <= best && distance < (int)length) {
      nearest = names[i];
      best = distance - 1;
    }
  }
  return nearest;
}
