/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix products of OpenBLAS, loaded when the golden model needs them.
 *
 * A program that multiplies nothing loads no BLAS. The golden model shares out samples, not
 * products: its threads call OpenBLAS side by side, which Debian's variant without threads cannot
 * bear (its buffers have no locks: results differed from call to call). So the variant with threads
 * is loaded, told before that it is to have one, and starts none. OpenBLAS takes a buffer of 128 MB
 * for each thread that calls it, and asks for ever where there is none; so epx_blas_open makes sure
 * that there is. */
#ifndef EPX_BLAS_H
#define EPX_BLAS_H

#include "epx_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values of the CBLAS interface. */
enum { CblasRowMajor = 101, CblasNoTrans = 111, CblasTrans = 112 };

typedef void epx_sgemm_t(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                         const float *a, int lda, const float *b, int ldb, float beta, float *c,
                         int ldc);
typedef void epx_dgemm_t(int order, int trans_a, int trans_b, int m, int n, int k, double alpha,
                         const double *a, int lda, const double *b, int ldb, double beta, double *c,
                         int ldc);

/* NULL until epx_blas_open was EPX_OK. */
extern epx_sgemm_t *epx_blas_sgemm;
extern epx_dgemm_t *epx_blas_dgemm;

/* Loads the library, once, and has each of epx_parallel_threads() threads take its buffer. Errors:
 * EPX_ERR_UNSUPPORTED where the library is missing or is not one; EPX_ERR_MEMORY where there is no
 * room for it or its buffers. Not to be called from several threads at once. */
EPX_CHECKED epx_status_t epx_blas_open(epx_error_t *error);

#ifdef __cplusplus
}
#endif
#endif
