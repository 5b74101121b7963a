#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Arguments and configurations: right ones are taken, each wrong one is named, nothing is left over.
# Usage: test_cli_usage.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

# The program and its commands.
run 0 --version
quiet
check 'a version' grep -q -E '^epxbar [0-9]+\.[0-9]+\.[0-9]+ \((scalar|avx2|avx512)\)$' out
run 0 --help
quiet
prints 'Exit codes: 0 ok, 1 the run failed, 2 usage'
run 2
silent
says 'Usage: epxbar COMMAND'
refuse 2 "'trian' is not a command; did you mean train?" trian
refuse 2 "'zzz' is not a command" zzz
refuse 2 'not an option before a command' --frob

# help COMMAND OPTION...: --help explains them, and the overview knows the command.
help() {
  local command=$1 option
  shift
  run 0 --help
  prints "  $command "
  run 0 "$command" --help
  quiet
  prints "Usage: epxbar $command"
  for option in "$@"; do
    prints "--$option"
  done
  run 0 "$command" --usage
  refuse 2 "epxbar $command: unrecognized option '--frob'" "$command" --frob
}
help train out= resume= checkpoint-every= quiet set=KEY=VALUE data= threads=
help sweep out= list csv markdown quiet set=KEY=VALUE data= threads=
help gradient run= beta= pool= images= twin out= set=KEY=VALUE data= threads=
help tile vectors= random= from-run= run= config= layer= row-block= column-block= seed= image= \
  images= write-vectors= stalls= stall-percent= vcd= update-log= junit= set=KEY=VALUE data= threads=
help chip run= from-run= image= images= random= vcd= vcd-tiles= vcd-cycles= vcd-commands= stalls= stall-percent= junit= set=KEY=VALUE data= threads=
help report out=
help config explain markdown set=KEY=VALUE data= threads=

# Options.
for bad in 0 -1 1025 x '' 2x; do
  refuse 2 "--threads $bad: expected a whole number, 1 to 1024" train --threads "$bad"
done
for bad in -1 17 x '' 1.5; do
  refuse 2 "--layer $bad: expected a whole number, 0 to 16" tile --run r --layer "$bad"
done
refuse 2 '--images 3x: expected a whole number, 1 to 4096' gradient --images 3x
refuse 2 '--images 257: expected a whole number, 1 to 256' tile --run r --images 257
refuse 2 '--checkpoint-every soon: expected seconds' train --checkpoint-every soon
refuse 2 '--checkpoint-every -1: expected seconds' train --checkpoint-every -1
refuse 2 "--beta: '0'; expected" gradient --beta 0.1,0
refuse 2 '--beta: expected numbers' gradient --beta ,
refuse 2 "--pool: 'min'; expected max or avg" gradient --pool max,min
refuse 2 '--pool: expected max, avg or both' gradient --pool ,
refuse 2 "option '--out' requires an argument" train --out
refuse 2 'expected --vectors FILE, --random N or --from-run DIR' tile
refuse 2 'expected --vectors FILE, --random N or --from-run DIR' tile --run r --random 3
refuse 2 '--from-run r brings its own configuration; leave out x' tile --run r x
refuse 2 '--image and --images go with --from-run' tile --random 3 --images 2
refuse 2 '--stall-percent 91: expected a whole number, 0 to 90' tile --random 3 --stall-percent 91
refuse 2 'expected at least one run folder' report
refuse 2 'expected a sweep file' sweep
refuse 2 'more than one file: a.yaml and b.yaml' train a.yaml b.yaml
refuse 2 'more than one file: a.yaml and b.yaml' config a.yaml b.yaml
refuse 2 'more than one file: a.yaml and b.yaml' gradient a.yaml b.yaml
refuse 2 'more than one sweep file: b.yaml' sweep a.yaml b.yaml
refuse 2 '--run r brings its own configuration; leave out a.yaml' gradient --run r a.yaml

# Keys and values on the command line.
refuse 2 '--set training.epochs: expected KEY=VALUE' train --set training.epochs
refuse 2 '--set training.epoch: found an unknown key; did you mean epochs?' \
  train --set training.epoch=3
refuse 2 '--set training.epochs: found many; expected an integer, 1 to 100000' \
  train --set training.epochs=many
refuse 2 '--set training.epochs: found 0; expected an integer, 1 to 100000' \
  train --set training.epochs=0
refuse 2 '--set training.momentum: found 1; expected a number, at least 0 and below 1' \
  train --set training.momentum=1
refuse 2 '--set substrate.kind: found gold' train --set substrate.kind=gold
refuse 2 '--set network.layers' train --set 'network.layers=[{conv: 4, pol: max}]'

# Files of configuration.
refuse 2 'missing.yaml: cannot open: No such file' train missing.yaml
refuse 2 'is a folder' train .
printf 'training:\n  batch: 8\n  epochs: many\n' >bad.yaml
refuse 2 'bad.yaml:3:11: training.epochs: found many; expected an integer' train bad.yaml
printf '# a comment\ntrainin: {epochs: 1}\n' >bad.yaml
refuse 2 'bad.yaml:2:1: trainin: found an unknown key; did you mean training?' config bad.yaml
printf 'training:\n  epochs: [\n' >bad.yaml
refuse 2 'bad.yaml:3:1: not YAML' config bad.yaml
refuse 2 'learning_rate' config tiny.yaml --set 'training.learning_rate=[0.1, 0.1]'
refuse 2 '--set network.input: images of data.set generated are [3, 32, 32]' train tiny.yaml \
  --set 'network.input=[3, 16, 16]' -o r
check 'wrong usage left no run folder' absent r
check 'wrong usage left no default folder' absent runs

# config: what it prints loads back to the same; keys are explained.
run 0 config tiny.yaml --set training.seed=7
quiet
prints 'epochs: 2' 'seed: 7'
cp out whole.yaml
run 0 config whole.yaml
check 'a printed configuration loads to itself' cmp out whole.yaml
run 0 config --explain
prints network.layers chip.technology
for explain in '--explain=training.epochs' '--explain training.epochs'; do
  # shellcheck disable=SC2086 # two words
  run 0 config $explain
  prints 'training.epochs' 'an integer, 1 to 100000'
  check 'only the key asked for' test "$(wc -l <out)" -lt 6
done
refuse 2 'training.epoch: found an unknown key' config --explain=training.epoch
refuse 2 '--markdown goes with --explain' config --markdown
run 0 config --explain --markdown
prints '|'
finish
