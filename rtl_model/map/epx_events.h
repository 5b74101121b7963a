/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of events that a chip's account is made of, and one counter of each.
 *
 * The SystemC chip counts events as they happen; the closed form (epx_tile_events.h, epx_account.h)
 * says how many there must be. */
#ifndef EPX_EVENTS_H
#define EPX_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epx_events_t {
  uint64_t line_drives;
  uint64_t cell_reads;
  uint64_t tree_bits;
  uint64_t adc_conversions;
  uint64_t shift_adds;
  uint64_t psum_adds;
  uint64_t accumulator_bits;
  uint64_t pool_compares;
  uint64_t neuron_ops;
  uint64_t state_bits_read;
  uint64_t state_bits_written;
  uint64_t noc_bits;
  uint64_t input_bits;
  uint64_t softmax_ops;
  uint64_t scale_ops;
  uint64_t update_macs;
  uint64_t correlation_bits;
  uint64_t update_ops;
  uint64_t register_bits;
  uint64_t cell_writes;
} epx_events_t;

enum { EPX_EVENT_COUNT = sizeof(epx_events_t) / sizeof(uint64_t) };

/* One row of the table of events; rows stand in the order of the struct. */
typedef struct epx_event_row_t {
  const char *name; /* of the counter */
  const char *unit; /* of one event */
  const char *description;
  size_t offset; /* in epx_events_t */
} epx_event_row_t;

const epx_event_row_t *epx_event_rows(void); /* EPX_EVENT_COUNT rows */

static inline uint64_t epx_event_get(const epx_events_t *events, int row) {
  return *(const uint64_t *)((const char *)events + epx_event_rows()[row].offset);
}

/* sum += times * events. */
void epx_events_add(epx_events_t *sum, const epx_events_t *events, uint64_t times);

/* Widths that no configuration changes: of partial sums, preactivations and feedback; of the update
 * circuit's correlation accumulators; of a max-pool switch. */
enum { EPX_ACCUMULATOR_BITS = 32, EPX_CORRELATION_BITS = 40, EPX_SWITCH_BITS = 2 };

#ifdef __cplusplus
}
#endif
#endif
