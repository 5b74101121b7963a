#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A run that goes on says what was changed and keeps it; one that is refused leaves nothing behind.
# Usage: test_cli_history.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR disable=SC2317 # functions called by check
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
# json FILE CONDITION: on the record r, in Python.
json() {
  "$python3" -c "import json, sys; r = json.load(open(sys.argv[1])); sys.exit(not ($2))" "$1"
}
# rates FOLDER: learning rates of the epochs, in training.
rates() { grep train "$1/metrics.csv" | cut -d , -f 8 | tr '\n' ' '; }

train=(train --threads 1 --quiet)
run 0 "${train[@]}" tiny.yaml -o two
check 'the schedule is fixed when a run starts' grep -q '^  schedule_epochs: 2$' two/config.yaml
check 'the history begins with the start' json two/manifest.json \
  "[(e['epoch'], e['changes']) for e in r['history']] == [(0, [])]"
first=$(rates two)

# More epochs: the rate goes on as the schedule says, which is said.
cp -r two four
run 0 "${train[@]}" --resume four --set training.epochs=4
says 'four goes on after epoch 2' 'training.epochs: 4, was 2' \
  'epochs 3 to 4 train at training.final_learning_rate 1e-05' 'training.schedule_epochs 2' \
  '--set training.schedule_epochs=4 stretches it'
what='learning rates of a longer run'
[ "$(rates four)" = "${first}1.0000000000000001e-05 1.0000000000000001e-05 " ] ||
  fail "found $(rates four)"
check 'the history says it' json four/manifest.json "[(e['epoch'], e['changes']) for e in
  r['history']] == [(0, []), (2, [{'key': 'training.epochs', 'was': '2', 'now': '4'}])]"
check 'the command of the start stays' json four/manifest.json \
  "'tiny.yaml' in r['command_line'] and 'resume' in r['history'][1]['command_line']"
run 0 "${train[@]}" tiny.yaml --set training.epochs=4 --set training.schedule_epochs=2 -o whole
check 'the same arrays as in one go' same_checkpoint four whole
check 'the same losses as in one go' same_metrics four whole
run 0 "${train[@]}" --resume four --set training.epochs=5
check 'the history grows' json four/manifest.json \
  "[e['epoch'] for e in r['history']] == [0, 2, 4] and r['config']['training.epochs'] == '5'"

# A schedule that is stretched is said, and the rate that comes of it.
cp -r two stretched
run 0 "${train[@]}" --resume stretched --set training.epochs=4 --set training.schedule_epochs=4
says 'training.schedule_epochs: 4, was 2' 'learning rate of epoch 3: 0.125'
cp -r two again
run 0 "${train[@]}" --resume again --set training.epochs=4 --set training.schedule_epochs=0
says 'training.schedule_epochs: 4, was 2'

# An edited config.yaml is a change like any other.
cp -r two edited
sed -i -e 's/^  epochs: 2$/  epochs: 3/' -e 's/^  momentum: .*/  momentum: 0.5/' \
  -e 's/^  final_learning_rate: .*/  final_learning_rate: 0.001/' edited/config.yaml
run 0 "${train[@]}" --resume edited
says 'training.momentum: 0.5, was 0.9' 'training.final_learning_rate: 0.001, was 1e-05'
check 'and in the history' json edited/manifest.json "sorted(c['key'] for c in
  r['history'][1]['changes']) == ['training.epochs', 'training.final_learning_rate',
  'training.momentum'] and r['history'][1]['epoch'] == 2"
run 0 report edited -o page.html
for text in 'training.momentum' '0.9' 'after epoch 2'; do
  check "the report has $text" grep -q -F "$text" page.html
done
run 0 "${train[@]}" --resume two
says 'two: finished already, after epoch 2'
check 'a finished run does not go on' test "$(grep -c 'goes on' err)" -eq 0
check 'what is not changed is not said' test "$(grep -c ', was ' err)" -eq 0

# What would make another run of it.
cp -r two other
# another KEY VALUE SED: refused, by option and by edit, and the folder stays as it is.
another() {
  refuse 2 "$1=$2 would make another run of it" train --resume other --set "$1=$2"
  cp two/config.yaml other/config.yaml
  sed -i -e "$3" other/config.yaml
  check "an edit of $1" test -n "$(diff two/config.yaml other/config.yaml)"
  cp other/config.yaml edit.yaml
  refuse 2 "$1=$2 would make another run of it, which was made with" train --resume other \
    --set training.epochs=9
  check 'the edit stays' cmp other/config.yaml edit.yaml
  cp two/config.yaml other/config.yaml
  check 'the run stays' diff -r two other
}
another training.seed 3 '/^training:/,/^data:/s/^  seed: .*/  seed: 3/'
another data.seed 5 '/^data:/,/^chip:/s/^  seed: .*/  seed: 5/'
another data.train_count 80 's/^  train_count: .*/  train_count: 80/'
another network.activation hard_sigmoid 's|^  activation: .*|  activation: hard_sigmoid|'
another chip.state UQ0.6 's/^  state: .*/  state: UQ0.6/'
another chip.synapse.format Q1.5 's/^    format: .*/    format: Q1.5/'
another substrate.kind golden 's/^  kind: twin$/  kind: golden/'
another training.init_scale 2 's/^  init_scale: .*/  init_scale: 2/'
sed -i 's/units: 4\|conv: 4,/conv: 5,/' other/config.yaml
refuse 2 'network.layers=' train --resume other
cp two/config.yaml other/config.yaml
sed -i 's/"training.momentum": "0.9"/"training.momentum": "0.8"/' other/manifest.json
refuse 2 'other/manifest.json: config: its digest is' train --resume other

