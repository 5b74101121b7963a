#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trainings of `epxbar` against the model that docs/numerics.md and docs/array.md describe: every
register of the checkpoint, bit for bit.

Draws random cases, prints a line for each, and ends with 1 at the first that differs.
"""
import argparse
import csv
import pathlib
import random as randomness
import re
import shlex
import subprocess
import sys
import tempfile
import time

import analog_cases
import checkpoint
import config
import exact_cases
import images
from analog import AnalogArrays
from exact import ExactArrays
from pulses import PRESETS
from training import Training
from update import Diverged

FAILED, REFUSED = 1, 2


class Refused(Exception):
    """epxbar does not take the settings of a case."""


def run_epxbar(epxbar, settings, data, out):
    """None, or epoch and mini-batch of its end as diverged."""
    arguments = [epxbar, "train", "--quiet", "--threads=1", f"--out={out}", f"--data={data}",
                 *config.options(settings)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode == REFUSED:
        raise Refused(done.stderr.strip())
    diverged = re.search(r"diverged in epoch (\d+), mini-batch (\d+)", done.stderr)
    if done.returncode == FAILED and diverged:
        return tuple(map(int, diverged.groups()))
    if done.returncode != 0:
        raise RuntimeError(f"epxbar ended with {done.returncode}: {done.stderr.strip()}")
    return None


def run_model(model):
    """None, or epoch and mini-batch of its end as diverged, like epxbar's."""
    try:
        model.run()
    except Diverged:
        return model.position
    return None


def metrics_differ(path, metrics):
    """Errors are counts; losses go through the C library's functions."""
    with open(path, encoding="ascii", newline="") as file:
        for i, (line, (loss, error)) in enumerate(zip(csv.DictReader(file), metrics)):
            where = f"metrics.csv, epoch {i // 2 + 1}, {line['split']}"
            if abs(float(line["error"]) - error) > 1e-12:
                return f"{where}: error {line['error']}, the model {error}"
            if abs(float(line["loss"]) - loss) > 1e-9 * (1 + abs(loss)):
                return f"{where}: loss {line['loss']}, the model {loss}"
    return None


def make_arrays(settings, tile_layers):
    kind = ExactArrays if config.is_exact(settings) else AnalogArrays
    return kind(settings, tile_layers)


def difference(epxbar, settings, random, folder):
    """Runs both; None, or the first difference."""
    shape, classes = settings["network.input"], settings["network.classes"]
    counts = random.randint(4, 8), random.randint(2, 4)
    if settings["data.set"] == "cifar10":
        settings = {**settings, "data.train_limit": counts[0], "data.test_limit": counts[1]}
        train, test = images.write_cifar10(folder, random, counts)
    else:
        train, test = images.write_idx(folder, random, shape, classes, counts)
    out = pathlib.Path(folder, "out")
    end = run_epxbar(epxbar, settings, folder, out)
    model = Training(config.full(settings), train, test, make_arrays)
    model_end = run_model(model)
    if end != model_end:
        return f"epoch and mini-batch of divergence: epxbar {end}, the model {model_end}"
    if end:
        return None
    expected = checkpoint.read(out / "checkpoint.npz")
    return (checkpoint.first_difference(expected, checkpoint.of(model))
            or metrics_differ(out / "metrics.csv", model.metrics))


# What the cases of CTest must meet: every value of these keys, in a case that is not refused.
FEATURES = {
    "network.loss": ("cross_entropy", "squared_error"),
    "network.activation": ("hard_sigmoid", "hard_sigmoid_half"),
    "network.connections": ("bidirectional", "unidirectional"),
    "network.backward_rule": ("same", "different"),
    "estimator.kind": ("symmetric", "one_sided", "random_sign", "richardson"),
    "estimator.free_leg": ("stop", "continue"),
    "data.augment": (True, False),
    "chip.rounding.state": ("nearest_even", "truncate"),
    "chip.rounding.update": exact_cases.ROUNDINGS,
    "chip.stop_settled": (True, False),
    "chip.event_driven": (True, False),
    "chip.array.kind": ("digital", "analog"),
    "chip.array.adc.kind": ("ideal", "sar", "ramp"),
    "chip.array.adc.reach": ("digits", "weights", "batch", "batch_lines"),
    "chip.array.dac.codes": ("digits", "rounded"),
    "chip.array.program_error.kind": ("independent", "proportional", "inverse"),
    "chip.array.read_noise.kind": ("independent", "proportional", "inverse"),
    "chip.array.wires.backward": ("own", "shared"),
    "chip.array.pulses.preset": ("none", *PRESETS),
}


def unmet(cases):
    """Features that none of the cases' settings has."""
    return [f"{key}={value}" for key, values in FEATURES.items() for value in values
            if not any(config.full(settings)[key] == value for settings in cases)]


def run_case(arguments, seed, met):
    """True where both agree or the case is refused; appends the settings to `met`."""
    random = randomness.Random(seed)
    settings = exact_cases.draw(random)
    if settings["data.set"] == "idx" and random.random() < arguments.analog:
        analog_cases.add(random, settings)
    settings.update(config.parse(option) for option in arguments.set)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = difference(arguments.epxbar, settings, random, folder)
        except Refused as refused:
            print(f"case {seed}: refused: {refused}")
            return True
    met.append(settings)
    print(f"case {seed}: {found or 'agrees'} ({time.monotonic() - begin:.2f} s)", flush=True)
    if found:
        print("to repeat: test_pages.py --cases 1 --seed", seed)
        print("epxbar train", *map(shlex.quote, config.options(settings)))
    return found is None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epxbar", required=True, help="the program to compare with")
    parser.add_argument("--seed", type=int, default=1,
                        help="of the first case; each next one has one more")
    parser.add_argument("--cases", type=int, default=40, help="how many")
    parser.add_argument("--analog", type=float, default=0.5, metavar="SHARE",
                        help="of the cases: those whose arrays are not exact")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="override a drawn setting")
    parser.add_argument("--all-features", action="store_true",
                        help="fail where no case had a feature")
    arguments = parser.parse_args()
    met = []
    for seed in range(arguments.seed, arguments.seed + arguments.cases):
        if not run_case(arguments, seed, met):
            return 1
    missing = unmet(met)
    print(f"{len(met)} of {arguments.cases} cases compared, features not met: {missing or 'none'}")
    return 1 if arguments.all_features and missing else 0


if __name__ == "__main__":
    sys.exit(main())
