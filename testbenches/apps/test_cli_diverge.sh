#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Numbers that are no longer finite end a run with exit code 1, epoch, mini-batch and layer named, and
# the last good checkpoint kept. Usage: test_cli_diverge.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

cat >grow.yaml <<'YAML'
network: {layers: [{conv: 4, pool: max}, {conv: 4, pool: max}], activation: tanh}
substrate: {kind: golden}
data: {train_limit: 64, test_limit: 8}
training: {epochs: 60, learning_rate: 1000, batch: 16, weight_decay: 1}
YAML

# For each precision: the run ends, says where, and its checkpoint still serves.
for precision in float32 float64; do
  run 1 train grow.yaml --set substrate.precision=$precision -o $precision
  says 'epxbar: diverged in epoch' 'mini-batch' 'layer'
  check "$precision: the record says failed" grep -q '"status": "failed"' $precision/manifest.json
  check "$precision: the record says why" grep -q 'diverged in epoch' $precision/manifest.json
  what="$precision: metrics hold finite numbers"
  ! grep -qi 'nan\|inf' $precision/metrics.csv || fail 'a number is not finite'
  run 0 gradient --run $precision --images 2 --beta 0.5
  # Read, it goes on to the same end.
  run 1 train --resume $precision
  says 'epxbar: diverged in epoch'
done

# A nudging factor whose reciprocal float32 does not hold, or the update circuit, is refused at once.
for kind in golden twin; do
  refuse 2 'estimator.beta: found 1e-310; expected a number' train grow.yaml -o "$kind" \
    --set substrate.kind=$kind --set network.activation=hard_sigmoid --set estimator.beta=1e-310
done
refuse 2 'estimator.beta: 1e-12; the update circuit of layer conv0 would multiply by' \
  train grow.yaml -o twin --set substrate.kind=twin --set network.activation=hard_sigmoid \
  --set training.learning_rate=0.1 --set estimator.beta=1e-12
refuse 2 "--beta: '1e-310'; expected up to 32 numbers" gradient grow.yaml --images 2 --beta 1e-310

# Parameters and images that a precision cannot add up are refused by name, element and value.
npz() { "$python3" "$here/make_npz.py" "$@" || fail "make_npz.py $*"; }
cat >small.yaml <<'YAML'
network: {layers: [{conv: 4, pool: max}], activation: hard_sigmoid}
dynamics: {free_steps: 8, nudged_steps: 4}
YAML
npz p.npz conv0.weight=f8:4,3,3,3:ramp conv0.bias=f8:4:0 readout.weight=f8:10,1024:ramp readout.bias=f8:10:0
npz b.npz x=f8:2,3,32,32:ramp y=u1:2:mod10
for value in 1e300 3e38 -1e20; do
  npz large.npz +p.npz conv0.weight[7]=$value
  refuse 2 'conv0.weight, element 7 of 108, is' gradient small.yaml --params large.npz --batch b.npz -o g.npz
  refuse 2 'conv0.weight, element 7 of 108, is' bias small.yaml --params large.npz \
    --batch b.npz -o bias --quiet --beta 0.1 --states float32
  rm -rf bias
  npz bright.npz +b.npz x[3075]=$value
  refuse 2 'image 1, element 3 of 3072, is' gradient small.yaml --params p.npz --batch bright.npz -o g.npz
done
for value in nan inf; do
  npz none.npz +p.npz readout.bias[2]=$value
  npz blank.npz +b.npz x[9]=$value
  refuse 2 'readout.bias[2] is' bias small.yaml --params none.npz -o bias
  refuse 2 "array 'x', element 9" bias small.yaml --batch blank.npz -o bias
done
check 'nothing is left of refused calls' absent bias

# Where golden's states or gradients are 0, words stand in the place of a share of them; gradients
# whose squares leave the numbers have a cosine.
run 0 train small.yaml -q -o zero --set substrate.kind=golden --set training.epochs=1 \
  --set data.train_limit=16 --set data.test_limit=16
npz dark.npz +zero/checkpoint.npz param.conv0.weight=f8:4,3,3,3:0 param.conv0.bias=f8:4:-1
mv dark.npz zero/checkpoint.npz
run 0 converge --run zero --images 2
prints "states none (golden's 0), gradient" 'cosine 1.00000'
what='no number that is none is printed'
! grep -qi -e nan -e '[^a-z]inf' out || { fail 'one is' && show; }
npz faint.npz +p.npz conv0.weight=f8:4,3,3,3:0.01 conv0.bias=f8:4:0.3 readout.weight=f8:10,1024:1e-170 \
  readout.weight[3]=2e-170
run 0 bias small.yaml --params faint.npz --batch b.npz -o faint --quiet --beta 0.1 --states float64
run 0 bias small.yaml --params p.npz --batch b.npz -o flat --quiet --beta 0.1 --states float64
cut -d , -f 13- flat/bias.csv | sed 1d >zero.csv
what='gradients of 1e-170 have a direction'
grep -q ',finite_t,equilibrium,conv0,[01]' faint/bias.csv || { fail 'no cosine' && cat faint/bias.csv; }
what='a share of a gradient of 0 is left out'
! grep -q -e inf -e nan zero.csv || { fail 'a share is no number' && cat zero.csv; }

# A sweep records why a point failed, and lists no results of it.
cat >sweep.yaml <<'YAML'
base: grow.yaml
axes:
  training.learning_rate: [0.01, 1000]
YAML
run 1 sweep sweep.yaml -q -o sweep.sqlite --csv --set training.epochs=20
says '1 of 2 points failed'
what='the point of rate 1000'
grep '^1,1000,failed,' out | grep -q 'diverged in epoch' || { fail 'no reason' && show; }
grep '^1,1000,failed,,,,' out >/dev/null || { fail 'results are listed' && show; }

# Memory follows the images, not the mini-batch: 8 of them in mini-batches of 65536.
for kind in golden twin; do
  what="$kind, 8 images in mini-batches of 65536 in 600 MB"
  (
    ulimit -v 600000
    exec "$epxbar" train --threads 1 -q -o large-$kind --set substrate.kind=$kind --set training.batch=65536 \
      --set training.epochs=1 --set data.train_limit=8 --set data.test_limit=8
  ) >out 2>err || { fail 'out of memory' && show; }
done
finish
