#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The second law: with each bit the twin's error against the golden model halves, for states,
# synapses and ADCs, on several draws of a small network; the numbers do not depend on threads.
# Usage: test_cli_converge.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR disable=SC2317 # functions called by check
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
cp "$here/../../configs/convergence.yaml" mlp.yaml
# factor AXIS COLUMN LOW HIGH: by how much a bit divides the error, the mean over the seeds, from
# its first and last own part, sqrt(whole^2 - rest^2), between LOW and HIGH bits.
factor() {
  awk -F , -v axis="$1" -v column="$2" -v low="$3" -v high="$4" '
    $1 == axis && ($2 == low || $2 == high) {
      own[FILENAME, $2] = sqrt($column ^ 2 - $(column + 1) ^ 2); files[FILENAME] = 1
    }
    END {
      for (f in files) { sum += log(own[f, low] / own[f, high]) / (high - low); ++n }
      print n ? exp(sum / n) : "none"
    }' s?/convergence.csv
}
within() { awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(x > low && x < high) }'; }

for seed in 1 2 3 4; do
  run 0 converge mlp.yaml --out "s$seed" --set training.seed="$seed"
  quiet
  prints 'state   error of states / ' 'adc     error of states / ' 'synapse error of states / '
done
check 'six bits of states and synapses, 3 to 15 of ADCs' test "$(wc -l <s1/convergence.csv)" -eq 26
states=9 gradient=11
check 'state bits: states' within "$(factor state $states 3 8)" 1.9 2.1
check 'state bits: gradient' within "$(factor state $gradient 5 8)" 1.8 2.2
check 'ADC bits: states' within "$(factor adc $states 9 13)" 1.9 2.1
check 'ADC bits: gradient' within "$(factor adc $gradient 9 11)" 1.6 2.4
check 'synapse bits: states' within "$(factor synapse $states 4 7)" 1.8 2.1
check 'synapse bits: gradient' within "$(factor synapse $gradient 4 6)" 1.6 2.4
# Enough bits: an ADC adds nothing, to the last bit.
check 'lossless ADCs' awk -F , '$1 == "adc" && $2 == 15 { exit !($9 == $10 && $11 == $12) }' s1/convergence.csv
check 'a bit fewer does' awk -F , '$1 == "adc" && $2 == 14 { exit !($9 > $10) }' s1/convergence.csv
# What varies no weight is compared with golden with the same weights: no rest but an ADC's.
check 'no rest of states' awk -F , '$1 == "state" && ($10 != 0 || $12 != 0) { exit 1 }' s1/convergence.csv

run 0 converge mlp.yaml --out t --threads 3
check 'threads make no difference' cmp s1/convergence.csv t/convergence.csv
run 0 converge mlp.yaml --out u --state-bits 4-6 --synapse-bits none --adc-bits none
check 'parts left out' cmp <(grep -E '^axis|^state,[456]' s1/convergence.csv) u/convergence.csv
# A chip that drives only what changed, or with faults, is measured without.
run 0 converge mlp.yaml --out v --set chip.event_driven=true --set chip.array.kind=analog \
  --set chip.array.adc.kind=sar --set chip.array.adc.noise=2
check 'of ideal devices, every line driven' cmp s1/convergence.csv v/convergence.csv
run 0 report s1 -o page.html
check 'the page shows the law' grep -q 'Theory: ÷ 2 (6.02 dB)' page.html

run 0 train mlp.yaml --out r --quiet --set training.epochs=1 --set training.batch=16
run 0 converge --run r --images 2 --adc-bits none --synapse-bits none
check 'into the run folder' grep -q '^state,8,UQ0.8,symmetric,1,60,20,2,' r/convergence.csv

refuse 2 '--state-bits 0-8: expected none or LOW-HIGH within 1-8' converge mlp.yaml --out d --state-bits 0-8
refuse 2 '--synapse-bits 8-3: expected none' converge mlp.yaml --out d --synapse-bits 8-3
refuse 2 '--adc-bits 4-9x: expected none' converge mlp.yaml --out d --adc-bits 4-9x
refuse 2 'expected --out DIR' converge mlp.yaml
refuse 2 'brings its own configuration' converge mlp.yaml --run r
refuse 2 'dynamics.update: the twin is synchronous' converge mlp.yaml --out d --set dynamics.update=alternating
check 'nothing is left of a refused call' absent d
finish
