/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_technology.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "epx_yaml.h"

enum { MAX_NODES = 16 };

static const char *const entry_names[EPX_TECH_COUNT] = {
    "line_driver",       "cell_read_analog",   "cell_read_digital",
    "cell_write_analog", "cell_write_digital", "sample_hold",
    "shift_add",         "full_adder",         "add_32b",
    "multiply_8b",       "multiply_32b",       "sram_bit",
    "edram_bit",         "router_bit",         "bus_bit",
    "dram_bit"};

/* Energy polynomial of one node. */
typedef struct node_t {
  double nm, b2, b1, b0;
} node_t;

typedef struct reader_t {
  const epx_yaml_t *yaml;
  epx_error_t *error;
  node_t node[MAX_NODES];
  int nodes;
  epx_technology_t *out;
} reader_t;

/* ---- values of keys ---- */

static epx_status_t check_keys(const reader_t *reader, const epx_yaml_node_t *mapping,
                               const char *what, const char *const *names, int count) {
  char found[EPX_YAML_FOUND_SIZE];
  if (mapping->kind != EPX_YAML_MAPPING) {
    return epx_yaml_fail(reader->yaml, mapping, reader->error, "%s: found %s; expected a mapping",
                         what, epx_yaml_found(mapping, found));
  }
  for (const epx_yaml_node_t *child = mapping->first; child != NULL; child = child->next) {
    bool known = false;
    for (int i = 0; i < count; ++i) {
      known = known || strcmp(child->key, names[i]) == 0;
    }
    if (!known) {
      const char *nearest = epx_yaml_nearest(child->key, names, count);
      return epx_yaml_fail_key(
          reader->yaml, child, reader->error, "%s: found an unknown key %.60s%s%s", what,
          child->key, nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "");
    }
  }
  return EPX_OK;
}

static epx_status_t find(const reader_t *reader, const epx_yaml_node_t *mapping, const char *what,
                         const char *key, const epx_yaml_node_t **node) {
  *node = epx_yaml_find(mapping, key);
  return *node != NULL ? EPX_OK
                       : epx_yaml_fail(reader->yaml, mapping, reader->error,
                                       "%s: the key %s is missing", what, key);
}

/* A real in [low, high]; `fallback` where the key is missing and the fallback is not NAN. */
static epx_status_t real(const reader_t *reader, const epx_yaml_node_t *mapping, const char *what,
                         const char *key, double fallback, double low, double high, double *value) {
  const epx_yaml_node_t *node = epx_yaml_find(mapping, key);
  char found[EPX_YAML_FOUND_SIZE];
  double number;
  if (node == NULL && !isnan(fallback)) {
    *value = fallback;
    return EPX_OK;
  }
  const epx_status_t status = find(reader, mapping, what, key, &node);
  if (status != EPX_OK) {
    return status;
  }
  if (!epx_yaml_real(node, &number) || number < low || number > high) {
    return epx_yaml_fail(reader->yaml, node, reader->error,
                         "%s.%s: found %s; expected a number in [%g, %g]", what, key,
                         epx_yaml_found(node, found), low, high);
  }
  *value = number;
  return EPX_OK;
}

static epx_status_t text(const reader_t *reader, const epx_yaml_node_t *mapping, const char *what,
                         const char *key, const char **value) {
  const epx_yaml_node_t *node;
  char found[EPX_YAML_FOUND_SIZE];
  const epx_status_t status = find(reader, mapping, what, key, &node);
  if (status != EPX_OK) {
    return status;
  }
  if (node->kind != EPX_YAML_SCALAR || epx_yaml_is_null(node)) {
    return epx_yaml_fail(reader->yaml, node, reader->error, "%s.%s: found %s; expected text", what,
                         key, epx_yaml_found(node, found));
  }
  *value = node->text;
  return EPX_OK;
}

/* ---- scaling ---- */

static const node_t *find_node(const reader_t *reader, double nm) {
  for (int i = 0; i < reader->nodes; ++i) {
    if (reader->node[i].nm == nm) {
      return &reader->node[i];
    }
  }
  return NULL;
}

static double polynomial(const node_t *node, double supply) {
  return (node->b2 * supply + node->b1) * supply + node->b0;
}

