#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a waveform as IEEE 1364 says a VCD file is, and prints a line of it for every scalar asked
for: its last value. Usage: read_vcd.py FILE NAME...; exit code 1 and a message where the file is no
VCD. NAME "time" is the last time, "signals" how many there are."""
import re
import sys


def declarations(words):
    """Full names by identifier, from the words up to $enddefinitions."""
    names, scope = {}, []
    while True:
        keyword, body = next(words), []
        while (word := next(words)) != "$end":
            body.append(word)
        if keyword == "$scope":
            scope.append(body[1])
        elif keyword == "$upscope":
            scope.pop()
        elif keyword == "$var":
            kind, width, identifier, name = body[:4]
            assert kind in ("wire", "real"), f"a variable of kind {kind}"
            assert width.isdigit() and identifier not in names, f"variable {name}"
            names[identifier] = ".".join(scope + [name])
        elif keyword == "$enddefinitions":
            assert not scope, f"scope {scope[-1]} is not closed"
            return names
        else:
            assert keyword in ("$date", "$version", "$timescale", "$comment"), keyword


def changes(words, names):
    """Each change as (time, name, value); a new time itself as (time, "time", time). The time of what
    is dumped at the beginning is -1."""
    time = -1
    for word in words:
        if word in ("$dumpvars", "$end"):
            continue
        if word == "$comment":
            while next(words) != "$end":
                pass
        elif word[0] == "#":
            assert int(word[1:]) >= time, f"time goes back from {time} to {word}"
            time = int(word[1:])
            yield time, "time", time
        elif word[0] in "br":
            identifier = next(words)
            assert re.fullmatch(r"b[01xz]+|r[-+.e0-9]+", word), word
            value = int(word[1:], 2) if word[0] == "b" else float(word[1:])
            yield time, names[identifier], value
        else:
            assert word[0] in "01xz", word
            yield time, names[word[1:]], word[0]


def main(path, asked):
    with open(path, encoding="ascii") as file:
        words = (word for line in file for word in line.split())
        names = declarations(words)
        assert len(set(names.values())) == len(names), "two signals of one name"
        values = {name: value for _, name, value in changes(words, names)}
    assert set(values) - {"time"} == set(names.values()), "a signal without a value"
    for name in asked:
        print(len(names) if name == "signals" else values[name])


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except (AssertionError, KeyError, ValueError, StopIteration) as error:
        sys.exit(f"{sys.argv[1]}: {type(error).__name__}: {error}")
