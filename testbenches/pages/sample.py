# SPDX-License-Identifier: Apache-2.0
"""numerics.md, sections 5, 6 and 14: the states of one image, step by step."""
import readout
from formats import clamp, round_shift
from network import NUDGE_BOUND


class Sample:
    """One image of a mini-batch; `read` numbers the commands that read arrays."""

    def __init__(self, network, offsets, codes, label, image):
        self.network, self.offsets = network, offsets
        self.codes, self.label, self.image = codes, label, image
        half = 1 << (network.input.bits - 1)
        self.read = 0
        self.driven = network.forward(network.tile_layers[0], [c + half for c in codes], half,
                                      image, 0)
        self.states = [[0] * layer.neurons for layer in network.layers[:network.depth]]

    def own_forward(self, number, states):
        """Products and switches of a layer, driven with the states."""
        if number == 0:
            return self.driven
        return self.network.forward(self.network.tile_layers[number], states[number - 1], 0,
                                    self.image, self.read)

    def feedback_switches(self, number, own):
        """Those of the arrays that drive layer `number` back; `own` are those of its weights."""
        network = self.network
        if not network.unidirectional or not network.layers[number].pool:
            return own
        return network.forward(network.feedback_of(number), self.states[number - 1], 0,
                               self.image, self.read)[1]

    def logits(self):
        network, last = self.network, self.network.depth
        products, _ = network.forward(network.tile_layers[last], self.states[-1], 0, self.image,
                                      self.read)
        return [p + offset for p, offset in zip(products, self.offsets[last])]

    def readout_errors(self):
        return readout.softmax_errors(self.logits(), self.network.fractions[-1], self.label)

    def nudges(self, scale, sign):
        """Of the last layer's neurons."""
        network = self.network
        if network.has_readout:
            u = network.backward(network.tile_layers[network.depth], self.readout_errors(),
                                 [0] * network.layers[-1].units, self.image, self.read)
        else:
            u = readout.squared_errors(self.states[-1], network.state.fraction, self.label)
        return [clamp(sign * scale.times(x), NUDGE_BOUND) for x in u]

    def step(self, beta):
        """All layers read the states of the step before."""
        network = self.network
        self.read += 1
        products, backward = [], [None] * network.depth
        for number in range(network.depth):
            product, switches = self.own_forward(number, self.states)
            products.append(product)
            if number > 0:
                switches = self.feedback_switches(number, switches)
                backward[number - 1] = network.backward(
                    network.feedback_of(number), self.states[number], switches, self.image,
                    self.read)
        nudges = self.nudges(*network.nudge_scale(beta)) if beta else None
        self.states = [self.fire(number, products[number], backward[number],
                                 nudges if number == network.depth - 1 else None)
                       for number in range(network.depth)]

    def fire(self, number, products, backward, nudges):
        network = self.network
        fraction, units = network.fractions[number], network.layers[number].units
        half = network.config["network.activation"] == "hard_sigmoid_half"
        drop = fraction - network.state.fraction + half
        forward_shift = fraction - network.product_fraction(number)
        states = []
        for i, product in enumerate(products):
            v = (product << forward_shift) + self.offsets[number][i % units]
            if backward:
                v += backward[i] << (fraction - network.backward_fraction(number + 1))
            if nudges:
                v += nudges[i]
            code = round_shift(v, drop, network.config["chip.rounding.state"])
            states.append(min(max(code, 0), network.state.high))
        return states

    def relax(self, steps, beta):
        """A chip that stops settled images ends the phase, but numbers commands as if not."""
        end = self.read + steps
        while self.read < end:
            before = self.states
            self.step(beta)
            if self.network.config["chip.stop_settled"] and self.states == before:
                break
        self.read = end

    def outcome(self):
        """The prediction: its loss, and whether it is wrong."""
        self.read += 1
        network = self.network
        if network.has_readout:
            values, loss, fraction = self.logits(), readout.cross_entropy, network.fractions[-1]
        else:
            values, loss = self.states[-1], readout.squared_error
            fraction = network.state.fraction
        wrong = readout.prediction(values) != self.label
        return loss(values, fraction, self.label), wrong
