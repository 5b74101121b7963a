/* SPDX-License-Identifier: Apache-2.0 */
/* What one image costs: the account's events times a technology's energies, its cycles times the
 * clock. A table, so that a report can show every factor with its source. */
#ifndef EPX_COST_H
#define EPX_COST_H

#include "epx_account.h"
#include "epx_technology.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EPX_COST_MAX_LINES = 32, EPX_COST_SOURCE_SIZE = 2 * EPX_TECH_SOURCE_SIZE };

/* One kind of event. energy = events * unit. Energies are NAN where the chip has no price. */
typedef struct epx_cost_line_t {
  const char *name;                /* "ADC conversions" */
  const char *unit;                /* of an event: "conversion" */
  int counter;                     /* its row in epx_event_rows() */
  double events;                   /* per image */
  double unit_pj, low_pj, high_pj; /* energy of one event, and its range over sources */
  double energy_pj;
  char source[EPX_COST_SOURCE_SIZE];
} epx_cost_line_t;

typedef struct epx_cost_part_t {
  const char *name; /* "forward products" */
  double cycles;    /* of the image's critical path */
} epx_cost_part_t;

typedef struct epx_cost_image_t {
  epx_cost_line_t line[EPX_COST_MAX_LINES];
  int lines; /* with events only */
  epx_cost_part_t part[EPX_PART_COUNT];
  double cycles, latency_us;
  double energy_uj, low_uj, high_uj; /* high: every line at its highest */
} epx_cost_image_t;

typedef struct epx_cost_t {
  char technology[64];
  double clock_mhz;
  int tiles;
  epx_cost_image_t inference;
  epx_cost_image_t training; /* all phases, and the image's share of the update */
} epx_cost_t;

/* Energies and times of an account made with this chip and batch; technology NULL: times and events
 * alone. EPX_ERR_UNSUPPORTED where the technology's laws have no price for the chip's converters.
 */
EPX_CHECKED epx_status_t epx_cost_of(const epx_account_t *account, const epx_chip_t *chip,
                                     int batch, const epx_technology_t *technology,
                                     epx_cost_t *cost, epx_error_t *error);

/* Events of one row of epx_event_rows() at one address (epx_ledger.h), of an image: of inference,
 * or of training with its share of the update. Summed over addresses they are the line's events,
 * but for measured ones, which the line has rounded to whole events. */
double epx_cost_events_at(const epx_account_t *account, bool training, int batch, int owner,
                          epx_command_kind_t kind, int counter);

/* Whether the chip's account needs a measurement to be whole. */
bool epx_cost_needs_measurement(const epx_chip_t *chip);

#ifdef __cplusplus
}
#endif
#endif
