#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Broken configurations and checkpoints: a message that names the file, the exit code, and nothing
# left behind or changed. Usage: test_cli_malformed.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"

refuse_yaml() { # TEXT CONTENT: the message names broken.yaml
  printf '%b' "$2" >broken.yaml
  refuse 2 "$1" train broken.yaml -o run
  says broken.yaml
  check 'no run folder for a broken configuration' absent run
}
refuse_yaml 'broken.yaml:2:1: not YAML' 'network: [\n'
refuse_yaml 'broken.yaml:1:' '\xff\xfe\x00n'
refuse_yaml 'broken.yaml:2:' 'data: {set: idx}\n\tnetwork: 1\n'
refuse_yaml 'training.epochs' 'training: {epochs: 99999999999999999999}\n'
refuse_yaml 'training.momentum' 'training: {momentum: .nan}\n'
refuse_yaml 'network.layers' 'network: {layers: []}\n'
refuse_yaml 'chip.state' 'chip: {state: Q99.99}\n'
refuse_yaml '33 bits' \
  'substrate: {kind: twin}\nnetwork: {layers: [{dense: 49345}]}\nchip: {synapse: {format: Q1.6}}\ntraining: {learning_rate: 0.1}\n'
head -c 3000 /dev/urandom >broken.yaml
refuse 2 'broken.yaml' train broken.yaml -o run
head -c 2000000 /dev/zero | tr '\0' ' ' >broken.yaml
refuse 2 'broken.yaml' train broken.yaml -o run
mkdir folder.yaml
refuse 2 'folder.yaml: is a folder' train folder.yaml -o run
check 'no run folder' absent run

# Checkpoints: each damage is refused, and the run folder stays as it is.
run 0 train tiny.yaml --threads 1 --quiet --set training.epochs=1 -o good
"$python3" - <<'PY' || exit 1
import io, math, os, struct, zipfile
whole = open("good/checkpoint.npz", "rb").read()
def put(name, data):
    open(f"broken-{name}.npz", "wb").write(data)
def repack(name, change):
    out = io.BytesIO()
    with zipfile.ZipFile("good/checkpoint.npz") as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            data = change(info.filename, data)
            if data is not None:
                target.writestr(info.filename, data)
    put(name, out.getvalue())
put("empty", b"")
put("short", whole[: len(whole) // 2])
put("text", b"not a zip file\n" * 100)
put("flipped", whole[:200] + bytes([whole[200] ^ 0x55]) + whole[201:])
repack("missing", lambda name, data: None if name == "trainer.position.npy" else data)
repack("terabytes", lambda name, data: data.replace(b"(3,)", b"(9999999999999,)")
       if name == "trainer.position.npy" else data)
repack("negative", lambda name, data: data[:-24] + struct.pack("<3q", -1, 0, 0)
       if name == "trainer.position.npy" else data)
repack("shape", lambda name, data: data.replace(b"(4, 3, 3, 3)", b"(3, 4, 3, 3)")
       if name == "param.conv0.weight.npy" else data)
PY
cp -r good before
for name in empty short text flipped missing terabytes negative shape; do
  cp broken-$name.npz good/checkpoint.npz
  refuse 2 'good/checkpoint.npz' train --resume good --threads 1 --set training.epochs=2
  case $name in
    missing) says 'trainer.position' ;;
    negative) says 'trainer.position[0] is -1; expected 0 to' ;;
    shape) says 'param.conv0.weight has shape [3, 4, 3, 3]; this network expects [4, 3, 3, 3]' ;;
  esac
  check "$name: the checkpoint is untouched" cmp broken-$name.npz good/checkpoint.npz
  cp before/checkpoint.npz good/checkpoint.npz
  check "$name: nothing changed in the run folder" diff -r before good
done
run 0 train --resume good --threads 1 --set training.epochs=2
says 'epoch 2/2'
# What train refuses, config refuses.
refuse 2 'nowhere.yaml: cannot open' config --set chip.technology=nowhere.yaml
refuse 2 'chip.noc.mesh_rows: 1; the network takes' config --set chip.noc.mesh_columns=1 \
  --set chip.noc.mesh_rows=1
# A time constant is any number above 0 that float32 holds, as its key says.
analog=(--set chip.array.kind=analog --set chip.array.adc.kind=sar)
run 0 config "${analog[@]}" --set chip.array.retention.tau=1e-37
run 0 config "${analog[@]}" --set chip.array.retention.tau=1.2e-38
refuse 2 'chip.array.retention.tau: found 1e-39' config "${analog[@]}" \
  --set chip.array.retention.tau=1e-39

# A gradient of 0 has no direction, and no cosine.
run 0 train -q -o flat --set data.train_count=64 --set data.test_count=32 --set training.epochs=2 \
  --set substrate.kind=golden --set training.learning_rate=100
run 0 gradient --run flat --images 4
prints 'none (gradient 0)'
check 'no number that is none' test "$(grep -c 'nan' out)" -eq 0
run 0 gradient --run flat --images 4 --gdu --beta 0.1
prints 'none (gradient 0)'
check 'no number that is none, step by step' test "$(grep -c 'nan' out)" -eq 0
finish
