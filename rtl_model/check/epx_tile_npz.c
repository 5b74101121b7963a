/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_tile_npz.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_npy.h"
#include "epx_tile_formats.h"
#include "epx_yaml.h"

typedef struct reader_t {
  const epx_npz_t *npz;
  const char *label;
  epx_tile_vectors_t *v;
} reader_t;

static const char formats_name[] = "formats";
static const size_t place_shape[] = {4}, circuit_shape[] = {2, 4, 2}, draw_shape[] = {4};

static bool whole(const epx_npz_array_t *array) {
  return array->dtype != EPX_DTYPE_F32 && array->dtype != EPX_DTYPE_F64;
}

static epx_status_t check_shape(const char *label, const epx_npz_array_t *array, int dimensions,
                                const size_t *shape, epx_error_t *error) {
  char found[EPX_NPZ_SHAPE_SIZE], expected[EPX_NPZ_SHAPE_SIZE];
  if (whole(array) && array->dimensions == dimensions &&
      (dimensions == 0 || memcmp(array->shape, shape, (size_t)dimensions * sizeof *shape) == 0)) {
    return EPX_OK;
  }
  return epx_fail(error, EPX_ERR_FORMAT,
                  "%s: array '%s' is %s of type %s; expected %s of an integer type", label,
                  array->name, epx_npz_shape_text(array->dimensions, array->shape, found),
                  epx_npy_descr(array->dtype), epx_npz_shape_text(dimensions, shape, expected));
}

epx_status_t epx_tile_npz_place(const epx_npz_t *npz, const char *label, epx_tile_place_t *place,
                                bool *given, epx_error_t *error) {
  const epx_npz_array_t *array = epx_npz_find(npz, "tile");
  int number[4] = {0, 0, 0, 0};
  if (array != NULL) {
    const epx_status_t status = check_shape(label, array, 1, place_shape, error);
    if (status != EPX_OK) {
      return status;
    }
    for (size_t i = 0; i < place_shape[0]; ++i) {
      const int64_t value = epx_tile_get(array->dtype, array->data, i);
      if (value < 0 || value > (i == 3 ? 1 : INT32_MAX)) {
        return epx_fail(error, EPX_ERR_FORMAT,
                        "%s: array 'tile' holds %" PRId64 " at element %zu; expected 0 %s", label,
                        value, i, i == 3 ? "or 1" : "..");
      }
      number[i] = (int)value;
    }
  }
  *given = array != NULL;
  *place = (epx_tile_place_t){number[0], number[1], number[2], number[3] == 1};
  return EPX_OK;
}

/* Every array of the archive must be one of ours. */
static epx_status_t check_names(const epx_npz_t *npz, const char *label, epx_error_t *error) {
  enum { OTHERS = 4, COUNT = EPX_TILE_INPUTS + EPX_TILE_OUTPUTS + OTHERS };
  char expect[EPX_TILE_OUTPUTS][32];
  const char *names[COUNT] = {"tile", "circuit", "draw", formats_name};
  for (int i = 0; i < EPX_TILE_INPUTS; ++i) {
    names[OTHERS + i] = epx_tile_inputs()[i].name;
  }
  for (int i = 0; i < EPX_TILE_OUTPUTS; ++i) {
    snprintf(expect[i], sizeof expect[i], "expect.%s", epx_tile_outputs()[i].name);
    names[OTHERS + EPX_TILE_INPUTS + i] = expect[i];
  }
  for (size_t a = 0; a < epx_npz_count(npz); ++a) {
    const char *name = epx_npz_at(npz, a)->name;
    bool known = false;
    for (int i = 0; i < COUNT; ++i) {
      known = known || strcmp(name, names[i]) == 0;
    }
    if (!known) {
      const char *near = epx_yaml_nearest(name, names, COUNT);
      return epx_fail(error, EPX_ERR_FORMAT, "%s: array '%s' is not one of a tile's vectors%s%s%s",
                      label, name, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                      near != NULL ? "'?" : "");
    }
  }
  return EPX_OK;
}

