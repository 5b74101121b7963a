/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of threads that sleep between loops. (OpenMP's barriers spin: next to other load on the
 * same cores that costs more than the work.) Items are handed out one by one by an atomic counter.
 */
#include "epx_parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

enum { MAX_THREADS = 1024 };

/* The loop under way. */
typedef struct job_t {
  int count, threads;
  epx_parallel_body_t *body;
  void *context;
} job_t;

static int requested_threads = 0;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t loop_lock = PTHREAD_MUTEX_INITIALIZER; /* one loop at a time */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;      /* of all below */
static pthread_cond_t start = PTHREAD_COND_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static int workers = 0;         /* threads that exist; worker i has thread index i + 1 */
static int running = 0;         /* workers still in the present job */
static uint64_t generation = 0; /* counts jobs */
static job_t job;
static atomic_int next_item;

void epx_parallel_set_threads(int threads) {
  requested_threads = threads > 0 ? threads : 0;
}

int epx_parallel_threads(void) {
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  const int threads = requested_threads > 0 ? requested_threads : (int)online;
  return threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads;
}

static void run_items(const job_t *present, int thread) {
  for (;;) {
    const int item = atomic_fetch_add_explicit(&next_item, 1, memory_order_relaxed);
    if (item >= present->count) {
      return;
    }
    present->body(present->context, item, thread);
  }
}

static void *work(void *argument) {
  const int thread = (int)(intptr_t)argument;
  uint64_t seen = 0;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (generation == seen || thread >= job.threads) {
      seen = generation;
      pthread_cond_wait(&start, &lock);
    }
    seen = generation;
    const job_t present = job;
    pthread_mutex_unlock(&lock);
    run_items(&present, thread);
    pthread_mutex_lock(&lock);
    if (--running == 0) {
      pthread_cond_signal(&done);
    }
  }
  return NULL;
}

/* A child process has none of its parent's workers. */
static void forget_workers(void) {
  workers = running = 0;
  pthread_mutex_init(&loop_lock, NULL);
  pthread_mutex_init(&lock, NULL);
  pthread_cond_init(&start, NULL);
  pthread_cond_init(&done, NULL);
}

static void watch_forks(void) {
  pthread_atfork(NULL, NULL, forget_workers);
}

/* Starts workers up to `wanted`; fewer where the system refuses. Called with the lock held. */
static void hire(int wanted) {
  while (workers < wanted) {
    pthread_t handle;
    if (pthread_create(&handle, NULL, work, (void *)(intptr_t)(workers + 1)) != 0) {
      return;
    }
    pthread_detach(handle);
    ++workers;
  }
}

void epx_parallel_for(int count, epx_parallel_body_t *body, void *context) {
  const int threads = epx_parallel_threads() < count ? epx_parallel_threads() : count;
  if (threads <= 1) {
    for (int item = 0; item < count; ++item) {
      body(context, item, 0);
    }
    return;
  }
  pthread_once(&fork_once, watch_forks);
  pthread_mutex_lock(&loop_lock);
  pthread_mutex_lock(&lock);
  hire(threads - 1);
  const int helpers = workers < threads - 1 ? workers : threads - 1;
  job = (job_t){count, helpers + 1, body, context};
  atomic_store_explicit(&next_item, 0, memory_order_relaxed);
  running = helpers;
  ++generation;
  pthread_cond_broadcast(&start);
  const job_t present = job;
  pthread_mutex_unlock(&lock);
  run_items(&present, 0);
  pthread_mutex_lock(&lock);
  while (running > 0) {
    pthread_cond_wait(&done, &lock);
  }
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&loop_lock);
}
