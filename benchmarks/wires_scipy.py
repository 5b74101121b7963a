#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wire resistance: one sparse direct solution a vector by SciPy, beside bench_wires, in one run.

    benchmarks/wires_scipy.py [--vectors N] [BENCH_WIRES]

BENCH_WIRES: build/benchmarks/bench_wires where none is given. Needs python3-scipy. Both build the
same arrays (SplitMix64, as in base/epx_random.h); the sums of the first vector's currents are
compared, and a difference above 1e-6 ends with exit code 1. SciPy's time is that of spsolve alone,
median over N vectors (default 7): the matrix is built before. The others' times are of 64 vectors
and include the programming: factors and error bound. Processor time of one thread throughout.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np  # noqa: E402
import scipy  # noqa: E402
import scipy.sparse as sparse  # noqa: E402
import scipy.sparse.linalg as linalg  # noqa: E402

SIZE, VECTORS, TERMINAL_OHM = 128, 64, 100.0
CASES = {  # as in bench_wires.cpp: Ron, wordline_ohm, bitline_ohm
    "ron240k_wire1-2": (240e3, 1.0, 2.0),
    "ron240k_wire5-5": (240e3, 5.0, 5.0),
    "ron240k_wire20-20": (240e3, 20.0, 20.0),
    "ron10k_wire5-5": (10e3, 5.0, 5.0),
    "ron10k_wire20-20": (10e3, 20.0, 20.0),
}


def mix(z):
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(key, count):
    counter = np.arange(count, dtype=np.uint64)
    return (mix(np.uint64(key) ^ mix(counter)) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def matrix(g, wordline_ohm, bitline_ohm):
    """Nodal matrix: nodes of wordlines, then of bitlines, both numbered row * SIZE + column."""
    node = np.arange(SIZE * SIZE).reshape(SIZE, SIZE)
    word, bit = node, node + SIZE * SIZE
    pairs = [
        (word.ravel(), bit.ravel(), g.ravel()),
        (word[:, :-1].ravel(), word[:, 1:].ravel(), 1.0 / wordline_ohm),
        (bit[:-1].ravel(), bit[1:].ravel(), 1.0 / bitline_ohm),
    ]
    rows, columns, values = [], [], []
    for a, b, siemens in pairs:
        siemens = np.broadcast_to(siemens, a.shape)
        rows += [a, b, a, b]
        columns += [b, a, a, b]
        values += [-siemens, -siemens, siemens, siemens]
    for terminal in (word[:, 0], bit[-1]):
        rows.append(terminal)
        columns.append(terminal)
        values.append(np.full(SIZE, 1.0 / TERMINAL_OHM))
    shape = (2 * SIZE * SIZE,) * 2
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csc_matrix(sparse.coo_matrix(entries, shape=shape))


def time_scipy(name, vectors):
    """Seconds a vector, and the sum of the first vector's currents."""
    ron, wordline_ohm, bitline_ohm = CASES[name]
    g = (0.01 + 0.99 * uniform(1, SIZE * SIZE).reshape(SIZE, SIZE)) / ron
    volts = 0.5 * uniform(2, VECTORS * SIZE).reshape(VECTORS, SIZE)
    a = matrix(g, wordline_ohm, bitline_ohm)
    seconds, first = [], None
    for n in range(vectors):
        right = np.zeros(2 * SIZE * SIZE)
        right[np.arange(SIZE) * SIZE] = volts[n % VECTORS] / TERMINAL_OHM
        start = time.process_time()
        x = linalg.spsolve(a, right)
        seconds.append(time.process_time() - start)
        if first is None:
            first = np.sum(x[-SIZE:]) / TERMINAL_OHM
    return statistics.median(seconds), first


def run_bench(program):
    """Milliseconds and counters by benchmark name."""
    command = [program, "--benchmark_format=json"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return {b["name"]: b for b in json.loads(output.stdout)["benchmarks"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=7)
    parser.add_argument("program", nargs="?", default="build/benchmarks/bench_wires")
    arguments = parser.parse_args()
    bench = run_bench(arguments.program)
    print(f"SciPy {scipy.__version__}; {SIZE} x {SIZE} cells; ms for {VECTORS} vectors; "
          "ratio: spsolve for each vector / fast")
    print(f"{'case':18} {'spsolve':>9} {'direct':>8} {'fast':>7} {'ratio':>7} {'effective':>9} "
          f"{'iterations':>10} {'error':>8}")
    agree = True
    for name in CASES:
        one, first = time_scipy(name, arguments.vectors)
        total = 1e3 * one * VECTORS
        direct = sum(bench[f"{part}/{name}"]["cpu_time"]
                     for part in ("exact_program", "exact_solve64"))
        program = bench[f"fast_program/{name}"]["cpu_time"]
        solve = bench[f"fast_solve64/{name}"]
        effective = bench[f"fast_effective/{name}"]["cpu_time"] + program
        fast = program + solve["cpu_time"]
        print(f"{name:18} {total:9.0f} {direct:8.1f} {fast:7.2f} {total / fast:7.0f} "
              f"{effective:9.1f} {solve['iterations']:10.0f} {solve['error']:8.1e}")
        for part in ("exact_solve64", "fast_solve64"):
            found = bench[f"{part}/{name}"]["amps"]
            if not abs(found - first) <= 1e-6 * abs(first):
                print(f"{part}/{name}: currents sum to {found:.9e} A; SciPy: {first:.9e}")
                agree = False
    return 0 if agree else 1


if __name__ == "__main__":
    with np.errstate(over="ignore"):
        sys.exit(main())
