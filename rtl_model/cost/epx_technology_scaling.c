/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_technology_scaling.h"

#include <math.h>

double tech_row_energy(const tech_node_t *row, double supply) {
  return (row->b2 * supply + row->b1) * supply + row->b0;
}

static const tech_node_t *find_node(const tech_scaling_t *scaling, double nm) {
  for (int i = 0; i < scaling->nodes; ++i) {
    if (scaling->node[i].nm == nm) {
      return &scaling->node[i];
    }
  }
  return NULL;
}

/* Positive and rising from the lowest supply to the highest: E is a parabola that opens upward or a
 * rising line, so its lowest supply decides. */
static epx_status_t check_domain(const tech_file_t *file, const epx_yaml_node_t *row,
                                 const tech_node_t *node) {
  const double least = node->b2 > 0.0 ? -node->b1 / (2.0 * node->b2) : 0.0;
  if (node->supply[0] < least || (node->b2 == 0.0 && node->b1 <= 0.0)) {
    return epx_yaml_fail(file->yaml, epx_yaml_find(row, "supply"), file->error,
                         "scaling.supply: found %g nm from %g V; expected supplies with which "
                         "b2 V^2 + b1 V + b0 rises, here from %.3g V",
                         node->nm, node->supply[0], node->b2 > 0.0 ? least : (double)INFINITY);
  }
  if (!(tech_row_energy(node, node->supply[0]) > 0.0)) {
    return epx_yaml_fail(file->yaml, row, file->error,
                         "scaling: the energy polynomial of %g nm is %g at %g V; expected a "
                         "positive number",
                         node->nm, tech_row_energy(node, node->supply[0]), node->supply[0]);
  }
  return EPX_OK;
}

static epx_status_t read_row(const tech_file_t *file, const epx_yaml_node_t *row,
                             const tech_scaling_t *scaling, int *process, tech_node_t *node) {
  static const char *const keys[] = {"node", "process", "supply", "b2", "b1", "b0", "source"};
  static const char *const processes[] = {"HP", "LP"};
  int found = 0;
  epx_status_t status = tech_check_keys(file, row, "scaling", keys, 7);
  if (status == EPX_OK && epx_yaml_find(row, "source") == NULL &&
      epx_yaml_find(row, "supply") == NULL) {
    status =
        epx_yaml_fail(file->yaml, row, file->error,
                      "scaling: found a row without supply, process and source; expected "
                      "{node: 32, process: HP, supply: [0.3, 1.1], b2: , b1: , b0: , source: }");
  }
  status = status == EPX_OK ? tech_real(file, row, "scaling", "node", 1, 1000, &node->nm) : status;
  status = status == EPX_OK ? tech_choice(file, row, "scaling", "process", processes, 2, &found)
                            : status;
  status = status == EPX_OK ? tech_real(file, row, "scaling", "b2", 0, 1e3, &node->b2) : status;
  status = status == EPX_OK ? tech_real(file, row, "scaling", "b1", -1e3, 1e3, &node->b1) : status;
  status = status == EPX_OK ? tech_real(file, row, "scaling", "b0", -1e3, 1e3, &node->b0) : status;
  status = status == EPX_OK ? tech_interval(file, row, "scaling", "supply", 0.05, 10, node->supply)
                            : status;
  status = status == EPX_OK
               ? tech_text(file, row, "scaling", "source", node->source, sizeof node->source)
               : status;
  if (status == EPX_OK && scaling->nodes > 0 && found != *process) {
    status = epx_yaml_fail(file->yaml, epx_yaml_find(row, "process"), file->error,
                           "scaling.process: found %s after rows of %s; expected one kind, whose "
                           "fits belong together",
                           processes[found], processes[*process]);
  }
  if (status == EPX_OK && find_node(scaling, node->nm) != NULL) {
    status = epx_yaml_fail(file->yaml, epx_yaml_find(row, "node"), file->error,
                           "scaling.node: found a second row for %g nm; expected one", node->nm);
  }
  *process = found;
  return status == EPX_OK ? check_domain(file, row, node) : status;
}

epx_status_t tech_read_scaling(const tech_file_t *file, const epx_yaml_node_t *root,
                               tech_scaling_t *scaling) {
  const epx_yaml_node_t *list;
  char found[EPX_YAML_FOUND_SIZE];
  int process = 0;
  epx_status_t status = tech_find(file, root, "technology", "scaling", &list);
  if (status == EPX_OK && (list->kind != EPX_YAML_LIST || list->count > TECH_MAX_NODES)) {
    status = epx_yaml_fail(file->yaml, list, file->error,
                           "scaling: found %s; expected a list of at most %d nodes",
                           epx_yaml_found(list, found), TECH_MAX_NODES);
  }
  for (const epx_yaml_node_t *row = status == EPX_OK ? list->first : NULL;
       status == EPX_OK && row != NULL; row = row->next) {
    status = read_row(file, row, scaling, &process, &scaling->node[scaling->nodes]);
    scaling->nodes += status == EPX_OK ? 1 : 0;
  }
  return status;
}

epx_status_t tech_row(const tech_file_t *file, const tech_scaling_t *scaling,
                      const epx_yaml_node_t *entry, const char *what, double nm, double supply,
                      const tech_node_t **row) {
  const tech_node_t *node = find_node(scaling, nm);
  if (node == NULL) {
    return epx_yaml_fail(file->yaml, epx_yaml_find(entry, "node"), file->error,
                         "%s.node: found %g nm; expected a node with a row of `scaling`", what, nm);
  }
  if (!(supply >= node->supply[0] && supply <= node->supply[1])) {
    return epx_yaml_fail(file->yaml, epx_yaml_find(entry, "supply"), file->error,
                         "%s.supply: found %g V; expected %g to %g V, where the row of `scaling` "
                         "for %g nm holds",
                         what, supply, node->supply[0], node->supply[1], nm);
  }
  *row = node;
  return EPX_OK;
}
