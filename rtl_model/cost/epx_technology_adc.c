/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_technology_adc.h"

#include <math.h>
#include <stdio.h>

enum { LAW_COUNT = 3, KIND_COUNT = 3 };

static const char *const kind_keys[KIND_COUNT] = {"adc_ideal", "adc_sar", "adc_ramp"};

/* ---- reading ---- */

/* rows: [[bits, pJ], ...]: bits rise by one, energies rise. */
static epx_status_t read_rows(const tech_file_t *file, const epx_yaml_node_t *entry,
                              const char *what, double factor, epx_tech_adc_t *adc) {
  const epx_yaml_node_t *list;
  char found[EPX_YAML_FOUND_SIZE];
  epx_status_t status = tech_find(file, entry, what, "rows", &list);
  if (status == EPX_OK && (list->kind != EPX_YAML_LIST || list->count < 1)) {
    status = epx_yaml_fail(file->yaml, list, file->error,
                           "%s.rows: found %s; expected a list of [bits, pJ]", what,
                           epx_yaml_found(list, found));
  }
  double last = 0.0;
  for (const epx_yaml_node_t *row = status == EPX_OK ? list->first : NULL;
       status == EPX_OK && row != NULL; row = row->next) {
    double bits = 0.0, pj = 0.0;
    const double next = adc->bits[1] + 1.0;
    const bool pair = row->kind == EPX_YAML_LIST && row->count == 2 &&
                      epx_yaml_real(row->first, &bits) && epx_yaml_real(row->first->next, &pj);
    if (!pair || !(bits >= 1.0 && bits <= EPX_TECH_ADC_MAX_BITS && bits == floor(bits)) ||
        !(pj > last && pj <= 1e9) || (row != list->first && bits != next)) {
      return epx_yaml_fail(
          file->yaml, row, file->error,
          "%s.rows: found a row that does not follow; expected [bits, pJ], bits of "
          "1 to %d that rise by one, and energies above 0 that rise",
          what, EPX_TECH_ADC_MAX_BITS);
    }
    adc->bits[0] = row == list->first ? bits : adc->bits[0];
    adc->bits[1] = bits;
    adc->pj[(int)bits] = pj * factor;
    last = pj;
  }
  return status;
}

static epx_status_t read_law(const tech_file_t *file, const tech_scaling_t *scaling,
                             const epx_technology_t *technology, const epx_yaml_node_t *entry,
                             const char *what, epx_tech_adc_t *adc) {
  static const char *const keys[LAW_COUNT][12] = {
      {"law", "rail", "low", "high", "source", "rate", "bits", "nodes"},
      {"law", "rail", "low", "high", "source", "rate", "rows", "scaling", "node", "supply"},
      {"law", "rail", "low", "high", "source", "rate", "bits", "scaling", "node", "supply",
       "value"}};
  static const int key_counts[LAW_COUNT] = {8, 10, 11};
  const int most = EPX_TECH_ADC_MAX_BITS;
  double factor = 1.0;
  int rail;
  epx_status_t status = tech_check_keys(file, entry, what, keys[adc->law], key_counts[adc->law]);
  if (adc->law == EPX_ADC_REGRESSION) {
    status =
        status == EPX_OK ? tech_choice(file, entry, what, "rail", tech_rails, 1, &rail) : status;
    status =
        status == EPX_OK ? tech_interval(file, entry, what, "nodes", 1, 1000, adc->nodes) : status;
    snprintf(adc->scaled, sizeof adc->scaled, "%g nm, core's rail", technology->node_nm);
  } else if (status == EPX_OK) {
    status = tech_factor(file, scaling, technology, entry, what, &factor, adc->scaled,
                         sizeof adc->scaled);
  }
  if (status == EPX_OK && adc->law == EPX_ADC_TABLE) {
    status = read_rows(file, entry, what, factor, adc);
  } else if (status == EPX_OK) {
    status = tech_interval(file, entry, what, "bits", 1, most, adc->bits);
  }
  if (status == EPX_OK && adc->law == EPX_ADC_STEPS) {
    status = tech_real(file, entry, what, "value", 1e-9, 1e9, &adc->pj[0]);
    adc->pj[0] *= factor;
  }
  return status;
}

