# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 8: correlations of a mini-batch."""


class Correlations:
    """Exact sums for each synapse of each tile layer, and for each bias of each layer."""

    def __init__(self, network):
        self.network = network
        self.weights = [[[0] * t.fan_in for _ in range(t.units)] for t in network.tile_layers]
        self.biases = [[0] * layer.units for layer in network.layers]
        self.rule = network.config["network.backward_rule"] if network.unidirectional else None

    def learns_back(self, number):
        return self.rule is not None and 0 < number < self.network.depth

    def is_doubled(self, number):
        """Rule `same` behind a pool: every product is added at two switches."""
        return (self.learns_back(number) and self.rule == "same"
                and self.network.layers[number].pool)

    def add(self, tiles, pre, post, switches, coefficient):
        units, sums = tiles.units, self.weights[tiles.number]
        for position, places in enumerate(tiles.layer.patches):
            for unit in range(units):
                i = position * units + unit
                factor = coefficient * post[i]
                if factor:
                    row = sums[unit]
                    for k, source in enumerate(places[switches[i]]):
                        if source >= 0:
                            row[k] += factor * pre[source]

    def add_biases(self, number, post, coefficient):
        sums = self.biases[number]
        for i, code in enumerate(post):
            sums[i % len(sums)] += coefficient * code

    def add_phase(self, sample, free, phase):
        """`free` are the free states; rule `different` drives a layer's own arrays with them."""
        network = self.network
        now = Capture(sample, free if self.rule == "different" else sample.states)
        for number in range(network.depth):
            tiles = network.tile_layers[number]
            post = now.states[number]
            if not self.learns_back(number):
                self.add(tiles, now.pre(number), post, now.own[number], phase.coefficient)
                self.add_biases(number, post, phase.coefficient)
                continue
            back = network.feedback_of(number)
            if self.rule == "different":
                self.add(tiles, free[number - 1], post, now.own[number], phase.coefficient)
                self.add_biases(number, post, phase.coefficient)
                self.add(back, now.pre(number), free[number], now.back[number],
                         phase.coefficient)
                continue
            for switches in [now.own[number]] + [now.back[number]] * self.is_doubled(number):
                for learner in (tiles, back):
                    self.add(learner, now.pre(number), post, switches, phase.coefficient)
                self.add_biases(number, post, phase.coefficient)
        if network.has_readout and phase.readout:
            errors = sample.readout_errors()
            self.add(network.tile_layers[network.depth], now.states[-1], errors,
                     [0] * len(errors), phase.readout)
            self.add_biases(network.depth, errors, phase.readout)


class Capture:
    """States of a sample as they are now, and switches: of a layer's own arrays when driven with
    `own_states`, of its feedback arrays with the sample's."""

    def __init__(self, sample, own_states):
        self.states, self.codes = sample.states, sample.codes
        self.own, self.back = [], []
        for layer in sample.network.layers[:sample.network.depth]:
            switches = [0] * layer.neurons
            if layer.pool or (layer.number > 0 and sample.network.arrays.drives_all):
                switches = sample.own_forward(layer.number, own_states)[1]
            self.own.append(switches)
            self.back.append(sample.feedback_switches(layer.number, switches)
                             if layer.number else switches)

    def pre(self, number):
        return self.codes if number == 0 else self.states[number - 1]
