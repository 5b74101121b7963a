/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_substrates.h"

#include <stddef.h>

#define DECLARE(CONSTANT, KIND) extern const epx_substrate_kind_t KIND;
EPX_SUBSTRATES(DECLARE)

#define ADDRESS(CONSTANT, KIND) &KIND,
static const epx_substrate_kind_t *const kinds[] = {EPX_SUBSTRATES(ADDRESS)};

const epx_substrate_kind_t *epx_substrate_kind(int id) {
  return id >= 0 && id < (int)(sizeof kinds / sizeof kinds[0]) ? kinds[id] : NULL;
}

const char *epx_substrate_name(int id) {
  const epx_substrate_kind_t *kind = epx_substrate_kind(id);
  return kind != NULL ? kind->name : NULL;
}

const char *epx_substrate_help(int id) {
  const epx_substrate_kind_t *kind = epx_substrate_kind(id);
  return kind != NULL ? kind->help : NULL;
}
