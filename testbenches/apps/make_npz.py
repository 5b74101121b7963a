# SPDX-License-Identifier: Apache-2.0
"""make_npz.py OUT STEP...: writes an .npz from others and from nothing. Steps, in their order:

  +FILE                   takes all arrays of FILE
  +FILE:TEXT              takes those whose names begin with TEXT, without it
  -NAME                   drops an array
  NAME=TYPE:SHAPE:VALUE   TYPE as NumPy writes it (f4, i8, ..); SHAPE such as 4,3,8,8; VALUE a number
                          (nan, inf too) for all elements, `ramp` (-1 to 1) or `mod10` (0, 1, .. 9, 0)
  NAME[I]=VALUE           changes element I
"""
import re
import struct
import sys
import zipfile

CODES = {"f4": "f", "f8": "d", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I",
         "i8": "q", "u8": "Q", "f2": "e", "b1": "?", "c8": "ff"}


def header(dtype, shape):
    text = repr({"descr": ("|" if dtype[1] == "1" else "<") + dtype, "fortran_order": False,
                 "shape": tuple(shape)})
    text += " " * (63 - (len(text) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def split(data):
    size = struct.unpack("<H", data[8:10])[0]
    return re.search(r"'descr': '.(..)'", data[10:10 + size].decode()).group(1), 10 + size


def elements(dtype, count, value):
    if value == "ramp":
        values = [2 * i / max(1, count - 1) - 1 for i in range(count)]
    elif value == "mod10":
        values = [i % 10 for i in range(count)]
    else:
        values = [float(value) if dtype[0] == "f" else int(value)] * count
    code = CODES[dtype]
    values = values if dtype[0] == "f" else [int(v) for v in values]
    return b"".join(struct.pack("<" + code, *[v] * len(code)) for v in values)


def build(steps):
    arrays = {}
    for step in steps:
        if step[0] == "+":
            path, _, prefix = step[1:].partition(":")
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.startswith(prefix):
                        arrays[name[len(prefix):]] = archive.read(name)
        elif step[0] == "-":
            del arrays[step[1:] + ".npy"]
        else:
            name, value = step.split("=", 1)
            at = re.fullmatch(r"(.*)\[(\d+)\]", name)
            if at:
                name = at.group(1) + ".npy"
                dtype, begin = split(arrays[name])
                begin += int(at.group(2)) * int(dtype[1])
                data = arrays[name]
                arrays[name] = data[:begin] + elements(dtype, 1, value) + data[begin + int(dtype[1]):]
                continue
            dtype, shape, value = value.split(":")
            sizes = [int(size) for size in shape.split(",") if size]
            count = 1
            for size in sizes:
                count *= size
            arrays[name + ".npy"] = header(dtype, sizes) + elements(dtype, count, value)
    return arrays


with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as out:
    for key, content in build(sys.argv[2:]).items():
        out.writestr(key, content)
