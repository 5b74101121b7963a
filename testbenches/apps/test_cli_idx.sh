#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A set in MNIST's format: trains, and is refused by name where it does not fit the network or is
# broken. Usage: test_cli_idx.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

# Images of 6 x 5 pixels in 3 classes: a bright column tells the class.
"$python3" - <<'PY' || exit 1
import gzip, os, struct
os.mkdir("digits")
for part, count, pack in (("train", 96, False), ("t10k", 32, True)):
    images = struct.pack(">4i", 0x803, count, 6, 5)
    labels = struct.pack(">2i", 0x801, count)
    for i in range(count):
        images += bytes(200 if x == i % 3 + 1 else 7 * i % 50 for y in range(6) for x in range(5))
        labels += bytes([i % 3])
    for kind, data in (("images-idx3", images), ("labels-idx1", labels)):
        name = f"digits/{part}-{kind}-ubyte"
        with gzip.open(name + ".gz", "wb") if pack else open(name, "wb") as file:
            file.write(data)
PY
cat >mlp.yaml <<'YAML'
network: {input: [1, 6, 5], classes: 3, layers: [{dense: 8}]}
dynamics: {free_steps: 6, nudged_steps: 3}
training: {epochs: 1, batch: 16, learning_rate: 0.25}
data: {set: idx, path: digits}
YAML

for substrate in golden twin; do
  run 0 train mlp.yaml --threads 1 --set substrate.kind=$substrate -o $substrate
  silent
  says 'epoch 1/1'
  check 'the manifest names the set' grep -q '"idx"' $substrate/manifest.json
  check 'of 96 images' grep -q '96' $substrate/manifest.json
done
run 0 train --resume golden --threads 1 --set training.epochs=2
says 'epoch 2/2'

refuse_run() { # TEXT ARGUMENT...
  local text=$1
  shift
  refuse 2 "$text" train mlp.yaml --threads 1 -o run "$@"
  check 'no run folder for bad data' absent run
}
refuse_run 'network.input: [1, 5, 6]; expected [1, 6, 5], the shape of the images in digits' \
  --set network.input=[1,5,6]
refuse_run 'digits/train-labels-idx1-ubyte: byte 10: label 2 of image 2, expected 0 to 1' \
  --set network.classes=2
refuse_run '--set data.augment: data.set idx is not augmented' --set data.augment=true
refuse_run 'data.path: data.set idx needs the folder of its files' --set "data.path=''"
refuse_run 'nowhere/train-images-idx3-ubyte: No such file or directory' --set data.path=nowhere
truncate -s 2895 digits/train-images-idx3-ubyte
refuse_run 'digits/train-images-idx3-ubyte: 2895 bytes, but its header stands for 2896'
refuse 2 '2895 bytes' train --resume golden --threads 1 --set training.epochs=3
truncate -s 2897 digits/train-images-idx3-ubyte
refuse_run '2897 bytes, but its header stands for 2896'
truncate -s 2896 digits/train-images-idx3-ubyte
truncate -s 60 digits/t10k-images-idx3-ubyte.gz
refuse_run 'digits/t10k-images-idx3-ubyte.gz: unpacked byte'
finish
