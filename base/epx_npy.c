/* SPDX-License-Identifier: Apache-2.0 */
/* A small recursive reader of the one dictionary that .npy headers hold:
 * {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } with the keys in any order. */
#include "epx_npy.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays are written as they lie in memory: little-endian machines only"
#endif

static const struct {
  const char *descr;
  size_t size;
} epx_dtypes[] = {
    [EPX_DTYPE_I8] = {"|i1", 1},  [EPX_DTYPE_U8] = {"|u1", 1},  [EPX_DTYPE_I16] = {"<i2", 2},
    [EPX_DTYPE_U16] = {"<u2", 2}, [EPX_DTYPE_I32] = {"<i4", 4}, [EPX_DTYPE_U32] = {"<u4", 4},
    [EPX_DTYPE_I64] = {"<i8", 8}, [EPX_DTYPE_U64] = {"<u8", 8}, [EPX_DTYPE_F32] = {"<f4", 4},
    [EPX_DTYPE_F64] = {"<f8", 8},
};
enum { EPX_DTYPE_COUNT = sizeof epx_dtypes / sizeof epx_dtypes[0] };

size_t epx_dtype_size(epx_dtype_t dtype) {
  return (unsigned)dtype < EPX_DTYPE_COUNT ? epx_dtypes[dtype].size : 0;
}

const char *epx_npy_descr(epx_dtype_t dtype) {
  return (unsigned)dtype < EPX_DTYPE_COUNT ? epx_dtypes[dtype].descr : "?";
}

epx_status_t epx_npy_measure(epx_dtype_t dtype, int dimensions, const size_t *shape, size_t *count,
                             size_t *bytes) {
  size_t elements = 1, size = epx_dtype_size(dtype);
  bool empty = false;
  /* As in NumPy, the lengths other than 0 must fit even where another one is 0. */
  for (int d = 0; d < dimensions; d++) {
    if (shape[d] == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(elements, shape[d], &elements)) {
      return EPX_ERR_ARGUMENT;
    }
  }
  if (__builtin_mul_overflow(elements, size, &size)) return EPX_ERR_ARGUMENT;
  *count = empty ? 0 : elements;
  *bytes = empty ? 0 : size;
  return EPX_OK;
}

epx_status_t epx_npy_parse_prefix(const unsigned char *prefix, size_t size, const char *where,
                                  size_t *prefix_size, size_t *text_size, epx_error_t *error) {
  if (size < 10 || memcmp(prefix, "\x93NUMPY", 6) != 0) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: does not begin with the NumPy magic \\x93NUMPY and a version.", where);
  }
  unsigned major = prefix[6], minor = prefix[7];
  if (major < 1 || major > 3 || minor != 0) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: .npy version %u.%u at byte 6, expected 1.0, 2.0 or 3.0.", where, major,
                    minor);
  }
  size_t used = major == 1 ? 10 : 12;
  if (size < used) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s: ends after %zu bytes, inside the .npy header.",
                    where, size);
  }
  size_t length = prefix[8] | (size_t)prefix[9] << 8;
  if (major > 1) length |= (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
  if (length > EPX_NPY_TEXT_LIMIT) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: .npy header text of %zu bytes, expected at most %d.", where, length,
                    EPX_NPY_TEXT_LIMIT);
  }
  *prefix_size = used;
  *text_size = length;
  return EPX_OK;
}

/* The reader's place in the text, and what it has seen. */
typedef struct epx_npy_reader_t {
  const char *text;
  size_t size, at;
  const char *where;
  epx_error_t *error;
  bool has_descr, has_order, has_shape;
} epx_npy_reader_t;

static epx_status_t epx_npy_expected(const epx_npy_reader_t *r, const char *what) {
  char found[2] = {r->at < r->size ? r->text[r->at] : '\0', '\0'};
  if (found[0] < ' ' || found[0] > '~') {
    return epx_fail(r->error, EPX_ERR_FORMAT, "%s: .npy header text, byte %zu: expected %s.",
                    r->where, r->at, what);
  }
  return epx_fail(r->error, EPX_ERR_FORMAT,
                  "%s: .npy header text, byte %zu: found '%s', expected %s.", r->where, r->at,
                  found, what);
}

