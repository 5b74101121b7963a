/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_technology.h"

#include <stdio.h>
#include <string.h>

#include "epx_technology_adc.h"

static const char *const entry_names[EPX_TECH_COUNT] = {
    "line_driver",       "cell_read_analog",   "cell_read_digital",
    "cell_write_analog", "cell_write_digital", "sample_hold",
    "shift_add",         "full_adder",         "add_32b",
    "multiply_8b",       "multiply_32b",       "sram_bit",
    "edram_bit",         "router_bit",         "bus_bit",
    "dram_bit"};

const char *const tech_rails[4] = {"core", "read", "write", "dram"};

/* ---- rails ---- */

/* From the node and supply of the published number, at the core's rail. */
static epx_status_t core_factor(const tech_file_t *file, const tech_scaling_t *scaling,
                                const epx_technology_t *technology, const epx_yaml_node_t *entry,
                                const char *what, double *factor, char *text, size_t size) {
  const tech_node_t *from = NULL, *to = NULL;
  double nm = 0.0, supply = 0.0;
  epx_status_t status = tech_real(file, entry, what, "node", 1, 1000, &nm);
  status = status == EPX_OK ? tech_real(file, entry, what, "supply", 0.05, 10, &supply) : status;
  status = status == EPX_OK ? tech_row(file, scaling, entry, what, nm, supply, &from) : status;
  status = status == EPX_OK ? tech_row(file, scaling, epx_yaml_root(file->yaml), "technology",
                                       technology->node_nm, technology->supply_v, &to)
                            : status;
  if (status != EPX_OK) {
    return status;
  }
  if (from == to && supply == technology->supply_v) {
    *factor = 1.0;
    snprintf(text, size, "at %g nm, %g V, core's rail", nm, supply);
    return EPX_OK;
  }
  *factor = tech_row_energy(to, technology->supply_v) / tech_row_energy(from, supply);
  if (strcmp(from->source, to->source) == 0) {
    snprintf(text, size, "at %g nm, %g V, core's rail x %.4g (%s)", nm, supply, *factor,
             from->source);
  } else {
    snprintf(text, size, "at %g nm, %g V, core's rail x %.4g (%g nm: %s; %g nm: %s)", nm, supply,
             *factor, from->nm, from->source, to->nm, to->source);
  }
  return EPX_OK;
}

epx_status_t tech_factor(const tech_file_t *file, const tech_scaling_t *scaling,
                         const epx_technology_t *technology, const epx_yaml_node_t *entry,
                         const char *what, double *factor, char *text, size_t size) {
  static const char *const laws[] = {"core", "none"};
  int rail = 0, law = 0;
  if (epx_yaml_find(entry, "rail") == NULL || epx_yaml_find(entry, "scaling") == NULL) {
    return epx_yaml_fail(file->yaml, entry, file->error,
                         "%s: found a price without %s; expected `rail: core, scaling: core` for "
                         "what the core's node and supply change, or `rail: core, read, write or "
                         "dram` with `scaling: none` for what they do not",
                         what, epx_yaml_find(entry, "rail") == NULL ? "rail" : "scaling");
  }
  epx_status_t status = tech_choice(file, entry, what, "rail", tech_rails, 4, &rail);
  status = status == EPX_OK ? tech_choice(file, entry, what, "scaling", laws, 2, &law) : status;
  if (status == EPX_OK && law == 0 && rail != 0) {
    status = epx_yaml_fail(file->yaml, epx_yaml_find(entry, "scaling"), file->error,
                           "%s.scaling: found core with rail %s, which the core's supply does not "
                           "feed; expected none",
                           what, tech_rails[rail]);
  }
  if (status == EPX_OK && law == 0) {
    return core_factor(file, scaling, technology, entry, what, factor, text, size);
  }
  double nm = 0.0, supply = 0.0; /* of the published number, where it says them */
  if (status == EPX_OK && epx_yaml_find(entry, "node") != NULL) {
    status = tech_real(file, entry, what, "node", 1, 1000, &nm);
  }
  if (status == EPX_OK && epx_yaml_find(entry, "supply") != NULL) {
    status = tech_real(file, entry, what, "supply", 0.05, 100, &supply);
  }
  if (status == EPX_OK) {
    char at_node[32] = "", at_supply[32] = "";
    snprintf(at_node, nm > 0.0 ? sizeof at_node : 1, "at %g nm, ", nm);
    snprintf(at_supply, supply > 0.0 ? sizeof at_supply : 1, "%g V, ", supply);
    snprintf(text, size, "%s%s%s rail, not scaled", at_node, at_supply,
             rail == 0   ? "core's"
             : rail == 1 ? "read voltage's"
             : rail == 2 ? "write voltage's"
                         : "DRAM's");
    *factor = 1.0;
  }
  return status;
}

/* ---- entries ---- */

typedef struct published_t {
  double value, low, high, per, time_ns;
  bool power; /* in mW over time_ns; else in pJ */
  char source[EPX_TECH_PUBLISHED_SIZE];
} published_t;

