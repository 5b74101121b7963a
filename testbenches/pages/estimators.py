# SPDX-License-Identifier: Apache-2.0
"""numerics.md, section 8: the phases of each estimator."""
from collections import namedtuple

Phase = namedtuple("Phase", "nudge coefficient readout")
Estimator = namedtuple("Estimator", "phases denominator readout_denominator")

ONE_SIDED = Estimator((Phase(1, 1, 1), Phase(0, -1, 0)), 1, 1)
ESTIMATORS = {
    "symmetric": Estimator((Phase(1, 1, 1), Phase(-1, -1, 1)), 2, 2),
    "one_sided": ONE_SIDED,
    "random_sign": ONE_SIDED,
    "richardson": Estimator((Phase(1, 8, 4), Phase(-1, -8, 4), Phase(2, -1, -1),
                             Phase(-2, 1, -1)), 12, 6),
}


def with_sign(phase, sign):
    """Nudge and coefficient change their sign; what the read-out learns does not."""
    return Phase(sign * phase.nudge, sign * phase.coefficient, phase.readout)
