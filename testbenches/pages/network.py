# SPDX-License-Identifier: Apache-2.0
"""numerics.md, sections 4 to 6: what is constant in a phase, and the products of one image."""
import layers as shapes
from formats import Format, Scale, clamp, round_shift
from pulses import Pulses
from tile_layers import TileLayer, number_tiles

NUDGE_BOUND = BIAS_BOUND = 1 << 28


class Network:
    """Layers, tile layers by number, formats and accumulator fractions."""

    def __init__(self, config, make_arrays):
        self.config = config
        self.layers = shapes.build(config)
        self.has_readout = config["network.loss"] == "cross_entropy"
        self.depth = len(self.layers) - self.has_readout
        self.unidirectional = config["network.connections"] == "unidirectional"
        self.input, self.state = Format(config["chip.input"]), Format(config["chip.state"])
        self.tile_layers = [TileLayer(config, layer, layer.number, False,
                                      layer.number == self.depth) for layer in self.layers]
        if self.unidirectional:
            for layer in self.layers[1:self.depth]:
                number = len(self.tile_layers)
                self.tile_layers.append(TileLayer(config, layer, number, True, False))
        number_tiles(self.tile_layers)
        self.pulses = None
        if config["chip.array.pulses.preset"] != "none":
            self.pulses = Pulses(config)
            for tiles in self.tile_layers:
                self.pulses.load(tiles)
        self.fractions = [self.accumulator_fraction(n) for n in range(len(self.layers))]
        self.arrays = make_arrays(config, self.tile_layers)
        for number in range(len(self.tile_layers)):
            self.program(number)

    def program(self, number):
        tiles = self.tile_layers[number]
        self.arrays.program(number, tiles.codes, tiles.written)

    def feedback_of(self, number):
        """The tile layer that drives layer `number` back: its own arrays, or feedback arrays."""
        if self.unidirectional:
            return self.tile_layers[len(self.layers) + number - 1]
        return self.tile_layers[number]

    def pre_fraction(self, number):
        return self.input.fraction if number == 0 else self.state.fraction

    def product_fraction(self, number):
        return self.pre_fraction(number) + self.tile_layers[number].synapse.fraction

    def backward_fraction(self, number):
        return self.state.fraction + self.tile_layers[number].synapse.fraction

    def accumulator_fraction(self, number):
        own = self.product_fraction(number)
        if number < self.depth - 1:
            return max(own, self.backward_fraction(number + 1))
        return own

    def offset(self, number, unit):
        """What is added to a unit's product: its bias, in layer 0 less the input offset."""
        tiles, fraction = self.tile_layers[number], self.fractions[number]
        bias = round_shift(tiles.bias[unit], tiles.bias_format.fraction - fraction)
        bias = clamp(bias, BIAS_BOUND)
        if number == 0:
            shift = fraction - self.product_fraction(0)
            bias -= (sum(tiles.codes[unit]) << (self.input.bits - 1)) << shift
        return bias

    def offsets(self):
        return [[self.offset(layer.number, unit) for unit in range(layer.units)]
                for layer in self.layers]

    def nudge_scale(self, beta):
        """Of |beta|, and its sign."""
        last = self.depth - 1
        error = self.state.fraction
        if self.has_readout:
            error = 15 + self.tile_layers[self.depth].synapse.fraction
        return Scale(abs(beta) * 2.0 ** (self.fractions[last] - error)), 1 if beta > 0 else -1

    def forward(self, tiles, codes, outside, image, read):
        """Pooled products and switches, in the order of neurons."""
        products, switches = [], []
        number = tiles.layer.number
        shift = self.fractions[number] - self.product_fraction(number)
        for position, places in enumerate(tiles.layer.patches):
            results = []
            for place, patch in enumerate(places):
                pre = [outside if k < 0 else codes[k] for k in patch]
                word = position * len(places) + place
                results.append(self.arrays.limit(
                    tiles.number, self.arrays.forward(tiles.number, pre, image, read, word), shift))
            for unit in range(tiles.units):
                values = [result[unit] for result in results]
                products.append(max(values))
                switches.append(values.index(max(values)))
        return products, switches

    def backward(self, tiles, posts, switches, image, read):
        """What the posts, each at its switch, drive into the codes below."""
        sums = [0] * tiles.layer.inputs
        units = tiles.units
        for position, places in enumerate(tiles.layer.patches):
            first = position * units
            for place, patch in enumerate(places):
                post = [posts[first + u] if switches[first + u] == place else 0
                        for u in range(units)]
                row = self.arrays.backward(tiles.number, post, image, read, position, place)
                for k, value in zip(patch, row):
                    if k >= 0:
                        sums[k] += value
        number = tiles.layer.number
        shift = 0 if tiles.is_readout else (
            self.fractions[number - 1] - self.backward_fraction(number))
        return self.arrays.limit(tiles.number, sums, shift)
