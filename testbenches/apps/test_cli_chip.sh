#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The whole chip against the twin, from the command line: the table, the verdict's file, waveforms,
# stalls, and each thing that the chip has not. Usage: test_cli_chip.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

# An idx data set of which there are no files: images may have any size, and none is read.
cat >chip.yaml <<'YAML'
network: {input: [1, 6, 6], layers: [{conv: 4, pool: max}, {dense: 5}], classes: 3}
dynamics: {free_steps: 8, nudged_steps: 4}
training: {learning_rate: [0.2, 0.1, 0.1]}
chip: {array: {rows: 16, columns: 24}}
data: {set: idx}
YAML

# passes: eight rows of the table of comparisons, all equal. results: those rows.
results() { grep -E '^  (PASS|FAIL)' out; }
passes() {
  [ "$(results | grep -c '^  PASS .* compared  0 differing$')" -eq 8 ] || fail 'not eight times PASS'
  results | grep -q FAIL && fail 'FAIL in the table'
}
# cycles COMMAND: SystemC's. times COMMAND: how often it was made.
cycles() { sed -n -E "s/^  $1 +[0-9]* +([0-9]+) +[0-9]+ +[-.0-9]+ %$/\1/p" out; }
times() { sed -n -E "s/^  $1 +([0-9]+) .*/\1/p" out; }
# closed COMMAND: the closed form's cycles of one.
closed() { echo $(($(sed -n -E "s/^  $1 +[0-9]+ +[0-9]+ +([0-9]+) .*/\1/p" out) / $(times "$1"))); }

run 0 chip chip.yaml --random 2 --junit verdict.xml
passes
prints 'chip of ' ' tiles, 2 images, one training step'
says 'cycles/s'
for row in states switches predictions 'shadow weights' velocities biases LFSRs 'event counters'; do
  results | grep -q -F "PASS  $row " || fail "no row for $row"
done
check 'steps of both phases, two images' test "$(times 'free step') $(times 'nudged step')" = '16 16'
check 'one update' test "$(times update)" = 1
plain=$(cycles all)
plain_step=$(closed 'free step')
results >results.plain
check 'cycles' test "$plain" -gt 1000

# The same verdict for machines.
junit() {
  "$python3" - "$1" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == "testsuites" and len(root) == 1, root.tag
suite = root[0]
assert suite.get("name") == "epxbar chip" and suite.get("failures") == "0", suite.attrib
assert suite.get("errors") == "0" and float(suite.get("time")) >= 0.0, suite.attrib
cases = suite.findall("testcase")
assert int(suite.get("tests")) == len(cases) == 8, suite.attrib
assert "states" in [case.get("name") for case in cases]
assert all(int(case.get("assertions")) > 0 and len(case) == 0 for case in cases)
PYTHON
}
check 'JUnit XML' junit verdict.xml
run 1 chip chip.yaml --random 1 --junit missing/verdict.xml
says 'missing/verdict.xml'

# Without data there are no images of the test part.
refuse 2 'train-images-idx3-ubyte' chip chip.yaml --images 1

# Stalls change cycles, and nothing else.
run 0 chip chip.yaml --random 2 --stalls 7
passes
results >results.stalled
prints 'with stalls; the closed form has none'
stalled=$(cycles all)
check 'stalls take time' test "$stalled" -gt "$plain"
check 'and change no result' cmp results.plain results.stalled
run 0 chip chip.yaml --random 2 --stalls 8
check 'another seed stalls otherwise' test "$(cycles all)" -ne "$stalled"
run 0 chip chip.yaml --random 2 --stalls 7
check 'the same seed stalls the same' test "$(cycles all)" -eq "$stalled"
run 0 chip chip.yaml --random 2 --stalls 7 --stall-percent 70
passes
check 'more stalls take more time' test "$(cycles all)" -gt "$stalled"
run 0 chip chip.yaml --random 2 --stall-percent 0 --stalls 7
check 'no stalls' test "$(cycles all)" -eq "$plain"

