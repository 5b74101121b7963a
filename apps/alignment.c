/* SPDX-License-Identifier: Apache-2.0 */
#include "alignment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "epx_record_file.h"

static const char header[] = "epoch,layer,angle_degrees\n";

/* Copies the rows of earlier epochs from the file as it stands, if it is there. */
static void copy_earlier(const char *path, int epoch, FILE *out) {
  char line[256];
  FILE *in = fopen(path, "r");
  if (in == NULL) {
    return;
  }
  while (fgets(line, sizeof line, in) != NULL) {
    char *end;
    const long found = strtol(line, &end, 10);
    if (end != line && *end == ',' && found < epoch && line[strlen(line) - 1] == '\n') {
      fputs(line, out);
    }
  }
  fclose(in);
}

static void write_angles(const epx_params_t *params, int epoch, bool quiet, FILE *out) {
  if (!quiet) {
    fprintf(stderr, "epoch %d  angle of backward weights", epoch);
  }
  for (int l = 0; l < params->layer_count; ++l) {
    if (params->backward[l] != NULL) {
      const double angle = epx_params_alignment(params, l);
      fprintf(out, "%d,%s,%.6f\n", epoch, params->name[l], angle);
      if (!quiet) {
        fprintf(stderr, "  %s %.1f\xc2\xb0", params->name[l], angle);
      }
    }
  }
  if (!quiet) {
    fprintf(stderr, "\n");
  }
}

epx_status_t alignment_record(const char *folder, int epoch, int quiet, epx_substrate_t *substrate,
                              epx_error_t *error) {
  char path[EPX_PATH_SIZE] = "";
  char *text = NULL;
  size_t size = 0;
  epx_params_t *params = NULL;
  if (substrate->network.connections != EPX_CONNECTIONS_UNIDIRECTIONAL) {
    return EPX_OK;
  }
  epx_status_t status =
      folder != NULL ? epx_path_join(folder, "alignment.csv", path, error) : EPX_OK;
  status = status == EPX_OK ? epx_params_create(&substrate->network, &params, error) : status;
  status = status == EPX_OK ? substrate->ops->store(substrate, params, error) : status;
  FILE *out = status == EPX_OK ? open_memstream(&text, &size) : NULL;
  if (out != NULL) {
    fputs(header, out);
    if (folder != NULL) {
      copy_earlier(path, epoch, out);
    }
    write_angles(params, epoch, quiet != 0, out);
  }
  if (status == EPX_OK && (out == NULL || fclose(out) != 0)) {
    status = epx_fail(error, EPX_ERR_MEMORY, "out of memory for %s", path);
  }
  if (status == EPX_OK && folder != NULL) {
    status = epx_text_write(path, text, size, error);
  }
  free(text);
  epx_params_destroy(params);
  return status;
}