static epx_status_t read_scaling(reader_t *reader, const epx_yaml_node_t *root) {
  static const char *const keys[] = {"node", "b2", "b1", "b0"};
  const epx_yaml_node_t *list;
  char found[EPX_YAML_FOUND_SIZE];
  epx_status_t status = find(reader, root, "technology", "scaling", &list);
  if (status == EPX_OK && (list->kind != EPX_YAML_LIST || list->count > MAX_NODES)) {
    status = epx_yaml_fail(reader->yaml, list, reader->error,
                           "scaling: found %s; expected a list of at most %d nodes",
                           epx_yaml_found(list, found), MAX_NODES);
  }
  for (const epx_yaml_node_t *row = status == EPX_OK ? list->first : NULL;
       status == EPX_OK && row != NULL; row = row->next) {
    node_t node = {0};
    status = check_keys(reader, row, "scaling", keys, 4);
    status =
        status == EPX_OK ? real(reader, row, "scaling", "node", NAN, 1, 1000, &node.nm) : status;
    status =
        status == EPX_OK ? real(reader, row, "scaling", "b2", NAN, -1e3, 1e3, &node.b2) : status;
    status =
        status == EPX_OK ? real(reader, row, "scaling", "b1", NAN, -1e3, 1e3, &node.b1) : status;
    status =
        status == EPX_OK ? real(reader, row, "scaling", "b0", NAN, -1e3, 1e3, &node.b0) : status;
    reader->node[reader->nodes++] = node;
  }
  return status;
}

/* Factor from a published node and supply to the technology's. */
static epx_status_t scale_factor(const reader_t *reader, const epx_yaml_node_t *entry,
                                 const char *what, double nm, double supply, double *factor) {
  const epx_technology_t *t = reader->out;
  if (nm == t->node_nm && supply == t->supply_v) {
    *factor = 1.0;
    return EPX_OK;
  }
  const node_t *from = find_node(reader, nm), *to = find_node(reader, t->node_nm);
  if (from == NULL || to == NULL) {
    return epx_yaml_fail(
        reader->yaml, entry, reader->error,
        "%s: no row of `scaling` for %g nm; it is needed to go from %g nm to %g nm", what,
        from == NULL ? nm : t->node_nm, nm, t->node_nm);
  }
  const double below = polynomial(from, supply), above = polynomial(to, t->supply_v);
  if (!(below > 0.0 && above > 0.0)) {
    return epx_yaml_fail(reader->yaml, entry, reader->error,
                         "%s: the energy polynomial is not positive at %g V or %g V", what, supply,
                         t->supply_v);
  }
  *factor = above / below;
  return EPX_OK;
}

/* ---- entries ---- */

typedef struct published_t {
  double value, low, high, per, time_ns, node, supply;
  const char *unit, *source;
} published_t;

static epx_status_t read_published(const reader_t *reader, const epx_yaml_node_t *entry,
                                   const char *what, published_t *p) {
  static const char *const keys[] = {"value", "low",  "high",   "unit",  "per",
                                     "time",  "node", "supply", "source"};
  epx_status_t status = check_keys(reader, entry, what, keys, 9);
  status = status == EPX_OK ? real(reader, entry, what, "value", NAN, 0, 1e9, &p->value) : status;
  status = status == EPX_OK ? real(reader, entry, what, "low", NAN, 0, p->value, &p->low) : status;
  status =
      status == EPX_OK ? real(reader, entry, what, "high", NAN, p->value, 1e12, &p->high) : status;
  status = status == EPX_OK ? real(reader, entry, what, "per", 1, 1e-3, 1e9, &p->per) : status;
  status = status == EPX_OK ? real(reader, entry, what, "node", NAN, 1, 1000, &p->node) : status;
  status =
      status == EPX_OK ? real(reader, entry, what, "supply", NAN, 0.1, 10, &p->supply) : status;
  status = status == EPX_OK ? text(reader, entry, what, "unit", &p->unit) : status;
  status = status == EPX_OK ? text(reader, entry, what, "source", &p->source) : status;
  if (status != EPX_OK) {
    return status;
  }
  const bool power = strcmp(p->unit, "mW") == 0;
  if (!power && strcmp(p->unit, "pJ") != 0) {
    return epx_yaml_fail(reader->yaml, epx_yaml_find(entry, "unit"), reader->error,
                         "%s.unit: found %.40s; expected pJ or mW", what, p->unit);
  }
  if (!power && epx_yaml_find(entry, "time") != NULL) {
    return epx_yaml_fail_key(reader->yaml, epx_yaml_find(entry, "time"), reader->error,
                             "%s.time: only a power in mW has one (ns)", what);
  }
  return real(reader, entry, what, "time", power ? NAN : 1, 1e-3, 1e6, &p->time_ns);
}