# A phase that ends where it has settled: fewer steps, which the closed form knows.
run 0 chip chip.yaml --random 2 --set chip.stop_settled=true --set dynamics.free_steps=60
passes
check 'steps are spared' test "$(times 'free step')" -lt 120
check 'and their cycles' test "$(closed 'free step')" -eq "$plain_step"

# Driving only changes: fewer events, which the twin counts, and the same results where nothing is lost.
run 0 chip chip.yaml --random 2
results >results.plain
run 0 chip chip.yaml --random 2 --set chip.event_driven=true
passes
results >results.events
check 'driving only changes alters no result' cmp results.plain results.events
prints 'free states: all'
check 'fewer lines are driven' grep -q -E '^  line_drives +[0-9]+ +[0-9]+ +[0-9]{1,2}\.[0-9]+ %$' out
run 0 chip chip.yaml --random 2 --set chip.event_driven=true --set chip.array.kind=analog \
  --set chip.array.adc.kind=sar --set chip.array.adc_bits=3
passes
prints 'against a chip that drives everything: '

# Every estimator; both rules of unidirectional connections, whose backward weights have tiles of
# their own; an analog array; what the chip has not.
for estimator in one_sided random_sign richardson; do
  run 0 chip chip.yaml --random 1 --set estimator.kind="$estimator"
  passes
done
tiles() { sed -n -E 's/^chip of ([0-9]+) tiles.*/\1/p' out; }
both_ways=$(tiles)
for rule in same different; do
  run 0 chip chip.yaml --random 1 --set network.connections=unidirectional \
    --set network.backward_rule=$rule
  passes
  check 'the dense layer has its tiles twice' test "$(tiles)" -gt "$both_ways"
done
run 0 chip chip.yaml --random 1 --set chip.array.kind=analog
passes
refuse 2 'network.layers[0]: the twin models pool max or none' chip chip.yaml --random 1 \
  --set 'network.layers=[{conv: 4, pool: avg}, {dense: 5}]'
refuse 2 'estimator.continual: the twin' chip chip.yaml --random 1 --set estimator.continual=true
refuse 2 'dynamics.update: the twin is synchronous' chip chip.yaml --random 1 \
  --set dynamics.update=alternating
refuse 2 'chip.noc.mesh_rows: 2; the network takes' chip chip.yaml --random 1 --junit error.xml \
  --set chip.noc.mesh_rows=2 --set chip.noc.mesh_columns=2
check 'JUnit: an error' "$python3" -c "import xml.etree.ElementTree as tree
suite = tree.parse('error.xml').getroot()[0]
assert suite.attrib['errors'] == '1' and suite.attrib['failures'] == '0', suite.attrib
assert 'chip.noc.mesh_rows: 2' in suite[0].find('error').get('message')"
refuse 2 'substrate.kind: golden; the chip is compared with a twin' chip chip.yaml --random 1 \
  --set substrate.kind=golden

# Waveforms: whole, with the controller's commands and every tile, router and step.
run 0 chip chip.yaml --random 2 --vcd wave.vcd
passes
commands=$(awk '$2 ~ /^[0-9]+$/ || $3 ~ /^[0-9]+$/ { n += $(NF - 4) } END { print n }' <(
  grep -E '^  (load|free step|nudged step|predict|store|recall|correlate|update) ' out))
waves=$("$python3" "$here/read_vcd.py" wave.vcd time SystemC.chip.controller.sequence \
  SystemC.chip.controller.command SystemC.chip.controller.image SystemC.chip.readout_r0_c0.working \
  SystemC.chip.conv0_r0_c0.tile.phase SystemC.chip.router_conv0_r0_c0.west_sends 2>&1)
