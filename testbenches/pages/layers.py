# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 4 and 10: what each layer reads, and in which order.

Codes of an image are one list, channels last: (y * width + x) * channels + channel.
"""


class Layer:
    """A layer or the read-out. `patches[position][place]` are the indices of the codes that the
    synapses of a unit read, in the order of wordlines; OUTSIDE stands for the zeros around."""

    OUTSIDE = -1

    def __init__(self, number, shape, units, kernel, stride=1, padding=0, pool=False):
        channels, height, width = shape
        self.number, self.units, self.pool = number, units, pool
        self.inputs = channels * height * width
        self.kernel, self.channels = kernel, channels
        self.fan_in = kernel[0] * kernel[1] * channels
        rows = (height + 2 * padding - kernel[0]) // stride + 1
        columns = (width + 2 * padding - kernel[1]) // stride + 1

        def patch(y, x):
            indices = []
            for ky in range(kernel[0]):
                for kx in range(kernel[1]):
                    row, column = y * stride - padding + ky, x * stride - padding + kx
                    inside = 0 <= row < height and 0 <= column < width
                    first = (row * width + column) * channels
                    indices += [first + c if inside else self.OUTSIDE for c in range(channels)]
            return indices

        if pool:
            rows, columns = rows // 2, columns // 2
            self.patches = [[patch(2 * y + p // 2, 2 * x + p % 2) for p in range(4)]
                            for y in range(rows) for x in range(columns)]
        else:
            self.patches = [[patch(y, x)] for y in range(rows) for x in range(columns)]
        self.shape = (units, rows, columns)
        self.neurons = units * rows * columns

    def exchange_order(self):
        """The wordline of each element of a unit in an exchange file: [c][ky][kx]."""
        height, width = self.kernel
        return [(ky * width + kx) * self.channels + c for c in range(self.channels)
                for ky in range(height) for kx in range(width)]


def build(config):
    """The parameter layers of a network: those with states, then the read-out, if there is one."""
    shape, layers = tuple(config["network.input"]), []
    for number, keys in enumerate(config["network.layers"]):
        if "dense" in keys:
            layer = Layer(number, shape, keys["dense"], shape[1:])
        else:
            kernel = keys.get("kernel", 3)
            layer = Layer(number, shape, keys["conv"], (kernel, kernel), keys.get("stride", 1),
                          keys.get("padding", 1), keys.get("pool", "none") == "max")
        layers.append(layer)
        shape = layer.shape
    if config["network.loss"] == "cross_entropy":
        layers.append(Layer(len(layers), shape, config["network.classes"], shape[1:]))
    return layers
