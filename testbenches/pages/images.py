# SPDX-License-Identifier: Apache-2.0
"""Data sets of random bytes, as files that epxbar reads and as lists for the model."""
import pathlib
import struct


def idx_file(path, sizes, values):
    header = struct.pack(">HBB", 0, 8, len(sizes)) + struct.pack(f">{len(sizes)}I", *sizes)
    path.write_bytes(header + bytes(values))


def write_idx(folder, random, shape, classes, counts):
    """Files of MNIST's kind; gives the images of training and test as (pixels, label)."""
    sets = []
    for name, count in zip(("train", "t10k"), counts):
        images = [(pixels(random, shape[1] * shape[2]), random.randrange(classes))
                  for _ in range(count)]
        idx_file(pathlib.Path(folder, name + "-images-idx3-ubyte"), (count, *shape[1:]),
                 [p for image, _ in images for p in image])
        idx_file(pathlib.Path(folder, name + "-labels-idx1-ubyte"), (count,),
                 [label for _, label in images])
        sets.append(images)
    return sets


def pixels(random, count):
    """Bytes, half of them equal to the one before: flat regions make ties of switches."""
    values = [random.randrange(256)]
    while len(values) < count:
        values.append(values[-1] if random.random() < 0.5 else random.randrange(256))
    return values


def write_cifar10(folder, random, counts):
    """CIFAR-10's files: a few random records, then zeros (holes) up to the size that is asked for.
    A record has a label and then a plane for each colour; the pixels given have channels last."""
    sets, names = [], (["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4",
                        "data_batch_5"], ["test_batch"])
    for files, count in zip(names, counts):
        planes = [(pixels(random, 3072), random.randrange(10)) for _ in range(count)]
        for name in files:
            with open(pathlib.Path(folder, name + ".bin"), "wb") as file:
                for image, label in planes:
                    file.write(bytes([label, *image]))
                file.truncate(10000 * 3073)
        sets.append([([image[c * 1024 + i] for i in range(1024) for c in range(3)], label)
                     for image, label in planes])
    return sets