static epx_status_t read_published(const tech_file_t *file, const epx_yaml_node_t *entry,
                                   const char *what, published_t *p) {
  static const char *const keys[] = {"value",   "low",  "high",   "unit", "per",   "time",
                                     "scaling", "node", "supply", "rail", "source"};
  static const char *const units[] = {"pJ", "mW"};
  const double least = 1e-12;
  int unit = 0;
  epx_status_t status = tech_check_keys(file, entry, what, keys, 11);
  status = status == EPX_OK ? tech_real(file, entry, what, "value", least, 1e9, &p->value) : status;
  status =
      status == EPX_OK ? tech_real(file, entry, what, "low", least, p->value, &p->low) : status;
  status =
      status == EPX_OK ? tech_real(file, entry, what, "high", p->value, 1e12, &p->high) : status;
  status = status == EPX_OK ? tech_choice(file, entry, what, "unit", units, 2, &unit) : status;
  status = status == EPX_OK ? tech_text(file, entry, what, "source", p->source, sizeof p->source)
                            : status;
  p->power = unit == 1;
  p->per = p->time_ns = 1.0;
  if (status == EPX_OK && epx_yaml_find(entry, "per") != NULL) {
    status = tech_real(file, entry, what, "per", 1e-3, 1e9, &p->per);
  }
  if (status == EPX_OK && !p->power && epx_yaml_find(entry, "time") != NULL) {
    status = epx_yaml_fail_key(file->yaml, epx_yaml_find(entry, "time"), file->error,
                               "%s.time: only a power in mW has one (ns)", what);
  }
  return status == EPX_OK && p->power ? tech_real(file, entry, what, "time", 1e-3, 1e6, &p->time_ns)
                                      : status;
}

static epx_status_t read_entry(const tech_file_t *file, const tech_scaling_t *scaling,
                               const epx_yaml_node_t *root, int index, epx_technology_t *out) {
  const char *what = entry_names[index];
  epx_tech_value_t *value = &out->value[index];
  const epx_yaml_node_t *entry;
  published_t p = {0};
  double factor = 1.0;
  char scaled[320];
  epx_status_t status = tech_find(file, root, "technology", what, &entry);
  status = status == EPX_OK ? read_published(file, entry, what, &p) : status;
  status = status == EPX_OK
               ? tech_factor(file, scaling, out, entry, what, &factor, scaled, sizeof scaled)
               : status;
  if (status != EPX_OK) {
    return status;
  }
  const double unit = p.time_ns / p.per * factor;
  *value = (epx_tech_value_t){p.value * unit, p.low * unit, p.high * unit, ""};
  char divisor[32] = "", time[32] = "";
  snprintf(divisor, p.per != 1.0 ? sizeof divisor : 1, " / %g", p.per);
  snprintf(time, p.power ? sizeof time : 1, " x %g ns", p.time_ns);
  snprintf(value->source, sizeof value->source, "%g %s%s%s %s: %s", p.value, p.power ? "mW" : "pJ",
           time, divisor, scaled, p.source);
  return EPX_OK;
}

static epx_status_t read_root(const tech_file_t *file, const epx_yaml_node_t *root,
                              epx_technology_t *out) {
  static const char *const own[] = {"name",      "node",    "supply",  "scaling",
                                    "adc_ideal", "adc_sar", "adc_ramp"};
  enum { OWN = sizeof own / sizeof *own };
  const char *keys[OWN + EPX_TECH_COUNT];
  const epx_yaml_node_t *old = epx_yaml_find(root, "adc");
  tech_scaling_t scaling = {.nodes = 0};
  const tech_node_t *row;
  memcpy(keys, own, sizeof own);
  memcpy(keys + OWN, entry_names, sizeof entry_names);
  if (old != NULL) {
    return epx_yaml_fail_key(file->yaml, old, file->error,
                             "technology: found the key adc; expected adc_ideal, adc_sar and "
                             "adc_ramp, a law for each kind of converter");
  }
  epx_status_t status = tech_check_keys(file, root, "technology", keys, OWN + EPX_TECH_COUNT);
  status = status == EPX_OK
               ? tech_text(file, root, "technology", "name", out->name, sizeof out->name)
               : status;
  status = status == EPX_OK ? tech_real(file, root, "technology", "node", 1, 1000, &out->node_nm)
                            : status;
  status = status == EPX_OK
               ? tech_real(file, root, "technology", "supply", 0.05, 10, &out->supply_v)
               : status;
  status = status == EPX_OK ? tech_read_scaling(file, root, &scaling) : status;
  status = status == EPX_OK
               ? tech_row(file, &scaling, root, "technology", out->node_nm, out->supply_v, &row)
               : status;
  for (int i = 0; status == EPX_OK && i < EPX_TECH_COUNT; ++i) {
    status = read_entry(file, &scaling, root, i, out);
  }
  return status == EPX_OK ? tech_read_adcs(file, &scaling, root, out) : status;
}

epx_status_t epx_technology_read(const char *path, epx_technology_t *technology,
                                 epx_error_t *error) {
  epx_yaml_t *yaml = NULL;
  epx_technology_t result = {.node_nm = 0.0};
  epx_status_t status = epx_yaml_read(path, &yaml, error);
  if (status != EPX_OK) {
    return status;
  }
  const tech_file_t file = {yaml, error};
  snprintf(result.path, sizeof result.path, "%s", path);
  status = read_root(&file, epx_yaml_root(yaml), &result);
  epx_yaml_destroy(yaml);
  if (status == EPX_OK) {
    *technology = result;
  }
  return status;
}