static void epx_npy_blanks(epx_npy_reader_t *r) {
  while (r->at < r->size && (r->text[r->at] == ' ' || r->text[r->at] == '\n')) r->at++;
}

/* Takes the character c, after blanks, if it is next. */
static bool epx_npy_take(epx_npy_reader_t *r, char c) {
  epx_npy_blanks(r);
  if (r->at >= r->size || r->text[r->at] != c) return false;
  r->at++;
  return true;
}

/* A quoted string of fewer than `size` characters without escapes. */
static epx_status_t epx_npy_string(epx_npy_reader_t *r, char *out, size_t size, const char *what) {
  char quote = '\'';
  if (!epx_npy_take(r, quote)) {
    quote = '"';
    if (!epx_npy_take(r, quote)) return epx_npy_expected(r, what);
  }
  size_t length = 0;
  while (r->at < r->size && r->text[r->at] != quote) {
    char c = r->text[r->at];
    if (length + 1 >= size || c < ' ' || c > '~' || c == '\\') return epx_npy_expected(r, what);
    out[length++] = c;
    r->at++;
  }
  out[length] = '\0';
  return epx_npy_take(r, quote) ? EPX_OK : epx_npy_expected(r, "a closing quote");
}

static epx_status_t epx_npy_read_descr(epx_npy_reader_t *r, epx_npy_header_t *header) {
  char descr[32];
  epx_status_t status = epx_npy_string(r, descr, sizeof descr, "a simple type such as '<f4'");
  if (status != EPX_OK) return status;
  for (int i = 0; i < (int)EPX_DTYPE_COUNT; i++) {
    bool one_byte = epx_dtypes[i].size == 1; /* byte order then means nothing */
    if (strcmp(descr, epx_dtypes[i].descr) == 0 ||
        (one_byte && descr[0] == '<' && strcmp(descr + 1, epx_dtypes[i].descr + 1) == 0)) {
      header->dtype = (epx_dtype_t)i;
      r->has_descr = true;
      return EPX_OK;
    }
  }
  return epx_fail(r->error, EPX_ERR_FORMAT,
                  "%s: elements of type '%s', expected one of |i1 |u1 <i2 <u2 <i4 <u4 <i8 <u8 <f4 "
                  "<f8 (little-endian).",
                  r->where, descr);
}

static epx_status_t epx_npy_read_order(epx_npy_reader_t *r) {
  epx_npy_blanks(r);
  size_t left = r->size - r->at;
  if (left >= 4 && memcmp(r->text + r->at, "True", 4) == 0) {
    return epx_fail(r->error, EPX_ERR_FORMAT,
                    "%s: stored in Fortran order, expected C order "
                    "(numpy.ascontiguousarray converts).",
                    r->where);
  }
  if (left < 5 || memcmp(r->text + r->at, "False", 5) != 0) {
    return epx_npy_expected(r, "True or False");
  }
  r->at += 5;
  r->has_order = true;
  return EPX_OK;
}

static epx_status_t epx_npy_read_length(epx_npy_reader_t *r, size_t *length) {
  size_t value = 0, start = r->at;
  while (r->at < r->size && r->text[r->at] >= '0' && r->text[r->at] <= '9') {
    if (__builtin_mul_overflow(value, (size_t)10, &value) ||
        __builtin_add_overflow(value, (size_t)(r->text[r->at] - '0'), &value)) {
      return epx_npy_expected(r, "a length below 2^64");
    }
    r->at++;
  }
  if (r->at == start) return epx_npy_expected(r, "a length or ')'");
  *length = value;
  return EPX_OK;
}

