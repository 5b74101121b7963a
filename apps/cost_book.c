/* SPDX-License-Identifier: Apache-2.0 */
#include "cost_book.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* PREFIX/share/epxbar of an installed PREFIX/bin/epxbar. */
static bool installed_share(char path[512]) {
  const ssize_t length = readlink("/proc/self/exe", path, 400);
  for (ssize_t i = length; i > 0; --i) {
    if (path[i - 1] == '/') {
      snprintf(path + i, 100, "../share/epxbar");
      return true;
    }
  }
  return false;
}

/* The technology file: as written, else among the installed files, else in the source tree. */
static void resolve(const char *name, char path[1024]) {
  char share[512];
  snprintf(path, 1024, "%s", name);
  if (name[0] == '/' || access(path, R_OK) == 0) {
    return;
  }
  if (installed_share(share)) {
    snprintf(path, 1024, "%s/%s", share, name);
    if (access(path, R_OK) == 0) {
      return;
    }
  }
  snprintf(path, 1024, "%s/%s", EPX_SHARE_FOLDER, name);
  if (access(path, R_OK) != 0) {
    snprintf(path, 1024, "%s", name);
  }
}

/* A chip outside a law's domain keeps its times and events. */
static epx_status_t price(cost_book_t *book, epx_error_t *error) {
  const epx_experiment_t *experiment = book->experiment;
  const int batch = experiment->training.batch;
  if (book->priced) {
    epx_error_t why = {.message = ""};
    const epx_status_t status =
        epx_cost_of(&book->account, &experiment->chip, batch, &book->technology, &book->cost, &why);
    if (status != EPX_ERR_UNSUPPORTED) {
      return status == EPX_OK ? EPX_OK : epx_fail(error, status, "%s", why.message);
    }
    book->priced = false;
    snprintf(book->why, sizeof book->why, "%s", why.message);
  }
  return epx_cost_of(&book->account, &experiment->chip, batch, NULL, &book->cost, error);
}

static epx_status_t make_whole(cost_book_t *book, epx_error_t *error) {
  const epx_experiment_t *experiment = book->experiment;
  epx_chip_t chip = experiment->chip;
  epx_plan_t *plan = NULL;
  chip.event_driven = chip.stop_settled = false;
  epx_status_t status =
      epx_plan_make(&experiment->network, &chip, &experiment->dynamics, &plan, error);
  status = status == EPX_OK ? epx_account_of(plan, &experiment->dynamics, &experiment->estimator,
                                             experiment->training.batch, NULL, &book->whole, error)
                            : status;
  epx_plan_destroy(plan);
  return status;
}

static epx_status_t fill(cost_book_t *book, epx_error_t *error) {
  const epx_experiment_t *experiment = book->experiment;
  char path[1024];
  resolve(experiment->chip.technology, path);
  epx_status_t status = epx_plan_make(&experiment->network, &experiment->chip,
                                      &experiment->dynamics, &book->plan, error);
  status = status == EPX_OK ? make_whole(book, error) : status;
  status = status == EPX_OK ? epx_technology_read(path, &book->technology, error) : status;
  if (status == EPX_OK) {
    book->account = book->whole;
    book->priced = true;
    book->complete = !epx_cost_needs_measurement(&experiment->chip);
    status = price(book, error);
  }
  return status;
}

epx_status_t cost_book_open(const epx_experiment_t *experiment, cost_book_t **book,
                            epx_error_t *error) {
  *book = NULL;
  if (!epx_experiment_kind(experiment)->on_chip) {
    return EPX_OK;
  }
  cost_book_t *new = calloc(1, sizeof *new);
  if (new == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the cost account");
  }
  new->experiment = experiment;
  const epx_status_t status = fill(new, error);
  if (status != EPX_OK) {
    cost_book_close(new);
    return status;
  }
  *book = new;
  return EPX_OK;
}

void cost_book_close(cost_book_t *book) {
  if (book != NULL) {
    epx_plan_destroy(book->plan);
    free(book);
  }
}

epx_status_t cost_book_measure(cost_book_t *book, epx_error_t *error) {
  const epx_experiment_t *experiment = book->experiment;
  const epx_status_t status =
      epx_account_of(book->plan, &experiment->dynamics, &experiment->estimator,
                     experiment->training.batch, &book->measured, &book->account, error);
  book->complete = status == EPX_OK;
  return status == EPX_OK ? price(book, error) : status;
}
