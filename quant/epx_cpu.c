/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_cpu.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const level_names[] = {
    [EPX_CPU_SCALAR] = "scalar",
    [EPX_CPU_AVX2] = "avx2",
    [EPX_CPU_AVX512] = "avx512",
};
enum { LEVEL_COUNT = sizeof level_names / sizeof level_names[0] };

#if defined(__x86_64__) || defined(__i386__)
/* The compiler's run-time answers include that the operating system saves the wide registers. */
epx_cpu_level_t epx_cpu_detected(void) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2")) {
    return EPX_CPU_SCALAR;
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
    return EPX_CPU_AVX512;
  }
  return EPX_CPU_AVX2;
}
#else
epx_cpu_level_t epx_cpu_detected(void) {
  return EPX_CPU_SCALAR;
}
#endif

static pthread_once_t level_once = PTHREAD_ONCE_INIT;
static epx_cpu_level_t level_used;

/* An unset, unknown or higher value of EPX_CPU leaves the detected level. */
static void choose_level(void) {
  level_used = epx_cpu_detected();
  const char *asked = getenv("EPX_CPU");
  for (int i = 0; asked != NULL && i < LEVEL_COUNT; i++) {
    if (strcmp(asked, level_names[i]) == 0 && (epx_cpu_level_t)i < level_used) {
      level_used = (epx_cpu_level_t)i;
    }
  }
}

epx_cpu_level_t epx_cpu_level(void) {
  (void)pthread_once(&level_once, choose_level);
  return level_used;
}

const char *epx_cpu_level_name(epx_cpu_level_t level) {
  const int i = (int)level;
  return level_names[i >= 0 && i < LEVEL_COUNT ? i : EPX_CPU_SCALAR];
}