# Commands that measure a run say where its configuration is not that of its training.
rm -rf other
cp -r two other
sed -i 's/^  beta: .*/  beta: 0.25/' other/config.yaml
edited='other/config.yaml was edited after the training'
run 0 gradient --run other --images 1 --beta 1 --threads 1
says "$edited" 'estimator.beta: 0.25, was 0.5'
run 0 tile --run other --images 1 --threads 1
says "$edited" 'estimator.beta: 0.25, was 0.5'
run 0 converge --run other --images 1 --state-bits 8-8 --synapse-bits none --adc-bits none --threads 1
says "$edited"
run 0 tile --run two --images 1 --threads 1 --set estimator.beta=0.25
quiet

# A run of a version without history goes on, its schedule with it.
cp -r two old
"$python3" - old/manifest.json <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
del r["history"], r["config_digest"]
r["config"]["training.schedule_epochs"] = "0"
json.dump(r, open(sys.argv[1], "w"))
PY
sed -i 's/^  schedule_epochs: .*/  schedule_epochs: 0/' old/config.yaml
run 0 "${train[@]}" --resume old --set training.epochs=4
check 'the same arrays' same_checkpoint old whole
check 'its history begins where it can' json old/manifest.json \
  "[e['epoch'] for e in r['history']] == [0, 2]"

# Files that an editor saved with a byte-order mark.
cp -r two marked
marked() { for file in "$@"; do { printf '\xef\xbb\xbf' && cat "$file"; } >mark && mv mark "$file"; done; }
cp "$here/../../configs/technologies/32nm.yaml" marked.yaml
printf 'base: tiny.yaml\nset: {training.epochs: 1}\naxes: {training.seed: [1]}\n' >sweep.yaml
marked marked/config.yaml marked/manifest.json marked/metrics.csv marked.yaml sweep.yaml
run 0 "${train[@]}" --resume marked --set training.epochs=3 --set chip.technology=marked.yaml
check 'marks are no part of keys' grep -q '^epoch,split' marked/metrics.csv
marked marked/metrics.csv marked/manifest.json marked/cost.json
run 0 report marked -o page.html
run 0 sweep sweep.yaml --threads 1 --quiet -o marked.sqlite
printf 'training: {\xef\xbb\xbfepochs: 1}\n' >inside.yaml
refuse 2 'inside.yaml:1:12: found a byte-order mark' config inside.yaml

# What is refused leaves no folder.
# leaves_nothing TEXT ARGUMENT...
leaves_nothing() {
  local text=$1
  shift
  refuse 2 "$text" train tiny.yaml -o new/run "$@"
  check 'no folder' absent new
}
printf 'name: broken\nnode: many\n' >broken.yaml
leaves_nothing 'nowhere.yaml' --set chip.technology=nowhere.yaml
leaves_nothing 'broken.yaml:' --set chip.technology=broken.yaml
leaves_nothing 'nowhere.yaml' --set chip.technology=nowhere.yaml --set chip.event_driven=true
leaves_nothing 'nowhere.yaml' --set chip.technology=nowhere.yaml --set chip.stop_settled=true
leaves_nothing 'chip.noc' --set chip.noc.mesh_columns=1 --set chip.noc.mesh_rows=1
leaves_nothing 'chip.noc' --set chip.noc.mesh_columns=1 --set chip.noc.mesh_rows=2 \
  --set chip.event_driven=true
leaves_nothing 'none' --set data.set=cifar10 --data none
leaves_nothing 'none' --set data.set=idx --data none
leaves_nothing 'training.epochs' --set training.epochs=0
leaves_nothing 'training.learning_rate' --set 'training.learning_rate=[1, 2]'

# A start that came to nothing does not hold its folder; a run without its checkpoint does.
mkdir start
cp two/config.yaml two/manifest.json start
head -n 1 two/metrics.csv >start/metrics.csv
refuse 2 'start/checkpoint.npz' train --resume start
run 0 "${train[@]}" tiny.yaml -o start
check 'the same arrays' same_checkpoint start two
rm start/checkpoint.npz
refuse 2 'start/manifest.json: the folder already holds a run' train tiny.yaml -o start
finish