what='the waveform'
[ "$waves" = "$((($(cycles all) - 1) * 1000))
$commands
7
1
0
0
0" ] || fail "reads: $waves"
run 0 chip chip.yaml --random 2 --vcd wave.vcd --set chip.timing.clock_mhz=1e-37
passes

# Parts of it, by tiles, cycles and commands, are the whole's in every change of every signal.
run 0 chip chip.yaml --random 1 --vcd whole.vcd
part() { # SIGNALS ARGUMENT...
  local signals=$1 shown
  shift
  run 0 chip chip.yaml --random 1 --vcd part.vcd "$@"
  passes
  shown=$("$python3" "$here/vcd_part.py" part.vcd whole.vcd 2>&1) || fail "$shown"
  check "times and signals of $*" test "${shown#* }" = "$signals"
}
last=$((($(cycles all) - 1) * 1000))
all=$("$python3" "$here/read_vcd.py" whole.vcd signals)
part "$last 6" --vcd-tiles none
run 0 chip chip.yaml --random 1 --vcd part.vcd --vcd-tiles readout_r0_c0
tile=$(($("$python3" "$here/read_vcd.py" part.vcd signals) - 6)) # of a tile and its router
check 'a tile and its router' test "$(grep -E -c '^\$scope module (router_)?[a-z]+[0-9]*_r' part.vcd)" -eq 2
part "$last $((6 + 2 * tile))" --vcd-tiles 'readout*,0'
part "$last $((6 + 2 * tile))" --vcd-tiles '[08],8,readout_r0_c?'
part "$last $all" --vcd-cycles 500-
part "900000 $all" --vcd-cycles 500-900
part "500000 $all" --vcd-cycles 500
part "700000 6" --vcd-cycles -700 --vcd-tiles none
run 0 chip chip.yaml --random 1 --vcd part.vcd --vcd-commands 12-14 --vcd-tiles none
check 'commands 12 to 14' test "$("$python3" "$here/read_vcd.py" part.vcd \
  SystemC.chip.controller.sequence)" = 14
check 'from the first of them' grep -q '^b1100 ' part.vcd
check 'and none before' test "$(grep -c '^b1011 ' part.vcd)" -eq 0
refuse 2 "no tile matches 'conv9*'; they are 0 (conv0_r0_c0) to 8 (readout_r0_c0)" chip chip.yaml \
  --random 1 --vcd part.vcd --vcd-tiles 'readout*,conv9*'
refuse 2 "no tile matches ''" chip chip.yaml --random 1 --vcd part.vcd --vcd-tiles 0,
refuse 2 'waveform of commands 27 to 27: there are 26' chip chip.yaml --random 1 --vcd part.vcd \
  --vcd-commands 27
refuse 2 'cycles 9 to 7: it would end before it begins' chip chip.yaml --random 1 --vcd part.vcd \
  --vcd-cycles 9-7
refuse 2 'ended before it was to begin' chip chip.yaml --random 1 --vcd part.vcd \
  --vcd-cycles 100000-
refuse 2 '--vcd-cycles -: expected FIRST-LAST' chip chip.yaml --random 1 --vcd part.vcd \
  --vcd-cycles -
refuse 2 '--vcd-commands 0: expected a whole number, 1 to' chip chip.yaml --random 1 \
  --vcd part.vcd --vcd-commands 0-3
refuse 2 'go with --vcd' chip chip.yaml --random 1 --vcd-tiles 0
run 0 chip "$here/../../configs/demo.yaml" --random 1 --vcd part.vcd \
  --vcd-tiles 'conv1_r0_c0,readout*' --vcd-commands 1-3 --set dynamics.free_steps=2 \
  --set dynamics.nudged_steps=1
check 'the save file fits the waveform' "$python3" "$here/wave_names.py" part.vcd \
  "$here/../../examples/chip.gtkw"
refuse 2 'waveform file wave.txt; expected a name that ends in .vcd' chip chip.yaml --random 1 \
  --vcd wave.txt
refuse 1 '--vcd missing/wave.vcd: cannot write there' chip chip.yaml --random 1 \
  --vcd missing/wave.vcd
what='epxbar chip, files of at most 64 KiB'
(
  trap '' XFSZ
  ulimit -f 64
  exec "$epxbar" chip chip.yaml --random 1 --vcd wave.vcd
) >out 2>err
found=$?
[ "$found" -eq 1 ] || fail "exit code $found, expected 1"
silent
says 'cannot write the waveform file wave.vcd whole'

# Meshes: more columns than tiles are not built.
run 0 chip chip.yaml --random 1 --set chip.noc.mesh_columns=65536
passes

# A trained network, on images of its data set.
run 0 train tiny.yaml --threads 1 --quiet --set training.epochs=1 -o trained
run 0 chip --run trained --images 2 --set dynamics.free_steps=2 --set dynamics.nudged_steps=1
passes
prints '2 images'

# Its registers are codes: under another format they would be other weights.
for key in chip.synapse.format=Q1.5 chip.synapse.format=Q0.7 chip.synapse.shadow_bits=7 \
  chip.velocity=Q7.20 chip.bias=Q3.18; do
  refuse 2 "${key%=*}" chip --run trained --set "$key"
  says 'trained/checkpoint.npz: the codes of ' 'this configuration would read them as'
  refuse 2 "${key%=*}" tile --from-run trained --set "$key"
done
run 0 chip --from-run trained --image 5 --set dynamics.free_steps=2 --set dynamics.nudged_steps=1 \
  --vcd fifth.vcd --vcd-tiles conv0_r0_c0
passes
sums() { grep -A 100000 enddefinitions "$1" | cksum; }
fifth=$(sums fifth.vcd)
run 0 chip --run trained --image 4 --images 2 --set dynamics.free_steps=2 \
  --set dynamics.nudged_steps=1
passes
run 0 chip --run trained --set dynamics.free_steps=2 --set dynamics.nudged_steps=1 \
  --vcd first.vcd --vcd-tiles conv0_r0_c0
check 'another image, another waveform' test "$(sums first.vcd)" != "$fifth"
refuse 2 '--image 31: the test part has 32 images; expected 0 to 30' chip --run trained --image 31 \
  --images 2
refuse 2 '--random draws its images' chip chip.yaml --random 1 --image 0

# Logs of updates and of pulses.
short=(--set dynamics.free_steps=1 --set dynamics.nudged_steps=1)
pulses=(--set chip.array.kind=analog --set chip.array.bits_per_cell=8 --set chip.array.adc_bits=16
  --set chip.array.pulses.preset=ReRAM-SB)
run 0 chip --run trained "${short[@]}" "${pulses[@]}" --update-log log.csv --pulse-log pulses.csv
passes
check 'pulses of every layer' test "$(tail -n +2 pulses.csv | cut -d, -f3 | sort -u | wc -l)" -eq 3
check 'updates of every layer' test "$(tail -n +2 log.csv | cut -d, -f3 | sort -u | wc -l)" -eq 3
limited 1 1 chip --run trained "${short[@]}" "${pulses[@]}" --pulse-log full.csv
says 'cannot write the pulse log full.csv: File too large'
check 'no whole line was written, so nothing is kept' absent full.csv.partial
limited 1 1 chip --run trained "${short[@]}" --update-log full.csv
says 'cannot write the update log' 'what there is of it: full.csv.partial'
refuse 2 'chip.array.pulses.preset: none; the pulse log pulses.csv is of devices that pulses move' \
  chip --run trained "${short[@]}" --pulse-log pulses.csv

# Arguments.
refuse 2 'not both' chip chip.yaml --run trained
refuse 2 '--random 0: expected a whole number, 1 to 256' chip chip.yaml --random 0
refuse 2 '--images 257: expected a whole number, 1 to 256' chip chip.yaml --images 257
refuse 2 '--stalls -1: expected a whole number' chip chip.yaml --stalls -1
refuse 2 '--stall-percent 91: expected a whole number, 0 to 90' chip chip.yaml --stall-percent 91
refuse 2 'more than one file: a.yaml and b.yaml' chip a.yaml b.yaml
refuse 2 'missing.yaml: cannot open' chip missing.yaml --random 1
refuse 2 'nowhere' chip --run nowhere --random 1
printf 'chip: {noc: {flit_bit: 8}}\n' >bad.yaml
refuse 2 'bad.yaml:1:14: chip.noc.flit_bit: found an unknown key' chip bad.yaml --random 1
finish
