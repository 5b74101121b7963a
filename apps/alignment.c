/* SPDX-License-Identifier: Apache-2.0 */
#include "alignment.h"

#include <math.h>
#include <stdio.h>

#include "epx_alignment_record.h"

static void print_rows(const epx_alignment_row_t *rows, int count) {
  fprintf(stderr, "epoch %d  angle of backward weights", rows[0].epoch);
  for (int i = 0; i < count; ++i) {
    if (isfinite(rows[i].angle)) {
      fprintf(stderr, "  %s %.1f\xc2\xb0", rows[i].layer, rows[i].angle);
    } else { /* weights of 0 have no direction */
      fprintf(stderr, "  %s none (weights 0)", rows[i].layer);
    }
  }
  fprintf(stderr, "\n");
}

epx_status_t alignment_record(const char *folder, int epoch, int quiet, epx_substrate_t *substrate,
                              epx_error_t *error) {
  epx_alignment_row_t rows[EPX_MAX_LAYERS + 1];
  int count = 0;
  epx_params_t *params = NULL;
  if (substrate->network.connections != EPX_CONNECTIONS_UNIDIRECTIONAL) {
    return EPX_OK;
  }
  epx_status_t status = epx_params_create(&substrate->network, &params, error);
  status = status == EPX_OK ? epx_substrate_store(substrate, params, error) : status;
  for (int l = 0; status == EPX_OK && l < params->layer_count; ++l) {
    if (params->backward[l] != NULL) {
      rows[count].epoch = epoch;
      snprintf(rows[count].layer, sizeof rows[count].layer, "%s", params->name[l]);
      rows[count++].angle = epx_params_alignment(params, l);
    }
  }
  epx_params_destroy(params);
  if (status != EPX_OK || count == 0) {
    return status;
  }
  if (quiet == 0) {
    print_rows(rows, count);
  }
  return folder != NULL ? epx_alignment_append(folder, rows, count, error) : EPX_OK;
}
