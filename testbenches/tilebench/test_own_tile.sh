#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs epxbar into a temporary folder, builds examples/own_tile against the installed package
# alone, and runs the example's tiles: the right one passes, the wrong one is caught and its mistake
# pointed at. Usage: test_own_tile.sh CMAKE SOURCE BUILD [COMPILER-FLAGS]
set -u
cmake=$1 source=$2 build=$3 flags=${4:-}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
failures=0

fail() {
  printf 'FAILED: %s\n' "$*"
  sed 's/^/  out| /' "$work/out" | head -n 40
  sed 's/^/  err| /' "$work/err" | head -n 10
  failures=$((failures + 1))
}
# run CODE COMMAND...: its output in the files out and err; checks the exit code.
run() {
  local code=$1 found
  shift
  "$@" >"$work/out" 2>"$work/err"
  found=$?
  [ "$found" -eq "$code" ] || fail "exit code $found, expected $code: $*"
}
prints() {
  local text
  for text in "$@"; do
    grep -q -F -e "$text" "$work/out" "$work/err" || fail "no '$text' in the output"
  done
}

run 0 "$cmake" --install "$build" --prefix "$work/installed"
cp -r "$source/examples/own_tile" "$work/own" # nothing of the tree can be reached by accident
run 0 "$cmake" -S "$work/own" -B "$work/build" "-DCMAKE_PREFIX_PATH=$work/installed" \
  -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS=-O1 -Wall -Wextra $flags"
run 0 "$cmake" --build "$work/build" --parallel 2
! grep -q 'warning:' "$work/out" || fail 'warnings'
[ "$failures" -eq 0 ] || exit 1

cd "$work" || exit 1
epxbar=$work/installed/bin/epxbar
config=$work/installed/share/epxbar/configs/demo.yaml
run 0 test -s "$work/installed/share/epxbar/configs/technologies/32nm.yaml"

# The installed program finds its technology far from the source tree, and writes vectors.
run 0 "$epxbar" train --quiet --set data.train_count=64 --set data.test_count=64 \
  --set training.epochs=1 -o run --threads 1
grep -q "$source" run/cost.json && fail 'the technology file is that of the source tree'
for layer in 0 1; do
  run 0 "$epxbar" tile --config "$config" --random 12 --layer "$layer" --write-vectors V.npz
  for stalls in 0 30; do
    run 0 build/own_tile --config "$config" --vectors V.npz --stalls 3 \
      --stall-percent "$stalls" --vcd own.vcd --junit own.xml
    prints 'PASS  forward product' 'PASS  correlations' 'PASS  LFSR' 'PASS  all values'
    grep -q 'failures="0"' own.xml || fail 'JUnit'
    grep -q ' x_valid_i ' own.vcd || fail 'no x_valid_i in the waveform'
    run 1 build/broken_tile --config "$config" --vectors V.npz --stalls 3 \
      --stall-percent "$stalls" --junit broken.xml
    prints 'PASS  forward product' 'FAIL  pooling switches' 'first: pooling switches: position ' \
      'bitlines ' ', bit ' 'PASS  correlations' 'PASS  new weights'
    grep -q 'failures="1"' broken.xml || fail 'JUnit of the broken tile'
  done
done
run 0 build/own_tile --random 5 --set chip.array.kind=analog --set chip.array.rows=16 --row-block 2
prints 'row block 2' "the tile's own pipeline; not compared"
# AddressSanitizer takes an exception on the stack of a SystemC thread for an overflow (its message
# says so); test_tile_fixture has the watchdog under sanitizers.
if [ -z "$flags" ]; then
  run 1 build/own_tile --random 5 --watchdog 50
  prints 'no progress for 50 cycles: idle_o: low after the last update word'
fi
run 2 build/own_tile
prints 'expected --vectors FILE or --random N'
run 2 build/own_tile --random 5 --update-log log.csv
prints 'this tile does not tell its updates'
build/own_tile "$config" --random 5 >/dev/full 2>out && fail 'a full standard output is no failure'
prints 'own_tile: standard output: cannot write: No space left on device'
run 2 build/own_tile --vectors nowhere.npz
prints 'own_tile: nowhere.npz'
[ "$failures" -eq 0 ] && echo passed
exit $((failures > 0))
