/* SPDX-License-Identifier: Apache-2.0 */
/* A run's cost.json, and what its progress says of events that depend on the data. */
#ifndef COST_RECORD_H
#define COST_RECORD_H

#include "cost_book.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the chip of the experiment can be laid out and priced: mesh, technology file. Fine for
 * the golden model, which is no chip. A chip outside the domain of a price's law has no energies,
 * which is said on stderr. */
EPX_CHECKED epx_status_t cost_record_check(const epx_experiment_t *experiment, epx_error_t *error);

/* Says on stderr why a book has no energies, if it has none. */
void cost_record_say(const cost_book_t *book);

/* Writes folder/cost.json; nothing for the golden model (book NULL), nor before a measurement for
 * chips that need one. */
EPX_CHECKED epx_status_t cost_record_write(const char *folder, const cost_book_t *book,
                                           epx_error_t *error);

/* What was measured of training, a line each: steps that a chip with stop_settled makes, what an
 * event-driven one drives and converts, pulses. */
void cost_measured_text(const cost_book_t *book, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
