#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Formats that hold nothing: what training says of them, whether what it advises helps, and the
# record, against a count of its own. Usage: test_cli_health.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

cat >tiny.yaml <<'YAML'
network: {input: [3, 32, 32], layers: [{conv: 6, kernel: 3, stride: 4}, {dense: 12}], classes: 10}
dynamics: {free_steps: 6, nudged_steps: 3}
training: {epochs: 2, batch: 16, learning_rate: 0.25, final_learning_rate: 0.25}
data: {set: generated, train_count: 40, test_count: 20}
YAML
train=(train tiny.yaml --threads 1)
lacks() {
  grep -q -F -e "$1" err && { fail "stderr says '$1'" && show; }
  return 0
}
# advised KEY: the value that the last run's message advises for a key.
advised() { sed -n -E "s/.*$1: (Q[-0-9.]+|[0-9]+) (would|reaches).*/\1/p" err | head -n 1; }

# A format that holds the weights is not talked about, and the record is what a count gives.
run 0 "${train[@]}" -o good --set chip.synapse.format=Q0.7
lacks 'of the weights'
check 'health.csv' "$python3" "$here/check_health.py" good 8 7 8 0.25
check 'rows of three epochs' test "$(wc -l <good/health.csv)" -eq 10
run 0 report good -o good.html
check 'the section' grep -q 'Health of number formats' good.html

# 4-bit weights of the usual start round to 0 (the dense layer's are at most 1/sqrt(384) = 0.051).
run 0 "${train[@]}" -o zero --set chip.synapse.format=Q0.3
says 'dense0: 100.0 % of the weights are 0 in Q0.3' 'chip.synapse.format: Q-4.7 would fit'
check 'once' test "$(grep -c '^dense0: .* of the weights are 0' err)" -eq 1
check 'health.csv' "$python3" "$here/check_health.py" zero 4 3 8 0.25
run 0 "${train[@]}" -o fits --set "chip.synapse.format=[Q0.3, $(advised chip.synapse.format), Q-2.5]"
lacks 'dense0: 100'
run 0 "${train[@]}" -q --set chip.synapse.format=Q0.3 -o quiet
quiet

# Weights that start beyond their format, until the advice has made it wide enough.
format=Q-6.13
for _ in 1 2 3 4 5 6 7 8; do
  rm -rf full
  run 0 "${train[@]}" -o full --set training.epochs=1 --set "chip.synapse.format=[Q0.7, $format, Q0.7]"
  next=$(sed -n -E 's/^dense0: .* at an end of their range .*: (Q[-0-9.]+) would fit.*/\1/p' err)
  [ -n "$next" ] || break
  check 'the advice changes something' test "$next" != "$format"
  format=$next
done
check 'advice ends where the weights fit' test "$format" = Q-4.11

# Updates that nearest rounding loses, until there are bits below the weight to keep them.
lossy=(--set chip.synapse.format=Q1.6 --set chip.rounding.update=nearest_even)
run 0 "${train[@]}" -o lost "${lossy[@]}" --set chip.synapse.shadow_bits=0 \
  --set training.learning_rate=0.0009765625 --set training.final_learning_rate=0.0009765625
says 'of the updates round to nothing' 'chip.rounding.update: stochastic'
check 'health.csv' "$python3" "$here/check_health.py" lost 8 6 0 0.0009765625
bits=$(sed -n -E 's/.*shadow_bits: ([0-9]+) would.*/\1/p' err | sort -n | tail -n 1)
check 'bits are advised' test "${bits:-0}" -gt 0
run 0 "${train[@]}" -o kept "${lossy[@]}" --set "chip.synapse.shadow_bits=$bits" \
  --set training.learning_rate=0.0009765625 --set training.final_learning_rate=0.0009765625
lacks 'of the updates round to nothing'

# Biases, states and nudges.
run 0 "${train[@]}" -o bias --set chip.bias=Q-6.14
says 'of the biases are at an end of Q-6.14; chip.bias: Q-5.13 reaches twice as far'
run 0 "${train[@]}" -o top --set training.init_scale=400 --set chip.synapse.format=Q3.4 \
  --set chip.bias=Q7.20
says 'of the weights are at an end of their range in Q3.4'
run 0 "${train[@]}" -o nudge --set estimator.beta=1e-5 --set training.init_scale=40 \
  --set chip.synapse.format=Q4.3
check 'nudges are lost' grep -q ',1$' nudge/health.csv
says 'of the nudges round to 0; estimator.beta'

# A run that was stopped and goes on has the record of one that was not.
run 0 "${train[@]}" -o half --set training.epochs=1
run 0 train --resume half --set training.epochs=2 --threads 2
run 0 "${train[@]}" -o whole
check 'resumed' cmp whole/health.csv half/health.csv
run 0 train tiny.yaml --set substrate.kind=golden -o golden --threads 1
check 'floating point has no formats' absent golden/health.csv

sed -i '2s/conv0,/conv0,-/' good/health.csv
run 2 report good -o bad.html
says 'good/health.csv:2'
finish
