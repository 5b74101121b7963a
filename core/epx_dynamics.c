/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_dynamics.h"

#include <stddef.h>

const char *epx_update_order_name(int update) {
  static const char *const names[] = {"synchronous", "alternating"};
  return update >= 0 && update < (int)(sizeof names / sizeof names[0]) ? names[update] : NULL;
}

const char *epx_switches_name(int switches) {
  static const char *const names[] = {"live", "frozen"};
  return switches >= 0 && switches < (int)(sizeof names / sizeof names[0]) ? names[switches] : NULL;
}
