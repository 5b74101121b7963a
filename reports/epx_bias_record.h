/* SPDX-License-Identifier: Apache-2.0 */
/* bias.csv and bias.json of a run folder: what `epxbar bias` measured of the gradient's error.
 *
 * bias.csv has one line per estimate, reference and layer, in EPX_BIAS_COLUMNS columns named as the
 * members of epx_bias_row_t; numbers have 17 digits, NAN is an empty cell. The lines of one
 * estimate and reference form a block that ends with the layer "all": a last block without that
 * line was torn by a kill, and is cut off before more is appended. bias.json holds the settings
 * that all lines share and free-form texts about them. */
#ifndef EPX_BIAS_RECORD_H
#define EPX_BIAS_RECORD_H

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All texts end in NUL and hold neither commas, quotes nor control characters. */
typedef struct epx_bias_row_t {
  char pool[8];       /* "none", "max", "avg" */
  char switches[8];   /* "live", "frozen" */
  char update[16];    /* "synchronous", "alternating" */
  char estimator[16]; /* "symmetric", ...; "" on rung finite_t */
  double beta;        /* nudging factor; 0 on rung finite_t */
  char state[16];     /* "UQ0.8"; "float64", "float32" where not quantised */
  char synapse[16];   /* "Q1.6"; "exact" */
  int free_steps, nudged_steps;
  char rung[16];         /* the last rung of the ladder that is switched on: "finite_t",
                            "finite_beta", "state", "synapse", "chip", "update" */
  char reference[16];    /* "bptt", "equilibrium" */
  char layer[24];        /* "conv0", ..., and "all" for all parameters as one vector */
  double cosine;         /* of estimate and reference, -1 .. 1 */
  double relative_l2;    /* |estimate - reference| / |reference| */
  double sign_agreement; /* fraction of elements with equal sign, 0 .. 1 */
} epx_bias_row_t;

typedef struct epx_bias_record_t epx_bias_record_t;

/* Opens the record of a folder, made if missing; one that is there is resumed.
 *
 * settings_text: a canonical text, line by line, of all that determines the numbers. A record with
 * another text is an EPX_ERR_ARGUMENT that shows the first difference. names[count] and
 * values[count] (NULL: unknown) go to bias.json when the record is new; a resumed record keeps its
 * own. One process at a time may have a record open: EPX_ERR_IO for the second. */
EPX_CHECKED epx_status_t epx_bias_record_open(const char *folder, const char *settings_text,
                                              const char *const *names, const char *const *values,
                                              int count, epx_bias_record_t **record,
                                              epx_error_t *error);

/* Whether a row with the key's members (all but the three figures) is recorded. */
int epx_bias_record_has(const epx_bias_record_t *record, const epx_bias_row_t *key);

/* Rows recorded so far. */
int epx_bias_record_count(const epx_bias_record_t *record);

/* Appends rows in one write and flushes it to disk. The last row's layer must be "all" (else
 * EPX_ERR_ARGUMENT). Rows may form several blocks, of several references: a kill in the middle
 * keeps those that are whole, so ask epx_bias_record_has with the key of the last row before
 * computing; rows that are recorded already are left out. After a failure (a full disk) the record
 * is as before the call. */
EPX_CHECKED epx_status_t epx_bias_record_append(epx_bias_record_t *record,
                                                const epx_bias_row_t *rows, int count,
                                                epx_error_t *error);

/* Notes in bias.json that all is measured. The record stays valid until destroyed. */
EPX_CHECKED epx_status_t epx_bias_record_close(epx_bias_record_t *record, epx_error_t *error);

/* Frees the record (NULL allowed); without close before, the report calls it unfinished. */
void epx_bias_record_destroy(epx_bias_record_t *record);

/* The rows of folder/bias.csv in order, to be freed by the caller; a torn last block is left out.
 * EPX_ERR_NOT_FOUND where there is no such file; EPX_ERR_FORMAT names file, line and column. */
EPX_CHECKED epx_status_t epx_bias_rows_read(const char *folder, epx_bias_row_t **rows, int *count,
                                            epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
