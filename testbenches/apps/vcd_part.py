#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether one waveform is a part of another: its signals are some of the other's, and show at every
time, from its first to before its last, what they show there.
Usage: vcd_part.py PART.vcd WHOLE.vcd; prints first time, last time and number of signals."""
import sys

from read_vcd import changes, declarations


def history(path):
    """Names, and changes in order."""
    with open(path, encoding="ascii") as file:
        words = (word for line in file for word in line.split())
        names = declarations(words)
        return set(names.values()), list(changes(words, names))


def compare(part, whole):
    names, events = history(part)
    all_names, all_events = history(whole)
    assert names <= all_names, f"not in the whole: {sorted(names - all_names)[:3]}"
    times = [time for time, name, _ in events if name == "time"]
    first, last = times[0], times[-1]
    # What is dumped at the beginning holds until the first time that is written.
    found = {name: value for time, name, value in events if time < 0}
    assert set(found) == names, "a signal without a first value"
    expected = {name: value for time, name, value in all_events if time < first and name in names}
    differing = sorted(name for name in names if found[name] != expected[name])
    assert not differing, f"the first values of {differing[:3]} differ"
    shown, inside = ([event for event in these if first <= event[0] < last and event[1] in names]
                     for these in (events, all_events))
    assert sorted(shown) == sorted(inside), "changes differ"
    print(first, last, len(names))


if __name__ == "__main__":
    try:
        compare(*sys.argv[1:])
    except (AssertionError, KeyError, IndexError, StopIteration) as error:
        sys.exit(f"{sys.argv[1]}: {type(error).__name__}: {error}")
