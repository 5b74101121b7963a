# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 9: the update circuit."""
import start
from estimators import ESTIMATORS
from formats import Format, Scale


FACTOR_BOUND = 2.0 ** 30


class Diverged(Exception):
    """An update circuit would have to multiply by more than it holds."""


def factor(real):
    if real >= FACTOR_BOUND:
        raise Diverged
    return Scale(real)


class Circuit:
    """The constants of one kind of register, and its rule."""

    def __init__(self, config, register, unit, rate):
        velocity, f = Format(config["chip.velocity"]), register.fraction
        self.velocity, self.register = velocity, register
        self.mode = config["chip.rounding.update"]
        self.momentum = Scale(config["training.momentum"])
        self.gradient = factor(unit * 2.0 ** velocity.fraction)
        self.decay = factor(config["training.weight_decay"] * 2.0 ** (velocity.fraction - f))
        self.rate = factor(rate * 2.0 ** (f - velocity.fraction))

    def next_velocity(self, w, v, c):
        return self.velocity.saturate(
            self.momentum.times(v) - self.gradient.times(c) + self.decay.times(w))

    def step(self, v, random16):
        return self.rate.times(v, self.mode, random16)

    def next_register(self, w, v, random16):
        return self.register.saturate(w - self.step(v, random16))


def units_of(network, number, batch, doubled):
    """What one unit of a weight's and of a bias's correlation stands for."""
    config = network.config
    estimator = ESTIMATORS[config["estimator.kind"]]
    f = network.state.fraction
    if number == network.depth:
        divisor = estimator.readout_denominator * batch
        return 2.0 ** -(15 + f) / divisor, 2.0 ** -15 / divisor
    divisor = estimator.denominator * config["estimator.beta"] * batch * (2 if doubled else 1)
    return 2.0 ** -(f + network.pre_fraction(number)) / divisor, 2.0 ** -f / divisor


def update(network, correlations, batch, epoch, count):
    """Every synapse and bias; `count` is the number of the update, from 1."""
    config = network.config
    stochastic = config["chip.rounding.update"] == "stochastic"
    for tiles in network.tile_layers:
        number = tiles.layer.number
        rate = start.learning_rate(config, number, epoch)
        weight_unit, bias_unit = units_of(network, number, batch,
                                          correlations.is_doubled(number))
        weights = Circuit(config, tiles.shadow_format, weight_unit, rate)
        biases = Circuit(config, tiles.bias_format, bias_unit, rate)
        sums = correlations.weights[tiles.number]
        if network.pulses:
            weights.rate = network.pulses.rate(tiles, rate)
        for register, rows, units, row_block, column_block in tiles.tiles():
            for k in rows:
                for u in units:
                    v = weights.next_velocity(tiles.shadow[u][k], tiles.velocity[u][k], sums[u][k])
                    draw = register.draw() if stochastic else 0
                    tiles.velocity[u][k] = v
                    if network.pulses:
                        tiles.shadow[u][k] = network.pulses.moved(
                            tiles, tiles.tile_number(row_block, column_block),
                            (k - rows[0]) * len(units) + u - units[0], tiles.shadow[u][k],
                            weights.step(v, draw), count)
                    else:
                        tiles.shadow[u][k] = weights.next_register(tiles.shadow[u][k], v, draw)
                    tiles.see(u, k, count)
            if row_block == 0 and not tiles.is_feedback:
                for u in units:
                    v = biases.next_velocity(tiles.bias[u], tiles.bias_velocity[u],
                                             correlations.biases[number][u])
                    draw = register.draw() if stochastic else 0
                    tiles.bias_velocity[u] = v
                    tiles.bias[u] = biases.next_register(tiles.bias[u], v, draw)
        network.program(tiles.number)
