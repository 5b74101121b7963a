#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The bias laboratory and the step-by-step check: what they write, that they go on after a kill and
# on any number of threads with the same numbers, and what they say to bad input.
# Usage: test_cli_bias.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR disable=SC2317 # functions called by check
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
small=(tiny.yaml --images 3 --beta 0.1,0.5 --states float64,UQ0.6 --synapses exact,Q1.4
  --equilibrium-steps 12 --set dynamics.free_steps=30 --set dynamics.nudged_steps=5 --quiet)
# rows FILTER: lines of a/bias.csv that match an awk expression, the header left out.
rows() { awk -F , "NR > 1 && ($1)" a/bias.csv | wc -l; }
row_count() { [ "$(rows "$2")" -eq "$1" ]; }

run 0 bias "${small[@]}" --chip --out a --threads 1
quiet
check 'a CSV with its header' grep -q '^pool,switches,update,estimator,beta,state,synapse,' a/bias.csv
# Four layers with "all", two references; finite_t has one reference.
check 'finite_t once' row_count 4 '$10 == "finite_t"'
check 'finite_beta: 3 estimators, 2 betas' row_count $((6 * 8)) '$10 == "finite_beta"'
check 'state' row_count $((6 * 8)) '$10 == "state" && $6 == "UQ0.6"'
check 'synapse: two state formats' row_count $((12 * 8)) '$10 == "synapse" && $7 == "Q1.4"'
check 'chip and update' row_count $((12 * 8)) '$10 == "chip" || $10 == "update"'
check 'a cosine is one' row_count 0 '$13 < -1.0000001 || $13 > 1.0000001'
check 'nudging from both sides is nearer at beta 0.5' awk -F , '
  $10 == "finite_beta" && $11 == "bptt" && $12 == "all" && $5 == 0.5 { error[$4] = $14 }
  END { exit !(error["richardson"] < error["one_sided"] && error["symmetric"] < error["one_sided"]) }' \
  a/bias.csv

run 0 bias "${small[@]}" --chip --out b --threads 3
check 'threads make no difference' cmp a/bias.csv b/bias.csv

# Half the record: the rest is measured again and comes out as before.
mkdir c && cp a/bias.json c/
head -n 150 a/bias.csv >c/bias.csv
printf 'max,live,synch' >>c/bias.csv # a write cut short by a kill
run 0 bias "${small[@]}" --chip --out c --threads 2
check 'a killed run ends with the same rows' cmp a/bias.csv c/bias.csv

# Longer lists add to a record.
run 0 bias "${small[@]}" --chip --out c --beta 0.1,0.2,0.5
check 'only the new factor was added' cmp a/bias.csv <(awk -F , 'NR == 1 || ($5 != 0.20000000000000001)' c/bias.csv)
check 'as many rows as for another factor' test \
  "$(awk -F , '$5 == 0.20000000000000001' c/bias.csv | wc -l)" -eq "$(rows '$5 == 0.5')"

run 0 report a -o page.html
check 'the page shows the law and the ladder' grep -q 'Fewest bits for a state' page.html

refuse 2 'equilibrium' bias "${small[@]}" --out a --equilibrium-steps 13
refuse 2 "--beta: '-1'; expected numbers in (0, 100]" bias tiny.yaml --out d --beta 0.1,-1
refuse 2 "--beta: '1e-310'; expected numbers in (0, 100], of at least" bias tiny.yaml --out d \
  --beta 0.1,1e-310
refuse 2 "--states: 'UQ0.40'; expected float64, float32 or Q-formats" bias tiny.yaml --out d --states UQ0.40
refuse 2 "--steps: '10'; expected free/nudged steps" bias tiny.yaml --out d --steps 10
refuse 2 "--pool: 'none'; expected max or avg" bias tiny.yaml --out d --pool none
refuse 2 '--estimators: an empty list' bias tiny.yaml --out d --estimators ,
refuse 2 'expected --out DIR' bias tiny.yaml
refuse 2 'leave out --params' bias --run a --params p.npz
refuse 2 'no-such.npz' bias tiny.yaml --out d --params no-such.npz
check 'nothing is left of a refused call' absent d

# Updates step by step: equal at every step for a small beta, after a settled free phase.
run 0 gradient tiny.yaml --gdu --images 3 --beta 0.001 --out g --set dynamics.free_steps=300 \
  --set dynamics.nudged_steps=6 --set 'network.layers=[{conv: 4, pool: avg}, {conv: 8, pool: avg}]'
prints 'lowest cosine over steps'
check 'EP follows BPTT at every step' awk -F , '
  $7 == -1 && $9 > 1e-9 { ++n; if ($6 > 1e-2) bad = 1 } END { exit !(n >= 12 && !bad) }' g/gdu.csv
refuse 2 'leave out --twin and --pool' gradient tiny.yaml --gdu --pool avg --out g
finish