/* Length of the first dimension of the first of `names` that is there, 0 where none is. */
static epx_status_t count_words(const epx_npz_t *npz, const char *label, const char *const names[3],
                                int *count, epx_error_t *error) {
  const epx_npz_array_t *array = NULL;
  for (int i = 0; array == NULL && i < 3 && names[i] != NULL; ++i) {
    array = epx_npz_find(npz, names[i]);
  }
  *count = 0;
  if (array == NULL) {
    return EPX_OK;
  }
  if (array->dimensions == 0 || array->shape[0] > 1 << 24) {
    char found[EPX_NPZ_SHAPE_SIZE];
    return epx_fail(error, EPX_ERR_FORMAT, "%s: array '%s' is %s; expected 0 to %d words", label,
                    array->name, epx_npz_shape_text(array->dimensions, array->shape, found),
                    1 << 24);
  }
  *count = (int)array->shape[0];
  return EPX_OK;
}

/* Copies an array into ours, code by code. Outputs have the range of their own type. */
static epx_status_t take(const reader_t *r, const char *name, const epx_tile_array_t *row,
                         int64_t low, int64_t high, void *to, epx_error_t *error) {
  const epx_npz_array_t *array = epx_npz_find(r->npz, name);
  size_t shape[EPX_NPZ_MAX_DIMENSIONS];
  const int dimensions = epx_tile_array_shape(r->v, row, shape);
  const epx_status_t status = check_shape(r->label, array, dimensions, shape, error);
  if (status != EPX_OK) {
    return status;
  }
  for (size_t i = 0; i < array->count; ++i) {
    const int64_t value = epx_tile_get(array->dtype, array->data, i);
    if (value < low || value > high) {
      return epx_fail(error, EPX_ERR_FORMAT,
                      "%s: array '%s' holds the code %" PRId64
                      " at element %zu; its format has "
                      "%" PRId64 " to %" PRId64,
                      r->label, name, value, i, low, high);
    }
    epx_tile_set(row->dtype, to, i, value);
  }
  return EPX_OK;
}

/* Inputs that a job of these counts cannot do without. */
static bool needed(const epx_tile_vectors_t *v, int input) {
  switch (input) {
    case EPX_TILE_X:
      return v->counts.vectors > 0;
    case EPX_TILE_POST:
      return v->counts.positions > 0;
    case EPX_TILE_POST_SWITCHES:
      return v->counts.positions > 0 && v->setup.window > 1;
    case EPX_TILE_PRE:
    case EPX_TILE_TERM_POST:
    case EPX_TILE_COEFFICIENT:
      return v->counts.terms > 0;
    case EPX_TILE_TERM_SWITCHES:
      return v->counts.terms > 0 && v->setup.window > 1;
    case EPX_TILE_WEIGHT:
      return !v->update;
    case EPX_TILE_SHADOW:
    case EPX_TILE_VELOCITY:
      return v->update;
    case EPX_TILE_BIAS:
    case EPX_TILE_BIAS_VELOCITY:
      return v->update && v->shape.bias;
    default:
      return false;
  }
}

