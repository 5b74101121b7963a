# SPDX-License-Identifier: Apache-2.0
"""The trainings of script/bits: the name of each, the keys in which it differs from BASE, and what
is looked at beside checkpoint, metrics and cost. BASE sets the keys whose defaults decide a number,
so that another default makes no difference here."""

BASE = {
    "network.layers": "[{conv: 4, kernel: 4, stride: 4, padding: 0, pool: max}, {conv: 6}]",
    "network.loss": "cross_entropy",
    "network.activation": "hard_sigmoid_half",
    "network.connections": "bidirectional",
    "network.backward_rule": "same",
    "dynamics.free_steps": "8",
    "dynamics.nudged_steps": "4",
    "dynamics.update": "synchronous",
    "dynamics.switches": "live",
    "dynamics.tolerance": "0",
    "estimator.kind": "symmetric",
    "estimator.beta": "0.5",
    "estimator.free_leg": "stop",
    "estimator.continual": "false",
    "substrate.kind": "twin",
    "substrate.precision": "float32",
    "training.epochs": "2",
    "training.batch": "16",  # of 40 images: the last one is ragged
    "training.learning_rate": "0.3",
    "training.final_learning_rate": "1e-5",
    "training.schedule_epochs": "0",
    "training.momentum": "0.9",
    "training.weight_decay": "3e-4",
    "training.init_scale": "1.5",
    "training.seed": "1",
    "data.set": "generated",
    "data.augment": "false",
    "data.train_limit": "0",
    "data.test_limit": "0",
    "data.seed": "1",
    "data.train_count": "40",
    "data.test_count": "20",
    "chip.input": "Q0.7",
    "chip.state": "UQ0.8",
    "chip.synapse.format": "Q1.6",
    "chip.synapse.shadow_bits": "8",
    "chip.bias": "Q3.20",
    "chip.velocity": "Q7.24",
    "chip.rounding.state": "nearest_even",
    "chip.rounding.update": "stochastic",
    "chip.lfsr_seed": "1",
    "chip.array.kind": "digital",
    "chip.array.rows": "64",
    "chip.array.columns": "64",
    "chip.array.bits_per_cell": "1",
    "chip.array.adc_bits": "8",
    "chip.array.columns_per_adc": "8",
    "chip.array.device_seed": "1",
    "chip.timing.settle_cycles": "1",
    "chip.timing.convert_cycles": "1",
    "chip.timing.clock_mhz": "1000",
    "chip.stop_settled": "false",
    "chip.event_driven": "false",
    "chip.noc.mesh_columns": "0",
    "chip.noc.mesh_rows": "0",
    "chip.noc.flit_bits": "128",
    "chip.noc.router_cycles": "2",
    "chip.noc.buffer_flits": "4",
    "chip.noc.psum_buffer": "4",
}

A = "chip.array."
EXACT = {A + "kind": "analog", A + "adc.kind": "ideal", A + "adc_bits": "20"}
SAR = {A + "kind": "analog", A + "adc.kind": "sar", A + "adc_bits": "7",
       A + "adc.range": "1", A + "adc.reach": "digits", A + "adc.coverage": "1",
       A + "adc.calibrate_epochs": "1", A + "dac.bits": "1", A + "dac.codes": "digits"}
RAMP = {**SAR, A + "adc.kind": "ramp"}
BATCH = {**SAR, A + "adc.reach": "batch", A + "adc.coverage": "0.98"}
MLP = {"network.layers": "[{dense: 24}, {dense: 16}]"}
SMALL = {"network.layers": "[{conv: 5, kernel: 8, stride: 8, padding: 0}, {dense: 9}]"}
WIRES = {**SAR, **SMALL, A + "rows": "24", A + "columns": "32", A + "g_min": "0.02",
         A + "bits_per_cell": "2", A + "wires.on_ohm": "240000", A + "wires.wordline_ohm": "0.4",
         A + "wires.bitline_ohm": "0.6", A + "wires.driver_ohm": "4", A + "wires.sense_ohm": "6",
         A + "wires.backward": "own", A + "wires.solver": "iterative", A + "adc_bits": "12",
         "data.train_count": "12", "data.test_count": "4", "training.batch": "5",
         "training.epochs": "1"}
PULSES = {**EXACT, **SMALL, A + "bits_per_cell": "8", A + "pulses.max": "255",
          "chip.synapse.format": "Q0.7", "chip.rounding.update": "stochastic",
          "training.momentum": "0", "training.weight_decay": "0"}
UNI = {"network.connections": "unidirectional", "network.backward_rule": "different"}
EVENT = {"chip.event_driven": "true", "chip.stop_settled": "true"}
GOLDEN = {"substrate.kind": "golden", "substrate.precision": "float64"}
G32 = {**GOLDEN, "substrate.precision": "float32"}

CASES = {}


