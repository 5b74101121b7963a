# SPDX-License-Identifier: Apache-2.0
"""DACs and ADCs of a tile's lines: docs/array.md, "On the chip, to the bit" and "Converters"."""
import math

import draws
from devices import ADC, DAC, STATIC, effect
from formats import round_shift


class Driver:
    """Passes of a code: position of the lowest bit, bits, worth, number."""

    def __init__(self, config, bits, signed):
        self.digit_bits = config["chip.array.dac.bits"]
        rounded = config["chip.array.dac.codes"] == "rounded" and bits > self.digit_bits
        self.low = bits - self.digit_bits if rounded else 0
        self.bits, self.signed = bits, signed

    def code(self, code):
        if not self.low:
            return code
        return min(round_shift(code, self.low), (1 << self.digit_bits) - 1) << self.low

    def passes(self):
        found = [(bit, min(self.digit_bits, self.bits - bit), 1 << bit, bit)
                 for bit in range(self.low, self.bits, self.digit_bits)]
        return found + ([(self.bits, 1, -(1 << self.bits), self.bits)] if self.signed else [])

    def changes(self, change):
        """The same of an event-driven array's changes: digits, bits, worth, number."""
        found = []
        for sign, first in ((1, 0), (-1, 128)):
            magnitude = [max(sign * c, 0) for c in change]
            for bit in range(self.low, 32, self.digit_bits):
                digits = [m >> bit & ((1 << self.digit_bits) - 1) for m in magnitude]
                if any(digits):
                    found.append((digits, self.digit_bits, sign << bit, first + bit))
        return found


class Errors:
    """Gain and offset of a bank of converters, common ones and from one to the next, and noise."""

    def __init__(self, config, prefix, key):
        def value(name):
            return config.get(f"{prefix}.{name}", 0.0)

        self.offset, self.gain, self.noise = value("offset"), value("gain"), value("noise")
        self.offset_spread, self.gain_spread = value("offset_spread"), value("gain_spread")
        self.none = not (self.offset or self.gain or self.noise or self.offset_spread or
                         self.gain_spread)
        self.key = key

    def of(self, number):
        """Factor and offset of one converter."""
        static = draws.key(self.key, STATIC)
        return (1.0 + self.gain + self.gain_spread * draws.normal(static, 2 * number),
                self.offset + self.offset_spread * draws.normal(static, 2 * number + 1))

    def drawn(self, draw, line):
        """The noise of one conversion or drive."""
        return self.noise * draws.noise(draws.key(self.key, draw), line) if self.noise else 0.0


class Dacs:
    """Of one side's lines."""

    def __init__(self, config, side_tile):
        self.errors = Errors(config, "chip.array.dac", effect(config, DAC, side_tile))
        self.bits = config["chip.array.dac.bits"]

    @property
    def exact(self):
        return self.errors.none

    def carried(self, digits, draw):
        found = []
        for line, d in enumerate(digits):
            gain, offset = self.errors.of(line)
            x = (d * gain + (offset + self.errors.drawn(draw, line))) * 4096.0
            most = 4.0 * ((1 << self.bits) - 1) * 4096.0
            found.append(int(draws.nearest(min(max(x, 0.0), most))) if d else 0)
        return found


def ceil_div(a, b):
    return -(-a // b)


def levels(low, high, count):
    """The lowest level and the step of a range, in units of 2^-12."""
    low, high = low * 4096, high * 4096
    if not low <= 0 <= high:
        return low, ceil_div(high - low, count - 1)
    no, yes = 0, max(high, -low)
    while yes - no > 1:
        q = (no + yes) // 2
        if ceil_div(-low, q) + ceil_div(high, q) <= count - 1:
            yes = q
        else:
            no = q
    return -yes * ceil_div(-low, yes), yes


class Adcs:
    """Of one side's lines."""

    def __init__(self, config, side_tile):
        self.errors = Errors(config, "chip.array.adc", effect(config, ADC, side_tile))
        self.each = config["chip.array.columns_per_adc"]
        self.count = 1 << config["chip.array.adc_bits"]

    def convert(self, line, draw, s, low, step):
        """The level, which may lie outside, and what it stands for; s in units of 2^-12."""
        t = s
        if not self.errors.none:
            gain, offset = self.errors.of(line // self.each)
            x = s * gain + (offset + self.errors.drawn(draw, line)) * step
            bound = 2.0**51 - 1.0
            t = int(draws.nearest(min(max(x, -bound), bound)))
        level = (2 * (t - low) + step) // (2 * step)
        return level, low + min(max(level, 0), self.count - 1) * step


def observed_range(sums, span, coverage):
    """The range of a group's sums, whole ones or (lower, upper) neighbours; span: by digits."""
    m = 0
    while (span[1] - span[0]) >> m >= 256:
        m += 1
    bins = [0] * 256
    for low, _ in sums:
        bins[min(max((low - span[0]) >> m, 0), 255)] += 1
    cut = math.floor((1.0 - coverage) / 2.0 * len(sums))
    bottom, below = 0, bins[0]
    while below <= cut:
        bottom += 1
        below += bins[bottom]
    top, above = 255, bins[255]
    while above <= cut:
        top -= 1
        above += bins[top]
    least, most = min(low for low, _ in sums), max(high for _, high in sums)
    low, high = span[0] + (bottom << m), span[0] + ((top + 1) << m)
    low = least if least > low or bottom == 0 else low
    high = most if most < high or top == 255 else high
    return low, max(high, low + 1)
