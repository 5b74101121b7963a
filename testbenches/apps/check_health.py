# SPDX-License-Identifier: Apache-2.0
"""check_health.py RUN WIDTH FRACTION SHADOW_BITS RATE: counts the last epoch's health of a twin's
weights anew, from the registers in RUN/checkpoint.npz, and compares with RUN/health.csv.

Synapses have WIDTH bits, FRACTION of them below the point, SHADOW_BITS more in the shadow register;
velocities are Q7.24; RATE is the learning rate, a power of two, so that no multiplier rounds it."""
import csv
import math
import struct
import sys
import zipfile

folder, width, fraction, shadow_bits, rate = sys.argv[1], *map(int, sys.argv[2:5]), float(sys.argv[5])
archive = zipfile.ZipFile(folder + "/checkpoint.npz")


def array(name):
    data = archive.read(name + ".npy")
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return struct.unpack("<%di" % ((len(data) - start) // 4), data[start:])


def visible(code):  # nearest-even, saturated
    whole = code / 2 ** shadow_bits
    return min(max(round(whole), -2 ** (width - 1)), 2 ** (width - 1) - 1)


def share(values, predicate):
    values = list(values)
    return sum(map(predicate, values)) / len(values) if values else math.nan


rows = list(csv.DictReader(open(folder + "/health.csv")))
last = [row for row in rows if row["epoch"] == rows[-1]["epoch"]]
assert len(last) == len({row["layer"] for row in rows}), last
scale = rate * 2.0 ** (fraction + shadow_bits - 24)
for layer, row in enumerate(last):
    shadow, velocity = array("twin.%d.shadow" % layer), array("twin.%d.velocity" % layer)
    weights = [visible(code) for code in shadow]
    expected = {
        "weights_zero": share(weights, lambda w: w == 0),
        "weights_saturated": share(weights, lambda w: w in (-2 ** (width - 1), 2 ** (width - 1) - 1)),
        "weight_reach": max(map(abs, shadow)) / 2.0 ** (fraction + shadow_bits),
        "velocities_saturated": share(velocity, lambda v: v in (-2 ** 31, 2 ** 31 - 1)),
        "updates_lost": share((v for v in velocity if v != 0), lambda v: round(v * scale) == 0),
    }
    for name, value in expected.items():
        found = math.nan if row[name] == "" else float(row[name])
        assert found == value or (math.isnan(found) and math.isnan(value)), (row["layer"], name, found, value)
