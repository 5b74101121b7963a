// SPDX-License-Identifier: Apache-2.0
// The C door to the SystemC chip.
#include "epx_sc_chip.h"

#include "epx_mesh.h"
#include "epx_simulation.h"
#include "epx_update_log.h"
#include "epx_waveform.h"

namespace {

epx_status_t check(const epx_sc_chip_job_t &job, epx_error_t *error) {
  if (job.images < 1 || job.dynamics.free_steps < 1 || job.dynamics.nudged_steps < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT,
                    "a chip's job of %d images, %d free and %d nudged steps; expected at least 1",
                    job.images, job.dynamics.free_steps, job.dynamics.nudged_steps);
  }
  if (job.stall_percent < 0 || job.stall_percent > 90) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "%d %% stalls; expected 0 to 90", job.stall_percent);
  }
  if (job.estimator.continual) {
    return epx_fail(error, EPX_ERR_UNSUPPORTED,
                    "estimator.continual: the chip's controller updates once a mini-batch");
  }
  const epx_status_t dynamics = epx_plan_check_dynamics(&job.dynamics, error);
  if (dynamics != EPX_OK) {
    return dynamics;
  }
  const epx_chip_t &chip = *job.plan->chip;
  if (chip.flit_bits < 1 || chip.router_cycles < 1 || chip.buffer_flits < 1 ||
      chip.psum_buffer < 1) {
    return epx_fail(error, EPX_ERR_ARGUMENT, "chip.noc: expected widths and depths of at least 1");
  }
  return EPX_OK;
}

void simulate(const epx_sc_chip_job_t &job, epx::UpdateLog *log, epx::Waveform *waveform,
              epx_sc_chip_result_t *result) {
  epx::ChipTables tables(job);
  epx::Mesh chip("chip", &tables);
  chip.set_predicted(result->predicted);
  chip.show(job.view);
  if (log->is_open()) {
    chip.watch_updates([log](const epx::UpdatePlace &place, const epx::UpdateRecord &record) {
      log->write(place, record);
    });
  }
  result->seconds = waveform->simulate([&](sc_core::sc_trace_file *file) { chip.trace(file); },
                                       [&] { return chip.controller().shown(); });
  chip.check_conservation();
  chip.store_registers();
  result->ledger = chip.ledger();
  result->events = epx_ledger_total(&result->ledger);
  result->cycles = chip.controller().cycles();
  result->tiles = job.plan->floor.tiles;
  result->products = chip.products();
  for (int i = 0; i < EPX_COMMAND_KINDS; ++i) {
    const epx_command_kind_t kind = static_cast<epx_command_kind_t>(i);
    result->kind_cycles[i] = chip.controller().cycles_of(kind);
    result->kind_count[i] = chip.controller().count_of(kind);
  }
}

}  // namespace

extern "C" epx_status_t epx_sc_chip_run(const epx_sc_chip_job_t *job, epx_sc_chip_result_t *result,
                                        epx_error_t *error) {
  epx::UpdateLog log;
  epx::Waveform waveform;
  epx_status_t status = check(*job, error);
  if (status == EPX_OK) {
    status = waveform.open(job->vcd_path, error);
  }
  if (status == EPX_OK) {
    status = log.open(*job->plan->chip, job->update_log_path, job->pulse_log_path, error);
  }
  if (status != EPX_OK) {
    return status;
  }
  status = epx::run_simulation(
      "SystemC chip", [&] { simulate(*job, &log, &waveform, result); }, error);
  return epx::end_outputs(status, &waveform, &log, error);
}