def case(name, *parts, also=(), **tools):
    """also names commands to run on the trained network (tile, chip, gradient); tile=[..] does the
    same and gives the command further arguments."""
    settings = dict(BASE)
    for part in parts:
        settings.update(part)
    commands = {name: () for name in also}
    commands.update(tools)
    assert name not in CASES, name
    CASES[name] = (settings, commands)


# Digital arrays.
case("digital.base", also=["tile", "chip"])
case("digital.blocks", {A + "rows": "10", A + "columns": "24"}, also=["tile"])
case("digital.seeds", {"training.seed": "7", "data.seed": "5", "chip.lfsr_seed": "99"})
case("digital.nopool_strides", {
    "network.layers": "[{conv: 3, kernel: 5, stride: 3, padding: 2}, "
                      "{conv: 5, kernel: 2, stride: 2, padding: 0}, {conv: 4}]",
    "training.learning_rate": "[0.3, 0.2, 0.25, 0.1]"}, also=["tile"])
case("digital.pools", {
    "network.layers": "[{conv: 3, kernel: 3, stride: 2, padding: 1, pool: max}, "
                      "{conv: 5, kernel: 3, padding: 1, pool: max}, {dense: 12}]"})
case("digital.mlp", MLP, {"training.batch": "7"})
case("digital.squared_error", {"network.loss": "squared_error",
                               "network.layers": "[{conv: 4, kernel: 4, stride: 4, padding: 0}, "
                                                 "{dense: 10}]",
                               "network.activation": "hard_sigmoid"}, tile=["--layer", "1"])
case("digital.hard_sigmoid", {"network.activation": "hard_sigmoid", "estimator.beta": "0.25"})
case("digital.one_sided", {"estimator.kind": "one_sided", "estimator.beta": "0.7"}, also=["chip"])
case("digital.random_sign_continue", {"estimator.kind": "random_sign",
                                      "estimator.free_leg": "continue"})
case("digital.richardson", {"estimator.kind": "richardson", "estimator.beta": "0.2"})
case("digital.rounding_a", {"chip.rounding.state": "truncate", "chip.rounding.update": "truncate"})
case("digital.rounding_b", {"chip.rounding.update": "nearest_away",
                            "chip.synapse.shadow_bits": "0"})
case("digital.formats", {"chip.input": "Q0.4", "chip.state": "UQ0.5",
                         "chip.synapse.format": "[Q0.7, Q1.4, Q-1.5]",
                         "chip.synapse.shadow_bits": "5", "chip.bias": "Q2.12",
                         "chip.velocity": "Q3.18", "chip.rounding.update": "nearest_even"},
     also=["tile"])
case("digital.plain_sgd", {"training.momentum": "0", "training.weight_decay": "0",
                           "training.batch": "40"})
case("digital.schedule", {"training.schedule_epochs": "2", "training.epochs": "3",
                          "training.batch": "1", "data.train_count": "9",
                          "data.augment": "true", "training.weight_decay": "0.01"})
case("digital.settled", {"chip.stop_settled": "true", "dynamics.free_steps": "40"})
case("digital.events", EVENT, also=["tile", "chip"])
case("digital.noc", {"chip.noc.flit_bits": "24", "chip.noc.router_cycles": "3",
                     "chip.noc.mesh_columns": "9", "chip.timing.settle_cycles": "3",
                     "chip.timing.convert_cycles": "2", A + "rows": "24"})
case("digital.unidirectional", UNI, tile=["--role", "backward"])
case("digital.unidirectional_same", UNI, EVENT, {"network.backward_rule": "same"}, also=["chip"])

# Analog arrays without loss, and what their converters and DACs do.
case("analog.exact", EXACT, {A + "bits_per_cell": "4"}, also=["tile", "chip"])
case("analog.exact_dac", EXACT, {A + "bits_per_cell": "8", A + "dac.bits": "4"}, EVENT)
case("analog.sar", SAR, {A + "bits_per_cell": "2"}, also=["tile", "chip"])
case("analog.ramp", RAMP, {A + "bits_per_cell": "4", A + "adc.range": "0.5"}, UNI)
case("analog.weights", SAR, MLP, {A + "adc.reach": "weights", A + "bits_per_cell": "8"})
case("analog.weights_blocks", SAR, {A + "adc.reach": "weights", A + "rows": "18",
                                    A + "bits_per_cell": "4"}, also=["tile"])
case("analog.batch", BATCH, {A + "bits_per_cell": "2"}, also=["tile"])
case("analog.batch_lines", BATCH, {A + "adc.reach": "batch_lines", A + "adc.calibrate_epochs": "2",
                                   A + "bits_per_cell": "4", "training.epochs": "3"}, also=["tile"])
case("analog.batch_once", BATCH, UNI, {A + "adc.kind": "ramp", A + "adc.calibrate_epochs": "0",
                                       A + "adc.range": "0.8"})
case("analog.adc_errors", SAR, {A + "adc.offset": "1.5", A + "adc.gain": "0.02",
                                A + "adc.offset_spread": "0.7", A + "adc.gain_spread": "0.03",
                                A + "adc.noise": "0.5", A + "bits_per_cell": "2"}, also=["tile"])
