/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_ledger.h"

void epx_ledger_add(epx_ledger_t *sum, const epx_ledger_t *ledger, uint64_t times) {
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    for (int kind = 0; kind < EPX_COMMAND_KINDS; ++kind) {
      epx_events_add(&sum->at[owner][kind], &ledger->at[owner][kind], times);
    }
  }
}

epx_events_t epx_ledger_of_command(const epx_ledger_t *ledger, epx_command_kind_t kind) {
  epx_events_t sum = {0};
  for (int owner = 0; owner < EPX_OWNERS; ++owner) {
    epx_events_add(&sum, &ledger->at[owner][kind], 1);
  }
  return sum;
}

epx_events_t epx_ledger_total(const epx_ledger_t *ledger) {
  epx_events_t sum = {0};
  for (int kind = 0; kind < EPX_COMMAND_KINDS; ++kind) {
    const epx_events_t one = epx_ledger_of_command(ledger, (epx_command_kind_t)kind);
    epx_events_add(&sum, &one, 1);
  }
  return sum;
}
