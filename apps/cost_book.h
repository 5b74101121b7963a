/* SPDX-License-Identifier: Apache-2.0 */
/* What a run's chip costs: plan, technology and the account of a chip that makes every step and
 * drives everything are made once a run, the account of what was measured once an epoch. */
#ifndef COST_BOOK_H
#define COST_BOOK_H

#include "epx_cost.h"
#include "epx_experiment.h"
#include "epx_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cost_book_t {
  const epx_experiment_t *experiment; /* the caller's */
  epx_plan_t *plan;
  epx_technology_t technology;
  bool priced;
  char why[EPX_ERROR_MESSAGE_SIZE]; /* not priced: outside which law's domain */
  epx_measured_t measured;          /* zeros before a measurement */
  epx_account_t account;            /* of what was measured, else `whole` */
  epx_account_t whole;              /* of the chip that makes every step and drives everything */
  epx_cost_t cost;                  /* of `account` */
  bool complete; /* whether the account needs no measurement or has one, so that the cost holds */
} cost_book_t;

/* Opens the book of an experiment; NULL for the golden model, which is no chip. What a chip's
 * layout (mesh) or its technology file makes impossible is an error. A chip outside the domain of a
 * price's law has no energies: its book is not priced, and says why. */
EPX_CHECKED epx_status_t cost_book_open(const epx_experiment_t *experiment, cost_book_t **book,
                                        epx_error_t *error);
void cost_book_close(cost_book_t *book);

/* Account and cost of what an epoch's images did, which the caller has put into book->measured. */
EPX_CHECKED epx_status_t cost_book_measure(cost_book_t *book, epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
