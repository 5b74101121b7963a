# SPDX-License-Identifier: Apache-2.0
"""Random trainings on arrays that are exact: what numerics.md is about."""

ROUNDINGS = ("nearest_even", "truncate", "stochastic", "nearest_up", "nearest_zero",
             "nearest_down", "nearest_away", "truncate_zero")


def network(random):
    """Shape, layers and loss; sizes of which plain loops take less than a second."""
    classes = random.randint(2, 4)
    shape = [1, random.randint(4, 9), random.randint(4, 9)]
    height, width, layers = shape[1], shape[2], []
    for _ in range(random.randint(1, 3)):
        if height < 2 or width < 2 or random.random() < 0.25:
            layers.append({"dense": random.randint(2, 5)})
            height = width = 1
            continue
        kernel = random.randint(1, min(3, height, width))
        layer = {"conv": random.randint(2, 4), "kernel": kernel, "stride": random.choice((1, 1, 2)),
                 "padding": random.randint(0, kernel - 1)}
        height, width = ((n + 2 * layer["padding"] - kernel) // layer["stride"] + 1
                         for n in (height, width))
        if height > 1 and width > 1 and random.random() < 0.7:
            layer["pool"] = "max"
            height, width = height // 2, width // 2
        layers.append(layer)
    loss = random.choice(("cross_entropy", "squared_error"))
    if loss == "squared_error":
        layers[-1] = {"dense": classes}
    return {"network.input": shape, "network.classes": classes, "network.layers": layers,
            "network.loss": loss, "data.set": "idx"}


def colour_network(random):
    """Of CIFAR-10's images, with augmentation or without."""
    first = {"conv": random.randint(2, 3), "kernel": random.randint(3, 6), "padding": 2,
             "stride": random.randint(4, 7), "pool": random.choice(("none", "max"))}
    return {"network.input": [3, 32, 32], "network.classes": 10, "data.set": "cifar10",
            "network.layers": [first, {"dense": 10}], "data.augment": random.random() < 0.8,
            "network.loss": random.choice(("cross_entropy", "squared_error"))}


def formats(random, parameter_layers):
    state, synapses, per_cell = random.randint(1, 8), [], 8
    for _ in range(parameter_layers):
        bits = random.randint(2, 8)
        per_cell = min(per_cell, bits)
        integer = random.randint(-1, min(2, bits - 1))
        synapses.append(f"Q{integer}.{bits - 1 - integer}")
    inputs = random.randint(2, 8)
    integer = random.randint(0, min(2, inputs - 1))
    bias, velocity = random.randint(10, 32), random.randint(10, 32)
    bias_integer, velocity_integer = random.randint(0, 4), random.randint(0, 8)
    return {"chip.state": f"UQ0.{state}",
            "chip.input": f"Q{integer}.{inputs - 1 - integer}",
            "chip.synapse.format": synapses if random.random() < 0.7 else synapses[0],
            "chip.array.bits_per_cell": random.randint(1, per_cell),
            "chip.synapse.shadow_bits": random.choice((0, 3, 8, 12, 16)),
            "chip.bias": f"Q{bias_integer}.{bias - 1 - bias_integer}",
            "chip.velocity": f"Q{velocity_integer}.{velocity - 1 - velocity_integer}"}


def extremes(random):
    """Settings that reach clamps, the shifts of tiny constants and the circuits' bounds."""
    bits = random.randint(6, 8)
    integer = random.randint(-7, 0)
    return random.choice((
        {"chip.bias": "Q20.11", "training.learning_rate": 1000.0, "training.momentum": 0.5},
        {"chip.synapse.format": f"Q{integer}.{bits - 1 - integer}", "estimator.beta": 100.0,
         "chip.array.bits_per_cell": 2},
        {"training.weight_decay": 1e-18, "training.learning_rate": 1e-20},
        {"estimator.beta": 1e-3, "chip.velocity": "Q-5.36", "chip.state": "UQ0.1"}))


def draw(random):
    """The settings of one case."""
    case = colour_network(random) if random.random() < 0.15 else network(random)
    count = len(case["network.layers"]) + (case["network.loss"] == "cross_entropy")
    case.update({
        "network.activation": random.choice(("hard_sigmoid", "hard_sigmoid_half")),
        "network.connections": random.choice(("bidirectional", "unidirectional")),
        "network.backward_rule": random.choice(("same", "different")),
        "dynamics.free_steps": random.randint(1, 8),
        "dynamics.nudged_steps": random.randint(1, 4),
        "estimator.kind": random.choice(("symmetric", "one_sided", "random_sign", "richardson")),
        "estimator.beta": random.choice((0.5, 1, 0.3, 7.7)),
        "estimator.free_leg": random.choice(("stop", "continue")),
        "training.epochs": random.randint(1, 2),
        "training.batch": random.randint(2, 5),
        "training.learning_rate": [random.choice((0.1, 0.5, 3, 20)) for _ in range(count)],
        "training.final_learning_rate": random.choice((0.0, 1e-5, 0.1)),
        "training.schedule_epochs": random.randint(0, 3),
        "training.momentum": random.choice((0.0, 0.5, 0.9)),
        "training.weight_decay": random.choice((0.0, 0.0003, 0.05)),
        "training.init_scale": random.choice((0.5, 1, 2.5)),
        "training.seed": random.randrange(1 << 63),
        "chip.rounding.state": random.choice(("nearest_even", "truncate")),
        "chip.rounding.update": random.choice(ROUNDINGS + ("stochastic",) * 4),
        "chip.lfsr_seed": random.randrange(1 << 32),
        "chip.array.rows": random.choice((3, 7, 128)),
        "chip.array.columns": random.choice((8, 20, 128)),
        "chip.array.bits_per_cell": random.randint(1, 8),
        "chip.stop_settled": random.random() < 0.3,
        "chip.event_driven": random.random() < 0.3,
    })
    if random.random() < 0.3:
        case["training.learning_rate"] = case["training.learning_rate"][0]
    if random.random() < 0.7:
        case.update(formats(random, count))
    if random.random() < 0.2:
        case.update(extremes(random))
    if random.random() < 0.2:  # an analog array that is exact
        case.update({"chip.array.kind": "analog", "chip.array.adc_bits": 24,
                     "chip.array.dac.bits": random.randint(1, 8)})
    return case
