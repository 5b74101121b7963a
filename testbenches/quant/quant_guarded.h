// SPDX-License-Identifier: Apache-2.0
// Buffers that end or begin at an unmapped page, so that a read or write beyond them is a fault.
#ifndef QUANT_GUARDED_H
#define QUANT_GUARDED_H

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace quant_test {

inline constexpr uint8_t canary = 0xc3;

// Memory between two unmapped pages: it ends at the second one, or begins at the first one.
class Guarded {
 public:
  Guarded(size_t bytes, bool at_end) : bytes_(bytes) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    open_bytes_ = (bytes + page - 1) / page * page;
    mapped_bytes_ = open_bytes_ + 2 * page;
    void *memory = mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw std::runtime_error("mmap failed");
    }
    mapped_ = static_cast<uint8_t *>(memory);
    open_ = mapped_ + page;
    if (open_bytes_ != 0 && mprotect(open_, open_bytes_, PROT_READ | PROT_WRITE) != 0) {
      throw std::runtime_error("mprotect failed");
    }
    data_ = at_end ? open_ + (open_bytes_ - bytes) : open_;
    fill_with_canaries();
  }
  ~Guarded() { munmap(mapped_, mapped_bytes_); }
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;

  template <typename T>
  T *as() const {
    return reinterpret_cast<T *>(data_);
  }
  size_t bytes() const { return bytes_; }

  void fill_with_canaries() { std::fill(open_, open_ + open_bytes_, canary); }

  // Nothing was written on the page around the data.
  bool surroundings_intact() const {
    const auto untouched = [](uint8_t byte) { return byte == canary; };
    return std::all_of(open_, data_, untouched) &&
           std::all_of(data_ + bytes_, open_ + open_bytes_, untouched);
  }

 private:
  size_t bytes_;
  size_t open_bytes_;
  size_t mapped_bytes_;
  uint8_t *mapped_;
  uint8_t *open_;
  uint8_t *data_;
};

}  // namespace quant_test

#endif
