#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A sweep that is killed goes on without running a finished point again; what does not fit the
# results file, and keys that are none, are refused. Usage: test_cli_sweep.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR disable=SC2016 # sed's $
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
cat >grid.yaml <<'YAML'
base: tiny.yaml
set: {training.epochs: 2}
axes:
  estimator.kind: [one_sided, symmetric]
  chip.state: [UQ0.4, UQ0.8]
YAML
# edit EXPRESSION: changed.yaml, the grid with a change.
edit() { sed "$1" grid.yaml >changed.yaml; }
# rows FILE: the points without their times.
rows() { cut -d , -f 1-10,13- "$1"; }

# Whole, in one go; by default beside the other runs.
run 0 sweep grid.yaml --threads 1
says 'point 0 (1 of 4)' 'point 3 (4 of 4)' 'results: runs/grid.sqlite   page: runs/grid.sqlite.html'
prints 'Training energy' one_sided UQ0.8
check 'no talk among the data' test "$(wc -l <out)" -eq 6
check 'the page is whole' grep -q '</html>' runs/grid.sqlite.html
run 0 sweep grid.yaml --list --csv
cp out whole.csv
check 'a heading and four points' test "$(wc -l <whole.csv)" -eq 5
check 'four points finished' test "$(grep -c ',finished,' whole.csv)" -eq 4
energies=$(tail -n +2 whole.csv | cut -d , -f 8 | awk '$1 > 0' | sort -u | wc -l)
check 'four energies, of four chips' test "$energies" -eq 4

# Killed in the third point, or soon after it where this test is not called in time.
"$epxbar" sweep grid.yaml -o killed.sqlite --threads 1 >out 2>err &
child=$!
wait_for err 'point 2 (3 of 4)'
kill -s KILL "$child"
wait "$child" 2>/dev/null
check 'the sweep was killed' test "$?" -eq 137
run 0 sweep grid.yaml --list --csv -o killed.sqlite
grep ',finished,' out >before.csv
done=$(wc -l <before.csv)
check 'the sweep was killed after two points at least, before its end' \
  test "$done" -ge 2 -a "$done" -lt 4
run 0 sweep grid.yaml -o killed.sqlite --threads 1
says "point $done ($((done + 1)) of 4)" 'point 3 (4 of 4)'
check 'finished points are not run again' test "$(grep -c '^point' err)" -eq $((4 - done))
run 0 sweep grid.yaml --list --csv -o killed.sqlite
check 'finished points keep their results' diff before.csv <(tail -n +2 out | head -n "$done")
check 'as if not killed' diff <(rows whole.csv) <(rows out)
run 0 sweep grid.yaml -o killed.sqlite --threads 1
check 'nothing is left to run' test "$(grep -c '^point' err)" -eq 0

# Interrupted by the user; a second process meanwhile.
long=(sweep grid.yaml -o stopped.sqlite --set training.epochs=5000 --threads 1)
"$epxbar" "${long[@]}" >out 2>err.first &
child=$!
wait_for err.first 'epoch 1/5000'
run 0 sweep grid.yaml --list --csv -o stopped.sqlite
prints ',running,'
run 1 "${long[@]}"
says 'stopped.sqlite: another process is running this sweep'
kill -s INT "$child"
wait "$child"
check 'an interrupted sweep ends with 1' test "$?" -eq 1
check 'it says how to go on' grep -q 'interrupted in epoch .*; the same command goes on' err.first
run 0 sweep grid.yaml --list --csv -o stopped.sqlite
check 'the point waits to be run' test "$(grep -c ',pending,' out)" -eq 4

# Formats.
run 0 sweep grid.yaml --list
prints 'Test error' finished
run 0 sweep grid.yaml --list --markdown
prints '| Point |'
refuse 2 'none.sqlite: cannot open the sweep' sweep grid.yaml --list -o none.sqlite

# Another sweep into the same results.
cp runs/grid.sqlite before.sqlite
edit 's/epochs: 2/epochs: 3/'
refuse 2 'training.epochs is 2 in the file, 3 in this sweep' sweep changed.yaml -o runs/grid.sqlite
edit 's/UQ0.4, UQ0.8/UQ0.4, UQ0.6/'
refuse 2 'value 2 of axis chip.state is UQ0.8 in the file, UQ0.6 in this sweep' \
  sweep changed.yaml -o runs/grid.sqlite
refuse 2 'training.seed is 1 in the file, 9 in this sweep' sweep grid.yaml --set training.seed=9
cmp -s before.sqlite runs/grid.sqlite || {
  run 0 sweep grid.yaml --list --csv
  check 'the results are untouched' diff whole.csv out
}
refuse 2 'tiny.yaml: found no SQLite database' sweep grid.yaml -o tiny.yaml

# Wrong sweeps leave no results behind.
edit 's/chip.state/chip.stat/'
refuse 2 'changed.yaml: axes: chip.stat: found an unknown key; did you mean state?' \
  sweep changed.yaml
edit 's/UQ0.8/8/'
refuse 2 'changed.yaml: axes: chip.state: found 8; expected a Q-format' sweep changed.yaml
edit 's/training.epochs/training.epoch/'
refuse 2 'changed.yaml: set: training.epoch: found an unknown key; did you mean epochs?' \
  sweep changed.yaml
edit 's/base: tiny/base: tony/'
refuse 2 'tony.yaml: cannot open' sweep changed.yaml
edit 's/^axes:/axis:/'
refuse 2 'changed.yaml:3:1: axis: expected base, set or axes' sweep changed.yaml
edit 's/chip.state: .*/chip.state: UQ0.4/'
refuse 2 'changed.yaml:5:15: axes.chip.state: expected a list of 1 to 256 values' sweep changed.yaml
edit '/^axes/,$d'
refuse 2 'axes: missing; a sweep needs at least one axis' sweep changed.yaml
refuse 2 'missing.yaml: cannot open' sweep missing.yaml
refuse 2 '--set chip.state=UQ0.6: no effect' \
  sweep grid.yaml --set chip.state=UQ0.6 -o changed.sqlite
check 'no results of wrong sweeps' absent runs/changed.sqlite
check 'no results of a wrong override' absent changed.sqlite

# No data: the first point ends the sweep, which can go on later.
run 2 sweep grid.yaml -o nodata.sqlite --set data.set=cifar10 --data nowhere
says 'nowhere: No such file or directory' 'script/fetch-cifar10'
run 0 sweep grid.yaml --list --csv -o nodata.sqlite
check 'no point has failed' test "$(grep -c ',pending,' out)" -eq 4

# A point that cannot be: the others are run, the exit code tells.
edit 's/estimator.kind: .*/chip.array.kind: [digital, analog]/
  s/chip.state: .*/chip.array.adc_bits: [1, 8]/'
run 1 sweep changed.yaml --threads 1
says 'point 2 failed: changed.yaml: axes: chip.array.adc_bits: 1;' '1 of 4 points failed'
check 'the other points are run' test "$(grep -c ' finished ' out)" -eq 3
finish
