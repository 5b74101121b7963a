#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A disk that is full or may not be written: a clear error, exit code 1, and what was there before
# stays whole. A file-size limit stands in for the full disk. Usage: test_cli_disk.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

leftovers() { ! find "$1" -name '*.tmp*' | grep -q .; }

run 0 train tiny.yaml --threads 1 --quiet --set training.epochs=1 -o good
size=$(stat -c %s good/checkpoint.npz)
check 'the checkpoint is larger than the limit' test "$size" -gt 1024

limited 1 1 train tiny.yaml --threads 1 --quiet -o small
says 'small/' 'File too large'
check 'no half-written files' leftovers small
run 0 train tiny.yaml --threads 1 --quiet --set training.epochs=1 -o small
check 'the folder of a start that came to nothing is taken' same_checkpoint good small

# What was there survives: a run that goes on, a report, a sweep.
cp good/checkpoint.npz before.npz
limited 1 1 train --resume good --threads 1 --quiet --set training.epochs=2
says 'good/' 'File too large'
check 'the checkpoint is whole' cmp before.npz good/checkpoint.npz
check 'no half-written files' leftovers good
run 0 train --resume good --threads 1 --quiet --set training.epochs=2

run 0 report good
report=$(find good -name '*.html' | head -n 1)
cp "$report" before.html
limited 1 1 report good
says "$report" 'File too large'
check 'the report is whole' cmp before.html "$report"
check 'no half-written files' leftovers good

run 1 train tiny.yaml --threads 1 --quiet -o /dev/full/run
says '/dev/full'
run 1 train tiny.yaml --threads 1 --quiet -o /proc/epxbar
says '/proc/epxbar'
"$epxbar" config >/dev/full 2>err
found=$?
what='epxbar config >/dev/full'
[ "$found" -eq 1 ] || fail "exit code $found, expected 1"
says 'No space left on device'
"$epxbar" --help >/dev/full 2>err
finish
