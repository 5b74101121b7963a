# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 6: the read-out's error, and the loss that is reported."""
import math

from formats import round_shift

TABLE = [round(65535 * math.exp(-i / 64)) for i in range(1024)]


def softmax_errors(logits, fraction, label):
    """Errors of cross-entropy, at 15 fraction bits."""
    top, entries = max(logits), []
    for logit in logits:
        index = round_shift(top - logit, fraction - 6)
        entries.append(TABLE[index] if index < 1024 else 0)
    total = sum(entries)
    probabilities = [((e << 15) + total // 2) // total for e in entries]
    return [(32768 if c == label else 0) - p for c, p in enumerate(probabilities)]


def squared_errors(states, fraction, label):
    return [((1 << fraction) if c == label else 0) - s for c, s in enumerate(states)]


def prediction(values):
    """The largest; ties go to the lower class."""
    return values.index(max(values))


def cross_entropy(logits, fraction, label):
    reals = [math.ldexp(logit, -fraction) for logit in logits]
    top = max(reals)
    return math.log(sum(math.exp(x - top) for x in reals)) + top - reals[label]


def squared_error(states, fraction, label):
    errors = squared_errors(states, fraction, label)
    return 0.5 * sum(math.ldexp(e, -fraction) ** 2 for e in errors)