static epx_status_t take_inputs(const reader_t *r, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; status == EPX_OK && i < EPX_TILE_INPUTS; ++i) {
    const epx_tile_array_t *row = &epx_tile_inputs()[i];
    int64_t low, high;
    epx_tile_input_range(r->v, (epx_tile_input_t)i, &low, &high);
    if (epx_npz_find(r->npz, row->name) == NULL) {
      char shape_text[EPX_NPZ_SHAPE_SIZE];
      size_t shape[EPX_NPZ_MAX_DIMENSIONS];
      const int dimensions = epx_tile_array_shape(r->v, row, shape);
      status =
          needed(r->v, i)
              ? epx_fail(error, EPX_ERR_NOT_FOUND, "%s: no array '%s'; expected integers %s",
                         r->label, row->name, epx_npz_shape_text(dimensions, shape, shape_text))
              : EPX_OK;
    } else if (r->v->input[i] == NULL) {
      status = epx_fail(
          error, EPX_ERR_FORMAT, "%s: array '%s' has no use in this job: %s", r->label, row->name,
          i == EPX_TILE_OPERAND && r->v->setup.role != EPX_ROLE_STATES
              ? (r->v->setup.role == EPX_ROLE_READOUT ? "the read-out has no neurons"
                                                      : "feedback arrays have no neurons")
          : i == EPX_TILE_WRITTEN ? "the cells are ideal"
          : i == EPX_TILE_PSUM_IN || i == EPX_TILE_OPERAND
              ? "there are no vectors 'x'"
              : "biases go with an update of row block 0, registers with 'shadow'");
    } else {
      status = take(r, row->name, row, low, high, r->v->input[i], error);
    }
  }
  return status;
}

static epx_status_t take_expected(const reader_t *r, epx_error_t *error) {
  epx_status_t status = EPX_OK;
  for (int i = 0; status == EPX_OK && i < EPX_TILE_OUTPUTS; ++i) {
    const epx_tile_array_t *row = &epx_tile_outputs()[i];
    char name[32];
    snprintf(name, sizeof name, "expect.%s", row->name);
    if (epx_npz_find(r->npz, name) == NULL) {
      continue;
    }
    if (!epx_tile_output_given(r->v, (epx_tile_output_t)i)) {
      return epx_fail(error, EPX_ERR_FORMAT, "%s: array '%s': this job gives no %s", r->label, name,
                      row->label);
    }
    void *to = calloc(epx_tile_array_count(r->v, row) + 1, epx_dtype_size(row->dtype));
    if (to == NULL) {
      return epx_fail(error, EPX_ERR_MEMORY, "%s: out of memory for '%s'", r->label, name);
    }
    r->v->expect[i] = to;
    const bool is_signed = row->dtype != EPX_DTYPE_U8 && row->dtype != EPX_DTYPE_U32;
    const int bits = 8 * (int)epx_dtype_size(row->dtype);
    const int64_t low = !is_signed ? 0 : bits == 64 ? INT64_MIN : -(INT64_C(1) << (bits - 1));
    const int64_t high = bits == 64 ? INT64_MAX : (INT64_C(1) << (is_signed ? bits - 1 : bits)) - 1;
    status = take(r, name, row, low, high, to, error);
  }
  return status;
}

static epx_scale_t *constant(epx_tile_setup_t *setup, int which, int index) {
  epx_update_circuit_t *circuit = which == 0 ? &setup->weight_circuit : &setup->bias_circuit;
  epx_scale_t *const all[] = {&circuit->gradient, &circuit->momentum, &circuit->decay,
                              &circuit->rate};
  return all[index];
}

/* The largest operand of each constant must leave 62 bits. */
static epx_status_t take_circuit(const reader_t *r, epx_error_t *error) {
  static const char *const names[] = {"gradient", "momentum", "decay", "rate"};
  const epx_npz_array_t *array = epx_npz_find(r->npz, "circuit");
  if (array == NULL) {
    return EPX_OK;
  }
  epx_status_t status = check_shape(r->label, array, 3, circuit_shape, error);
  for (int i = 0; status == EPX_OK && i < 8; ++i) {
    const int64_t mantissa = epx_tile_get(array->dtype, array->data, (size_t)(2 * i));
    const int64_t shift = epx_tile_get(array->dtype, array->data, (size_t)(2 * i + 1));
    const double correlation =
        r->v->setup.role == EPX_ROLE_READOUT ? 0x1p26 : 0x1p19; /* of one term */
    const double operand = i % 4 == 0 ? correlation * r->v->counts.terms : 0x1p31;
    if ((mantissa != 0 && (mantissa < 1 << 15 || mantissa >= 1 << 16)) || shift < -15 ||
        shift > 62 || ldexp(operand, 16 + (shift < 0 ? (int)-shift : 0)) >= 0x1p62) {
      return epx_fail(error, EPX_ERR_FORMAT,
                      "%s: array 'circuit', %s %s: mantissa %" PRId64 ", shift %" PRId64
                      "; expected 0 or 32768 to 65535, -15 to 62, and products within 62 bits",
                      r->label, i < 4 ? "weight" : "bias", names[i % 4], mantissa, shift);
    }
    *constant(&r->v->setup, i / 4, i % 4) = (epx_scale_t){(int32_t)mantissa, (int)shift};
  }
  return status;
}

