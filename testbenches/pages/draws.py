# SPDX-License-Identifier: Apache-2.0
"""Random numbers: docs/numerics.md, section 3, and docs/array.md, "Randomness and bits"."""
import math
import pathlib
import struct

MASK = (1 << 64) - 1


def mix(z):
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


def key(parent, purpose):
    return mix(mix(parent) ^ purpose)


def bits(of, number):
    return mix(of ^ mix(number))


def uniform(of, number):
    return (bits(of, number) >> 11) * 2.0**-53


def below(of, number, count):
    return ((bits(of, number) >> 32) * count) >> 32


def nearest(x):
    """round(x): to whole numbers, ties to even."""
    return (x + 1.5 * 2.0**52) - 1.5 * 2.0**52


def polynomial(coefficients, x):
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


EXP = [1.0 / math.factorial(j) for j in range(13, 2, -1)] + [0.5, 1.0, 1.0]
LN = [1.0 / j for j in range(21, 2, -2)]
LN2_HIGH = float.fromhex("0x1.62e42fefa3800p-1")
LN2_LOW = float.fromhex("0x1.ef35793c76730p-45")
SQRT_HALF = float.fromhex("0x1.6a09e667f3bcdp-1")  # the double 0x3fe6a09e667f3bcd


def exp(x):
    x = min(max(x, -700.0), 700.0)
    shift = float.fromhex("0x1.8p52")
    k = (x * float.fromhex("0x1.71547652b82fep+0") + shift) - shift
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    return polynomial(EXP, r) * 2.0**k


def ln(x):
    m, k = math.frexp(x)  # m in [1/2, 1)
    if m < SQRT_HALF:
        m, k = 2.0 * m, k - 1
    s = (m - 1.0) / (m + 1.0)
    t = s * s
    tail = polynomial(LN, t) * t * s
    return k * LN2_HIGH + (2.0 * s + (2.0 * tail + k * LN2_LOW))


A = (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608)
B = (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0)
C = (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
     1.42343711074968357734)
D = (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187,
     1.0)
E = (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.2426609473880784386e-3,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
     5.4637849111641143699, 6.6579046435011037772)
F = (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.84631831751005468180e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
     0.59983220655588793769, 1.0)


def quantile(q):
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * polynomial(A, r) / polynomial(B, r)
    z = math.sqrt(-ln(0.5 - abs(q)))
    value = (polynomial(C, z - 1.6) / polynomial(D, z - 1.6) if z <= 5.0 else
             polynomial(E, z - 5.0) / polynomial(F, z - 5.0))
    return math.copysign(value, q)


def normal(of, number):
    """The normal number of a key; docs/array.md writes the Greek xi."""
    k = bits(of, number) >> 12
    return quantile(((k * 2.0**-52 + 1.0) - 1.5) + 2.0**-53)


def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


TABLE = [[float32(float(x)) for x in line.split(",")] for line in
         (pathlib.Path(__file__).parents[2] / "docs/array-noise.csv").read_text().splitlines()
         if not line.startswith("#")]


def noise(of, number):
    """The normal number of what is drawn anew; docs/array.md writes the Greek eta."""
    word = bits(of, number) >> 32
    y = 2 * (word & 0x7FFFFFFF) + 1
    k = 32 - y.bit_length()
    t = (y << k & 0x7FFFFFFF) >> 8  # 23 bits behind the point
    x = float32(t * 2.0**-23 - 0.5)
    value = TABLE[5][k]
    for power in range(4, -1, -1):
        value = float32(float32(value * x) + TABLE[power][k])
    return -value if word >> 31 else value
