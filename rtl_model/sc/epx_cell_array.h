// SPDX-License-Identifier: Apache-2.0
// The cells of one array as bit planes, so that the sum of a line for one driven bit is a
// population count: what a column's adder tree or the current on a bitline gives, 64 cells at a
// time.
//
// A weight lies in `slices` cells of bits_per_cell bits, least significant first, in two's
// complement: its highest bit counts negatively.
#ifndef EPX_CELL_ARRAY_H
#define EPX_CELL_ARRAY_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace epx {

// One bit for each line.
class Lines {
 public:
  explicit Lines(int count) : words_((static_cast<size_t>(count) + 63) / 64, 0) {}
  void set(int line, bool on) {
    const uint64_t bit = uint64_t{1} << (line % 64);
    uint64_t &word = words_[static_cast<size_t>(line / 64)];
    word = on ? word | bit : word & ~bit;
  }
  void clear() { words_.assign(words_.size(), 0); }
  int count() const;
  // Lines that are on in both.
  int common(const Lines &other) const;

 private:
  std::vector<uint64_t> words_;
};

class CellArray {
 public:
  CellArray(int rows, int units, int weight_bits, int bits_per_cell, int slices);

  void set(int row, int unit, int code);
  // The digits of one slice summed over the driven rows (columns) of a column (row).
  int64_t sum_column(int unit, int slice, const Lines &rows) const;
  int64_t sum_row(int row, int slice, const Lines &units) const;

 private:
  int64_t sum(const std::vector<Lines> &planes, int line, int slice, const Lines &driven) const;
  size_t at(int line, int bit) const {
    return static_cast<size_t>(line) * static_cast<size_t>(weight_bits_) + static_cast<size_t>(bit);
  }

  const int weight_bits_, bits_per_cell_, slices_;
  std::vector<Lines> column_planes_, row_planes_;  // [unit][bit] over rows, [row][bit] over units
};

}  // namespace epx

#endif
