# SPDX-License-Identifier: Apache-2.0
"""numerics.md, sections 3, 9 and 10: the registers of a tile layer, and its tiles."""
import start
from draws import key
from formats import Format, round_shift
from lfsr import ShiftRegister


class TileLayer:
    """The arrays of one purpose of a parameter layer, with their registers."""

    def __init__(self, config, layer, number, is_feedback, is_readout):
        formats = config["chip.synapse.format"]
        text = formats[layer.number % len(formats)] if isinstance(formats, list) else formats
        self.layer, self.number = layer, number
        self.is_feedback, self.is_readout = is_feedback, is_readout
        self.units, self.fan_in = layer.units, layer.fan_in
        self.shadow_bits = config["chip.synapse.shadow_bits"]
        self.synapse = Format(text)
        self.shadow_format = self.synapse.finer(self.shadow_bits)
        self.bias_format = Format(config["chip.bias"])
        self.describe_codes(config)
        self.load(config)

    def describe_codes(self, config):
        """What arrays.py asks of an array."""
        self.weight_bits = self.synapse.bits
        state, first = Format(config["chip.state"]), self.layer.number == 0
        self.pre_bits = Format(config["chip.input"]).bits if first else state.bits
        self.pre_signed = False
        self.post_bits, self.post_signed = (16, True) if self.is_readout else (state.bits, False)

    def load(self, config):
        if self.is_feedback:
            weight_key, bias_key = start.backward_key(config, self.layer), None
        else:
            initial = start.initial_key(config)
            weight_key = key(initial, 2 * self.layer.number)
            bias_key = key(initial, 2 * self.layer.number + 1)
        self.shadow = start.weights(config, self.layer, weight_key, self.shadow_format)
        self.velocity = [[0] * self.fan_in for _ in range(self.units)]
        self.bias, self.bias_velocity = [], []
        if not self.is_feedback:
            self.bias = start.biases(config, self.layer, bias_key, self.bias_format)
            self.bias_velocity = [0] * self.units
        self.codes = [[self.visible(w) for w in row] for row in self.shadow]
        self.written = [[0] * self.fan_in for _ in range(self.units)]
        self.cut(config)

    def cut(self, config):
        slices = -(-self.weight_bits // config["chip.array.bits_per_cell"])
        self.tile_rows = config["chip.array.rows"]
        self.tile_units = config["chip.array.columns"] // slices
        row_blocks = -(-self.fan_in // self.tile_rows)
        column_blocks = -(-self.units // self.tile_units)
        self.registers = [[ShiftRegister(config["chip.lfsr_seed"], self.number, rb, cb)
                           for cb in range(column_blocks)] for rb in range(row_blocks)]

    def tiles(self):
        """Shift register, rows, units and row block of each tile."""
        for rb, line in enumerate(self.registers):
            rows = range(rb * self.tile_rows, min((rb + 1) * self.tile_rows, self.fan_in))
            for cb, register in enumerate(line):
                units = range(cb * self.tile_units, min((cb + 1) * self.tile_units, self.units))
                yield register, rows, units, rb, cb

    def tile_number(self, row_block, column_block):
        """Among all tiles of the chip."""
        return self.first_tile + column_block * len(self.registers) + row_block

    def visible(self, w):
        """The code that the array holds of a shadow register."""
        return self.synapse.saturate(round_shift(w, self.shadow_bits))

    def see(self, unit, k, update):
        """The array takes over a shadow register that an update has changed."""
        code = self.visible(self.shadow[unit][k])
        if code != self.codes[unit][k]:
            self.codes[unit][k], self.written[unit][k] = code, update


def number_tiles(tile_layers):
    """Layer by layer, feedback arrays directly behind a layer's own."""
    first = 0
    for tiles in sorted(tile_layers, key=lambda t: (t.layer.number, t.is_feedback)):
        tiles.first_tile = first
        first += len(tiles.registers) * len(tiles.registers[0])
