# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 3: counter-based random numbers."""

MASK = (1 << 64) - 1


def mix(z):
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def key(parent, purpose):
    return mix(mix(parent) ^ purpose)


def bits(k, n):
    return mix(k ^ mix(n))


def uniform(k, n):
    return (bits(k, n) >> 11) * 2.0 ** -53


def below(k, n, count):
    return (bits(k, n) >> 32) * count >> 32
