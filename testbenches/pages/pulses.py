# SPDX-License-Identifier: Apache-2.0
"""Updates by programming pulses: docs/array.md, "Pulse updates"."""
import math

import draws
from devices import STATIC, effect
from formats import Format, Scale

SPREAD, PULSE = 0x7064, 0x7063


class Preset:
    def __init__(self, law, step, low, high, c2c, **more):
        self.law, self.step, self.low, self.high, self.c2c = law, step, low, high, c2c
        self.gamma = more.get("gamma", (0.0, 0.0))
        self.up_down = more.get("up_down", 0.0)
        self.spread = more.get("spread", (0.0, 0.0, 0.0))  # step, w_max, w_min
        self.up_down_spread = more.get("up_down_spread", 0.0)
        self.gamma_spread = more.get("gamma_spread", 0.0)
        self.additive = more.get("additive", False)
        self.a, self.b, self.big_a = more.get("a"), more.get("b"), more.get("big_a")
        self.labels, self.levels = more.get("labels"), more.get("levels")


PRESETS = {
    "ReRAM-ES": Preset("exp_step", 0.00135, -1.0, 1.0, 5.0, gamma=(5.0, 5.0), a=-0.5, b=-0.5,
                       big_a=(-1.18445, -0.081404), up_down=0.259359, spread=(0.2, 0.3, 0.3),
                       up_down_spread=0.05),
    "ReRAM-SB": Preset("soft_bounds", 0.002, -0.75, 1.25, 3.75, additive=True,
                       spread=(0.3, 0.3 / 1.25, 0.3 / 0.75), up_down_spread=0.01),
    "Capacitor": Preset("linear", 0.005, -1.0, 1.0, 0.3, additive=True, gamma=(0.05, 0.05),
                        spread=(0.1, 0.07, 0.07), up_down_spread=0.06, gamma_spread=0.01),
    "EcRAM": Preset("linear", 0.002, -0.8276, 1.1724, 0.3, gamma=(0.1153, 0.5085),
                    spread=(0.1, 0.05, 0.05), up_down_spread=0.01, gamma_spread=0.05),
    "EcRAM-MO": Preset("linear", 2.8214e-4, -0.8286, 1.1714, 2.0, gamma=(0.4152, 0.7342),
                       spread=(0.1, 0.05, 0.05), up_down_spread=0.01, gamma_spread=0.05),
    "idealised": Preset("constant", 0.0002, -1.0, 1.0, 0.3, spread=(0.3, 0.3, 0.3)),
    "NeuroSim": Preset("exponential", 0.99 / 32.0, 0.01, 1.0, 0.003, labels=(1.75, 1.46),
                       levels=32.0),
}


def h(x):
    """1 - exp(-x)."""
    if x > 0.125:
        return 1.0 - draws.exp(-x)
    s = 1.0
    for j in range(12, 1, -1):
        s = 1.0 - s * x / j
    return s * x


def nonlinearity(label):
    """a(NL)."""
    low, high = 0.01, 200.0
    for _ in range(60):
        a = math.sqrt(low * high)
        y = -a * draws.ln(a * h(1.0 / a))
        if (h(y / a) / h(1.0 / a) - y) / (0.14 / math.sqrt(2.0)) > label:
            low = a
        else:
            high = a
    return low


