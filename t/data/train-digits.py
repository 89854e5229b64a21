#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small network on scikit-learn's digits and writes five consecutive checkpoints.

    apt-get install python3-sklearn python3-numpy
    /usr/bin/python3 t/data/train-digits.py [OUTDIR]        (default: digits beside this file)

Neither package is needed to build, test or use mreg: what this script wrote is in the repository.
"""

import json
import os
import struct
import sys

import numpy as np
from sklearn.datasets import load_digits

SEED = 20261121
HIDDEN = (256, 192)
EPOCHS = 5
FROZEN_FROM = 4  # the first layer is no longer trained from this epoch on
BATCH = 32
LEARNING_RATE = 0.05
MOMENTUM = 0.9
LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def load():
    digits = load_digits()
    order = np.random.default_rng(SEED).permutation(len(digits.target))
    x = (digits.data[order] / 16.0).astype(np.float32)
    y = digits.target[order]
    split = len(y) * 4 // 5
    return (x[:split], y[:split]), (x[split:], y[split:])


def make_layers(rng):
    widths = (64,) + HIDDEN + (len(LABELS),)
    layers = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        weight = rng.normal(0.0, np.sqrt(2.0 / fan_in), (fan_out, fan_in)).astype(np.float32)
        layers.append([weight, np.zeros(fan_out, np.float32)])
    return layers


def forward(layers, x):
    """The input of every layer, and the probabilities at the end."""
    inputs = [x]
    for i, (weight, bias) in enumerate(layers):
        x = x @ weight.T + bias
        if i + 1 < len(layers):
            x = np.maximum(x, 0)
            inputs.append(x)
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return inputs, x / x.sum(axis=1, keepdims=True)


def train_epoch(layers, velocity, x, y, rng, frozen):
    order = rng.permutation(len(y))
    for start in range(0, len(order), BATCH):
        pick = order[start:start + BATCH]
        inputs, gradient = forward(layers, x[pick])
        gradient[np.arange(len(pick)), y[pick]] -= 1
        gradient /= len(pick)
        for i in reversed(range(len(layers))):
            weight, bias = layers[i]
            step = (gradient.T @ inputs[i], gradient.sum(axis=0))
            gradient = (gradient @ weight) * (inputs[i] > 0)
            if i < frozen:
                continue
            for part, value in enumerate(step):
                velocity[i][part] = MOMENTUM * velocity[i][part] - LEARNING_RATE * value
                layers[i][part] = (layers[i][part] + velocity[i][part]).astype(np.float32)


def measure(layers, x, y):
    probabilities = forward(layers, x)[1]
    loss = -np.log(probabilities[np.arange(len(y)), y] + 1e-12).mean()
    accuracy = (probabilities.argmax(axis=1) == y).mean()
    return round(float(loss), 6), round(float(accuracy), 6)


def write_safetensors(path, tensors, metadata):
    """u64 length of the header, the header as JSON padded with blanks to a multiple of 8, then the tensors."""
    header, offset = {"__metadata__": metadata}, 0
    for name, value in tensors:
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, value in tensors:
            f.write(value.astype("<f4").tobytes(order="C"))


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=2)
        f.write("\n")


def write_checkpoint(directory, layers, epoch, metrics):
    os.makedirs(directory, exist_ok=True)
    tensors = [("fc%d.%s" % (i + 1, part), layer[k]) for i, layer in enumerate(layers) for k, part in enumerate(("weight", "bias"))]
    write_safetensors(os.path.join(directory, "model.safetensors"), tensors, {"format": "np", "epoch": str(epoch)})
    write_json(os.path.join(directory, "metrics.json"), metrics)
    write_json(os.path.join(directory, "config.json"), {
        "architecture": "mlp", "input": [8, 8], "hidden": list(HIDDEN), "classes": len(LABELS), "activation": "relu",
        "optimizer": {"name": "sgd", "lr": LEARNING_RATE, "momentum": MOMENTUM, "batch": BATCH}, "seed": SEED,
    })
    with open(os.path.join(directory, "labels.txt"), "w", encoding="ascii") as f:
        f.write("".join(label + "\n" for label in LABELS))


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "digits")
    (x, y), (test_x, test_y) = load()
    rng = np.random.default_rng(SEED + 1)
    layers = make_layers(rng)
    velocity = [[np.zeros_like(part) for part in layer] for layer in layers]
    for epoch in range(1, EPOCHS + 1):
        train_epoch(layers, velocity, x, y, rng, frozen=1 if epoch >= FROZEN_FROM else 0)
        loss, accuracy = measure(layers, x, y)
        test_loss, test_accuracy = measure(layers, test_x, test_y)
        metrics = {"epoch": epoch, "loss": loss, "accuracy": accuracy, "val_loss": test_loss, "val_accuracy": test_accuracy}
        write_checkpoint(os.path.join(out, "epoch-%d" % epoch), layers, epoch, metrics)
        print(json.dumps(metrics))


if __name__ == "__main__":
    main()
