#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# script/bits reports what differs: another seed, a changed record, a missing array, a failed run.
# Usage: test_bits_differs.sh SCRIPT_BITS PATH_OF_EPXBAR
set -euo pipefail
bits=$1 epxbar=$2 python3=${EPX_PYTHON3:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# expect EXIT_CODE LINE ARGUMENT...: LINE stands in what script/bits prints.
expect() {
  local code=$1 line=$2 got=0
  shift 2
  "$python3" "$bits" --epxbar "$epxbar" "$@" >"$folder/out" 2>&1 || got=$?
  if [ "$got" != "$code" ] || ! grep -q -x -F -- "$line" "$folder/out"; then
    printf 'script/bits %s: exit code %s, expected %s and the line: %s\n' \
      "$*" "$got" "$code" "$line"
    head -20 "$folder/out"
    exit 1
  fi
}

# edit STATEMENT: a copy of the record in which the Python STATEMENT changed r.
edit() {
  "$python3" - "$(dirname "$0")/recorded.json" "$folder/changed.json" "$1" <<'PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
exec(sys.argv[3])
json.dump(r, open(sys.argv[2], "w"))
PYTHON
}

expect 0 '1 cases, 0 differing' --only digital.base
expect 1 'digital.base: checkpoint: twin.1.shadow' --only digital.base --set training.seed=2
expect 1 'digital.base: metrics: train loss' --only digital.base --set training.seed=2
expect 1 'digital.base: tile: vectors: expect.state' --only digital.base --set training.seed=2
expect 1 'golden.max: checkpoint: param.conv1.weight' --only golden.max --set training.seed=2
expect 1 'golden.max: gradient: grad.bptt.conv0.weight' --only golden.max --set training.seed=2
expect 1 'digital.base: cost: training: cycles: total' --only digital.base \
  --set chip.timing.settle_cycles=2
expect 1 'digital.base: chip: cycles free step' --only digital.base \
  --set chip.timing.settle_cycles=2
expect 1 '1 cases, 1 differing' --only digital.base --set chip.array.columns=1

changed=(--recorded "$folder/changed.json" --only digital.base)
edit 'r["digital.base"]["cost"]["inference"]["events"]["cell reads"] += 1'
expect 1 'digital.base: cost: inference: events: cell reads' "${changed[@]}"
edit 'r["digital.base"]["checkpoint"]["twin.9.shadow"] = "i4[3] 0123456789abcdef"'
expect 1 '  found    missing' "${changed[@]}"
edit 'del r["digital.base"]["checkpoint"]["twin.0.shadow"]'
expect 0 '1 cases, 0 differing' "${changed[@]}" # what is new is no difference
edit 'del r["digital.base"]'
expect 1 'digital.base: not recorded; --record --only digital.base does' "${changed[@]}"
edit 'r["golden.max"]["metrics"]["test loss"][1] *= 1 + 1e-8'
expect 1 'golden.max: metrics: test loss' --recorded "$folder/changed.json" --only golden.max
edit 'r["golden.max"]["metrics"]["test loss"][1] *= 1 + 1e-10'
expect 0 '1 cases, 0 differing' --recorded "$folder/changed.json" --only golden.max
edit 'r["digital.base"]["metrics"]["test loss"][1] *= 1 + 1e-11'
expect 1 'digital.base: metrics: test loss' "${changed[@]}"
edit 'r["digital.base"]["metrics"]["test loss"][1] *= 1 + 1e-15' # exp and log of another C library
expect 0 '1 cases, 0 differing' "${changed[@]}"
expect 1 'digital.base: metrics: test loss' --exact "${changed[@]}"
expect 2 'bits: no case matches nothing; --list prints them' --only nothing
