/* SPDX-License-Identifier: Apache-2.0 */
/* One training run: from an experiment to a run folder.
 *
 * The folder holds config.yaml (the experiment, whole), manifest.json, metrics.csv, checkpoint.npz
 * (resumable, also the trained parameters) and, for the twin, cost.json. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>

#include "command.h"
#include "epx_cost.h"
#include "epx_experiment.h"
#include "epx_substrate.h"
#include "epx_trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct run_options_t {
  const char *folder;        /* NULL: nothing is written */
  const char *command_line;  /* for the manifest */
  bool resume;               /* continue folder's checkpoint */
  bool quiet;                /* no progress bar, no line an epoch */
  double checkpoint_seconds; /* at most this much work is lost to a kill; <= 0: every epoch only */
} run_options_t;

/* The substrate that the experiment names, parameters initialised from its seed. */
EPX_CHECKED epx_status_t run_make_substrate(const epx_experiment_t *experiment, int capacity,
                                            epx_substrate_t **substrate, epx_error_t *error);

/* Whether the twin can stand beside the golden model: it computes this network, and these steps. */
EPX_CHECKED epx_status_t run_check_twin(const epx_experiment_t *experiment, epx_error_t *error);

/* The trained parameters in a run folder's checkpoint, or (folder NULL) fresh ones drawn from the
 * experiment's seed. */
EPX_CHECKED epx_status_t run_params(const epx_experiment_t *experiment, const char *folder,
                                    epx_params_t *params, epx_error_t *error);

/* Opens the data set and checks that the network fits it. */
EPX_CHECKED epx_status_t run_open_data(const epx_experiment_t *experiment, epx_dataset_t **train,
                                       epx_dataset_t **test, epx_error_t *error);

/* n test images from number `first`, normalised, [n][C][H][W], and their labels; both are the
 * caller's to free. */
EPX_CHECKED epx_status_t run_test_images(const epx_experiment_t *experiment, int first, int n,
                                         float **x, uint8_t **labels, epx_error_t *error);

typedef struct run_result_t { /* of the last epoch */
  epx_epoch_result_t epoch;
  /* Of an image on the chip; NAN where there is no chip, or no price. */
  double training_energy_uj, inference_energy_uj, inference_latency_us;
  char unpriced[EPX_ERROR_MESSAGE_SIZE]; /* why a chip has no price; or "" */
} run_result_t;

/* Trains to the last epoch; *result (may be NULL) receives the last epoch's figures. Ctrl-C ends
 * the run at once with EPX_ERR_INTERRUPTED; between mini-batches with a checkpoint, else the last
 * one stands. */
EPX_CHECKED epx_status_t run_train(const epx_experiment_t *experiment, const run_options_t *options,
                                   run_result_t *result, epx_error_t *error);

/* Loads folder/config.yaml with the source's overrides, and folder/checkpoint.npz into a new
 * substrate of that experiment with `capacity` samples. */
EPX_CHECKED epx_status_t run_load(const char *folder, const command_source_t *source, int capacity,
                                  epx_experiment_t *experiment, epx_substrate_t **substrate,
                                  epx_error_t *error);

/* True after Ctrl-C (run_train and the sweep install the handler). */
void run_catch_interrupt(void);
bool run_interrupted(void);

#ifdef __cplusplus
}
#endif
#endif
