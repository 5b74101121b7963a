/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_events.h"

#define EVENT(member, unit, description) \
  { #member, unit, description, offsetof(epx_events_t, member) }

static const epx_event_row_t rows[EPX_EVENT_COUNT] = {
    EVENT(line_drives, "pulse",
          "one wordline (backward: column) driven with one digit of its code"),
    EVENT(cell_reads, "cell", "one cell on a driven line, read for one digit"),
    EVENT(tree_bits, "one-bit add", "full adders of the digital array's adder trees"),
    EVENT(adc_conversions, "conversion", "sample-and-hold and conversion of one analog line"),
    EVENT(shift_adds, "addition", "a converted line shifted into its accumulator"),
    EVENT(psum_adds, "addition",
          "partial sums of row blocks, offset corrections, feedback, bias terms"),
    EVENT(accumulator_bits, "bit", "held preactivations and feedback sums, read and written"),
    EVENT(pool_compares, "comparison", "2x2 max pooling: three a neuron"),
    EVENT(neuron_ops, "neuron", "product, feedback, bias and nudge added, rounded, clamped"),
    EVENT(state_bits_read, "bit", "states, switches and inputs read from the tile's SRAM"),
    EVENT(state_bits_written, "bit", "states, switches and inputs written to the tile's SRAM"),
    EVENT(noc_bits, "bit", "states, partial sums and feedback over the network-on-chip"),
    EVENT(input_bits, "bit", "image codes from DRAM"),
    EVENT(softmax_ops, "class",
          "exponential looked up, summed and normalised, or a score compared"),
    EVENT(scale_ops, "multiplication", "nudge scaled by beta, one neuron"),
    EVENT(update_macs, "product", "pre code times post code into a correlation"),
    EVENT(correlation_bits, "bit", "correlation accumulators, read and written"),
    EVENT(update_ops, "parameter", "one synapse or bias through the update circuit"),
    EVENT(register_bits, "bit", "shadow and velocity registers, read and written"),
    EVENT(cell_writes, "cell", "cells of the array written by the update, or pulsed once"),
};

const epx_event_row_t *epx_event_rows(void) {
  return rows;
}

void epx_events_add(epx_events_t *sum, const epx_events_t *events, uint64_t times) {
  for (int i = 0; i < EPX_EVENT_COUNT; ++i) {
    *(uint64_t *)((char *)sum + rows[i].offset) += times * epx_event_get(events, i);
  }
}
