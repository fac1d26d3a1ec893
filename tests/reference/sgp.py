# SPDX-License-Identifier: BSD-3-Clause
"""Stochastic gradient push (Assran et al. 2019) on the one-peer directed exponential graph, gradients at z = x / y.

In iteration k worker i sends half of (x, y) to i + 2^(k mod p), p = floor(log2(N - 1)) + 1. Without overlap that is
X(k+1) = [X(k) - eta G(Z(k))] P(k) with a column-stochastic P(k). With overlap tau a share of iteration t is used in one
of the iterations t .. t + tau, as soon as it is there, and waited for after that: then times decide.
"""
import heapq

from recorded import Run, np


def sgp(run):
    x, y, n = run.start, np.ones(run.workers), run.workers
    hops = int(np.floor(np.log2(n - 1))) + 1
    for k in range(run.rounds()):
        g = np.column_stack([run.gradient(i, k, x[:, i] / y[i]) for i in range(n)])
        p = np.zeros((n, n))  # column i: what of worker i's goes where; here rows, for X P
        for i in range(n):
            p[i, i] = p[i, (i + 2 ** (k % hops)) % n] = 0.5
        x, y = (x - run.lr * g) @ p, y @ p
    return x, y


def sgp_late(run):
    x, y, n, rounds = run.start.copy(), np.ones(run.workers), run.workers, run.rounds()
    hops = int(np.floor(np.log2(n - 1))) + 1
    here = [{} for _ in range(n)]  # shares that arrived and are not used yet, by iteration
    seen = [set() for _ in range(n)]
    at = [0] * n
    waits = [False] * n
    finished = []
    computing = [(run.took[i, 0], i) for i in range(n)]
    heapq.heapify(computing)

    def go_on(i, now):
        k = at[i]
        waits[i] = k >= run.overlap and k - run.overlap not in seen[i]
        if waits[i]:
            return
        x[:, i], y[i] = x[:, i] / 2, y[i] / 2
        for t in [t for t in here[i] if t <= k]:
            share = here[i].pop(t)
            x[:, i], y[i] = x[:, i] + share[0], y[i] + share[1]
        at[i] += 1
        if at[i] < rounds:
            heapq.heappush(computing, (now + run.took[i, at[i]], i))

    while computing:
        now, i = heapq.heappop(computing)
        k = at[i]
        finished.append([int(now), i, k])
        x[:, i] -= run.lr * run.gradient(i, k, x[:, i] / y[i])
        to = (i + 2 ** (k % hops)) % n
        here[to][k] = (x[:, i] / 2, y[i] / 2)
        seen[to].add(k)
        go_on(i, now)
        if waits[to]:
            go_on(to, now)
    for i in range(n):  # after the last round: late shares are taken in whole
        for share in here[i].values():
            x[:, i], y[i] = x[:, i] + share[0], y[i] + share[1]
    return x, y, finished


recorded = Run("sgp")
recorded.compare(*sgp(recorded))
recorded = Run("sgp-late")
sums, weights, times = sgp_late(recorded)
recorded.compare(sums, weights, times)
