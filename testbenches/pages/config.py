# SPDX-License-Identifier: Apache-2.0
"""docs/configuration.md: the defaults of the keys that decide a number."""
import json

DEFAULTS = {
    "network.input": [3, 32, 32],
    "network.classes": 10,
    "network.loss": "cross_entropy",
    "network.activation": "hard_sigmoid_half",
    "network.connections": "bidirectional",
    "network.backward_rule": "same",
    "dynamics.free_steps": 20,
    "dynamics.nudged_steps": 8,
    "estimator.kind": "symmetric",
    "estimator.beta": 0.5,
    "estimator.free_leg": "stop",
    "training.epochs": 3,
    "training.batch": 32,
    "training.learning_rate": 0.15,
    "training.final_learning_rate": 1e-5,
    "training.schedule_epochs": 0,
    "training.momentum": 0.9,
    "training.weight_decay": 3e-4,
    "training.init_scale": 1.0,
    "training.seed": 1,
    "data.augment": False,
    "chip.input": "Q0.7",
    "chip.state": "UQ0.8",
    "chip.synapse.format": "Q1.6",
    "chip.synapse.shadow_bits": 8,
    "chip.bias": "Q3.20",
    "chip.velocity": "Q7.24",
    "chip.rounding.state": "nearest_even",
    "chip.rounding.update": "stochastic",
    "chip.lfsr_seed": 1,
    "chip.stop_settled": False,
    "chip.event_driven": False,
    "chip.array.kind": "digital",
    "chip.array.rows": 128,
    "chip.array.columns": 128,
    "chip.array.bits_per_cell": 1,
    "chip.array.adc_bits": 8,
    "chip.array.columns_per_adc": 8,
    "chip.array.device_seed": 1,
    "chip.array.adc.kind": "ideal",
    "chip.array.adc.range": 1.0,
    "chip.array.adc.reach": "digits",
    "chip.array.adc.coverage": 1.0,
    "chip.array.adc.headroom": 0.25,
    "chip.array.adc.calibrate_epochs": 1,
    "chip.array.adc.follow_batches": 1,
    "chip.array.adc.offset": 0.0,
    "chip.array.adc.gain": 0.0,
    "chip.array.adc.offset_spread": 0.0,
    "chip.array.adc.gain_spread": 0.0,
    "chip.array.adc.noise": 0.0,
    "chip.array.dac.bits": 1,
    "chip.array.dac.codes": "digits",
    "chip.array.dac.offset": 0.0,
    "chip.array.dac.gain": 0.0,
    "chip.array.dac.offset_spread": 0.0,
    "chip.array.dac.gain_spread": 0.0,
    "chip.array.dac.noise": 0.0,
    "chip.array.g_min": 0.0,
    "chip.array.program_error.kind": "independent",
    "chip.array.program_error.device": 0.0,
    "chip.array.program_error.cycle": 0.0,
    "chip.array.age": 0.0,
    "chip.array.drift.nu": 0.0,
    "chip.array.drift.spread": 0.0,
    "chip.array.drift.t0": 1.0,
    "chip.array.retention.tau": 0.0,
    "chip.array.retention.spread": 0.0,
    "chip.array.retention.rest": 0.0,
    "chip.array.faults.stuck_min": 0.0,
    "chip.array.faults.stuck_max": 0.0,
    "chip.array.wires.on_ohm": 240000.0,
    "chip.array.wires.wordline_ohm": 0.0,
    "chip.array.wires.bitline_ohm": 0.0,
    "chip.array.wires.driver_ohm": 0.0,
    "chip.array.wires.sense_ohm": 0.0,
    "chip.array.wires.backward": "own",
    "chip.array.wires.solver": "iterative",
    "chip.array.read_noise.kind": "independent",
    "chip.array.read_noise.sigma": 0.0,
    "chip.array.pulses.preset": "none",
    "chip.array.pulses.max": 255,
}


def full(settings):
    return {**DEFAULTS, **settings}


def is_exact(config):
    """numerics.md, section 10: whether products are the integers of section 4. Pulses change
    updates, not products."""
    array = "chip.array."
    effects = ("dac.offset", "dac.gain", "dac.offset_spread", "dac.gain_spread", "dac.noise",
               "program_error.device", "program_error.cycle", "drift.nu",
               "retention.tau", "faults.stuck_min", "faults.stuck_max", "read_noise.sigma",
               "wires.wordline_ohm", "wires.bitline_ohm", "wires.driver_ohm", "wires.sense_ohm")
    return config[array + "kind"] == "digital" or (
        config[array + "adc.kind"] == "ideal" and config[array + "dac.codes"] == "digits"
        and not any(config[array + effect] for effect in effects))


def options(settings):
    """Arguments of epxbar; JSON is YAML."""
    return [f"--set={key}={text_of(value)}" for key, value in settings.items()]


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value)


def parse(option):
    """(key, value) of KEY=VALUE."""
    key, _, text = option.partition("=")
    try:
        return key, json.loads(text)
    except json.JSONDecodeError:
        return key, text
