#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tile bench: vectors of every source, verdicts, JUnit, damaged vectors.
# Usage: test_cli_tile.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # awk's $; xml() is called by check
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
# make OUT STEP...: an .npz from others; see make_npz.py.
make() { "$python3" "$here/make_npz.py" "$@" || fail "cannot make $1"; }
# xml FILE CONDITION: on the root element r, in Python.
xml() {
  "$python3" -c "import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot()
sys.exit(not ($2))" "$1"
}
tile=(tile --config tiny.yaml)

# Generated, written, read back: the same tile, with the expected results in the file.
run 0 "${tile[@]}" --random 5 --write-vectors v.npz --junit v.xml
quiet
prints 'tile conv1, row block 0, column block 0; 5 random positions, seed 1' \
  'PASS  forward product ' 'PASS  pooling switches' 'PASS  neuron states' 'PASS  backward product' \
  'PASS  correlations' 'PASS  shadow weights' 'PASS  new weights' 'PASS  velocities' \
  'PASS  biases' 'PASS  LFSR' 'PASS  update' 'of which 0 differ from the closed form'
check 'JUnit: all pass' xml v.xml \
  "r[0].get('failures') == '0' and len(r[0]) == int(r[0].get('tests')) == 14"
cp out random.out
run 0 "${tile[@]}" --vectors v.npz
prints '; v.npz'
check 'the file gives the same verdict' diff <(tail -n +2 random.out) <(tail -n +2 out)
run 0 "${tile[@]}" --random 5 --seed 2 --write-vectors w.npz
check 'another seed, other vectors' test "$(cksum <v.npz)" != "$(cksum <w.npz)"
run 0 "${tile[@]}" --vectors v.npz --write-vectors u.npz
check 'written again: the same arrays' "$python3" -c "import zipfile
a, b = zipfile.ZipFile('v.npz'), zipfile.ZipFile('u.npz')
assert {n: a.read(n) for n in a.namelist()} == {n: b.read(n) for n in b.namelist()}"
run 0 tile tiny.yaml --random 5 --layer 0
prints 'tile conv0'
what='layer 0 feeds nothing back'
! grep -q 'backward product' out || fail 'a backward product'

# Blocks of a small array, digital and analog.
small=(--set chip.array.rows=16 --set chip.array.columns=24)
for kind in digital analog; do
  run 0 "${tile[@]}" --random 4 "${small[@]}" --set "chip.array.kind=$kind" --row-block 1 \
    --column-block 2
  prints 'row block 1, column block 2'
  what="$kind"
  ! grep -q 'biases' out || fail 'biases of a tile that holds none'
done

# Stalls change cycles, not results.
run 0 "${tile[@]}" --random 60 --stalls 3 --stall-percent 90
prints 'PASS  all values' '(with stalls; the closed form has none)'
check 'cycles with stalls' awk '/^        forward/ { ok = $2 > $3 } END { exit !ok }' out

# Wrong expectations: the verdict, the place, the exit code.
make wrong.npz +v.npz 'expect.psum[9]=0' 'expect.weight[20]=1' 'expect.weight[30]=1'
run 1 "${tile[@]}" --vectors wrong.npz --junit wrong.xml
says '3 of ' 'values, 0 event counters and the cycles of 0 operations differ'
prints 'FAIL  forward product' 'vector 1, bitlines 8 to 15 (channel 1), bit ' 'expected 0 (given)' \
  'FAIL  new weights' '2 differing (0 from the reference, 2 from the given values)' \
  'wordline 2, bitline ' 'PASS  shadow weights'
check 'JUnit: two fail' xml wrong.xml "r[0].get('failures') == '2'"
check 'JUnit: where' xml wrong.xml "'vector 1' in r.find('.//failure').get('message')"

# Parts of a job: vectors alone, registers by shadow, any integer type.
weight='weight=i8:36,8:3'
make forward.npz "$weight" 'x=i4:8,36:5'
run 0 "${tile[@]}" --vectors forward.npz
prints 'PASS  forward product            64 compared'
check 'nothing else' test "$(grep -c ' compared ' out)" -eq 2
make shadow.npz 'shadow=i8:36,8:100' 'velocity=i8:36,8:-7' 'bias=i2:8:5' 'bias_velocity=i2:8:5' \
  'lfsr=u8::9' 'circuit=i4:2,4,2:0'
