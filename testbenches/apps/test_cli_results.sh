#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What follows a training: the tile in SystemC, gradients, the report.
# Usage: test_cli_results.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # awk's $; json() is called by check
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
# json FILE CONDITION: on the record r, in Python.
json() {
  "$python3" -c "import json, sys; r = json.load(open(sys.argv[1])); sys.exit(not ($2))" "$1"
}

run 0 train tiny.yaml --threads 1 -o twin
run 0 train tiny.yaml --threads 1 --set substrate.kind=golden -o golden
for file in config.yaml manifest.json metrics.csv checkpoint.npz cost.json; do
  check "the run has $file" test -s "twin/$file"
done
check 'a golden model costs nothing' absent golden/cost.json
run 0 config twin/config.yaml
check 'the run keeps its whole configuration' cmp out twin/config.yaml

# An account that depends on the images comes with the first epoch, and spares something.
run 0 train tiny.yaml --threads 1 --set chip.event_driven=true -o events
says 'of the line drives and'
check 'driving only changes trains the same' cmp twin/checkpoint.npz events/checkpoint.npz
check 'no measurement where none is needed' json twin/cost.json "'measured' not in r"
check 'the account is measured' json events/cost.json \
  "r['measured']['training_images'] > 0 and r['measured']['inference_images'] == 32"
python_saved='min(s["made"] / s["whole"] for s in r["measured"]["savings"]) < 0.5'
check 'and lines are spared' json events/cost.json "$python_saved"
run 0 report events -o events.html
check 'the report shows it' grep -q 'Steps and events made' events.html

# Pulses are no savings: how many there are, in an update and a weight.
run 0 train tiny.yaml --threads 1 --set training.epochs=1 --set chip.array.kind=analog \
  --set chip.array.bits_per_cell=8 --set chip.array.adc_bits=16 \
  --set chip.array.pulses.preset=ReRAM-SB -o pulses
says ' pulses an update, '
! grep -q 'of the line drives' err || fail 'something is said to be spared'
check 'pulses are measured' json pulses/cost.json \
  "r['measured']['pulses']['an_update'] > 0 and 'savings' not in r['measured']"
run 0 train tiny.yaml --threads 1 -q -o still
quiet
silent

# Beyond every price's law a chip has events, cycles and latencies, and the reason why no energies.
dear=(tiny.yaml --threads 1 --set training.epochs=1 --set chip.array.kind=analog
  --set chip.array.adc.kind=sar --set chip.timing.convert_cycles=1000000)
run 0 train "${dear[@]}" -q -o dear
says 'no energies: ' 'adc_sar.rate: found'
check 'no energy is recorded' json dear/cost.json \
  "all(r[s]['energy_uj'] is None and r[s]['low'] is None for s in ('inference', 'training'))"
check 'nor of an event' json dear/cost.json \
  "all(c['energy_nj'] is None and c['unit_energy_pj'] is None and c['events'] > 0 for c in r['training']['components'])"
check 'but latencies and cycles' json dear/cost.json \
  "r['inference']['latency_us'] > 1000 and r['cycles']['training']['total'] > 1e6"
check 'and the reason' json dear/cost.json "'adc_sar.rate: found' in r['unpriced']"
check 'which is not there where there are energies' json twin/cost.json "'unpriced' not in r"
run 0 report dear -o dear.html
check 'the report says so' grep -q 'No energies: .*adc_sar.rate: found' dear.html
check 'and shows cycles' grep -q 'Latency and cycles' dear.html
run 0 report dear twin -o two.html
cat >prices.yaml <<'YAML'
base: tiny.yaml
axes:
  chip.timing.convert_cycles: [1, 1000000]
YAML
run 0 sweep prices.yaml --csv "${dear[@]:3:6}" -q -o prices.sqlite
check 'one point of a sweep is priced' grep -q '^0,1,finished,[^n]*,$' out
check 'one says why not' grep -q '^1,1000000,finished,.*,,,[0-9.]*,.*no energies: .*adc_sar.rate: found' out

# What clips is counted, said where it is much, and shown; ranges of a batch with room clip little.
run 0 train tiny.yaml --threads 1 --set training.epochs=1 --set chip.array.kind=analog \
  --set chip.array.adc.kind=sar --set chip.array.adc.reach=weights --set chip.array.adc.range=0.05 \
  -o clipping
