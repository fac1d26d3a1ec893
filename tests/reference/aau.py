# SPDX-License-Identifier: BSD-3-Clause
"""DSGD-AAU (arXiv 2306.06559) with a central Pathsearch that releases all: W(k+1) = [W(k) - eta G(k)] P(k).

From how long each gradient took follows when it is there; everything else is decided here. A worker that has finished
is ready. When an edge between ready workers joins two components of the epoch's edges, an iteration ends: all ready
workers average over the graph among them, their edges join the epoch, and they go on. An epoch that connects everybody
is followed by one without edges.
"""
import heapq

from recorded import Run


def aau(run):
    w, ready, finished = run.start.copy(), set(), []
    component = list(range(run.workers))
    computing = [(run.took[i, 0], i, 0) for i in range(run.workers)]
    heapq.heapify(computing)
    while computing and computing[0][0] < run.stop_ns:
        now, i, k = heapq.heappop(computing)
        finished.append([int(now), i, k])
        w[:, i] -= run.lr * run.gradient(i, k, w[:, i])
        ready.add(i)
        if all(component[i] == component[j] for j in run.neighbours[i] & ready):
            continue
        w = w @ run.metropolis(ready)
        for a in ready:
            for b in run.neighbours[a] & ready:
                old, new = component[a], component[b]
                component = [new if c == old else c for c in component]
        if len(set(component)) == 1:
            component = list(range(run.workers))
        for j in ready:
            n = sum(1 for f in finished if f[1] == j)
            heapq.heappush(computing, (now + run.took[j, n], j, n))
        ready = set()
    return w, finished


recorded = Run("aau")
models, times = aau(recorded)
recorded.compare(models, finished=times)