static epx_status_t read_adc(const tech_file_t *file, const tech_scaling_t *scaling,
                             const epx_yaml_node_t *root, int kind, epx_technology_t *technology) {
  static const char *const laws[LAW_COUNT] = {"regression", "table", "steps"};
  const char *what = kind_keys[kind];
  epx_tech_adc_t *adc = &technology->adc[kind];
  const epx_yaml_node_t *entry;
  int law = 0;
  epx_status_t status = tech_find(file, root, "technology", what, &entry);
  if (status != EPX_OK) {
    return status;
  }
  if (entry->kind == EPX_YAML_MAPPING) {
    status = tech_choice(file, entry, what, "law", laws, LAW_COUNT, &law);
  }
  adc->law = (epx_adc_law_t)law;
  technology->adc_line[kind] = entry->line;
  status = status == EPX_OK ? read_law(file, scaling, technology, entry, what, adc) : status;
  status = status == EPX_OK ? tech_real(file, entry, what, "low", 1e-6, 1, &adc->low) : status;
  status = status == EPX_OK ? tech_real(file, entry, what, "high", 1, 1e6, &adc->high) : status;
  status =
      status == EPX_OK ? tech_interval(file, entry, what, "rate", 1e-6, 1e6, adc->rate) : status;
  return status == EPX_OK
             ? tech_text(file, entry, what, "source", adc->published, sizeof adc->published)
             : status;
}

epx_status_t tech_read_adcs(const tech_file_t *file, const tech_scaling_t *scaling,
                            const epx_yaml_node_t *root, epx_technology_t *technology) {
  epx_status_t status = EPX_OK;
  for (int kind = 0; status == EPX_OK && kind < KIND_COUNT; ++kind) {
    status = read_adc(file, scaling, root, kind, technology);
  }
  return status;
}

/* ---- pricing ---- */

/* Murmann's survey as Accelergy's ADC plug-in fits it: the best figure of merit at these bits and
 * rate, on average over designs at this node. */
static double regression_pj(double b, double rate_hz, double node_nm) {
  const double sndr = 6.0206 * b + 1.761;
  const double fom = fmin(213.7807 - 2.871903 * log(rate_hz), 128.30683 + 3.2205225 * b);
  return 0.5 * pow(10.0, (sndr - fom) / 10.0) *
         exp(26.04962 + 1.880037 * log(node_nm) - 2.829126 * log(b) - 1.470202);
}

static epx_status_t check_domain(const epx_technology_t *t, epx_converter_kind_t kind, int bits,
                                 double rate, epx_error_t *error) {
  const epx_tech_adc_t *adc = &t->adc[kind];
  const struct {
    const char *key, *what, *unit;
    double found;
    const double *domain;
  } checks[] = {
      {adc->law == EPX_ADC_TABLE ? "rows" : "bits",
       kind == EPX_CONVERTER_IDEAL ? " for the array's largest sum" : " (chip.array.adc_bits)",
       "bits", bits, adc->bits},
      {"rate", " (chip.timing)", "MS/s", rate, adc->rate},
      {"nodes", "", "nm", t->node_nm, adc->nodes}};
  const int count = adc->law == EPX_ADC_REGRESSION ? 3 : 2;
  for (int i = 0; i < count; ++i) {
    if (!(checks[i].found >= checks[i].domain[0] && checks[i].found <= checks[i].domain[1])) {
      return epx_fail(error, EPX_ERR_UNSUPPORTED, "%s:%d: %s.%s: found %g %s%s; expected %g to %g",
                      t->path, t->adc_line[kind], kind_keys[kind], checks[i].key, checks[i].found,
                      checks[i].unit, checks[i].what, checks[i].domain[0], checks[i].domain[1]);
    }
  }
  return EPX_OK;
}

epx_status_t epx_technology_adc(const epx_technology_t *technology, epx_converter_kind_t kind,
                                int bits, double rate_hz, epx_tech_value_t *value,
                                epx_error_t *error) {
  const epx_tech_adc_t *adc = &technology->adc[kind];
  const double rate = rate_hz * 1e-6;
  if (kind == EPX_CONVERTER_IDEAL && bits < (int)ceil(adc->bits[0])) {
    bits = (int)ceil(adc->bits[0]);
  }
  const epx_status_t status = check_domain(technology, kind, bits, rate, error);
  if (status != EPX_OK) {
    return status;
  }
  double pj = 0.0;
  char law[64];
  switch (adc->law) {
    case EPX_ADC_REGRESSION:
      pj = regression_pj(bits, rate_hz, technology->node_nm);
      snprintf(law, sizeof law, "regression at %g MS/s", rate);
      break;
    case EPX_ADC_TABLE:
      pj = adc->pj[bits];
      snprintf(law, sizeof law, "table of bits");
      break;
    case EPX_ADC_STEPS:
      pj = adc->pj[0] * ldexp(1.0, bits);
      snprintf(law, sizeof law, "%.4g pJ x 2^%d steps", adc->pj[0], bits);
      break;
  }
  *value = (epx_tech_value_t){pj, pj * adc->low, pj * adc->high, ""};
  snprintf(value->source, sizeof value->source, "%s, %d bits: %s, %s: %s",
           epx_converter_kind_name(kind), bits, law, adc->scaled, adc->published);
  return EPX_OK;
}
