/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction-set level that the integer kernels use. */
#ifndef EPX_CPU_H
#define EPX_CPU_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum epx_cpu_level_t {
  EPX_CPU_SCALAR,
  EPX_CPU_AVX2,
  EPX_CPU_AVX512 /* AVX-512 F, BW, VL and VNNI */
} epx_cpu_level_t;

/* What the processor and operating system offer. */
epx_cpu_level_t epx_cpu_detected(void);

/* What is used: the detected level, or the lower one that the environment variable
 * EPX_CPU=scalar|avx2|avx512 asks for. Read once, at the first call. */
epx_cpu_level_t epx_cpu_level(void);

/* "scalar", "avx2" or "avx512". */
const char *epx_cpu_level_name(epx_cpu_level_t level);

#ifdef __cplusplus
}
#endif
#endif