run 0 "${tile[@]}" --vectors shadow.npz
prints 'PASS  LFSR'

# Codes mean what the file's formats say; without formats, what the configuration says, stated.
for key in chip.synapse.format=Q1.5 chip.synapse.format=Q0.7 chip.synapse.shadow_bits=7 \
  chip.velocity=Q7.20 chip.bias=Q3.18 chip.state=UQ0.7; do
  refuse 2 "${key%=*}" "${tile[@]}" --vectors v.npz --set "$key"
done
run 0 "${tile[@]}" --vectors forward.npz
says "forward.npz: no array 'formats'; its codes are taken in the formats of the configuration"

# Damage: each array named, with what was found and expected.
bad() {
  local text=$1
  shift
  make bad.npz "$@"
  refuse 2 "bad.npz: $text" "${tile[@]}" --vectors bad.npz
}
bad "array 'velocity' has no use in this job" +v.npz -shadow
bad "array 'x' is [8, 35] of type |u1; expected [8, 36] of an integer type" +v.npz 'x=u1:8,35:0'
bad "array 'x' is [20, 36] of type <f4; expected" +v.npz 'x=f4:20,36:0'
bad "array 'x' has 19 vectors; expected whole windows of 4" +v.npz 'x=u1:19,36:0'
bad "array 'x' holds the code 256 at element 3; its format has 0 to 255" +v.npz 'x=i4:20,36:0' \
  'x[3]=256'
bad "array 'post' holds the code -1 at element 0" +v.npz 'post=i1:5,8:0' 'post[0]=-1'
bad "array 'post_switches' holds the code 4" +v.npz 'post_switches[1]=4'
bad "array 'operand' is [20, 8]" +v.npz 'operand=i8:20,8:0'
bad "array 'operand' holds the code 2147483648" +v.npz 'operand[2]=2147483648'
bad "array 'pre' is [5, 36]" +v.npz 'pre=u1:5,36:0'
bad "array 'coefficient' holds the code 9" +v.npz 'coefficient[1]=9'
bad "array 'weight' holds the code 128" +v.npz 'weight=i4:36,8:0' 'weight[7]=128'
bad "array 'shadow' holds the code 32768" +v.npz 'shadow[7]=32768'
bad "array 'lfsr' holds the code 0 at element 0" +v.npz 'lfsr=u4::0'
bad "array 'lfsr' is [1]" +v.npz 'lfsr=u4:1:3'
bad "array 'circuit', weight momentum: mantissa 7, shift " +v.npz 'circuit[2]=7'
bad "array 'circuit', bias rate: mantissa 0, shift 63" +v.npz 'circuit[14]=0' 'circuit[15]=63'
bad "array 'expect.state' is [20, 8]" +v.npz 'expect.state=u1:20,8:0'
bad "no array 'velocity'; expected integers [36, 8]" +v.npz -velocity
bad "no array 'coefficient'; expected integers [5]" +v.npz -coefficient
bad "no array 'term_switches'" +v.npz -term_switches
bad "no array 'bias'" +v.npz -bias
bad "no array 'weight'" 'x=u1:4,36:0'
bad "array 'psum_in' has no use in this job" "$weight" 'psum_in=i8:0,8:0'
bad "array 'expect.psum': this job gives no forward product" "$weight" 'expect.psum=i8:0,8:0'
bad "array 'weights' is not one of a tile's vectors; did you mean 'weight'?" "$weight" \
  'weights=i1:36,8:0'
bad "array 'tile' holds -1" +v.npz 'tile[1]=-1'
bad "array 'tile' is [2]" +v.npz 'tile=i4:2:0'
make moved.npz +v.npz 'tile[1]=3'
refuse 2 'tile 3,0 of layer 1; expected row block 0 to 0' "${tile[@]}" --vectors moved.npz
refuse 2 "v.npz: array 'tile' says layer 1, row block 0, column block 0; the options ask" \
  "${tile[@]}" --vectors v.npz --layer 0