says 'epoch 1  sums beyond their converter' 'conv0 forward' 'chip.array.adc.range'
check 'clips are recorded' awk -F, \
  'NR > 1 && $5 > 0 {clips += 1} NR > 1 && $3 == "backward" {back += 1}
   END {exit !(clips > 1 && back > 1)}' clipping/clips.csv
run 0 report clipping -o clipping.html
check 'the report shows clips' grep -q 'Clipped conversions' clipping.html
run 0 train tiny.yaml --threads 1 --set training.epochs=1 --set chip.array.kind=analog \
  --set chip.array.adc.kind=sar --set chip.array.adc.reach=batch_lines -o roomy
what='a batch with headroom'
! grep -q 'sums beyond' err || fail 'clips are said where there are hardly any'
check 'and clips little' awk -F, 'NR > 1 && $5 > 0.01 * $4 {bad = 1} END {exit bad}' roomy/clips.csv
check 'nothing to count where nothing is lost' absent twin/clips.csv

# The tile of every state layer.
for layer in 0 1; do
  run 0 tile --run twin --layer "$layer" --images 1 --threads 1
  quiet
  prints "tile conv$layer" 'forward product' 'new weights' 'of which 0 differ'
  check 'every value agrees' test "$(grep -c ' differing$' out)" -ge 8
  what="tile, layer $layer"
  ! grep ' differing$' out | grep -v ' 0 differing$' || fail 'some values differ'
  check 'tile.json agrees' json twin/tile.json \
    "r['differing'] == 0 and r['layer'] == 'conv$layer' and r['images'] == 1"
done
run 0 tile --run twin --images 1 --vcd tile.vcd --threads 1
check 'a waveform' grep -q '^\$enddefinitions' tile.vcd
refuse 2 'layer 3; expected 0 to 2' tile --run twin --layer 3
refuse 2 'tile 7,0 of layer 1; expected row block 0 to 0' tile --run twin --row-block 7
refuse 2 '--images 40: the test part has 32 images' tile --run twin --images 40
refuse 2 'golden: substrate.kind is golden' tile --run golden
refuse 2 'nowhere/config.yaml: cannot open' tile --run nowhere

# Gradients.
run 0 gradient --run twin --images 4 --beta 0.1,1 --pool max,avg --twin --threads 1
says 'the twin is left out with avg'
prints 'max   symmetric golden' 'avg   one_sided golden' 'max   one_sided twin'
check 'gradient.json has a row for each layer, beta, pooling, estimator and model' json \
  twin/gradient.json "len(r['rows']) == 3 * 3 * 2 * (2 + 1)"
run 0 gradient tiny.yaml --images 2 --beta 1 -o elsewhere --threads 1
check 'gradient.json where asked' test -s elsewhere/gradient.json
# With average pooling, settled states and a small beta the estimate is the gradient.
run 0 gradient tiny.yaml --images 4 --beta 0.01 --pool avg --threads 1 \
  --set dynamics.free_steps=150 --set dynamics.nudged_steps=15
check 'the symmetric estimate agrees' awk '/symmetric golden/ { found = 1
  for (i = 1; i < NF; ++i) if ($i ~ /^(conv|readout)/ && $(i + 1) < 0.999) bad = 1 }
  END { exit !found || bad }' out
refuse 2 '--images 40: the test part has 32 images' gradient tiny.yaml --images 40 --threads 1
refuse 2 'nowhere/config.yaml: cannot open' gradient --run nowhere

# The report: all in one file.
run 0 report twin golden -o page.html
quiet
check 'stdout is the path' test "$(cat out)" = page.html
for text in '<!doctype html' '</html>' twin golden 'Learning curve' Gradient Energy Latency \
  SystemC Settings 'not photographs'; do
  what="report: $text"
  grep -q -i -F -e "$text" page.html || fail 'not on the page'
done
what='report: offline'
! grep -o -i -E '(src|href|action|data)[[:space:]]*=[[:space:]]*["'\'']?(https?:)?//[^ >]*' \
  page.html || fail 'the page loads from elsewhere'
! grep -o -i -E '(@import|url\()[^;]*//[^;]{0,60}' page.html || fail 'a style loads from elsewhere'
! grep -o -i -E '<(script|img|iframe|link)[^>]*(src|href)=[^>]*>' page.html | grep -v 'data:' ||
  fail 'the page needs another file'
run 0 report twin
check 'the default page' test -s twin/report.html
refuse 2 'nowhere: found no record of a run' report nowhere
refuse 1 'no/page.html' report twin -o no/page.html
printf '{' >golden/manifest.json
refuse 2 'golden/manifest.json' report twin golden -o page.html
finish
