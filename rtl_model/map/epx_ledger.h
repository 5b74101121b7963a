/* SPDX-License-Identifier: Apache-2.0 */
/* Events by address: by owner and by kind of command.
 *
 * The owner of an event is the tile layer in whose tiles, nodes and neuron units it happens, or the
 * host. What a packet brings is written, and added up, by its receiver: those events are the
 * receiver's. What its flits cost on the network, at every router that they leave, is the sender's.
 * Example: a state of layer 1 that travels to layer 2 costs layer 1 the network's bits, and layer 2
 * the bits written to its memories.
 *
 * The SystemC chip and the closed form count by address; totals are sums of addresses. */
#ifndef EPX_LEDGER_H
#define EPX_LEDGER_H

#include "epx_command_kind.h"
#include "epx_events.h"
#include "epx_mapping.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_OWNER_HOST = EPX_MAX_TILE_LAYERS, EPX_OWNERS }; /* below it: a tile layer's number */

typedef struct epx_ledger_t {
  epx_events_t at[EPX_OWNERS][EPX_COMMAND_KINDS];
} epx_ledger_t;

/* sum += times * ledger. */
void epx_ledger_add(epx_ledger_t *sum, const epx_ledger_t *ledger, uint64_t times);

/* Events of one kind of command, of all owners; and of all commands. */
epx_events_t epx_ledger_of_command(const epx_ledger_t *ledger, epx_command_kind_t kind);
epx_events_t epx_ledger_total(const epx_ledger_t *ledger);

#ifdef __cplusplus
}
#endif
#endif