refuse 2 'the options ask for another' "${tile[@]}" --vectors v.npz --row-block 1
refuse 2 'the options ask for another' "${tile[@]}" --vectors v.npz --column-block 1
run 0 "${tile[@]}" --vectors v.npz --layer 1 --row-block 0 --column-block 0
refuse 2 'nowhere.npz' "${tile[@]}" --vectors nowhere.npz
printf 'PK' >torn.npz
refuse 2 'torn.npz' "${tile[@]}" --vectors torn.npz
refuse 2 'substrate.kind is golden' "${tile[@]}" --random 1 --set substrate.kind=golden
uni=(--set network.connections=unidirectional)
run 0 "${tile[@]}" --random 1 --layer 0 "${uni[@]}"
refuse 2 'layer 1 has no feedback arrays; expected network.connections: unidirectional' \
  "${tile[@]}" --random 1 --role backward
for layer in 0 readout; do
  refuse 2 'has no feedback arrays; expected network.connections: unidirectional, and a state layer' \
    "${tile[@]}" --random 1 --role backward --layer "$layer" "${uni[@]}"
done
refuse 2 '--role both: expected forward or backward' "${tile[@]}" --random 1 --role both
refuse 1 'no/v.npz' "${tile[@]}" --random 1 --write-vectors no/v.npz
run 1 "${tile[@]}" --random 1 --junit no/v.xml
says 'no/v.xml'

# A run that ends in an error leaves a verdict too: a tile that stands still, vectors that are torn.
error="r.get('name') is None and r[0].attrib['errors'] == '1' and r[0].attrib['failures'] == '0' and \
len(r[0]) == 1 and r[0][0].get('name') == 'run' and"
run 1 "${tile[@]}" --random 5 --watchdog 1 --junit stuck.xml
says 'no progress for 1 cycles'
check 'JUnit: stuck' xml stuck.xml "$error 'no progress for 1 cycles' in r[0][0][0].get('message')"
refuse 2 'torn.npz' "${tile[@]}" --vectors torn.npz --junit torn.xml
check 'JUnit: torn' xml torn.xml "$error 'torn.npz' in r[0][0].find('error').get('message')"

# The log of updates: a line for each synapse and bias; a full disk is an error.
run 0 "${tile[@]}" --vectors v.npz --update-log log.csv
check 'header' test "$(head -n 1 log.csv)" = "step,tile,layer,row_block,column_block,edge,\
kind,row,unit,bitline,correlation,\
velocity_before,velocity_after,value_before,value_after,code_before,code_after,draw"
check 'a line a synapse' test "$(wc -l <log.csv)" -eq $((1 + 36 * 8 + 8))
check 'the last bias' grep -q '^295,1,1,0,0,[0-9]*,bias,,7,,' log.csv
limited 1 1 "${tile[@]}" --vectors v.npz --update-log full.csv
says 'cannot write the update log' 'what there is of it: full.csv.partial'
run 1 "${tile[@]}" --vectors v.npz --update-log no/log.csv
says '--update-log no/log.csv: cannot write there: no: No such file'

# The waveform: names by hierarchy, and every signal that the save file for GTKWave shows.
run 0 "${tile[@]}" --random 2 --vcd wave.vcd
check 'the save file fits the waveform' "$python3" "$here/wave_names.py" wave.vcd \
  "$here/../../examples/tile.gtkw"
for port in x_valid_i x_ready_o a_valid_i a_ready_o p_valid_o p_ready_i n_valid_i y_valid_o; do
  check "the save file shows $port" grep -qx "SystemC.bench.tile.$port" \
    "$here/../../examples/tile.gtkw"
done

# Cut out of a training run, and run again from the file.
run 0 train tiny.yaml --threads 1 -q --set training.epochs=1 -o run
run 0 tile --from-run run --image 3 --write-vectors cut.npz --threads 1
prints '1 image from number 3'
run 0 "${tile[@]}" --vectors cut.npz
prints 'PASS  all values'
run 0 tile --from-run run --layer readout --write-vectors errors.npz
prints 'tile readout, row block 0' 'PASS  backward product' 'PASS  bias correlations' \
  'PASS  all values'
