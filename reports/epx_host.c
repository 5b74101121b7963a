/* SPDX-License-Identifier: Apache-2.0 */
#include "epx_host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "epx_cpu.h"
#include "epx_parallel.h"

/* The value of the first "model name : ..." line of /proc/cpuinfo. */
static void read_processor(char *processor, size_t size) {
  snprintf(processor, size, "unknown");
  FILE *file = fopen("/proc/cpuinfo", "r");
  if (file == NULL) {
    return;
  }
  char line[512];
  while (fgets(line, sizeof line, file) != NULL) {
    const char *value = strchr(line, ':');
    if (strncmp(line, "model name", 10) == 0 && value != NULL) {
      value += 1 + strspn(value + 1, " \t");
      snprintf(processor, size, "%.*s", (int)strcspn(value, "\n"), value);
      break;
    }
  }
  fclose(file);
}

void epx_host_describe(epx_host_t *host) {
  read_processor(host->processor, sizeof host->processor);
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  host->cores = cores > 0 ? (int)cores : 1;
  host->threads = epx_parallel_threads();
  host->instruction_set = epx_cpu_level_name(epx_cpu_level());
}
