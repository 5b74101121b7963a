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

# A nudging factor that no sum can be divided by.
for kind in golden twin; do
  run 1 train grow.yaml --set substrate.kind=$kind --set network.activation=hard_sigmoid \
    --set training.learning_rate=0.1 --set estimator.beta=1e-310 --set training.epochs=1 -o $kind
  says 'diverged in epoch 1, mini-batch 1 (images 1 to 16)' 'layer conv0'
done

run 1 gradient grow.yaml --images 2 --beta 1e-310
says 'the gradient of conv0.weight holds'

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