check 'no neurons' test "$(grep -c 'neuron states' out)" -eq 0
check 'signed errors' "$python3" - errors.npz <<'PYTHON'
import struct, sys, zipfile
data = zipfile.ZipFile(sys.argv[1]).read("post.npy")
assert b"'descr': '<i4'" in data[:128]
values = struct.unpack("<20i", data[-80:])
assert min(values) < 0 < max(values) and max(map(abs, values)) <= 1 << 15, values
assert all(abs(sum(values[i:i + 10])) <= 10 for i in (0, 10)), values  # probabilities are rounded
PYTHON
run 0 "${tile[@]}" --vectors errors.npz
run 0 "${tile[@]}" --vectors errors.npz --layer readout --stalls 3
refuse 2 'the options ask for another' "${tile[@]}" --vectors v.npz --layer readout
run 0 "${tile[@]}" --layer readout --random 30
prints 'PASS  all values'
make bad.npz +errors.npz 'post[3]=32769'
refuse 2 "array 'post' holds the code 32769 at element 3; its format has -32768 to 32768" \
  "${tile[@]}" --vectors bad.npz
make bad.npz +errors.npz 'operand=i8:2,10:0'
refuse 2 "array 'operand' has no use in this job: the read-out has no neurons" "${tile[@]}" \
  --vectors bad.npz
refuse 2 'layer 3; expected 0 to 2 (the last is the read-out)' tile --from-run run --layer 3
refuse 2 'layer 2; expected 0 to 1 (the state layers)' "${tile[@]}" --random 1 --layer readout \
  --set network.loss=squared_error --set 'network.layers=[{conv: 4}, {dense: 10}]' \
  --set training.learning_rate=0.1

# Converters that lose bits: the twin's arrays, the reference's and the tile's.
analog=(--set chip.array.kind=analog --set chip.array.adc.kind=sar --set chip.array.adc_bits=3)
for layer in 0 1 readout; do
  run 0 tile --from-run run --layer "$layer" "${analog[@]}" --write-vectors lossy.npz
  prints 'PASS  all values' 'PASS  event counters'
  run 0 "${tile[@]}" --vectors lossy.npz "${analog[@]}"
  run 1 "${tile[@]}" --vectors lossy.npz # lossless
  prints 'FAIL  forward product'
  run 0 "${tile[@]}" --random 5 --layer "$layer" "${analog[@]}"
done

# Devices and noise: the file brings the numbers of which they are drawn.
devices=(--set chip.array.kind=analog --set chip.array.adc.kind=sar --set chip.array.adc_bits=6
  --set chip.array.adc.noise=1 --set chip.array.program_error.cycle=0.1
  --set chip.array.read_noise.sigma=0.05 --set chip.event_driven=true)
for layer in 0 1 readout; do
  run 0 tile --from-run run --layer "$layer" "${devices[@]}" --write-vectors noisy.npz
  prints 'PASS  all values' 'PASS  writes of cells'
  run 0 "${tile[@]}" --vectors noisy.npz "${devices[@]}"
  run 0 "${tile[@]}" --random 5 --layer "$layer" "${devices[@]}"
done
what='draw numbers and writes'
for change in draw[0]=77 draw[2]=77 written=i4:128,10:7; do
  make other.npz +noisy.npz "$change"
  run 1 "${tile[@]}" --vectors other.npz "${devices[@]}"
  prints 'FAIL  forward product'
done
make bad.npz +noisy.npz draw=i4:3:0
refuse 2 "array 'draw' is [3]" "${tile[@]}" --vectors bad.npz "${devices[@]}"
make bad.npz +noisy.npz 'draw[1]=0'
refuse 2 "array 'draw' holds 0 at element 1; expected numbers of 32 bits, and 1 or more images" \
  "${tile[@]}" --vectors bad.npz "${devices[@]}"
make bad.npz +noisy.npz 'draw[1]=3'
refuse 2 "array 'draw' says 3 images; expected as many vectors of each (of 2)" "${tile[@]}" \
  --vectors bad.npz "${devices[@]}"
