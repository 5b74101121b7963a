/* SPDX-License-Identifier: Apache-2.0 */
/* The machine that a run ran on. */
#ifndef EPX_HOST_H
#define EPX_HOST_H

typedef struct epx_host_t {
  char processor[128];         /* as the operating system names it, or "unknown" */
  int cores;                   /* processors online */
  int threads;                 /* that the simulator uses */
  const char *instruction_set; /* of the integer kernels: "scalar", "avx2", "avx512" */
} epx_host_t;

#ifdef __cplusplus
extern "C" {
#endif

void epx_host_describe(epx_host_t *host);

#ifdef __cplusplus
}
#endif
#endif
