# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 15: what a checkpoint holds."""
import ast
import struct
import zipfile

from config import is_exact

CODES = {"<i4": "i", "<u4": "I", "<i8": "q"}


def read(path):
    """The integer arrays of an archive, flat, by name, without counts of clips."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            (length,) = struct.unpack_from("<H", data, 8)
            header = ast.literal_eval(data[10:10 + length].decode())
            kind, body = CODES.get(header["descr"]), data[10 + length:]
            if kind and name.startswith("twin.") and name != "twin.clips.npy":
                count = len(body) // struct.calcsize("<" + kind)
                arrays[name[:-len(".npy")]] = list(struct.unpack(f"<{count}{kind}", body))
    return arrays


def flat(rows):
    return [value for row in rows for value in row]


def of(training):
    """The same arrays of a model's training."""
    exact = is_exact(training.config)
    network, arrays = training.network, {}
    for tiles in network.tile_layers:
        name = f"twin.{tiles.layer.number}."
        kind = name + "backward_" if tiles.is_feedback else name
        arrays[kind + "shadow"] = flat(tiles.shadow)
        arrays[kind + "velocity"] = flat(tiles.velocity)
        arrays[kind + "lfsr"] = [r.value for line in tiles.registers for r in line]
        if not tiles.is_feedback:
            arrays[name + "bias"] = tiles.bias
            arrays[name + "bias_velocity"] = tiles.bias_velocity
        if not exact:
            arrays[kind + "written"] = flat(tiles.written)
    if not exact or training.config["chip.array.pulses.preset"] != "none":
        arrays["twin.counters"] = [training.updates, training.images]
    arrays.update(network.arrays.registers())
    return arrays


def first_difference(expected, found):
    """None, or a sentence: `found` lacks an array of `expected`, or has another number."""
    for name, values in expected.items():
        if name not in found:
            return f"{name}: the model has none"
        if len(values) != len(found[name]):
            return f"{name}: {len(values)} numbers, the model has {len(found[name])}"
        for i, (a, b) in enumerate(zip(values, found[name])):
            if a != b:
                return f"{name}[{i}]: epxbar {a}, the model {b}"
    for name in found:
        if name not in expected:
            return f"{name}: epxbar has none"
    return None