static epx_status_t read_entry(reader_t *reader, const epx_yaml_node_t *root, int index) {
  const char *what = entry_names[index];
  epx_tech_value_t *out = &reader->out->value[index];
  const epx_yaml_node_t *entry;
  published_t p = {0};
  double factor = 1.0;
  epx_status_t status = find(reader, root, "technology", what, &entry);
  status = status == EPX_OK ? read_published(reader, entry, what, &p) : status;
  status = status == EPX_OK ? scale_factor(reader, entry, what, p.node, p.supply, &factor) : status;
  if (status != EPX_OK) {
    return status;
  }
  const double unit = p.time_ns / p.per * factor;
  *out = (epx_tech_value_t){p.value * unit, p.low * unit, p.high * unit, ""};
  char divisor[32] = "", time[32] = "", scaled[64] = "";
  if (p.per != 1.0) {
    snprintf(divisor, sizeof divisor, " / %g", p.per);
  }
  if (strcmp(p.unit, "mW") == 0) {
    snprintf(time, sizeof time, " x %g ns", p.time_ns);
  }
  if (factor != 1.0) {
    snprintf(scaled, sizeof scaled, " x %.4g (Stillmaker & Baas 2017)", factor);
  }
  snprintf(out->source, sizeof out->source, "%g %s%s%s at %g nm, %g V%s: %s", p.value, p.unit, time,
           divisor, p.node, p.supply, scaled, p.source);
  return EPX_OK;
}

static epx_status_t read_adc(reader_t *reader, const epx_yaml_node_t *root) {
  static const char *const keys[] = {"formula", "low", "high", "source"};
  const epx_yaml_node_t *adc;
  const char *formula = "", *source = "";
  epx_technology_t *out = reader->out;
  epx_status_t status = find(reader, root, "technology", "adc", &adc);
  status = status == EPX_OK ? check_keys(reader, adc, "adc", keys, 4) : status;
  status = status == EPX_OK ? text(reader, adc, "adc", "formula", &formula) : status;
  status = status == EPX_OK ? real(reader, adc, "adc", "low", NAN, 0, 1, &out->adc_low) : status;
  status =
      status == EPX_OK ? real(reader, adc, "adc", "high", NAN, 1, 1e3, &out->adc_high) : status;
  status = status == EPX_OK ? text(reader, adc, "adc", "source", &source) : status;
  if (status == EPX_OK && strcmp(formula, "accelergy") != 0) {
    status = epx_yaml_fail(reader->yaml, epx_yaml_find(adc, "formula"), reader->error,
                           "adc.formula: found %.40s; expected accelergy", formula);
  }
  snprintf(out->adc_source, sizeof out->adc_source, "%s", source);
  return status;
}

static epx_status_t read_root(reader_t *reader, const epx_yaml_node_t *root) {
  const char *keys[EPX_TECH_COUNT + 5] = {"name", "node", "supply", "scaling", "adc"};
  const char *name = "";
  epx_technology_t *out = reader->out;
  for (int i = 0; i < EPX_TECH_COUNT; ++i) {
    keys[i + 5] = entry_names[i];
  }
  epx_status_t status = check_keys(reader, root, "technology", keys, EPX_TECH_COUNT + 5);
  status = status == EPX_OK ? text(reader, root, "technology", "name", &name) : status;
  status = status == EPX_OK ? real(reader, root, "technology", "node", NAN, 1, 1000, &out->node_nm)
                            : status;
  status = status == EPX_OK
               ? real(reader, root, "technology", "supply", NAN, 0.1, 10, &out->supply_v)
               : status;
  snprintf(out->name, sizeof out->name, "%s", name);
  status = status == EPX_OK ? read_scaling(reader, root) : status;
  for (int i = 0; status == EPX_OK && i < EPX_TECH_COUNT; ++i) {
    status = read_entry(reader, root, i);
  }
  return status == EPX_OK ? read_adc(reader, root) : status;
}

epx_status_t epx_technology_read(const char *path, epx_technology_t *technology,
                                 epx_error_t *error) {
  epx_yaml_t *yaml = NULL;
  epx_technology_t result = {.node_nm = 0.0};
  epx_status_t status = epx_yaml_read(path, &yaml, error);
  if (status != EPX_OK) {
    return status;
  }
  reader_t reader = {.yaml = yaml, .error = error, .out = &result};
  status = read_root(&reader, epx_yaml_root(yaml));
  epx_yaml_destroy(yaml);
  if (status == EPX_OK) {
    *technology = result;
  }
  return status;
}

double epx_technology_adc_pj(const epx_technology_t *technology, int bits, double rate_hz) {
  const double b = bits < 4 ? 4.0 : bits;
  const double sndr = 6.0206 * b + 1.761;
  const double fom = fmin(213.7807 - 2.871903 * log(rate_hz), 128.30683 + 3.2205225 * ceil(b));
  return 0.5 * pow(10.0, (sndr - fom) / 10.0) *
         exp(26.04962 + 1.880037 * log(technology->node_nm) - 2.829126 * log(b) - 1.470202);
}
