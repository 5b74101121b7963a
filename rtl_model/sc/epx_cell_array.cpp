// SPDX-License-Identifier: Apache-2.0
#include "epx_cell_array.h"

namespace epx {

int Lines::count() const {
  int sum = 0;
  for (const uint64_t word : words_) {
    sum += __builtin_popcountll(word);
  }
  return sum;
}

int Lines::common(const Lines &other) const {
  int sum = 0;
  for (size_t i = 0; i < words_.size(); ++i) {
    sum += __builtin_popcountll(words_[i] & other.words_[i]);
  }
  return sum;
}

CellArray::CellArray(int rows, int units, int weight_bits, int bits_per_cell, int slices)
    : weight_bits_(weight_bits),
      bits_per_cell_(bits_per_cell),
      slices_(slices),
      column_planes_(static_cast<size_t>(units) * static_cast<size_t>(weight_bits), Lines(rows)),
      row_planes_(static_cast<size_t>(rows) * static_cast<size_t>(weight_bits), Lines(units)) {}

void CellArray::set(int row, int unit, int code) {
  for (int bit = 0; bit < weight_bits_; ++bit) {
    const bool on = (code >> bit & 1) != 0;
    column_planes_[at(unit, bit)].set(row, on);
    row_planes_[at(row, bit)].set(unit, on);
  }
}

int64_t CellArray::sum(const std::vector<Lines> &planes, int line, int slice,
                       const Lines &driven) const {
  const int first = slice * bits_per_cell_;
  const int end = slice + 1 == slices_ ? weight_bits_ : first + bits_per_cell_;
  int64_t sum = 0;
  for (int bit = first; bit < end; ++bit) {
    const int64_t ones = planes[at(line, bit)].common(driven);
    sum += (bit + 1 == weight_bits_ ? -ones : ones) * (int64_t{1} << (bit - first));
  }
  return sum;
}

int64_t CellArray::sum_column(int unit, int slice, const Lines &rows) const {
  return sum(column_planes_, unit, slice, rows);
}

int64_t CellArray::sum_row(int row, int slice, const Lines &units) const {
  return sum(row_planes_, row, slice, units);
}

}  // namespace epx
