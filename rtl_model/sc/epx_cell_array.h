// SPDX-License-Identifier: Apache-2.0
// The cells of one array as bit planes, so that the sums of its lines for one driven bit are
// population counts: what columns' adder trees or the currents on bitlines give, 64 cells at a
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

// One bit for each line, in words of 64.
using Lines = std::vector<uint64_t>;

inline Lines make_lines(int count) {
  return Lines((static_cast<size_t>(count) + 63) / 64, 0);
}
inline void set_line(Lines *lines, int line, bool on) {
  const uint64_t bit = uint64_t{1} << (line % 64);
  uint64_t &word = (*lines)[static_cast<size_t>(line / 64)];
  word = on ? word | bit : word & ~bit;
}

class CellArray {
 public:
  CellArray(int rows, int units, int weight_bits, int bits_per_cell, int slices);

  void set(int row, int unit, int code);
  // For columns [first, first + count), numbered unit * slices + slice: the digits summed over the
  // driven rows.
  void sum_columns(int first, int count, const Lines &rows, int64_t *sums) const;
  // For rows [first, first + count) of one slice: the digits summed over the driven units.
  void sum_rows(int first, int count, int slice, const Lines &units, int64_t *sums) const;

 private:
  const int weight_bits_, bits_per_cell_, slices_;
  const size_t row_words_, unit_words_;
  std::vector<uint64_t> column_planes_;  // [unit][bit][words of rows]
  std::vector<uint64_t> row_planes_;     // [bit][row][words of units]
};

}  // namespace epx

#endif
