// SPDX-License-Identifier: Apache-2.0
// Random stalls of one channel, drawn from a shift register of its own.
#ifndef EPX_STALL_H
#define EPX_STALL_H

#include "epx_lfsr.h"
#include "epx_random.h"

namespace epx {

class Stall {
 public:
  Stall() = default;
  Stall(int percent, uint32_t seed, uint64_t channel)
      : percent_(percent),
        lfsr_(epx_lfsr_seed(static_cast<uint32_t>(epx_random_bits(seed, channel) >> 32))) {}
  bool now() { return percent_ > 0 && static_cast<int>(epx_lfsr_next16(&lfsr_) % 100) < percent_; }

 private:
  int percent_ = 0;
  epx_lfsr_t lfsr_ = {1};
};

}  // namespace epx

#endif
