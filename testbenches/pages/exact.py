# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 4: products of arrays that are exact."""


class ExactArrays:
    """The integers of the definition; the same interface as analog.AnalogArrays."""

    drives_all = False

    def __init__(self, config, arrays):
        self.codes = [None] * len(arrays)

    def program(self, i, codes, written):
        self.codes[i] = [list(row) for row in codes]

    def forward(self, i, pre, image, read, word):
        return [sum(a * b for a, b in zip(row, pre)) for row in self.codes[i]]

    def backward(self, i, post, image, read, word, place):
        sums = [0] * len(self.codes[i][0])
        for row, code in zip(self.codes[i], post):
            if code:
                sums = [a + code * b for a, b in zip(sums, row)]
        return sums

    def limit(self, i, sums, shift):
        return sums

    def batches(self):
        return False

    def begin_batch(self):
        pass

    def end_batch(self, number):
        pass

    def registers(self):
        return {}
