/* SPDX-License-Identifier: Apache-2.0 */
/* How prices of the core's rail go from the node and supply that they were published for to the
 * technology's: by the ratio of E(V) = b2 V^2 + b1 V + b0 of the two nodes' rows.
 *
 * Each row says for which supplies it holds, and of which transistors and which source it is. Below
 * V = -b1 / (2 b2) such a polynomial turns up again, which no circuit does: a row whose supplies
 * reach there is refused, and so is a supply outside its row. Rows of high-performance and of
 * low-power transistors are of different fits: one file holds rows of one kind.
 *
 * Example: 45 nm, 0.9 V to 32 nm, 0.9 V: 0.457137 / 0.69885 = 0.6541. */
#ifndef EPX_TECHNOLOGY_SCALING_H
#define EPX_TECHNOLOGY_SCALING_H

#include "epx_technology_keys.h"

enum { TECH_MAX_NODES = 32, TECH_ROW_SOURCE_SIZE = 100 };

typedef struct tech_node_t {
  double nm, b2, b1, b0;
  double supply[2]; /* V, lowest and highest */
  char source[TECH_ROW_SOURCE_SIZE];
} tech_node_t;

typedef struct tech_scaling_t {
  tech_node_t node[TECH_MAX_NODES];
  int nodes;
} tech_scaling_t;

/* The list `scaling` of the file's root. */
EPX_CHECKED epx_status_t tech_read_scaling(const tech_file_t *file, const epx_yaml_node_t *root,
                                           tech_scaling_t *scaling);

/* The row of the node and supply that stand in `entry`, as `what`.node and `what`.supply. */
EPX_CHECKED epx_status_t tech_row(const tech_file_t *file, const tech_scaling_t *scaling,
                                  const epx_yaml_node_t *entry, const char *what, double nm,
                                  double supply, const tech_node_t **row);

/* E(supply) of a row, in the unit of its fit. */
double tech_row_energy(const tech_node_t *row, double supply);

#endif