/* (), (3,), (3, 4) or (3, 4,). */
static epx_status_t epx_npy_read_shape(epx_npy_reader_t *r, epx_npy_header_t *header) {
  if (!epx_npy_take(r, '(')) return epx_npy_expected(r, "'('");
  int dimensions = 0;
  bool comma = true;
  while (!epx_npy_take(r, ')')) {
    if (!comma) return epx_npy_expected(r, "',' or ')'");
    if (dimensions == EPX_NPZ_MAX_DIMENSIONS) {
      return epx_fail(r->error, EPX_ERR_FORMAT, "%s: more than %d dimensions.", r->where,
                      EPX_NPZ_MAX_DIMENSIONS);
    }
    epx_status_t status = epx_npy_read_length(r, &header->shape[dimensions]);
    if (status != EPX_OK) return status;
    dimensions++;
    comma = epx_npy_take(r, ',');
    epx_npy_blanks(r);
  }
  if (dimensions == 1 && !comma) return epx_npy_expected(r, "a tuple such as (3,)");
  header->dimensions = dimensions;
  r->has_shape = true;
  return EPX_OK;
}

static epx_status_t epx_npy_read_entry(epx_npy_reader_t *r, epx_npy_header_t *header) {
  char key[32];
  epx_status_t status = epx_npy_string(r, key, sizeof key, "a key in quotes or '}'");
  if (status != EPX_OK) return status;
  if (!epx_npy_take(r, ':')) return epx_npy_expected(r, "':'");
  if (strcmp(key, "descr") == 0 && !r->has_descr) return epx_npy_read_descr(r, header);
  if (strcmp(key, "fortran_order") == 0 && !r->has_order) return epx_npy_read_order(r);
  if (strcmp(key, "shape") == 0 && !r->has_shape) return epx_npy_read_shape(r, header);
  return epx_fail(r->error, EPX_ERR_FORMAT,
                  "%s: key '%s' in the .npy header, expected each of 'descr', 'fortran_order' and "
                  "'shape' once.",
                  r->where, key);
}

epx_status_t epx_npy_parse_text(const char *text, size_t size, const char *where,
                                epx_npy_header_t *header, epx_error_t *error) {
  epx_npy_reader_t r = {.text = text, .size = size, .where = where, .error = error};
  epx_npy_header_t found = {.dimensions = 0};
  if (!epx_npy_take(&r, '{')) return epx_npy_expected(&r, "'{'");
  bool comma = true;
  while (!epx_npy_take(&r, '}')) {
    if (!comma) return epx_npy_expected(&r, "',' or '}'");
    epx_status_t status = epx_npy_read_entry(&r, &found);
    if (status != EPX_OK) return status;
    comma = epx_npy_take(&r, ',');
  }
  epx_npy_blanks(&r);
  if (r.at != size) return epx_npy_expected(&r, "nothing after '}'");
  if (!r.has_descr || !r.has_order || !r.has_shape) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s: the .npy header lacks '%s'.", where,
                    !r.has_descr ? "descr" : (!r.has_order ? "fortran_order" : "shape"));
  }
  size_t count;
  if (epx_npy_measure(found.dtype, found.dimensions, found.shape, &count, &found.bytes) != EPX_OK) {
    return epx_fail(error, EPX_ERR_FORMAT, "%s: the shape needs more than 2^64 bytes.", where);
  }
  *header = found;
  return EPX_OK;
}

size_t epx_npy_format(const epx_npz_array_t *array, unsigned char out[EPX_NPY_WRITTEN_SIZE]) {
  char *text = (char *)out + 10;
  size_t room = EPX_NPY_WRITTEN_SIZE - 10, length;
  length = (size_t)snprintf(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                            epx_npy_descr(array->dtype));
  for (int d = 0; d < array->dimensions; d++) {
    const char *separator = array->dimensions == 1 ? "," : (d + 1 < array->dimensions ? ", " : "");
    length += (size_t)snprintf(text + length, room - length, "%zu%s", array->shape[d], separator);
  }
  length += (size_t)snprintf(text + length, room - length, "), }");
  size_t total = (10 + length + 1 + 63) / 64 * 64;
  memset(text + length, ' ', total - 10 - length);
  out[total - 1] = '\n';
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  out[8] = (unsigned char)((total - 10) & 0xff);
  out[9] = (unsigned char)((total - 10) >> 8);
  return total;
}
