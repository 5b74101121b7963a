// SPDX-License-Identifier: Apache-2.0
// The tile's local update circuit: exact correlations a row a cycle, then a synapse a cycle.
#include <cstdlib>

#include "epx_tile.h"

namespace epx {

void Tile::correlate_biases() {
  for (size_t u = 0; config_.shape.bias && u < word_->post.size(); ++u) {
    bias_correlation_[u] += int64_t{word_->coefficient} * word_->post[u];
    ++events_.psum_adds;
    events_.correlation_bits += 2 * EPX_CORRELATION_BITS;
  }
}

void Tile::correlate_row() {
  for (size_t u = 0; u < word_->post.size(); ++u) {
    const size_t line = static_cast<size_t>(word_->switches[u] * config_.shape.rows + row_);
    const int64_t pre = word_->lines[line] - input_offset();
    correlation_[at(row_, static_cast<int>(u))] += word_->coefficient * pre * word_->post[u];
    ++events_.update_macs;
    events_.correlation_bits += 2 * EPX_CORRELATION_BITS;
  }
  if (++row_ == config_.shape.rows) {
    ++retired_[running_];
    phase_ = Phase::Ready;
  }
}

// The cells of one weight, and the sum that corrects the input's offset.
void Tile::write_weight(int row, int unit) {
  const size_t i = at(row, unit);
  const int8_t code =
      epx_update_visible(memory_->shadow[i], config_.chip.shadow_bits, config_.synapse);
  offset_sum_[static_cast<size_t>(unit)] += code - memory_->weight[i];
  if (memory_->written != nullptr && code != memory_->weight[i]) {
    memory_->written[i] = static_cast<uint32_t>(word_->draw);
  }
  memory_->weight[i] = code;
  epx_array_write(cells_.get(), row, unit, code, written(row, unit));
}

// Returns the writes of the weight's cells, or the pulses of its device.
int Tile::update_weight(UpdateRecord *record) {
  const size_t i = at(row_, unit_);
  record->bitline = unit_ * config_.shape.slices;
  record->correlation = correlation_[i];
  record->velocity_before = memory_->velocity[i];
  record->value_before = memory_->shadow[i];
  record->code_before = memory_->weight[i];
  int writes = config_.shape.slices;
  if (pulsed_) {
    record->pulses = epx_pulsed_update(
        pulsed_.get(), &config_.weight_circuit, static_cast<uint32_t>(word_->draw), row_, unit_,
        correlation_[i], &memory_->shadow[i], &memory_->velocity[i], &lfsr_);
    writes = std::abs(record->pulses);
  } else {
    epx_update_synapse(&config_.weight_circuit, correlation_[i], &memory_->shadow[i],
                       &memory_->velocity[i], &lfsr_);
  }
  correlation_[i] = 0;
  write_weight(row_, unit_);
  record->velocity_after = memory_->velocity[i];
  record->value_after = memory_->shadow[i];
  record->code_after = memory_->weight[i];
  events_.cell_writes += static_cast<uint64_t>(writes);
  return writes;
}

void Tile::update_bias(UpdateRecord *record) {
  const size_t u = static_cast<size_t>(unit_);
  record->bias = true;
  record->correlation = bias_correlation_[u];
  record->velocity_before = memory_->bias_velocity[u];
  record->value_before = memory_->bias[u];
  epx_update_synapse(&config_.bias_circuit, bias_correlation_[u], &memory_->bias[u],
                     &memory_->bias_velocity[u], &lfsr_);
  bias_correlation_[u] = 0;
  record->velocity_after = memory_->bias_velocity[u];
  record->value_after = memory_->bias[u];
}

// Row-major; after the last row, the biases by channel.
void Tile::update_one() {
  if (wait_ > 1) {  // a pulse of the synapse before
    --wait_;
    end_update();
    return;
  }
  const epx_tile_shape_t &shape = config_.shape;
  UpdateRecord record = {};
  record.edge = edge_;
  record.update = static_cast<uint32_t>(word_->draw);
  record.row = row_;
  record.unit = unit_;
  const bool weight = row_ < shape.rows;
  if (weight) {
    const int writes = update_weight(&record);
    wait_ = pulsed_ && writes > 1 ? writes : 1;  // a pulse a cycle
  } else {
    update_bias(&record);
    wait_ = 1;
  }
  const int value_bits =
      weight ? shape.synapse_bits + config_.chip.shadow_bits : epx_qformat_bits(config_.chip.bias);
  memory_->lfsr = lfsr_.state;
  update_strobe_ = true;
  ++events_.update_ops;
  events_.correlation_bits += 2 * EPX_CORRELATION_BITS;
  events_.register_bits +=
      2 * static_cast<uint64_t>(value_bits + epx_qformat_bits(config_.chip.velocity));
  if (watch_update_) {
    const epx_update_circuit_t &circuit = weight ? config_.weight_circuit : config_.bias_circuit;
    const bool draws = circuit.rounding == EPX_ROUND_STOCHASTIC;
    record.draw = draws ? static_cast<int>(lfsr_.state >> 16) : -1;
    watch_update_(record);
  }
  if (++unit_ == shape.units) {
    unit_ = 0;
    ++row_;
  }
  end_update();
}

// After the last register, and its last pulse.
void Tile::end_update() {
  if (row_ < config_.shape.rows + (config_.shape.bias ? 1 : 0) || wait_ > 1) {
    return;
  }
  epx_error_t error = {};
  if (epx_array_settle(cells_.get(), nullptr, &error) != EPX_OK) {
    SC_REPORT_ERROR(name(), error.message);
  }
  ++retired_[running_];
  phase_ = Phase::Ready;
}

}  // namespace epx
