# SPDX-License-Identifier: Apache-2.0
"""numerics.md, sections 1 and 2: formats, rounding and constant multipliers."""
import math
import re


class Format:
    """A Q-format: `Qi.f` has a sign, `UQi.f` has none."""

    def __init__(self, text):
        unsigned, integer, fraction = re.fullmatch(r"(U?)Q(-?\d+)\.(-?\d+)", text).groups()
        self.text, self.signed = text, not unsigned
        self.integer, self.fraction = int(integer), int(fraction)
        self.bits = self.integer + self.fraction + self.signed
        self.low = -(1 << (self.bits - 1)) if self.signed else 0
        self.high = (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    def saturate(self, code):
        return min(max(code, self.low), self.high)

    def quantize(self, real):
        """The code of a real number: RNE once, then saturated."""
        return self.saturate(round(math.ldexp(real, self.fraction)))

    def finer(self, bits):
        """The same range with more fraction bits."""
        return Format(f"{'' if self.signed else 'U'}Q{self.integer}.{self.fraction + bits}")


def round_shift(v, s, mode="nearest_even", random16=0):
    """v * 2^-s, rounded; a negative s multiplies."""
    if s <= 0:
        return v << -s
    h = 1 << (s - 1)
    if mode == "nearest_even":
        return (v + h - 1 + ((v >> s) & 1)) >> s
    if mode == "nearest_up":
        return (v + h) >> s
    if mode == "nearest_down":
        return (v + h - 1) >> s
    if mode == "nearest_away":
        return (v + h - (v < 0)) >> s
    if mode == "nearest_zero":
        return (v + h - (v >= 0)) >> s
    if mode == "truncate":
        return v >> s
    if mode == "truncate_zero":
        return (v + ((1 << s) - 1) * (v < 0)) >> s
    if mode == "stochastic":
        return (v + (random16 << (s - 16) if s >= 16 else random16 >> (16 - s))) >> s
    raise ValueError(mode)


def clamp(v, bound):
    return min(max(v, -bound), bound)


class Scale:
    """A constant multiplier: factor = mantissa * 2^-shift."""

    def __init__(self, factor):
        self.mantissa, self.shift = 0, 0
        if factor <= 0:
            return
        x, e = math.frexp(factor)
        self.mantissa, self.shift = round(x * 65536), 16 - e
        if self.mantissa == 65536:
            self.mantissa, self.shift = 32768, self.shift - 1
        while self.shift > 62:
            self.mantissa, self.shift = self.mantissa >> 1, self.shift - 1

    def times(self, x, mode="nearest_even", random16=0):
        return round_shift(x * self.mantissa, self.shift, mode, random16)
