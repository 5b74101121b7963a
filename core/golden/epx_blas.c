/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "epx_blas.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "epx_parallel.h"

epx_sgemm_t *epx_blas_sgemm = NULL;
epx_dgemm_t *epx_blas_dgemm = NULL;

/* OpenBLAS's BUFFER_SIZE on x86-64 and what it adds to it, rounded up; ORDER: of a product that is
 * large enough to take the buffer, and long enough for all threads to be in one at once. */
enum { ORDER = 384 };
static const size_t buffer_size = (size_t)132 << 20;

static epx_status_t load(epx_error_t *error) {
  static void *library = NULL;
  const char *paths[] = {EPX_OPENBLAS, "libopenblas.so.0"};
  setenv("OPENBLAS_NUM_THREADS", "1", 1); /* read when the library is loaded */
  for (int i = 0; library == NULL && i < 2; ++i) {
    library = dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) {
    const char *why = dlerror();
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "the golden model needs OpenBLAS (package libopenblas0-pthread): %s",
                    why != NULL ? why : "not found");
  }
  void *const s = dlsym(library, "cblas_sgemm"), *const d = dlsym(library, "cblas_dgemm");
  void *const parallel = dlsym(library, "openblas_get_parallel");
  if (s == NULL || d == NULL) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED, "OpenBLAS lacks cblas_sgemm or cblas_dgemm");
  }
  int (*kind)(void) = NULL; /* 0: built without threads, so without locks */
  memcpy(&kind, &parallel, sizeof kind);
  if ((kind == NULL || kind() == 0) && epx_parallel_threads() > 1) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "this OpenBLAS has no locks for callers side by side: install "
                    "libopenblas0-pthread, or use --threads 1");
  }
  memcpy(&epx_blas_sgemm, &s, sizeof s);
  memcpy(&epx_blas_dgemm, &d, sizeof d);
  return EPX_OK;
}

/* Whether there is room for every thread's buffer. */
static epx_status_t check_room(int threads, epx_error_t *error) {
  const size_t size = (size_t)threads * buffer_size;
  void *room =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) {
    return epx_fail(error, EPX_ERR_MEMORY,
                    "no %zu MB of address space for OpenBLAS's buffers of %d threads (--threads 1 "
                    "needs the least, ulimit -v limits it)",
                    size >> 20, threads);
  }
  munmap(room, size);
  return EPX_OK;
}

static void multiply(void *context, int item, int thread) {
  float *const base = context;
  float *c = base + ORDER * ORDER * (1 + item);
  (void)thread;
  epx_blas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, ORDER, ORDER, ORDER, 1.0f, base, ORDER,
                 base, ORDER, 0.0f, c, ORDER);
}

epx_status_t epx_blas_open(epx_error_t *error) {
  static int ready = 0; /* threads that have their buffers */
  const int threads = epx_parallel_threads();
  if (ready >= threads) {
    return EPX_OK;
  }
  epx_status_t status = epx_blas_sgemm == NULL ? load(error) : EPX_OK;
  status = status == EPX_OK ? check_room(threads - ready, error) : status;
  if (status != EPX_OK) {
    return status;
  }
  float *work = calloc((size_t)(1 + threads) * ORDER * ORDER, sizeof *work);
  if (work == NULL) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for OpenBLAS's first products");
  }
  epx_parallel_for(threads, multiply, work);
  free(work);
  ready = threads;
  return EPX_OK;
}
