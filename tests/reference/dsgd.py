# SPDX-License-Identifier: BSD-3-Clause
"""Synchronous decentralized SGD (Lian et al. 2017): every round averages with all neighbours, Metropolis weights.

    adapt, then combine   W(k+1) = [W(k) - eta G(k)] P      combine, then adapt   W(k+1) = W(k) P - eta G(k)
"""
from recorded import Run, np


def dsgd(run, combine_first):
    w = run.start
    p = run.metropolis(set(range(run.workers)))
    for k in range(run.rounds()):
        g = np.column_stack([run.gradient(i, k, w[:, i]) for i in range(run.workers)])
        w = w @ p - run.lr * g if combine_first else (w - run.lr * g) @ p
    return w


for label in ("dsgd", "dsgd-cta"):
    recorded = Run(label)
    recorded.compare(dsgd(recorded, label == "dsgd-cta"))
