# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 13: where a run's numbers begin."""
import math
import struct

from draws import below, bits, key, uniform

COLOUR = ((0.4914, 0.2023), (0.4822, 0.1994), (0.4465, 0.2010))
GREY = ((0.1307, 0.3081),)


def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def input_codes(pixels, channels, input_format):
    """Codes of pixel bytes that lie channels last."""
    constants = COLOUR if channels == 3 else GREY
    codes = []
    for i, p in enumerate(pixels):
        mean, std = constants[i % channels]
        codes.append(input_format.quantize(float32((p / 255 - mean) / (3 * std))))
    return codes


def weights(config, layer, weight_key, code_format):
    """Codes [units][fan_in] in the order of wordlines, drawn in that of the exchange files."""
    bound = config["training.init_scale"] / math.sqrt(layer.fan_in)
    order, codes = layer.exchange_order(), []
    for unit in range(layer.units):
        row = [0] * layer.fan_in
        for i, k in enumerate(order):
            draw = uniform(weight_key, unit * layer.fan_in + i)
            row[k] = code_format.quantize(float32(bound * (2 * draw - 1)))
        codes.append(row)
    return codes


def biases(config, layer, bias_key, code_format):
    bound = config["training.init_scale"] / math.sqrt(layer.fan_in)
    return [code_format.quantize(float32(bound * (2 * uniform(bias_key, unit) - 1)))
            for unit in range(layer.units)]


def initial_key(config):
    return key(config["training.seed"], 0x696E6974)


def backward_key(config, layer):
    return key(key(config["training.seed"], 0x6261636B), layer.number)


def order_of_images(config, epoch, count):
    shuffle, order = key(key(config["training.seed"], 0x73687566), epoch), list(range(count))
    for i in range(count - 1, 0, -1):
        j = below(shuffle, i, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def augmented(config, epoch, index, pixels, shape):
    """Pixel bytes, channels last, moved and then flipped."""
    channels, height, width = shape
    k = key(key(key(config["training.seed"], 0x61756721), epoch), index)
    flip, down, right = below(k, 0, 2) == 1, below(k, 1, 9) - 4, below(k, 2, 9) - 4
    result = []
    for y in range(height):
        row = min(max(y + down, 0), height - 1)
        for x in range(width):
            column = min(max(x + right, 0), width - 1)
            if flip:
                column = width - 1 - column
            first = (row * width + column) * channels
            result += pixels[first:first + channels]
    return result


def random_sign(config, epoch, first_place):
    k = key(key(config["training.seed"], 0x7369676E), epoch)
    return -1 if bits(k, first_place) >> 63 else 1


def learning_rate(config, layer, epoch):
    rates = config["training.learning_rate"]
    first = rates[layer % len(rates)] if isinstance(rates, list) else rates
    last = config["training.final_learning_rate"]
    length = config["training.schedule_epochs"] or config["training.epochs"]
    if epoch >= length:
        return last
    return last + (first - last) / 2 * (1 + math.cos(math.pi * epoch / length))
