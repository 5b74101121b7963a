/* SPDX-License-Identifier: Apache-2.0 */
/* The defaults, all of them, in this one place; configs/demo.yaml spells the same values out, but
 * for learning rates that fit its layers. */
#include "epx_config.h"

static const epx_experiment_t defaults = {
    .network =
        {
            .input = {3, 32, 32},
            .layer_count = 3,
            .layers =
                {
                    {EPX_LAYER_CONV, 16, 3, 1, 1, EPX_POOL_MAX},
                    {EPX_LAYER_CONV, 32, 3, 1, 1, EPX_POOL_MAX},
                    {EPX_LAYER_CONV, 32, 3, 1, 1, EPX_POOL_MAX},
                },
            .classes = 10,
            .loss = EPX_LOSS_CROSS_ENTROPY,
            .activation = EPX_ACTIVATION_HARD_SIGMOID_HALF,
        },
    .dynamics = {.free_steps = 20, .nudged_steps = 8},
    .estimator = {.kind = EPX_ESTIMATOR_SYMMETRIC, .beta = 0.5},
    .substrate = {.kind = EPX_SUBSTRATE_TWIN, .precision = EPX_PRECISION_FLOAT32},
    .training =
        {
            .epochs = 3,
            .batch = 32,
            .learning_rate_count = 1,
            .learning_rate = {0.15},
            .final_learning_rate = 1e-5,
            .schedule_epochs = 0,
            .momentum = 0.9,
            .weight_decay = 3e-4,
            .init_scale = 1.0,
            .seed = 1,
        },
    .data =
        {
            .set = EPX_DATA_GENERATED,
            .path = "data",
            .augment = false,
            .train_limit = 0,
            .test_limit = 0,
            .seed = 1,
            .train_count = 4000,
            .test_count = 1000,
        },
    .chip =
        {
            .input = {true, 0, 7},
            .state = {false, 0, 8},
            .synapse_count = 1,
            .synapse = {{true, 1, 6}},
            .shadow_bits = 8,
            .bias = {true, 3, 20},
            .velocity = {true, 7, 24},
            .state_rounding = EPX_ROUND_NEAREST_EVEN,
            .update_rounding = EPX_ROUND_STOCHASTIC,
            .lfsr_seed = 1,
            .array_kind = EPX_ARRAY_DIGITAL,
            .rows = 128,
            .columns = 128,
            .bits_per_cell = 1,
            .adc = {.converter = {.bits = 8, .lines_each = 8},
                    .range = 1.0,
                    .coverage = 1.0,
                    .headroom = 0.25,
                    .calibrate_epochs = 1,
                    .follow_batches = 1},
            .pulse_max = 255,
            .dac = {.converter = {.bits = 1}},
            .device = {.drift = {.t0 = 1.0}, .wires = {.on_ohm = 240e3}},
            .device_seed = 1,
            .settle_cycles = 1,
            .convert_cycles = 1,
            .clock_mhz = 1000.0,
            .flit_bits = 128,
            .router_cycles = 2,
            .buffer_flits = 4,
            .psum_buffer = 4,
            .technology = "configs/technologies/32nm.yaml",
        },
};

void epx_config_default(epx_experiment_t *experiment) {
  *experiment = defaults;
}
