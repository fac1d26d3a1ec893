# SPDX-License-Identifier: BSD-3-Clause
"""A linear softmax classifier in numpy, as a workload for Dawdle.

    dawdle run plugin-python          the shipped profile that uses this file
    dawdle sim plugin-python          the same in virtual time
    python3 harness/plugin/softmax.py checks the gradient against differences

Copy it and change `open_`, `init`, `gradient` and `evaluate`; the rest is glue. Arrays are views of Dawdle's memory: read
what you are given, write what you are asked for, keep nothing.
"""
import ctypes as c

import numpy as np

F32, U8, F64, U32 = (c.POINTER(t) for t in (c.c_float, c.c_uint8, c.c_double, c.c_uint32))


class Shape(c.Structure):
    _fields_ = [("features", c.c_uint32), ("classes", c.c_uint32), ("batch", c.c_uint32),
                ("arguments", c.c_char_p)]


OPEN = c.CFUNCTYPE(c.c_uint32, c.POINTER(Shape))
INIT = c.CFUNCTYPE(None, c.c_uint64, F32)
GRADIENT = c.CFUNCTYPE(c.c_float, F32, F32, U8, c.c_uint32, F32)
EVALUATE = c.CFUNCTYPE(None, F32, F32, U8, c.c_uint32, F64, U32)


class Table(c.Structure):
    _fields_ = [("open", OPEN), ("init", INIT), ("gradient", GRADIENT), ("evaluate", EVALUATE)]


features = classes = 0


def view(pointer, *shape):
    return np.ctypeslib.as_array(pointer, shape=shape)


def forward(param, x, label):
    """Losses [count] and probabilities [count, classes]."""
    logits = x @ param[:-1] + param[-1]
    logits -= logits.max(axis=1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    return -np.log(np.maximum(p[np.arange(len(label)), label], 1e-30)), p


def open_(shape):
    global features, classes
    features, classes = shape.contents.features, shape.contents.classes
    return (features + 1) * classes


def init(seed, param):
    weights = np.random.default_rng(seed).normal(0, 0.01, (features, classes))
    view(param, features + 1, classes)[:-1] = weights


def gradient(param, x, label, count, out):
    x, label = view(x, count, features), view(label, count)
    losses, p = forward(view(param, features + 1, classes), x, label)
    p[np.arange(count), label] -= 1
    p /= count
    out = view(out, features + 1, classes)
    out[:-1] = x.T @ p
    out[-1] = p.sum(axis=0)
    return float(losses.mean())


def evaluate(param, x, label, count, loss_sum, correct):
    x, label = view(x, count, features), view(label, count)
    losses, p = forward(view(param, features + 1, classes), x, label)
    loss_sum[0] = float(losses.sum())
    correct[0] = int((p.argmax(axis=1) == label).sum())


def install(address):
    """Called by dawdle_python.so: fill its table, and keep the callbacks alive."""
    global callbacks
    callbacks = OPEN(open_), INIT(init), GRADIENT(gradient), EVALUATE(evaluate)
    table = Table.from_address(address)
    table.open, table.init, table.gradient, table.evaluate = callbacks


def check():
    """The analytic gradient against central differences."""
    global features, classes
    features, classes, count = 5, 3, 8
    random = np.random.default_rng(1)
    param = random.normal(size=(features + 1, classes)).astype(np.float32)
    x = random.normal(size=(count, features)).astype(np.float32)
    label = random.integers(0, classes, count).astype(np.uint8)
    out = np.zeros_like(param)
    point = lambda array, kind: array.ctypes.data_as(kind)
    gradient(point(param, F32), point(x, F32), point(label, U8), count, point(out, F32))
    worst = 0.0
    for index in np.ndindex(param.shape):
        step = np.zeros(param.shape)
        step[index] = 1e-4
        up, _ = forward(param.astype(np.float64) + step, x.astype(np.float64), label)
        down, _ = forward(param.astype(np.float64) - step, x.astype(np.float64), label)
        worst = max(worst, abs((up.mean() - down.mean()) / 2e-4 - out[index]))
    print(f"largest difference to central differences: {worst:.2e}")
    return 0 if worst < 1e-5 else 1


if __name__ == "__main__":
    raise SystemExit(check())
