// SPDX-License-Identifier: Apache-2.0
// The C door to the SystemC tile: checks the job and runs the bench.
#include "epx_sc_tile.h"

#include <algorithm>

#include "epx_softmax.h"
#include "epx_tile_events.h"
#include "epx_tile_fixture.h"

namespace {

bool switches_fit(const uint8_t *switches, int count, int units, int window) {
  const size_t size = static_cast<size_t>(count) * static_cast<size_t>(units);
  for (size_t i = 0; switches != nullptr && i < size; ++i) {
    if (switches[i] >= window) {
      return false;
    }
  }
  return true;
}

epx_status_t check_blocks(const epx_sc_tile_job_t &job, epx_error_t *error) {
  if (job.row_block < 0 || job.row_block >= job.map->row_blocks || job.column_block < 0 ||
      job.column_block >= job.map->column_blocks) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "tile %d,%d of parameter layer %d; expected row block 0 to %d and column block "
                    "0 to %d",
                    job.row_block, job.column_block, job.layer, job.map->row_blocks - 1,
                    job.map->column_blocks - 1);
  }
  if (job.vectors < 0 || job.positions < 0 || job.terms < 0 || job.stall_percent < 0 ||
      job.stall_percent > 90) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "a tile's job of %d vectors, %d positions, %d terms, %d %% stalls; expected 0 "
                    "or more, and at most 90 %% stalls",
                    job.vectors, job.positions, job.terms, job.stall_percent);
  }
  if ((job.window != 1 && job.window != 4) || job.vectors % job.window != 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "a tile's job of %d vectors in windows of %d; expected whole windows of 1 or 4",
                    job.vectors, job.window);
  }
  const auto images = static_cast<int64_t>(std::max(job.draw.images, uint32_t{1}));
  if (job.vectors % images != 0 || job.positions % images != 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "a tile's job of %d vectors and %d positions of %lld images; expected as many "
                    "of each",
                    job.vectors, job.positions, static_cast<long long>(images));
  }
  return EPX_OK;
}

}  // namespace

epx_status_t epx::check_tile_job(const epx_sc_tile_job_t &job, const epx_sc_memory_t &memory,
                                 epx_error_t *error) {
  const epx_status_t status = check_blocks(job, error);
  if (status != EPX_OK) {
    return status;
  }
  const epx_tile_shape_t shape = epx_sc_tile_shape(&job);
  if (!switches_fit(job.post_switches, job.positions, shape.units, job.window) ||
      !switches_fit(job.term_switches, job.terms, shape.units, job.window)) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "a switch of the tile's job is outside 0 to %d",
                    job.window - 1);
  }
  const bool missing =
      (job.vectors > 0 && job.x == nullptr) || (job.positions > 0 && job.post == nullptr) ||
      (job.terms > 0 &&
       (job.pre == nullptr || job.term_post == nullptr || job.coefficient == nullptr)) ||
      memory.weight == nullptr || memory.lfsr == 0 ||
      (job.update && (memory.shadow == nullptr || memory.velocity == nullptr ||
                      (shape.bias && (memory.bias == nullptr || memory.bias_velocity == nullptr))));
  if (missing) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "a tile's job misses an array that its counts ask for, or its LFSR is 0");
  }
  return EPX_OK;
}

epx::TileConfig epx::tile_config(const epx_sc_tile_job_t &job) {
  return {*job.chip,          epx_sc_tile_shape(&job),
          job.number,         epx_chip_synapse(job.chip, job.layer),
          job.neuron,         job.forward_shift,
          job.weight_circuit, job.bias_circuit};
}

// Eight times the longest that one word may take in our pipeline, and room for stalls.
extern "C" uint64_t epx_sc_tile_patience(const epx_sc_tile_job_t *job) {
  const epx_tile_shape_t shape = epx_sc_tile_shape(job);
  epx_events_t ignored = {};
  const uint64_t synapses = static_cast<uint64_t>(shape.rows) * static_cast<uint64_t>(shape.units);
  const uint64_t pulses =
      epx_chip_pulsed(job->chip) ? synapses * static_cast<uint64_t>(job->chip->pulse_max) : 0;
  const uint64_t longest = std::max({epx_tile_forward(job->chip, &shape, 1, &ignored),
                                     epx_tile_backward(job->chip, &shape, 1, &ignored),
                                     epx_tile_correlate(&shape, 1, &ignored),
                                     epx_tile_update(job->chip, &shape, &ignored) + pulses});
  return 8 * longest + 2000;
}

extern "C" epx_tile_shape_t epx_sc_tile_shape(const epx_sc_tile_job_t *job) {
  epx_tile_shape_t shape = epx_map_tile(job->chip, job->map, job->layer, job->role, job->window,
                                        job->row_block, job->column_block);
  shape.psum_in = job->psum_in != nullptr;
  shape.pools = job->operand != nullptr;
  return shape;
}

extern "C" epx_status_t epx_sc_tile_run(const epx_sc_tile_job_t *job, epx_sc_memory_t *memory,
                                        epx_sc_tile_result_t *result, epx_error_t *error) {
  return epx::run_tile<epx::Tile>(job, memory, result, error);
}
