# SPDX-License-Identifier: Apache-2.0
"""wave_names.py WAVE.vcd SAVE.gtkw: whether the waveform has every signal that the save file shows,
under the hierarchical name and with the bits that it says; prints how many."""
import re
import sys


def declared(path):
    names, scopes = set(), []
    for line in open(path, encoding="ascii"):
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            bits = words[5] if words[5].startswith("[") else ""
            names.add(".".join(scopes + [words[4]]) + bits)
        elif words[:1] == ["$enddefinitions"]:
            break
    if scopes:
        sys.exit(f"{path}: scopes left open: {scopes}")
    return names


shown = [line.strip() for line in open(sys.argv[2], encoding="ascii")
         if re.match(r"[A-Za-z_]", line)]
missing = [name for name in shown if name not in declared(sys.argv[1])]
if missing or not shown:
    sys.exit(f"{sys.argv[1]} lacks {', '.join(missing) or 'everything'}")
print(len(shown), "signals")
