# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 3: the shift register of each tile."""
from draws import bits, key


class ShiftRegister:
    def __init__(self, seed, layer, row_block, column_block):
        self.value = bits(key(seed, layer), (row_block << 32) + column_block) >> 32 or 0xACE1ACE1

    def draw(self):
        s = self.value
        for _ in range(16):
            s = s >> 1 | ((s >> 22 ^ s >> 2 ^ s >> 1 ^ s) & 1) << 31
        self.value = s
        return s >> 16
