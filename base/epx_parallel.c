/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_parallel.h"

#include <omp.h>

static int requested_threads = 0;

void epx_parallel_set_threads(int threads) {
  requested_threads = threads > 0 ? threads : 0;
}

int epx_parallel_threads(void) {
  return requested_threads > 0 ? requested_threads : omp_get_num_procs();
}

void epx_parallel_for(int count, epx_parallel_body_t *body, void *context) {
  const int threads = epx_parallel_threads() < count ? epx_parallel_threads() : count;
  if (threads <= 1) {
    for (int item = 0; item < count; ++item) {
      body(context, item, 0);
    }
    return;
  }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (int item = 0; item < count; ++item) {
    body(context, item, omp_get_thread_num());
  }
}
