#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What commands write: only over regular files, checked before any work, whole or not at all; and a
# standard output that takes nothing is a failure. Usage: test_cli_output.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # grep's $; functions called by check
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

small=(--threads 1 --set data.test_count=32)
run 0 train tiny.yaml --threads 1 --quiet --set training.epochs=1 -o twin
cat >sweep.yaml <<'YAML'
base: tiny.yaml
set: {training.epochs: 1, data.train_count: 32, data.test_count: 16}
axes: {training.seed: [1]}
YAML
run 0 sweep sweep.yaml --quiet --threads 1 -o sweep.sqlite
analog=(--set chip.array.kind=analog --set chip.array.bits_per_cell=8 --set chip.array.adc_bits=16
  --set chip.array.pulses.preset=ReRAM-SB)

# Everything that is no regular file stays, under every option that names a file to write.
mkfifo fifo
mkdir folder
echo old >target
ln -s target link
ln -s nowhere dangling
mv fifo fifo.vcd && mv folder folder.vcd && mv link link.vcd && mv dangling dangling.vcd
kept() { [ -p fifo.vcd ] && [ -d folder.vcd ] && [ -L link.vcd ] && [ -L dangling.vcd ] &&
  [ "$(cat target)" = old ] && [ ! -e nowhere ]; }
# stays ARGUMENT...: the last one takes the name of the file.
stays() {
  local name
  for name in 'fifo.vcd: is a FIFO' 'folder.vcd: is a folder' 'link.vcd: is a symbolic link' \
    'dangling.vcd: is a symbolic link' '/dev/null: is a device' '/dev/full: is a device'; do
    timeout 60 "$epxbar" "$@" "${name%%:*}" >out 2>err
    local found=$?
    what="$* ${name%%:*}"
    [ "$found" -eq 2 ] || { fail "exit code $found, expected 2" && show; }
    says "$name"
    silent
  done
  what="$*"
  check 'nothing is replaced' kept
  [ "$1" != sweep ] || return # which makes its folder
  run 1 "$@" no/file.vcd
  says 'no/file.vcd' 'No such file or directory'
}
stays report twin -o
stays sweep sweep.yaml --quiet -o
tile=(tile tiny.yaml --random 3)
for option in vcd junit write-vectors update-log; do
  stays "${tile[@]}" --$option
done
stays "${tile[@]}" "${analog[@]}" --pulse-log
for option in vcd junit update-log; do
  stays chip tiny.yaml --random 1 --$option
done
stays chip tiny.yaml --random 1 "${analog[@]}" --pulse-log
mkfifo page.html
timeout 60 "$epxbar" sweep sweep.yaml --quiet -o page >out 2>err
what='sweep, whose page has the name of a FIFO'
says 'page.html: is a FIFO'
silent
stays gradient tiny.yaml --params twin/checkpoint.npz --batch none.npz --out
for command in "train tiny.yaml --quiet" "bias tiny.yaml" "converge tiny.yaml" "gradient tiny.yaml"; do
  for bad in target target/run /dev/null; do
    # shellcheck disable=SC2086 # words
    refuse 1 "$bad" $command -o $bad
  done
done
refuse 2 '--vcd and --junit name the same file' "${tile[@]}" --vcd wave.vcd --junit ./wave.vcd
check 'none was begun' absent wave.vcd

# What was there stays until the new file is whole.
old() { for file in "$@"; do echo old >"$file"; done; }
stayed() { for file in "$@"; do [ "$(cat "$file")" = old ] || return 1; done; }
nothing_else() { ! find . -name '*.tmp*' -o -name '*.partial' | grep -q .; }
old wave.vcd log.csv pulses.csv junit.xml
what='mistyped --vcd-tiles'
refuse 2 'conv9' chip tiny.yaml --random 1 "${analog[@]}" --vcd wave.vcd --vcd-tiles conv9 \
  --update-log log.csv --pulse-log pulses.csv
check 'a mistyped tile leaves waveform and logs' stayed wave.vcd log.csv pulses.csv
refuse 2 'there are' chip tiny.yaml --random 1 --vcd wave.vcd --vcd-commands 9999- \
  --update-log log.csv
check 'a command that is not there leaves waveform and logs' stayed wave.vcd log.csv
refuse 2 'chip.array.pulses.preset: none' "${tile[@]}" --vcd wave.vcd --update-log log.csv \
  --pulse-log pulses.csv