static epx_status_t take_event(const reader_t *r, epx_error_t *error) {
  const epx_npz_array_t *array = epx_npz_find(r->npz, "draw");
  const epx_tile_counts_t *counts = &r->v->counts;
  uint32_t *const numbers[] = {&r->v->draw.image, &r->v->draw.images, &r->v->draw.read,
                               &r->v->draw.update};
  epx_status_t status = array != NULL ? check_shape(r->label, array, 1, draw_shape, error) : EPX_OK;
  for (size_t i = 0; array != NULL && status == EPX_OK && i < draw_shape[0]; ++i) {
    const int64_t value = epx_tile_get(array->dtype, array->data, i);
    if (value < (i == 1) || value > (i == 1 ? INT32_MAX : UINT32_MAX)) {
      return epx_fail(error, EPX_ERR_FORMAT,
                      "%s: array 'draw' holds %" PRId64
                      " at element %zu; expected numbers of 32 "
                      "bits, and 1 or more images",
                      r->label, value, i);
    }
    *numbers[i] = (uint32_t)value;
  }
  const int images = (int)r->v->draw.images;
  if (status == EPX_OK && (counts->vectors % images != 0 || counts->positions % images != 0)) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: array 'draw' says %d images; expected as many vectors of each (of %d) "
                    "and as many backward positions (of %d)",
                    r->label, images, counts->vectors, counts->positions);
  }
  return status;
}

static epx_status_t fill(const reader_t *r, epx_error_t *error) {
  epx_status_t status = take_inputs(r, error);
  status = status == EPX_OK ? take_circuit(r, error) : status;
  status = status == EPX_OK ? take_event(r, error) : status;
  status = status == EPX_OK ? take_expected(r, error) : status;
  const bool weights = epx_npz_find(r->npz, "weight") == NULL;
  return status == EPX_OK ? epx_tile_vectors_program(r->v, weights, error) : status;
}

bool epx_tile_npz_says_formats(const epx_npz_t *npz) {
  return epx_code_formats_given(npz, formats_name);
}

/* Vectors that another program made may leave them out. */
static epx_status_t check_formats(const epx_npz_t *npz, const char *label,
                                  const epx_tile_setup_t *setup, epx_error_t *error) {
  epx_code_format_t formats[EPX_TILE_FORMATS];
  const size_t count = epx_tile_formats(setup, formats);
  return epx_tile_npz_says_formats(npz)
             ? epx_code_formats_check(npz, label, formats_name, formats, count, error)
             : EPX_OK;
}

