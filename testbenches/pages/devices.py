# SPDX-License-Identifier: Apache-2.0
"""What the cells of a tile count: docs/array.md, "On the chip, to the bit"."""
import math

import draws

STATIC = (1 << 64) - 1
ADC, DAC, READ, PROGRAM, FAULT, DRIFT, RETENTION = (0x6164, 0x6461, 0x726E, 0x7067, 0x6661, 0x6472,
                                                    0x7265)


def effect(config, purpose, tile):
    return draws.key(draws.key(config["chip.array.device_seed"], purpose), tile)


class Slice:
    """The digits of one slice of a weight."""

    def __init__(self, index, bits_per_cell, weight_bits):
        self.shift = index * bits_per_cell
        self.last = self.shift + bits_per_cell >= weight_bits
        self.bits = weight_bits - self.shift if self.last else bits_per_cell
        self.n = (1 << self.bits) - 1
        self.sign = -1 if self.last and self.bits == 1 else 1
        self.zero = -(1 << (self.bits - 1)) if self.last and self.bits > 1 else 0

    def digit(self, code):
        return code >> self.shift if self.last else code >> self.shift & self.n


def error(kind, sigma, target):
    """The factor of a programming error's normal number."""
    return sigma * {"independent": 1.0, "proportional": target}.get(kind, 0.0) if (
        kind != "inverse") else sigma * (1.0 / target)


class Device:
    """The laws of a chip's cells."""

    def __init__(self, config):
        self.config = config
        self.g_min = config["chip.array.g_min"]
        get = config.get
        self.read_kind = get("chip.array.read_noise.kind", "independent")
        self.read_sigma = get("chip.array.read_noise.sigma", 0.0)
        self.drifts = get("chip.array.drift.nu", 0.0) > 0.0
        self.retains = get("chip.array.retention.tau", 0.0) > 0.0
        self.errors = [get("chip.array.program_error." + name, 0.0) for name in ("device", "cycle")]
        self.stuck = [get("chip.array.faults." + name, 0.0) for name in ("stuck_min", "stuck_max")]
        self.resists = any(get(f"chip.array.wires.{name}_ohm", 0.0) for name in (
            "wordline", "bitline", "driver", "sense"))
        self.ideal = not (self.resists or self.read_sigma or self.drifts or self.retains or
                          any(self.errors) or any(self.stuck))

    def conductance(self, tile, slice_, cell, code, written):
        get, low = self.config.get, self.g_min
        share = (slice_.digit(code) - slice_.zero) * slice_.sign / slice_.n
        g = target = low + (1.0 - low) * share
        program = effect(self.config, PROGRAM, tile)
        kind = get("chip.array.program_error.kind", "independent")
        for sigma, number in zip(self.errors, (STATIC, written)):
            if sigma:
                g = g + error(kind, sigma, target) * draws.normal(draws.key(program, number), cell)
        g = min(max(g, low), 1.0)
        age = get("chip.array.age", 0.0)
        if self.drifts and age > get("chip.array.drift.t0", 1.0):
            xi = draws.normal(draws.key(effect(self.config, DRIFT, tile), STATIC), cell)
            nu = max(0.0, get("chip.array.drift.nu") * (1.0 + get("chip.array.drift.spread", 0.0) *
                                                        xi))
            g = g * draws.exp(-nu * draws.ln(age / get("chip.array.drift.t0", 1.0)))
        if self.retains:
            xi = draws.normal(draws.key(effect(self.config, RETENTION, tile), STATIC), cell)
            rest = low + (1.0 - low) * get("chip.array.retention.rest", 0.0)
            tau = draws.ln(get("chip.array.retention.tau")) + get("chip.array.retention.spread",
                                                                  0.0) * xi
            g = rest + (g - rest) * draws.exp(-age * draws.exp(-tau))
        u = draws.uniform(draws.key(effect(self.config, FAULT, tile), STATIC), cell)
        if u < self.stuck[0]:
            return low
        return 1.0 if u < self.stuck[0] + self.stuck[1] else g

    def count(self, slice_, g):
        low = self.g_min
        return int(draws.nearest((slice_.zero + slice_.sign * slice_.n *
                                  ((g - low) / (1.0 - low))) * 4096.0))

    def pedestal(self, slice_):
        low = self.g_min
        return int(draws.nearest((slice_.sign * slice_.n * (low / (1.0 - low)) - slice_.zero) *
                                 4096.0))

    @property
    def variance_unit(self):
        most = 1.0 / (self.g_min * self.g_min) if self.read_kind == "inverse" else 1.0
        return most * 2.0**-20

    def variance(self, g):
        square = g * g
        share = 1.0 / square if self.read_kind == "inverse" else square
        return min(int(draws.nearest(share / self.variance_unit)), 1 << 20)
