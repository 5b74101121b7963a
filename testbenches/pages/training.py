# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 14: the order of a training."""
import start
from correlate import Correlations
from estimators import ESTIMATORS, with_sign
from network import Network
from sample import Sample
from update import update


class Training:
    """A run. `train` and `test` are lists of (pixel bytes, channels last; label)."""

    def __init__(self, config, train, test, make_arrays):
        self.config, self.train, self.test = config, train, test
        self.network = Network(config, make_arrays)
        self.updates = self.images = 0
        self.position = None  # epoch and mini-batch, from 1
        self.metrics = []

    def samples(self, batch, first_image):
        """The mini-batch's images as (codes, label), loaded."""
        offsets = self.network.offsets()
        return [Sample(self.network, offsets, codes, label, first_image + i)
                for i, (codes, label) in enumerate(batch)]

    def codes(self, pixels):
        return start.input_codes(pixels, self.config["network.input"][0], self.network.input)

    def phases(self, batch, first_image, sign):
        """Free phase, predictions and the estimator's phases of a mini-batch."""
        config, sums, outcomes = self.config, Correlations(self.network), []
        estimator = ESTIMATORS[config["estimator.kind"]]
        for sample in self.samples(batch, first_image):
            sample.relax(config["dynamics.free_steps"], 0)
            outcomes.append(sample.outcome())
            free_states = sample.states
            for phase in estimator.phases:
                phase = with_sign(phase, sign)
                sample.states = free_states
                if phase.nudge or config["estimator.free_leg"] == "continue":
                    sample.relax(config["dynamics.nudged_steps"],
                                 phase.nudge * config["estimator.beta"])
                sample.read += 1
                sums.add_phase(sample, free_states, phase)
        return sums, outcomes

    def epoch(self, epoch):
        size, order = self.config["training.batch"], start.order_of_images(
            self.config, epoch, len(self.train))
        outcomes = []
        for first in range(0, len(order), size):
            batch = [self.image(epoch, i) for i in order[first:first + size]]
            self.position = epoch + 1, first // size + 1
            sign = 1
            if self.config["estimator.kind"] == "random_sign":
                sign = start.random_sign(self.config, epoch, first)
            if first == 0 and self.calibrates(epoch):
                self.calibrate(batch)
            self.network.arrays.begin_batch()
            sums, seen = self.phases(batch, self.images, sign)
            outcomes += seen
            self.images += len(batch)
            self.updates += 1
            update(self.network, sums, len(batch), epoch, self.updates)
            self.network.arrays.end_batch(self.position[1])
        self.metrics.append(summary(outcomes))
        self.metrics.append(summary(self.tested()))

    def image(self, epoch, index):
        pixels, label = self.train[index]
        if self.config["data.augment"]:
            pixels = start.augmented(self.config, epoch, index, pixels,
                                     self.config["network.input"])
        return self.codes(pixels), label

    def calibrates(self, epoch):
        if not self.network.arrays.batches():
            return False
        every = self.config["chip.array.adc.calibrate_epochs"]
        return epoch % every == 0 if every else epoch == 0

    def calibrate(self, batch):
        arrays = self.network.arrays
        self.network.arrays = arrays.calibrating()
        self.phases(batch, self.images, 1)
        arrays.adopt(self.network.arrays)
        self.network.arrays = arrays

    def tested(self):
        outcomes = []
        for pixels, label in self.test:
            (sample,) = self.samples([(self.codes(pixels), label)], self.images)
            self.images += 1
            sample.relax(self.config["dynamics.free_steps"], 0)
            outcomes.append(sample.outcome())
        return outcomes

    def run(self):
        for epoch in range(self.config["training.epochs"]):
            self.epoch(epoch)


def summary(outcomes):
    """Mean loss, and the share of wrong predictions."""
    count = len(outcomes)
    return sum(loss for loss, _ in outcomes) / count, sum(wrong for _, wrong in outcomes) / count