refuse 2 "array 'written' has no use in this job: the cells are ideal" "${tile[@]}" \
  --vectors noisy.npz

# Devices that pulses move.
pulses=(--set chip.array.kind=analog --set chip.array.bits_per_cell=8 --set chip.array.adc_bits=16
  --set chip.array.pulses.preset=ReRAM-SB)
for layer in 0 1 readout; do
  run 0 tile --from-run run --layer "$layer" "${pulses[@]}" --write-vectors pulsed.npz
  prints 'PASS  shadow weights' 'PASS  update' 'PASS  event counters' 'PASS  all values'
  run 0 "${tile[@]}" --vectors pulsed.npz "${pulses[@]}"
  run 1 "${tile[@]}" --vectors pulsed.npz # written
  prints 'FAIL  shadow weights'
  run 0 "${tile[@]}" --random 5 --layer "$layer" "${pulses[@]}" --pulse-log pulses.csv
  check 'pulsed devices' test "$(wc -l <pulses.csv)" -gt 2
done
run 0 "${tile[@]}" --random 5 "${pulses[@]}" --pulse-log pulses.csv --update-log log.csv
check 'both logs say the same' awk -F, 'NR == FNR { if (FNR > 1) p[$6 "," $7] = $10 "," $11; next }
  $7 == "weight" { k = $8 "," $9; if (k in p ? p[k] != $14 "," $15 : $14 != $15) exit 1; n += k in p }
  END { exit !n }' pulses.csv log.csv
rm full.csv.partial
limited 1 1 "${tile[@]}" --random 5 "${pulses[@]}" --pulse-log full.csv
says 'cannot write the pulse log full.csv: File too large'
check 'no whole line was written, so nothing is kept' absent full.csv.partial
run 1 "${tile[@]}" --random 5 "${pulses[@]}" --pulse-log no/log.csv
says '--pulse-log no/log.csv: cannot write there: no: No such file'
refuse 2 'chip.array.pulses.preset: none; the pulse log pulses.csv is of devices that pulses move' \
  "${tile[@]}" --random 5 --pulse-log pulses.csv

# Arrays of one direction each, by both rules.
for rule in same different; do
  rm -rf one_way
  uni=(--set network.connections=unidirectional --set "network.backward_rule=$rule")
  run 0 train tiny.yaml --threads 1 -q --set training.epochs=1 "${uni[@]}" -o one_way
  run 0 tile --from-run one_way --write-vectors forward.npz
  prints 'tile conv1, row block' 'PASS  neuron states' 'PASS  biases' 'PASS  all values'
  what='own arrays do not act back'
  ! grep -q 'backward product' out || fail 'a backward product'
  run 0 tile --from-run one_way --role backward --write-vectors backward.npz
  prints 'tile conv1 backward, row block' 'PASS  backward product' 'PASS  correlations' \
    'PASS  shadow weights' 'PASS  all values'
  what='feedback arrays have no neurons and no biases'
  ! grep -q 'neuron states\|bias' out || fail 'neurons or biases'
  for direction in forward backward; do
    run 0 "${tile[@]}" "${uni[@]}" --vectors "$direction.npz"
    run 0 "${tile[@]}" "${uni[@]}" --vectors "$direction.npz" --role "$direction" --stalls 3
    run 0 "${tile[@]}" "${uni[@]}" --random 5 --role "$direction"
  done
  refuse 2 ', feedback arrays; the options ask for another' "${tile[@]}" "${uni[@]}" \
    --vectors backward.npz --role forward
done
refuse 2 'layer 1 has no feedback arrays' "${tile[@]}" --vectors backward.npz
make bad.npz +backward.npz 'tile[3]=2'
refuse 2 "array 'tile' holds 2 at element 3; expected 0 or 1" "${tile[@]}" --vectors bad.npz
make bad.npz +backward.npz 'operand=i8:512,8:0'
refuse 2 "array 'operand' has no use in this job: feedback arrays have no neurons" "${tile[@]}" \
  "${uni[@]}" --vectors bad.npz
refuse 2 '--image 32: the test part has 32 images; expected 0 to 31' tile --from-run run --image 32
finish
