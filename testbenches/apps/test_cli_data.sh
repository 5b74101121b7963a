#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Data sets that are missing, cut off, damaged or mislabelled: exit code 2, and a message with the
# file and the byte. Usage: test_cli_data.sh PATH_OF_EPXBAR
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/cli_support.sh"
cifar=(--threads 1 --set data.set=cifar10 --set data.train_limit=48 --set data.test_limit=16
  --set training.epochs=1)
refuse_data() { # TEXT FOLDER
  refuse 2 "$1" train tiny.yaml "${cifar[@]}" --data "$2" -o run
  check 'no run folder for bad data' absent run
}

mkdir -p data/cifar-10-batches-bin empty
files=(data_batch_1.bin data_batch_2.bin data_batch_3.bin data_batch_4.bin data_batch_5.bin
  test_batch.bin)
for file in "${files[@]}"; do # of images all black, class 0; sparse
  truncate -s 30730000 "data/cifar-10-batches-bin/$file"
done
first=data/cifar-10-batches-bin/data_batch_1.bin second=data/cifar-10-batches-bin/data_batch_2.bin

refuse_data 'nowhere: No such file or directory, expected the folder of cifar-10-binary.tar.gz' \
  nowhere
says 'script/fetch-cifar10'
refuse_data 'empty: a folder with neither cifar-10-batches-bin nor cifar-10-binary.tar.gz' empty

run 0 train tiny.yaml "${cifar[@]}" --data data -o good
silent
run 2 train tiny.yaml "${cifar[@]}" --data data -o good
says 'good/manifest.json: the folder already holds a run'

# Cut off in the middle of a record; a file too long; one missing; a label that is none.
truncate -s 30000000 "$second"
refuse_data "$second: 30000000 bytes (whole records up to byte 29998626), expected 30730000" data
truncate -s 30730001 "$second"
refuse_data "$second: 30730001 bytes" data
rm "$second"
refuse_data "$second: No such file" data
truncate -s 30730000 "$second"
printf '\013' | dd of="$first" bs=1 seek=$((3073 * 5)) conv=notrunc status=none
refuse_data "$first: byte 15365: label 11 of record 5, expected 0 to 9" data
printf '\000' | dd of="$first" bs=1 seek=$((3073 * 5)) conv=notrunc status=none

# A run goes on with the same images, wherever they are, and with no others.
mv data moved
refuse 2 'data: No such file' train --resume good --threads 1
run 0 train --resume good --data moved --set training.epochs=2 --threads 1
says 'epoch 2/2'
printf '\001' | dd of=moved/cifar-10-batches-bin/data_batch_1.bin bs=1 seek=7 conv=notrunc \
  status=none
cp good/checkpoint.npz before.npz
refuse 2 'other training images than those of the run' train --resume good \
  --set training.epochs=3 --threads 1
check 'the checkpoint is untouched' cmp before.npz good/checkpoint.npz

# Archives.
archive=packed/cifar-10-binary.tar.gz
mkdir packed
head -c 5000 /dev/zero >"$archive"
refuse_data "$archive: " packed
mkdir -p small/cifar-10-batches-bin
head -c 6146 /dev/zero >small/cifar-10-batches-bin/data_batch_1.bin
tar -C small -czf "$archive" cifar-10-batches-bin
refuse_data "$archive: member cifar-10-batches-bin/data_batch_1.bin" packed
says '6146 bytes' 'expected 30730000'
mkdir -p other/elsewhere
head -c 20000 /dev/urandom >other/elsewhere/noise
tar -C other -czf "$archive" elsewhere
refuse_data "$archive: no member cifar-10-batches-bin/data_batch_1.bin" packed
truncate -s 10000 "$archive"
refuse_data "$archive: " packed
says 'byte'
finish
