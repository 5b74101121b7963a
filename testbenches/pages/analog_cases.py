# SPDX-License-Identifier: Apache-2.0
"""Random analog arrays: what array.md is about."""
from pulses import PRESETS


def converters(random):
    """Lossy ones, with their ranges and errors."""
    own = {"adc.reach": random.choice(("digits", "weights", "batch", "batch_lines")),
           "adc.range": random.choice((1, 0.6, 0.13)),
           "adc.coverage": random.choice((1, 0.95, 0.8)),
           "adc.headroom": random.choice((0, 0.25, 1)),
           "adc.calibrate_epochs": random.randint(0, 2),
           "adc.follow_batches": random.randint(0, 2)}
    if random.random() < 0.4:
        own.update({"adc.offset": random.choice((0, 0.7)), "adc.gain": random.choice((0, 0.03)),
                    "adc.offset_spread": random.choice((0, 0.5)),
                    "adc.gain_spread": random.choice((0, 0.02)),
                    "adc.noise": random.choice((0, 0.4))})
    return own


def drivers(random):
    return {"dac.offset": random.choice((0, 0.1)), "dac.gain": random.choice((0, 0.02)),
            "dac.offset_spread": random.choice((0, 0.2)),
            "dac.gain_spread": random.choice((0, 0.03)), "dac.noise": random.choice((0, 0.1))}


def cells(random, kinds):
    """Errors of cells; each kind of error in a part of the cases."""
    own = {}
    if random.random() < 0.4:
        own.update({"program_error.kind": random.choice(kinds),
                    "program_error.device": random.choice((0, 0.02)),
                    "program_error.cycle": random.choice((0, 0.03))})
    if random.random() < 0.3:
        own.update({"age": 100, "drift.nu": random.choice((0, 0.02)), "drift.spread": 0.3,
                    "retention.tau": random.choice((0, 1000)), "retention.spread": 0.4,
                    "retention.rest": 0.2})
    if random.random() < 0.2:
        own.update({"faults.stuck_min": 0.05, "faults.stuck_max": 0.03})
    return own


def wires(random):
    """Of arrays that plain elimination solves in a moment."""
    return {"rows": 4, "columns": 8, "wires.on_ohm": 5000,
            "wires.wordline_ohm": random.choice((0, 3)),
            "wires.bitline_ohm": random.choice((0, 2)),
            "wires.driver_ohm": random.choice((0, 30)),
            "wires.sense_ohm": random.choice((0, 20)),
            "wires.backward": random.choice(("own", "shared")),
            "wires.solver": random.choice(("direct", "iterative"))}


def add(random, settings):
    """Turns a case into one of analog arrays, and shortens it."""
    kind = random.choice(("ideal", "sar", "ramp"))
    own = {"kind": "analog", "adc.kind": kind,
           "bits_per_cell": min(settings["chip.array.bits_per_cell"], random.randint(1, 4)),
           "adc_bits": 24 if kind == "ideal" else random.choice((4, 5, 6, 8, 12)),
           "columns": random.choice((8, 16, 64)), "columns_per_adc": random.choice((1, 3, 8)),
           "dac.bits": random.choice((1, 1, 2, 3, 4, 8)),
           "dac.codes": random.choice(("digits", "digits", "rounded")),
           "g_min": random.choice((0, 0, 0.1, 0.3))}
    kinds = ("independent", "proportional") + (("inverse",) if own["g_min"] else ())
    if kind != "ideal":
        own.update(converters(random))
    if random.random() < 0.3:
        own.update(drivers(random))
    if random.random() < 0.3:
        own.update({"read_noise.kind": random.choice(kinds), "read_noise.sigma": 0.01})
    if random.random() < 0.45:
        own.update({"pulses.preset": random.choice(list(PRESETS)), "bits_per_cell": 8,
                    "pulses.max": random.choice((3, 255))})
        settings.update({"chip.synapse.shadow_bits": random.randint(4, 12),
                         "chip.synapse.format": random.choice(("Q0.7", "Q1.6"))})
    else:
        own.update(cells(random, kinds))
        if random.random() < 0.15:
            own.update(wires(random))
    settings.update({"chip.array." + key: value for key, value in own.items()})
    settings.update({"dynamics.free_steps": random.randint(1, 3),
                     "dynamics.nudged_steps": random.randint(1, 2)})
