// SPDX-License-Identifier: Apache-2.0
// A designer's tile: behavioural, one word at a time, with a latency of its own. Ports and
// constructor are those that epxbar's bench asks for (rtl_model/sc/tile/epx_tile_fixture.h); it
// gives correlations, but neither events nor cycles of epxbar's pipeline, so those are not
// compared.
#ifndef OWN_TILE_H
#define OWN_TILE_H

#include <epx_tile.h>

class OwnTile : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};
  sc_core::sc_in<bool> x_valid_i{"x_valid_i"};
  sc_core::sc_in<epx::Wire<epx::TileWord>> x_i{"x_i"};
  sc_core::sc_out<bool> x_ready_o{"x_ready_o"};
  sc_core::sc_in<bool> a_valid_i{"a_valid_i"};
  sc_core::sc_in<epx::Wire<epx::TileSums>> a_i{"a_i"};
  sc_core::sc_out<bool> a_ready_o{"a_ready_o"};
  sc_core::sc_out<bool> p_valid_o{"p_valid_o"};
  sc_core::sc_out<epx::Wire<epx::TileSums>> p_o{"p_o"};
  sc_core::sc_in<bool> p_ready_i{"p_ready_i"};
  sc_core::sc_in<bool> n_valid_i{"n_valid_i"};
  sc_core::sc_in<epx::Wire<epx::TileNeurons>> n_i{"n_i"};
  sc_core::sc_out<bool> y_valid_o{"y_valid_o"};
  sc_core::sc_out<epx::Wire<epx::TileStates>> y_o{"y_o"};
  sc_core::sc_out<bool> idle_o{"idle_o"};

  OwnTile(sc_core::sc_module_name name, const epx::TileConfig &config, epx_sc_memory_t *memory);

  // As the last update found them, else as they stand.
  const std::vector<int64_t> &correlation() const { return found_; }
  const std::vector<int64_t> &bias_correlation() const { return bias_found_; }

 private:
  void array_thread();
  void neuron_thread();
  void forward(const epx::TileWord &word);
  void backward(const epx::TileWord &word);
  void correlate(const epx::TileWord &word);
  void update();
  void send(const std::shared_ptr<epx::TileSums> &sums);
  std::shared_ptr<const epx::TileSums> take_partial_sums();
  void pool(int index, epx::TileSums *sums);
  size_t at(int row, int unit) const {
    return static_cast<size_t>(row * config_.shape.units + unit);
  }

  const epx::TileConfig config_;
  epx_sc_memory_t *const memory_;
  const int offset_;
  std::vector<int64_t> best_;
  std::vector<uint8_t> best_at_;
  std::vector<int64_t> correlation_, bias_correlation_, found_, bias_found_;
};

#endif
