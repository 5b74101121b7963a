#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands under limits of memory and of open files: each ends, either well or with exit code 1 or 2
# and a message; none hangs, crashes or fails in silence. Usage: test_cli_limits.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

cat >tiny.yaml <<'YAML'
network: {input: [3, 32, 32], layers: [{conv: 4, kernel: 3, stride: 4}, {dense: 8}], classes: 10}
dynamics: {free_steps: 4, nudged_steps: 2}
training: {epochs: 1, batch: 8, learning_rate: 0.1}
data: {set: generated, train_count: 16, test_count: 8}
YAML
run 0 train tiny.yaml -q -o run
run 0 train tiny.yaml -q -o golden --set substrate.kind=golden
cat >sweep.yaml <<'YAML'
base: tiny.yaml
axes:
  training.seed: [1, 2]
YAML

# ends LIMIT ARGUMENT...: under `ulimit LIMIT`. The time is a detector of hangs, no measure.
ends() {
  local limit=$1 found
  shift
  what="ulimit $limit; epxbar $*"
  # shellcheck disable=SC2086 # an option and its value
  (ulimit $limit && exec timeout --signal=KILL 60 "$epxbar" "$@") >out 2>err
  found=$?
  case $found in
    0) ;;
    1 | 2) [ -s err ] || { fail 'no message' && show; } ;;
    127) grep -q "loading shared libraries" err || { fail "exit code 127" && show; } ;; # not ours
    137) fail 'it hung' ;;
    *) fail "exit code $found" && show ;;
  esac
}

# Without limits every command succeeds: what follows tries the commands, not how they are called.
run 0 gradient --run golden --images 4
run 0 bias --run golden --images 2 --out bias
run 0 converge tiny.yaml --images 2 --out converge
run 0 sweep sweep.yaml --out sweep.sqlite
run 0 tile --from-run run --vcd tile.vcd
run 0 chip --run run
run 0 report run golden -o report.html

# BLAS is loaded where something is multiplied in floating point, and nowhere else.
for megabytes in 40 60 100 150 200 280 400; do
  ends "-v $((megabytes * 1024))" config
  check 'config needs no memory to speak of' test ! -s err
  ends "-v $((megabytes * 1024))" train tiny.yaml -q -o "twin$megabytes"
  ends "-v $((megabytes * 1024))" train tiny.yaml -q -o "golden$megabytes" --set substrate.kind=golden
  ends "-v $((megabytes * 1024))" gradient --run golden --images 4
  ends "-v $((megabytes * 1024))" tile --from-run run
  ends "-v $((megabytes * 1024))" chip --run run
  ends "-v $((megabytes * 1024))" report run golden -o "report$megabytes.html"
done
for megabytes in 60 150 280; do
  ends "-v $((megabytes * 1024))" bias --run golden --images 2 --out "bias$megabytes"
  ends "-v $((megabytes * 1024))" converge tiny.yaml --images 2 --out "converge$megabytes"
  ends "-v $((megabytes * 1024))" sweep sweep.yaml --out "sweep$megabytes.sqlite"
done
for files in 4 5 6 8 12 32; do
  ends "-n $files" config
  ends "-n $files" train tiny.yaml -q -o "files$files"
  ends "-n $files" train tiny.yaml -q -o "gfiles$files" --set substrate.kind=golden
  ends "-n $files" report run -o "files$files.html"
  ends "-n $files" tile --from-run run --vcd "files$files.vcd"
done
finish
