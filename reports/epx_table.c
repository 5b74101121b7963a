/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_table.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct epx_table_t {
  int columns;
  bool *right;
  char **cells; /* headings first, then row by row */
  size_t count, capacity;
  bool out_of_memory;
};

static void add_cell(epx_table_t *table, const char *text) {
  if (table->count == table->capacity) {
    const size_t capacity = table->capacity == 0 ? 128 : 2 * table->capacity;
    char **cells = realloc(table->cells, capacity * sizeof *cells);
    if (cells == NULL) {
      table->out_of_memory = true;
      return;
    }
    table->cells = cells;
    table->capacity = capacity;
  }
  char *copy = strdup(text != NULL ? text : "");
  if (copy == NULL) {
    table->out_of_memory = true;
    return;
  }
  table->cells[table->count++] = copy;
}

epx_table_t *epx_table_create(int columns, const char *const *headings, const bool *right) {
  epx_table_t *table = calloc(1, sizeof *table);
  if (table == NULL) {
    return NULL;
  }
  table->columns = columns;
  table->right = calloc((size_t)columns, sizeof *table->right);
  if (table->right == NULL) {
    free(table);
    return NULL;
  }
  for (int i = 0; i < columns; ++i) {
    table->right[i] = right[i];
    add_cell(table, headings[i]);
  }
  return table;
}

void epx_table_destroy(epx_table_t *table) {
  if (table == NULL) {
    return;
  }
  for (size_t i = 0; i < table->count; ++i) {
    free(table->cells[i]);
  }
  free(table->cells);
  free(table->right);
  free(table);
}

void epx_table_cell(epx_table_t *table, const char *text) {
  if (table != NULL) {
    add_cell(table, text);
  }
}

void epx_table_cellf(epx_table_t *table, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  epx_table_cell(table, text);
}

void epx_html_text(FILE *out, const char *text) {
  for (; *text != '\0'; ++text) {
    switch (*text) {
      case '&':
        fputs("&amp;", out);
        break;
      case '<':
        fputs("&lt;", out);
        break;
      case '>':
        fputs("&gt;", out);
        break;
      case '"':
        fputs("&quot;", out);
        break;
      case '\'':
        fputs("&#39;", out);
        break;
      default:
        fputc(*text, out);
    }
  }
}

static size_t row_count(const epx_table_t *table) {
  const size_t columns = (size_t)table->columns;
  return (table->count + columns - 1) / columns;
}

static const char *cell(const epx_table_t *table, size_t row, int column) {
  const size_t index = row * (size_t)table->columns + (size_t)column;
  return index < table->count ? table->cells[index] : "";
}

/* Characters on the screen: bytes that start a UTF-8 sequence (plus escapes in Markdown). */
static int text_width(const char *text, bool markdown) {
  int width = 0;
  for (; *text != '\0'; ++text) {
    width += ((unsigned char)*text & 0xc0) != 0x80;
    width += markdown && *text == '|';
  }
  return width;
}

static int column_width(const epx_table_t *table, int column, bool markdown) {
  int width = markdown ? 3 : 0;
  for (size_t row = 0; row < row_count(table); ++row) {
    const int own = text_width(cell(table, row, column), markdown);
    width = own > width ? own : width;
  }
  return width;
}

/* One cell on one line: a newline becomes a space, and in Markdown | becomes \|. */
static void put_line_text(FILE *out, const char *text, bool markdown) {
  for (; *text != '\0'; ++text) {
    if (markdown && *text == '|') {
      fputc('\\', out);
    }
    fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
  }
}

static void put_fill(FILE *out, char c, int count) {
  for (int i = 0; i < count; ++i) {
    fputc(c, out);
  }
}

static void write_rule(const epx_table_t *table, const int *widths, bool markdown, FILE *out) {
  fputs(markdown ? "|" : "", out);
  for (int c = 0; c < table->columns; ++c) {
    if (markdown) {
      fputc(' ', out);
      put_fill(out, '-', widths[c] - (table->right[c] ? 1 : 0));
      fputs(table->right[c] ? ": |" : " |", out);
    } else {
      put_fill(out, '-', widths[c]);
      fputs(c + 1 < table->columns ? "  " : "", out);
    }
  }
  fputc('\n', out);
}