check 'a log that cannot be leaves the others' stayed wave.vcd log.csv pulses.csv
refuse 2 'layer 9' "${tile[@]}" --layer 9 --vcd wave.vcd --update-log log.csv
check 'a layer that is not there leaves both' stayed wave.vcd log.csv
check 'nothing is left over' nothing_else
(
  trap '' XFSZ
  ulimit -f 8
  exec "$epxbar" "${tile[@]}" --vcd wave.vcd --update-log log.csv
) >out 2>err
found=$?
what='tile on a full disk'
[ "$found" -eq 1 ] || { fail "exit code $found, expected 1" && show; }
says 'cannot write the waveform file wave.vcd whole' 'what there is of it: wave.vcd.partial'
check 'a full disk leaves the old files' stayed wave.vcd log.csv
check 'what there is is kept aside' test -s wave.vcd.partial
rm -f ./*.partial
run 1 "${tile[@]}" --watchdog 1 --stalls 1 --vcd wave.vcd --update-log log.csv
check 'a run that got stuck leaves the old waveform' stayed wave.vcd
check 'and its own aside' grep -q '^\$enddefinitions' wave.vcd.partial
rm -f ./*.partial
run 0 "${tile[@]}" --vcd wave.vcd --update-log log.csv --junit junit.xml --write-vectors v.npz
check 'a run that ends well replaces them' grep -q '^\$enddefinitions' wave.vcd
check 'the log too' grep -q '^step,tile' log.csv
check 'the verdict too' grep -q '<testsuites>' junit.xml
check 'nothing is left over' nothing_else

# A signal in the middle of a simulation: the old file stays, the new one's part has a clear name.
old wave.vcd log.csv
what='chip, ended by a signal'
"$epxbar" chip tiny.yaml --random 64 --vcd wave.vcd --update-log log.csv >out 2>err &
child=$!
for ((i = 0; i < 3000; ++i)); do
  [ -z "$(find . -name 'wave.vcd.*.tmp.vcd' -size +64k)" ] || break
  sleep 0.02
done
kill -s TERM "$child"
wait "$child"
found=$?
[ "$found" -eq 143 ] || { fail "exit code $found, expected 143" && show; }
check 'the old files stay' stayed wave.vcd log.csv
check 'nothing is left over' test -z "$(find . -name '*.tmp*')"
check 'its part has a clear name' test -s wave.vcd.partial
rm -f ./*.partial

# Standard output that is full or closed, of every command that prints.
# dumb ARGUMENT...: ends with 1 and says why, on both.
dumb() {
  what="epxbar $* >/dev/full"
  "$epxbar" "$@" >/dev/full 2>err
  local found=$?
  [ "$found" -eq 1 ] || { fail "exit code $found, expected 1" && show; }
  says 'No space left on device'
  check 'said once' test "$(grep -c '^epxbar: ' err)" -eq 1
  what="epxbar $* >&-"
  "$epxbar" "$@" >&- 2>err
  found=$?
  [ "$found" -eq 1 ] || { fail "exit code $found, expected 1" && show; }
  says 'Bad file descriptor'
}
dumb --help
dumb --version
for command in train sweep gradient bias converge tile chip report config; do
  dumb $command --help
done
dumb config
dumb config --explain
dumb report twin
dumb sweep sweep.yaml --list -o sweep.sqlite
dumb sweep sweep.yaml --csv --quiet -o sweep.sqlite
dumb "${tile[@]}"
dumb chip tiny.yaml --random 1
dumb gradient tiny.yaml --images 1 --beta 1 "${small[@]}"
dumb gradient tiny.yaml --images 1 --beta 1 --gdu "${small[@]}"
dumb converge tiny.yaml --images 1 --state-bits 3-4 --synapse-bits none --adc-bits none \
  -o converge "${small[@]}"
# A closed standard output never becomes a file of the command's own.
"$epxbar" "${tile[@]}" --write-vectors closed.npz >&- 2>err
run 0 tile tiny.yaml --vectors closed.npz
"$epxbar" train tiny.yaml --quiet --threads 1 --set training.epochs=1 -o closed >&- 2>&- <&-
check 'a run without any stream' same_checkpoint twin closed
finish
