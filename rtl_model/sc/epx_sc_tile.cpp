// SPDX-License-Identifier: Apache-2.0
// The C door to the SystemC tile: checks the job, runs the bench, turns exceptions into a status.
#include "../epx_sc_tile.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <systemc>

#include "epx_tile_bench.h"

// The SystemC library's own main() calls this; programs of this project have a main() of their own.
int sc_main(int, char **) {
  return 1;
}

namespace {

bool elaborated = false;

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
  return EPX_OK;
}

epx_status_t check(const epx_sc_tile_job_t &job, const epx_sc_memory_t &memory,
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

// SystemC appends ".vcd" to the name; it must be possible to write there.
epx_status_t check_waveform(const char *path, std::string *stem, epx_error_t *error) {
  const std::string name = path;
  if (name.size() < 5 || name.compare(name.size() - 4, 4, ".vcd") != 0) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "waveform file %s; expected a name that ends in .vcd",
                    path);
  }
  std::FILE *file = std::fopen(path, "w");
  if (file == nullptr) {
    return epx_fail(error, EPX_ERR_IO, "cannot write the waveform file %s", path);
  }
  std::fclose(file);
  *stem = name.substr(0, name.size() - 4);
  return EPX_OK;
}

// Reports become exceptions or nothing: a library neither prints nor exits.
void quiet_reports() {
  using sc_core::sc_report_handler;
  sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
  sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_DO_NOTHING);
  sc_report_handler::set_actions(sc_core::SC_ERROR, sc_core::SC_THROW);
  sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
}

void simulate(const epx_sc_tile_job_t &job, const std::string &waveform, epx_sc_memory_t *memory,
              epx_sc_tile_result_t *result) {
  const epx::TileConfig config = {
      *job.chip,       epx_sc_tile_shape(&job), epx_chip_synapse(job.chip, job.layer),
      job.neuron,      job.forward_shift,       job.weight_circuit,
      job.bias_circuit};
  config.validate();
  epx::TileBench bench("bench", config, job, memory, result);
  sc_core::sc_trace_file *file = nullptr;
  if (!waveform.empty()) {
    file = sc_core::sc_create_vcd_trace_file(waveform.c_str());
    file->set_time_unit(1, sc_core::SC_PS);
    bench.trace(file);
  }
  try {
    sc_core::sc_start();
  } catch (...) {
    if (file != nullptr) {
      sc_core::sc_close_vcd_trace_file(file);
    }
    throw;
  }
  if (file != nullptr) {
    sc_core::sc_close_vcd_trace_file(file);
  }
  bench.finish();
}

}  // namespace

extern "C" epx_tile_shape_t epx_sc_tile_shape(const epx_sc_tile_job_t *job) {
  const epx_layer_map_t &map = *job->map;
  const int synapse_bits = epx_qformat_bits(epx_chip_synapse(job->chip, job->layer));
  const int row = job->row_block * map.rows, unit = job->column_block * map.weights_per_tile;
  epx_tile_shape_t shape = {};
  shape.rows = map.fan_in - row < map.rows ? map.fan_in - row : map.rows;
  shape.units = map.units - unit < map.weights_per_tile ? map.units - unit : map.weights_per_tile;
  shape.slices = map.slices;
  shape.synapse_bits = synapse_bits;
  shape.input_bits = epx_qformat_bits(job->layer == 0 ? job->chip->input : job->chip->state);
  shape.state_bits = epx_qformat_bits(job->chip->state);
  shape.window = job->window;
  shape.offset = job->layer == 0;
  shape.psum_in = job->psum_in != nullptr;
  shape.pools = job->operand != nullptr;
  shape.bias = job->row_block == 0;
  return shape;
}

extern "C" epx_status_t epx_sc_tile_run(const epx_sc_tile_job_t *job, epx_sc_memory_t *memory,
                                        epx_sc_tile_result_t *result, epx_error_t *error) {
  epx_status_t status = check(*job, *memory, error);
  std::string waveform;
  if (status == EPX_OK && elaborated) {
    status = epx_fail(error, EPX_ERR_UNSUPPORTED,
                      "SystemC elaborates once per process: run the second tile in a new process");
  }
  try {
    if (status == EPX_OK && job->vcd_path != nullptr) {
      status = check_waveform(job->vcd_path, &waveform, error);
    }
    if (status != EPX_OK) {
      return status;
    }
    elaborated = true;
    quiet_reports();
    simulate(*job, waveform, memory, result);
  } catch (const std::invalid_argument &exception) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%s", exception.what());
  } catch (const sc_core::sc_report &report) {
    return epx_fail(error, EPX_ERR_MISMATCH, "SystemC tile: %s: %s", report.get_msg_type(),
                    report.get_msg());
  } catch (const std::bad_alloc &) {
    return epx_fail(error, EPX_ERR_MEMORY, "out of memory for the SystemC tile");
  } catch (const std::exception &exception) {
    return epx_fail(error, EPX_ERR_MISMATCH, "SystemC tile: %s", exception.what());
  }
  return EPX_OK;
}