static void write_aligned_row(const epx_table_t *table, size_t row, const int *widths,
                              bool markdown, FILE *out) {
  fputs(markdown ? "| " : "", out);
  for (int c = 0; c < table->columns; ++c) {
    const char *text = cell(table, row, c);
    const int fill = widths[c] - text_width(text, markdown);
    const bool last = c + 1 == table->columns;
    put_fill(out, ' ', table->right[c] ? fill : 0);
    put_line_text(out, text, markdown);
    put_fill(out, ' ', table->right[c] || (last && !markdown) ? 0 : fill);
    fputs(markdown ? (last ? " |" : " | ") : (last ? "" : "  "), out);
  }
  fputc('\n', out);
}

static epx_status_t write_aligned(const epx_table_t *table, bool markdown, FILE *out,
                                  epx_error_t *error) {
  int *widths = calloc((size_t)table->columns, sizeof *widths);
  if (widths == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "Out of memory while writing a table.");
  }
  for (int c = 0; c < table->columns; ++c) {
    widths[c] = column_width(table, c, markdown);
  }
  for (size_t row = 0; row < row_count(table); ++row) {
    write_aligned_row(table, row, widths, markdown, out);
    if (row == 0) {
      write_rule(table, widths, markdown, out);
    }
  }
  free(widths);
  return EPX_OK;
}

static void write_csv(const epx_table_t *table, FILE *out) {
  for (size_t row = 0; row < row_count(table); ++row) {
    for (int c = 0; c < table->columns; ++c) {
      const char *text = cell(table, row, c);
      const bool quote = strpbrk(text, ",\"\r\n") != NULL;
      fputs(c > 0 ? "," : "", out);
      fputs(quote ? "\"" : "", out);
      for (; *text != '\0'; ++text) {
        fputs(*text == '"' ? "\"" : "", out);
        fputc(*text, out);
      }
      fputs(quote ? "\"" : "", out);
    }
    fputc('\n', out);
  }
}

/* In headings, dotted keys may break after a dot or an underscore. */
static void put_html_heading(FILE *out, const char *text) {
  for (; *text != '\0'; ++text) {
    const char one[2] = {*text, '\0'};
    epx_html_text(out, one);
    if ((*text == '.' || *text == '_') && isalpha((unsigned char)text[1])) {
      fputs("<wbr>", out);
    }
  }
}

static void write_html(const epx_table_t *table, FILE *out) {
  fputs("<div class=\"table\"><table>\n", out);
  for (size_t row = 0; row < row_count(table); ++row) {
    const char *tag = row == 0 ? "th" : "td";
    fputs(row == 0 ? "<thead><tr>" : row == 1 ? "<tbody><tr>" : "<tr>", out);
    for (int c = 0; c < table->columns; ++c) {
      fprintf(out, "<%s%s>", tag, table->right[c] ? " class=\"number\"" : "");
      (row == 0 ? put_html_heading : epx_html_text)(out, cell(table, row, c));
      fprintf(out, "</%s>", tag);
    }
    fputs(row == 0 ? "</tr></thead>\n" : "</tr>\n", out);
  }
  fputs(row_count(table) > 1 ? "</tbody></table></div>\n" : "</table></div>\n", out);
}

epx_status_t epx_table_write(const epx_table_t *table, epx_table_format_t format, FILE *out,
                             epx_error_t *error) {
  if (table == NULL || table->out_of_memory) {
    return epx_fail(error, EPX_ERR_MEMORY, "Out of memory while building a table.");
  }
  epx_status_t status = EPX_OK;
  switch (format) {
    case EPX_TABLE_TEXT:
      status = write_aligned(table, false, out, error);
      break;
    case EPX_TABLE_MARKDOWN:
      status = write_aligned(table, true, out, error);
      break;
    case EPX_TABLE_CSV:
      write_csv(table, out);
      break;
    case EPX_TABLE_HTML:
      write_html(table, out);
      break;
  }
  if (status == EPX_OK && ferror(out)) {
    status = epx_fail(error, EPX_ERR_IO, "Cannot write a table: the output failed.");
  }
  return status;
}