epx_status_t epx_tile_npz_read(const epx_npz_t *npz, const char *label,
                               const epx_tile_setup_t *setup, epx_tile_vectors_t **vectors,
                               epx_error_t *error) {
  static const char *const forward[3] = {"x", "psum_in", "operand"};
  static const char *const backward[3] = {"post", "post_switches"};
  static const char *const terms[3] = {"coefficient", "pre", "term_post"};
  epx_tile_counts_t counts = {0, 0, 0};
  epx_status_t status = check_names(npz, label, error);
  status = status == EPX_OK ? check_formats(npz, label, setup, error) : status;
  status = status == EPX_OK ? count_words(npz, label, forward, &counts.vectors, error) : status;
  status = status == EPX_OK ? count_words(npz, label, backward, &counts.positions, error) : status;
  status = status == EPX_OK ? count_words(npz, label, terms, &counts.terms, error) : status;
  if (status == EPX_OK && counts.vectors % setup->window != 0) {
    return epx_fail(error, EPX_ERR_FORMAT,
                    "%s: array 'x' has %d vectors; expected whole windows of %d", label,
                    counts.vectors, setup->window);
  }
  const epx_tile_parts_t parts = {epx_npz_find(npz, "psum_in") != NULL,
                                  epx_npz_find(npz, "operand") != NULL,
                                  epx_npz_find(npz, "shadow") != NULL};
  epx_tile_vectors_t *v = NULL;
  status = status == EPX_OK ? epx_tile_vectors_create(setup, counts, parts, &v, error) : status;
  if (status == EPX_OK) {
    const reader_t reader = {npz, label, v};
    status = fill(&reader, error);
  }
  if (status == EPX_OK) {
    *vectors = v;
  } else {
    epx_tile_vectors_destroy(v);
  }
  return status;
}

static epx_status_t add(epx_npz_t *npz, const epx_tile_vectors_t *v, const char *name,
                        const epx_tile_array_t *row, const void *data, epx_error_t *error) {
  size_t shape[EPX_NPZ_MAX_DIMENSIONS];
  const int dimensions = epx_tile_array_shape(v, row, shape);
  return epx_npz_add(npz, name, row->dtype, dimensions, shape, data, NULL, error);
}

static epx_status_t add_all(epx_npz_t *npz, const epx_tile_vectors_t *v, epx_error_t *error) {
  const epx_tile_place_t *p = &v->setup.place;
  const int32_t place[4] = {p->layer, p->row_block, p->column_block, p->feedback};
  const uint32_t draw[4] = {v->draw.image, v->draw.images, v->draw.read, v->draw.update};
  epx_tile_setup_t setup = v->setup;
  int32_t circuit[16];
  for (int i = 0; i < 8; ++i) {
    const epx_scale_t *scale = constant(&setup, i / 4, i % 4);
    circuit[2 * i] = scale->mantissa;
    circuit[2 * i + 1] = scale->shift;
  }
  epx_code_format_t formats[EPX_TILE_FORMATS];
  const size_t count = epx_tile_formats(&v->setup, formats);
  epx_status_t status = epx_npz_add(npz, "tile", EPX_DTYPE_I32, 1, place_shape, place, NULL, error);
  if (status == EPX_OK) {
    status = epx_code_formats_add(npz, formats_name, formats, count, error);
  }
  if (status == EPX_OK) {
    status = epx_npz_add(npz, "draw", EPX_DTYPE_U32, 1, draw_shape, draw, NULL, error);
  }
  if (status == EPX_OK && v->update) {
    status = epx_npz_add(npz, "circuit", EPX_DTYPE_I32, 3, circuit_shape, circuit, NULL, error);
  }
  for (int i = 0; status == EPX_OK && i < EPX_TILE_INPUTS; ++i) {
    const epx_tile_array_t *row = &epx_tile_inputs()[i];
    if (v->input[i] != NULL && epx_tile_array_count(v, row) > 0) {
      status = add(npz, v, row->name, row, v->input[i], error);
    }
  }
  for (int i = 0; status == EPX_OK && i < EPX_TILE_OUTPUTS; ++i) {
    const epx_tile_array_t *row = &epx_tile_outputs()[i];
    char name[32];
    snprintf(name, sizeof name, "expect.%s", row->name);
    if (v->expect[i] != NULL) {
      status = add(npz, v, name, row, v->expect[i], error);
    }
  }
  return status;
}

epx_status_t epx_tile_npz_write(const char *path, const epx_tile_vectors_t *vectors,
                                epx_error_t *error) {
  epx_npz_t *npz = NULL;
  epx_status_t status = epx_npz_create(&npz, error);
  status = status == EPX_OK ? add_all(npz, vectors, error) : status;
  status = status == EPX_OK ? epx_npz_write(path, npz, error) : status;
  epx_npz_destroy(npz);
  return status;
}
