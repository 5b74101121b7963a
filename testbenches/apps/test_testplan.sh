#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# script/testplan: the plan as it is passes; each way to spoil it, and damaged bins, are found.
# Usage: test_testplan.sh SOURCE BUILD
set -u
source=$1 build=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
failures=0
plan=$work/plan.yaml

# expect CODE TEXT [ARGUMENT...]: of the plan in $plan.
expect() {
  local code=$1 text=$2 found
  shift 2
  "$source/script/testplan" --plan "$plan" --build "$build" "$@" >"$work/out" 2>&1
  found=$?
  if [ "$found" -ne "$code" ] || ! grep -q -F -e "$text" "$work/out"; then
    printf 'FAILED: exit code %s, expected %s and "%s"\n' "$found" "$code" "$text"
    tail -n 5 "$work/out" | sed 's/^/  | /'
    failures=$((failures + 1))
  fi
}
# spoil SED: the plan with a change.
spoil() {
  sed -e "$1" "$source/docs/testplan.yaml" >"$plan"
  if cmp -s "$plan" "$source/docs/testplan.yaml"; then
    printf 'FAILED: %s changes nothing\n' "$1"
    failures=$((failures + 1))
  fi
}

cp "$source/docs/testplan.yaml" "$plan"
expect 0 'testpoints name'
cat "$work/out"
spoil 's/\[test_qformat\.[^]]*\]/[]/'
expect 1 'quant.formats: a testpoint without a test'
spoil 's/test_qformat\.\*/test_qformat.*, test_gone/'
expect 1 'quant.formats: no test is named test_gone'
spoil 's/test_lfsr_jump\.\*/test_lfsr_jmp.*/'
expect 1 'quant.stochastic: no test is named test_lfsr_jmp.*'
spoil 's/name: quant.overflow/name: quant.formats/'
expect 1 'quant.formats: the name stands twice'
spoil '0,/stage: golden/s//stage: brass/'
expect 1 'golden.dynamics: stage brass is not one of'
spoil 's/^stages: \[/stages: [moon, /'
expect 1 'stage moon: no testpoint'
spoil '0,/    question: .*/s///'
expect 2 'quant.formats lacks question'
spoil '0,/    tests: .*/s///'
expect 2 'quant.formats lacks tests'
spoil '0,/    tests: /s//    test: /'
expect 2 "'test' is not expected here"
spoil '0,/    tests: /s//	tests: /'
expect 2 'cannot read'
cp "$source/docs/testplan.yaml" "$plan"
expect 2 'nowhere' --build "$work/nowhere"

# Bins: counted once, sorted into their cross, damage named.
mkdir "$work/bins"
expect 0 'no random test has left bins' --bins "$work/bins"
header=model,state_bits,synapse_bits,update_rounding,state_rounding,array,slices,row_blocks,window
printf '%s\n' "$header" tile,8,8,2,0,digital,8,1,4 tile,8,8,2,0,digital,7,1,4 \
  tile,4,2,0,1,analog,1,3,1 >"$work/bins/a.csv"
printf '%s\n' "$header" chip,8,8,2,0,digital,8,2,4 >"$work/bins/b.csv"
expect 0 '4 layers in 2 files' --bins "$work/bins"
for row in 'format  9 2 1 2' 'mode  16 2 1 2' 'mapping  16 2 1 3' 'format x mode  144 2 1 2' \
  'format x mapping  144 2 1 3' 'format x mode x mapping  2304 2 1 3'; do
  sed 's/  */ /g' "$work/out" | grep -qx "${row/  / }" || {
    printf 'FAILED: no row "%s"\n' "$row"
    failures=$((failures + 1))
  }
done
expect 0 'not met: update truncate, state truncate' --bins "$work/bins" --missing
printf '%s\n' "$header" tile,9,8,2,0,digital,8,1,4 >"$work/bins/b.csv"
expect 2 'b.csv: cannot read' --bins "$work/bins"
[ "$failures" -eq 0 ] && echo passed
exit $((failures > 0))
