#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs that are killed, interrupted, or run with other numbers of threads end with the same bits.
# Usage: test_cli_resume.sh PATH_OF_EPXBAR   (EPX_TEST_SEED=N repeats the moments of the kills)
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
seed=${EPX_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "EPX_TEST_SEED=$seed"
RANDOM=$((seed % 32768))
settings=(tiny.yaml --set data.train_count=256 --set training.epochs=3
  --set training.schedule_epochs=3 --threads 1)

# delay MILLISECONDS: a random part of them, in seconds.
delay() {
  local ms=$((1 + $1 * (RANDOM % 60) / 100))
  printf '%d.%03d' $((ms / 1000)) $((ms % 1000))
}

# kill_and_resume KIND MILLISECONDS: until the run is through; what a kill leaves must resume.
kill_and_resume() {
  local kind=$1 folder=$1-killed whole=$2 kills=0 resumes=0 code arguments
  for ((attempt = 0; attempt < 60; ++attempt)); do
    if [ -e "$folder/checkpoint.npz" ]; then
      arguments=(--resume "$folder" --threads 1)
      resumes=$((resumes + 1))
    else # killed before its first checkpoint: nothing to lose, and the folder is free
      arguments=("${settings[@]}" --set "substrate.kind=$kind" -o "$folder")
    fi
    what="$kind, attempt $attempt: ${arguments[*]}"
    if [ "$kills" -lt 10 ]; then
      timeout --foreground -s KILL "$(delay "$whole")" "$epxbar" train "${arguments[@]}" \
        --checkpoint-every 0.01 >out 2>err
    else
      "$epxbar" train "${arguments[@]}" --checkpoint-every 0.01 >out 2>err
    fi
    code=$?
    if [ "$code" -eq 0 ] && [ "$resumes" -eq 0 ]; then
      rm -rf "$folder" # through before any kill: once more
      continue
    elif [ "$code" -eq 0 ]; then
      break
    elif [ "$code" -ne 137 ] && [ "$code" -ne 124 ]; then # 124: through just as its time was up
      fail "exit code $code"
      show
      return
    fi
    [ ! -e "$folder/checkpoint.npz" ] || kills=$((kills + 1))
  done
  echo "$kind: $kills kills, $resumes resumes"
  check "$kind: a run was resumed after a kill" test "$resumes" -gt 0
  check "$kind: same arrays after $kills kills" same_checkpoint "$kind" "$folder"
  check "$kind: same losses after $kills kills" same_metrics "$kind" "$folder"
  check "$kind: no parts of files left" test -z "$(find "$folder" -name '*.part' -print -quit)"
  check "$kind: the record is closed" grep -q '"status": "finished"' "$folder/manifest.json"
}

for kind in twin golden; do
  start=$(date +%s%N)
  run 0 train "${settings[@]}" --set "substrate.kind=$kind" -o "$kind"
  silent
  says 'epoch 3/3' "run folder: $kind"
  milliseconds=$((($(date +%s%N) - start) / 1000000))
  check 'two lines an epoch' test "$(wc -l <"$kind/metrics.csv")" -eq 7
  kill_and_resume "$kind" "$milliseconds"
  run 0 train "${settings[@]}" --set "substrate.kind=$kind" -o "$kind-threads" --threads 2
  check "$kind: same arrays with two threads" same_checkpoint "$kind" "$kind-threads"
  check "$kind: same losses with two threads" same_metrics "$kind" "$kind-threads"
done
check 'golden and twin are not the same' test \
  "$(cut -d , -f 3 twin/metrics.csv)" != "$(cut -d , -f 3 golden/metrics.csv)"

# The comparison itself finds a difference.
run 0 train "${settings[@]}" --set training.seed=2 -o other
what='same_npz.py sees another seed'
! same_checkpoint twin other 2>/dev/null || fail 'no difference found'

# interrupt SIGNAL: ends with code 1, a checkpoint and the command that goes on.
interrupt() {
  local signal=$1 folder=stopped-$1 child code epoch
  what="train, stopped by SIG$signal"
  "$epxbar" train "${settings[@]}" --set training.epochs=1000 -o "$folder" >out 2>err &
  child=$!
  wait_for err 'epoch 1/1000' || return
  kill -s "$signal" "$child"
  wait "$child"
  code=$?
  [ "$code" -eq 1 ] || { fail "exit code $code, expected 1" && show; }
  says 'interrupted in epoch' "continue with: epxbar train --resume $folder"
  check 'the record says so' grep -q '"status": "interrupted"' "$folder/manifest.json"
  epoch=$(sed -n 's/.*interrupted in epoch \([0-9]*\) .*/\1/p' err)
  what="train, resumed after SIG$signal"
  [ -n "$epoch" ] || return
  run 0 train --resume "$folder" --set "training.epochs=$epoch" --threads 1
  run 0 train "${settings[@]}" --set "training.epochs=$epoch" -o "$folder-whole"
  check "same arrays after SIG$signal in epoch $epoch" same_checkpoint "$folder" "$folder-whole"
  check "same losses after SIG$signal in epoch $epoch" same_metrics "$folder" "$folder-whole"
}
interrupt INT
interrupt TERM

# A mini-batch of a slow chip is not waited for: all images of the epoch are in the first one.
cat >slow.yaml <<'YAML'
network: {layers: [{conv: 32, pool: max}, {conv: 32, pool: max}]}
data: {train_limit: 32, test_limit: 8}
training: {epochs: 1, batch: 32, learning_rate: 0.1}
chip:
  array: {kind: analog, bits_per_cell: 4, adc: {kind: sar, reach: weights, noise: 0.5},
    wires: {wordline_ohm: 2, bitline_ohm: 2}}
YAML
for signal in INT TERM; do
  what="train, stopped by SIG$signal in a slow mini-batch"
  "$epxbar" train slow.yaml -o slow-$signal >out 2>err &
  child=$!
  for _ in $(seq 600); do
    [ ! -e slow-$signal/checkpoint.npz ] || break
    sleep 0.1
  done
  cp slow-$signal/checkpoint.npz before.npz
  sleep 1
  kill -s "$signal" "$child"
  wait "$child"
  code=$?
  [ "$code" -eq 1 ] || { fail "exit code $code, expected 1" && show; }
  says 'epxbar: stopping' 'interrupted in epoch 1 after 0 images' "--resume slow-$signal"
  check 'the checkpoint before it is kept' cmp before.npz slow-$signal/checkpoint.npz
done

# Folders and overrides that do not fit.
cp twin/checkpoint.npz before.npz
refuse 2 'twin/manifest.json: the folder already holds a run; resume it' train "${settings[@]}" \
  -o twin
refuse 2 '--resume nothing: no run to continue: nothing/config.yaml' train --resume nothing
refuse 2 'training.seed=3 would make another run of it' train --resume twin \
  --set training.seed=3
refuse 2 'leave out --out x' train --resume twin -o x
refuse 2 'leave out tiny.yaml' train --resume twin tiny.yaml
check 'the run is untouched' cmp before.npz twin/checkpoint.npz
run 0 train --resume twin --threads 1
says 'twin: finished already, after epoch 3' '--set training.epochs=N'
check 'a finished run stays as it is' same_checkpoint twin twin-killed
check 'a finished run keeps its rows' same_metrics twin twin-killed

# Checkpoints that are gone, cut off or of another run.
cp -r twin broken
rm broken/checkpoint.npz
refuse 2 'broken/checkpoint.npz: No such file' train --resume broken
head -c 5000 twin/checkpoint.npz >broken/checkpoint.npz
refuse 2 'broken/checkpoint.npz: not readable as an .npz' train --resume broken
cp golden/checkpoint.npz broken/checkpoint.npz
refuse 2 'broken/checkpoint.npz: ' train --resume broken
: >file
refuse 1 'file/run: cannot write there' train "${settings[@]}" -o file/run
finish