case("analog.dac_errors", RAMP, {A + "adc_bits": "12", A + "dac.bits": "3",
                                 A + "dac.offset": "0.01", A + "dac.gain": "-0.002",
                                 A + "dac.offset_spread": "0.05",
                                 A + "dac.gain_spread": "0.02", A + "dac.noise": "0.05",
                                 A + "bits_per_cell": "4"}, also=["tile"])
case("analog.dac_rounded", SAR, {A + "dac.bits": "5", A + "dac.codes": "rounded",
                                 A + "adc.reach": "weights", A + "bits_per_cell": "8"})
case("analog.events", SAR, EVENT, {A + "adc.noise": "0.3", A + "bits_per_cell": "2"})

# Devices.
DEVICE = {**SAR, **SMALL, A + "g_min": "0.05", A + "bits_per_cell": "2", A + "adc_bits": "12"}
case("device.read_noise", DEVICE, {A + "read_noise.kind": "independent",
                                   A + "read_noise.sigma": "0.03"}, also=["tile"])
case("device.read_noise_proportional", DEVICE, {A + "read_noise.kind": "proportional",
                                                A + "read_noise.sigma": "0.1", A + "dac.bits": "2"})
case("device.read_noise_inverse", DEVICE, EVENT, {A + "read_noise.kind": "inverse",
                                                  A + "read_noise.sigma": "0.01"})
case("device.program_error", DEVICE, {A + "program_error.kind": "proportional",
                                      A + "program_error.device": "0.01",
                                      A + "program_error.cycle": "0.03"}, also=["chip"])
case("device.program_inverse", DEVICE, UNI, {A + "program_error.kind": "inverse",
                                             A + "program_error.device": "0.01",
                                             A + "program_error.cycle": "0.02",
                                             A + "device_seed": "3"})
case("device.faults", DEVICE, {A + "program_error.kind": "independent",
                               A + "program_error.cycle": "0.02",
                               A + "faults.stuck_min": "0.02", A + "faults.stuck_max": "0.015",
                               A + "adc.reach": "weights"}, also=["tile"])
case("device.drift", DEVICE, {A + "age": "20", A + "drift.nu": "0.0015", A + "drift.spread": "0.3",
                              A + "drift.t0": "2"})
case("device.retention", DEVICE, {A + "age": "300", A + "retention.tau": "20000",
                                  A + "retention.spread": "0.5", A + "retention.rest": "0.5",
                                  A + "read_noise.sigma": "0.01"}, also=["tile"])
case("wires.iterative", WIRES, also=["tile"])
case("wires.shared_direct", WIRES, {A + "wires.backward": "shared", A + "wires.solver": "direct"})
case("wires.events", WIRES, EVENT, {A + "wires.backward": "shared", A + "read_noise.sigma": "0.01"})

# Pulses: every preset.
for preset in ("ReRAM-ES", "ReRAM-SB", "Capacitor", "EcRAM", "EcRAM-MO", "idealised", "NeuroSim"):
    more = {"EcRAM": UNI, "idealised": {A + "pulses.max": "3"},
            "NeuroSim": {**SAR, A + "bits_per_cell": "8", A + "adc_bits": "10",
                         A + "read_noise.sigma": "0.02"}}.get(preset, {})
    case("pulses." + preset, PULSES, {A + "pulses.preset": preset}, more,
         also=["tile"] if preset in ("ReRAM-ES", "EcRAM") else [])

# The golden model.
AVG = {"network.layers": "[{conv: 4, kernel: 4, stride: 4, padding: 0, pool: avg}, "
                         "{conv: 6, pool: avg}]"}
case("golden.max", GOLDEN, also=["gradient"])
case("golden.avg", GOLDEN, AVG, {"estimator.kind": "richardson"}, also=["gradient"])
case("golden.max32", G32, {"network.layers": "[{conv: 4, stride: 2, pool: max}, {conv: 6}]"})
case("golden.avg32", G32, AVG, {"network.activation": "hard_sigmoid"}, also=["gradient"])
case("golden.alternating", GOLDEN, {"dynamics.update": "alternating", "dynamics.switches": "frozen",
                                    "network.activation": "sigmoid"}, also=["gradient"])
case("golden.tanh_mlp", GOLDEN, {"network.layers": "[{dense: 20}, {dense: 10}]",
                                 "network.activation": "tanh", "network.loss": "squared_error",
                                 "training.init_scale": "0.5", "estimator.kind": "one_sided",
                                 "estimator.free_leg": "continue"})
case("golden.continual", GOLDEN, {"estimator.continual": "true", "training.momentum": "0",
                                  "training.weight_decay": "0", "training.learning_rate": "0.05"})
case("golden.unidirectional", GOLDEN, AVG, UNI, {"estimator.kind": "random_sign",
                                                 "dynamics.tolerance": "1e-4"}, also=["gradient"])
