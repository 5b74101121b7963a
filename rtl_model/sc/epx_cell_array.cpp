// SPDX-License-Identifier: Apache-2.0
#include "epx_cell_array.h"

#include "epx_clones.h"

namespace epx {

namespace {

// sums[i] += factor * bits common to plane i and driven; planes lie one after another.
EPX_CLONES void add_plane(const uint64_t *planes, size_t words, const uint64_t *driven, int count,
                          int64_t factor, int64_t *sums) {
  for (int i = 0; i < count; ++i, planes += words) {
    int64_t ones = 0;
    for (size_t w = 0; w < words; ++w) {
      ones += __builtin_popcountll(planes[w] & driven[w]);
    }
    sums[i] += factor * ones;
  }
}

}  // namespace

CellArray::CellArray(int rows, int units, int weight_bits, int bits_per_cell, int slices)
    : weight_bits_(weight_bits),
      bits_per_cell_(bits_per_cell),
      slices_(slices),
      row_words_(make_lines(rows).size()),
      unit_words_(make_lines(units).size()),
      column_planes_(static_cast<size_t>(units * weight_bits) * row_words_, 0),
      row_planes_(static_cast<size_t>(rows * weight_bits) * unit_words_, 0) {}

void CellArray::set(int row, int unit, int code) {
  const size_t rows = row_planes_.size() / (static_cast<size_t>(weight_bits_) * unit_words_);
  const auto put = [](uint64_t *words, int line, bool on) {
    const uint64_t bit = uint64_t{1} << (line % 64);
    uint64_t &word = words[line / 64];
    word = on ? word | bit : word & ~bit;
  };
  for (int bit = 0; bit < weight_bits_; ++bit) {
    const bool on = (code >> bit & 1) != 0;
    const size_t column = static_cast<size_t>(unit * weight_bits_ + bit);
    put(column_planes_.data() + column * row_words_, row, on);
    put(row_planes_.data() +
            (static_cast<size_t>(bit) * rows + static_cast<size_t>(row)) * unit_words_,
        unit, on);
  }
}

void CellArray::sum_columns(int first, int count, const Lines &rows, int64_t *sums) const {
  if (bits_per_cell_ == 1) {  // a plane is a column, and columns lie one after another
    for (int i = 0; i < count; ++i) {
      sums[i] = 0;
    }
    add_plane(column_planes_.data() + static_cast<size_t>(first) * row_words_, row_words_,
              rows.data(), count, 1, sums);
    for (int i = weight_bits_ - 1 - first % weight_bits_; i < count; i += weight_bits_) {
      sums[i] = -sums[i];
    }
    return;
  }
  for (int i = 0; i < count; ++i) {
    const int unit = (first + i) / slices_, slice = (first + i) % slices_;
    const int bit0 = slice * bits_per_cell_;
    const int end = slice + 1 == slices_ ? weight_bits_ : bit0 + bits_per_cell_;
    sums[i] = 0;
    for (int bit = bit0; bit < end; ++bit) {
      const int64_t factor =
          int64_t{bit + 1 == weight_bits_ ? -1 : 1} * (int64_t{1} << (bit - bit0));
      add_plane(column_planes_.data() + static_cast<size_t>(unit * weight_bits_ + bit) * row_words_,
                row_words_, rows.data(), 1, factor, sums + i);
    }
  }
}

void CellArray::sum_rows(int first, int count, int slice, const Lines &units, int64_t *sums) const {
  const size_t rows = row_planes_.size() / (static_cast<size_t>(weight_bits_) * unit_words_);
  const int bit0 = slice * bits_per_cell_;
  const int end = slice + 1 == slices_ ? weight_bits_ : bit0 + bits_per_cell_;
  for (int i = 0; i < count; ++i) {
    sums[i] = 0;
  }
  for (int bit = bit0; bit < end; ++bit) {
    const int64_t factor = int64_t{bit + 1 == weight_bits_ ? -1 : 1} * (int64_t{1} << (bit - bit0));
    add_plane(row_planes_.data() +
                  (static_cast<size_t>(bit) * rows + static_cast<size_t>(first)) * unit_words_,
              unit_words_, units.data(), count, factor, sums);
  }
}

}  // namespace epx