class Cell:
    """One device."""

    def __init__(self, preset, key, cell):
        xi = [draws.normal(key, 8 * cell + j) for j in range(6)]
        self.preset = p = preset
        up = p.step * ((1.0 + p.spread[0] * xi[0]) + p.up_down_spread * xi[1] + min(p.up_down, 0.0))
        down = p.step * ((1.0 + p.spread[0] * xi[0]) - p.up_down_spread * xi[1] -
                         max(p.up_down, 0.0))
        self.step = abs(up), abs(down)
        self.high = abs(p.high * (1.0 + p.spread[1] * xi[2])) if p.spread[1] else p.high
        self.low = -abs(p.low * (1.0 + p.spread[2] * xi[3])) if p.spread[2] else p.low
        if p.law == "linear":
            self.slope = (abs(p.gamma[0] + p.gamma_spread * xi[4]) / p.high,
                          abs(p.gamma[1] + p.gamma_spread * xi[5]) / p.low)
        elif p.law == "soft_bounds":
            self.slope = 1.0 / self.high, 1.0 / self.low

    def limit(self, w):
        return min(max(w, self.low), self.high)

    def factor(self, w, down):
        p = self.preset
        if p.law == "constant":
            return 1.0
        if p.law != "exp_step":
            return 1.0 - self.slope[down] * w
        gamma = -p.gamma[1] if down else p.gamma[0]
        exponent = (gamma * (2.0 * p.a / (self.high - self.low))) * w + gamma * p.b
        return max(0.0, 1.0 - p.big_a[down] * draws.exp(exponent))


class Pulses:
    """The devices of all tiles, by tile layer."""

    def __init__(self, config):
        self.config = config
        self.preset = p = PRESETS[config["chip.array.pulses.preset"]]
        self.zero, self.unit = (0.0, 1.0) if p.low < 0 else ((p.low + p.high) / 2.0,
                                                             (p.high - p.low) / 2.0)
        self.cells = {}
        if p.law == "exponential":
            self.inverse = [1.0 / (nonlinearity(abs(label)) * p.levels) for label in p.labels]
            self.b = [(p.high - p.low) / (1.0 - draws.exp(-p.levels * inverse))
                      for inverse in self.inverse]

    def cell(self, tile, number):
        if (tile, number) not in self.cells:
            key = draws.key(effect(self.config, SPREAD, tile), STATIC)
            self.cells[tile, number] = Cell(self.preset, key, number)
        return self.cells[tile, number]

    def constant(self, tiles):
        """What one code is worth."""
        return self.unit * 2.0**(-tiles.synapse.integer - tiles.shadow_format.fraction)

    def conductance(self, tiles, code):
        return self.zero + self.constant(tiles) * code

    def code(self, tiles, w):
        return tiles.shadow_format.saturate(
            int(draws.nearest((w - self.zero) / self.constant(tiles))))

    def load(self, tiles):
        """Parameters become what the devices can hold."""
        for _, rows, units, rb, cb in tiles.tiles():
            for k in rows:
                for u in units:
                    cell = self.cell(tiles.tile_number(rb, cb),
                                     (k - rows[0]) * len(units) + u - units[0])
                    w = cell.limit(self.conductance(tiles, tiles.shadow[u][k]))
                    tiles.shadow[u][k] = self.code(tiles, w)
                    tiles.see(u, k, 0)

    def rate(self, tiles, learning_rate):
        of_velocity = Format(self.config["chip.velocity"]).fraction
        return Scale(learning_rate / (self.preset.step * (2.0**tiles.synapse.integer / self.unit)) *
                     2.0**-of_velocity)

    def moved(self, tiles, tile, number, code, steps, update):
        """The new code of a device; `steps` is the rounded step of the update circuit."""
        p, most = self.preset, self.config["chip.array.pulses.max"]
        n = min(max(-steps, -most), most)
        if n == 0:
            return code
        cell, down = self.cell(tile, number), n < 0
        w = cell.limit(self.conductance(tiles, code))
        key = draws.key(effect(self.config, PULSE, tile), update)
        if p.law == "exponential":
            e = draws.exp(-n * self.inverse[down])
            w = cell.limit(cell.low + ((w - cell.low) * e + self.b[down] * (1.0 - e)) +
                           p.c2c * math.sqrt(abs(n)) * (cell.high - cell.low) *
                           draws.normal(key, number))
            return self.code(tiles, w)
        for pulse in range(abs(n)):
            xi = draws.normal(draws.key(key, pulse), number)
            f = cell.factor(w, down)
            step = cell.step[down] * (f + p.c2c * xi if p.additive else f + (p.c2c * f) * xi)
            w = cell.limit(w - step if down else w + step)
        return self.code(tiles, w)
