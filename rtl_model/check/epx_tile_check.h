/* SPDX-License-Identifier: Apache-2.0 */
/* The first law, on one tile: what it answered against the reference (epx_tile_answer.h) and
 * against given expectations, bit for bit; its events and cycles against the closed form. */
#ifndef EPX_TILE_CHECK_H
#define EPX_TILE_CHECK_H

#include <stdio.h>

#include "epx_tile_answer.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_TILE_OPERATIONS = 5, EPX_TILE_DIFFERENCE_SIZE = 240 };

/* One output. differing counts elements that are not the reference's or not the given ones. */
typedef struct epx_tile_check_row_t {
  const char *name; /* NULL: the job does not give it */
  int64_t compared, given, differing, from_reference, from_given;
  char first_difference[EPX_TILE_DIFFERENCE_SIZE]; /* where, found and expected; "" where none */
} epx_tile_check_row_t;

typedef struct epx_tile_cycles_row_t {
  const char *name;
  uint64_t cycles, expected; /* both 0: the job does not do it */
} epx_tile_cycles_row_t;

typedef struct epx_tile_check_t {
  epx_tile_check_row_t rows[EPX_TILE_OUTPUTS];
  epx_tile_cycles_row_t cycles[EPX_TILE_OPERATIONS];
  bool ran;     /* on a bench: cycles are there */
  bool stalled; /* with random stalls */
  bool timed;   /* cycles were compared: no stalls, and a tile of the closed form's pipeline */
  bool counted; /* events were compared */
  epx_events_t events, expected_events;
  uint64_t pulses, pulse_cycles; /* of the reference (epx_tile_answer.h) */
  int64_t compared, differing;   /* of all rows */
  int unequal_events, unequal_cycles;
} epx_tile_check_t;

/* Runs a job on some tile: epx_sc_tile_run, or epx::run_tile<Module>
 * (rtl_model/sc/tile/epx_tile_fixture.h). */
typedef epx_status_t (*epx_tile_run_fn)(const epx_sc_tile_job_t *job, epx_sc_memory_t *memory,
                                        epx_sc_tile_result_t *result, epx_error_t *error);

/* How the bench runs a job. Zeros: the project's tile, no stalls, no files. */
typedef struct epx_tile_bench_options_t {
  int stall_percent; /* 0 to 90: chance that a word, partial sums or a result wait a cycle */
  uint32_t stall_seed;
  const char *vcd_path;        /* *.vcd, or NULL */
  const char *update_log_path; /* CSV of every synapse updated (rtl_model/sc/tile/epx_update_log.h),
                                  or NULL */
  const char *pulse_log_path; /* CSV of every device pulsed (rtl_model/array/pulse/epx_pulse_log.h),
                                 or NULL */
  uint64_t watchdog_cycles;   /* 0: epx_sc_tile_patience */
  epx_tile_run_fn run;        /* NULL: epx_sc_tile_run */
} epx_tile_bench_options_t;

/* Runs the vectors on a SystemC tile and compares what it gives. EPX_OK also where values differ:
 * look at epx_tile_check_failed. Errors: those of epx_sc_tile_run. */
EPX_CHECKED epx_status_t epx_tile_check_run(const epx_tile_vectors_t *vectors,
                                            const epx_tile_bench_options_t *options,
                                            epx_tile_check_t *check, epx_error_t *error);

/* The comparison alone: an answer from elsewhere, without events and cycles. Outputs that are NULL
 * are left out. */
EPX_CHECKED epx_status_t epx_tile_check_answer(const epx_tile_vectors_t *vectors,
                                               const epx_tile_answer_t *answer,
                                               epx_tile_check_t *check, epx_error_t *error);

/* Whether anything differs: values, events, cycles. */
static inline bool epx_tile_check_failed(const epx_tile_check_t *check) {
  return check->differing > 0 || check->unequal_events > 0 || check->unequal_cycles > 0;
}

/* The first difference of the first row that has one; "" where none has. */
const char *epx_tile_check_first(const epx_tile_check_t *check);

/* The table, PASS or FAIL a row. */
void epx_tile_check_print(const epx_tile_check_t *check, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
