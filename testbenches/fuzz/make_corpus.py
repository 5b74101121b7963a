#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz corpus: make_corpus.py FOLDER (testbenches/fuzz/corpus).

Files named crash-*, oom-*, timeout-* and regression-* in that folder are findings kept by hand.
"""
import gzip
import io
import os
import struct
import sys
import tarfile
import zipfile

root = sys.argv[1]


def put(target, name, data):
    os.makedirs(os.path.join(root, target), exist_ok=True)
    with open(os.path.join(root, target, name), "wb") as file:
        file.write(data)


def npy(descr, shape, data, version=1, order=False):
    text = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"
    head = 10 if version == 1 else 12
    text += " " * (-(head + len(text) + 1) % 64) + "\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + data


def npz(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def reals(*values):
    return struct.pack(f"<{len(values)}d", *values)


header = {
    "scalar": npy("<f8", "()", b""), "vector": npy("|u1", "(3,)", b""),
    "matrix": npy("<i4", "(2, 3)", b"", 2), "version3": npy("<f4", "(2, 3, 4, 5, 6, 7)", b"", 3),
    "fortran": npy("<f8", "(2, 2)", b"", order=True),
    "terabytes": npy("<f8", "(1048576, 1048576)", b""),
    "overflow": npy("<f8", "(4294967296, 4294967296, 0)", b""),
    "empty": npy("<i8", "(0,)", b""),
}
for name, data in header.items():
    put("npy", name, data)

weight, bias = npy("<f8", "(2, 2)", reals(1, 2, 3, 4)), npy("<f8", "(2,)", reals(0, 1))
good = {"dense0.weight.npy": weight, "dense0.bias.npy": bias}
put("npz", "stored", npz(good))
put("npz", "deflated", npz(good, zipfile.ZIP_DEFLATED))
put("npz", "float32", npz({**good, "dense0.bias.npy": npy("<f4", "(2,)", struct.pack("<2f", 1, 2))}))
put("npz", "nan", npz({**good, "dense0.bias.npy": npy("<f8", "(2,)", reals(0, float("nan")))}))
put("npz", "shape", npz({**good, "dense0.weight.npy": npy("<f8", "(4,)", reals(1, 2, 3, 4))}))
put("npz", "terabytes", npz({"a.npy": npy("<f8", "(1048576, 1048576)", b"")}))
put("npz", "zeros", npz({"a.npy": npy("|u1", "(1000000,)", bytes(1000000))}, zipfile.ZIP_DEFLATED))
put("npz", "none", npz({}))


def cifar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as file:
        for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = 3073
            file.addfile(info, io.BytesIO(bytes(3073)))
    return out.getvalue()


tar = cifar()
put("cifar10", "packed", b"\0" + gzip.compress(tar, mtime=0))
put("cifar10", "plain", b"\0" + tar)
put("cifar10", "mended", b"\1" + tar)
put("cifar10", "one_member", b"\1" + tar[:4096] + bytes(1024))
put("cifar10", "files", b"\2" + bytes(3073 * 6))


def idx(count, height, width, labels):
    images = struct.pack(">4I", 0x803, count, height, width) + bytes(count * height * width)
    return images, struct.pack(">2I", 0x801, labels) + bytes(i % 10 for i in range(labels))


def four(train, test, pack=lambda data: data):
    files = [pack(data) for data in train + test]
    return struct.pack(">3H", *(len(file) for file in files[:3])) + b"".join(files)


put("idx", "plain", four(idx(3, 4, 5, 3), idx(2, 4, 5, 2)))
put("idx", "packed", four(idx(3, 4, 5, 3), idx(2, 4, 5, 2), lambda data: gzip.compress(data, mtime=0)))
put("idx", "count", four(idx(3, 4, 5, 2), idx(2, 4, 5, 2)))
put("idx", "huge", four((struct.pack(">4I", 0x803, 2**31 - 1, 512, 512), b""), (b"", b"")))
put("idx", "huge_packed", four(
    (gzip.compress(struct.pack(">4I", 0x803, 2**31 - 1, 512, 512), mtime=0), b""), (b"", b"")))

configs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs")
for name in sorted(os.listdir(configs)):
    if name.endswith(".yaml"):
        with open(os.path.join(configs, name), "rb") as file:
            put("config", name, file.read()[:6000])
put("config", "overrides", b"network: {layers: [{dense: 8}]}\n\0training.epochs=2\0"
    b"training.learning_rate=[0.1, 0.2]\0data.augment=true\0chip.synapse.format=Q1.6")
put("config", "twin", b"substrate: {kind: twin}\nnetwork: {layers: [{conv: 4, pool: max}, {dense: 5}]}\n"
    b"chip: {state: UQ0.4, synapse: {format: [Q1.6, Q2.5, Q0.3]}, array: {kind: analog, rows: 64}}\n")
put("config", "idx", b"data: {set: idx, path: digits}\nnetwork: {input: [1, 28, 28]}\n")
put("config", "block", b"data:\n  path: |\n    a\n  set: \"cifar10\"\n# \xc3\xa9\n")
