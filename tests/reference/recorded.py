# SPDX-License-Identifier: BSD-3-Clause
"""A recorded run (dump.c) as numpy arrays, and the one model that the references know: softmax regression."""
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: no numpy for " + sys.executable + " (package python3-numpy)")
    sys.exit(77)


class Run:
    """Of one policy; arguments of the script: the program dump, the profile."""

    def __init__(self, label):
        dump, profile = sys.argv[1:3]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([dump, profile, label, folder], check=True,
                           env=dict(os.environ, XDG_CACHE_HOME=folder))
            self.__dict__.update(json.load(open(folder + "/run.json")))
            for name in ("x", "y", "edges", "initial", "batch", "took", "finished", "final"):
                setattr(self, name, np.load(folder + "/" + name + ".npy"))
        self.label = label
        self.start = np.tile(self.initial.astype(float)[:, None], self.workers)  # a column per worker
        self.neighbours = [set() for _ in range(self.workers)]
        for i, j in self.edges.tolist():
            self.neighbours[i].add(j)
            self.neighbours[j].add(i)

    def gradient(self, i, k, w):
        """Of worker i's k-th batch at w: the mean over its samples of the cross-entropy's gradient."""
        x, y = self.x[self.batch[i, k]].astype(float), self.y[self.batch[i, k]]
        weights = self.features * self.classes
        z = x @ w[:weights].reshape(self.features, self.classes) + w[weights:weights + self.classes]
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[range(len(y)), y] -= 1
        g = np.concatenate([(x.T @ p).ravel(), p.sum(axis=0)]) / len(y)
        return np.pad(g, (0, len(w) - len(g)))

    def metropolis(self, active):
        """On the graph among `active`; everybody else keeps what they have."""
        degree = {i: len(self.neighbours[i] & active) for i in active}
        p = np.zeros((self.workers, self.workers))
        for i in active:
            for j in self.neighbours[i] & active:
                p[i, j] = 1 / (1 + max(degree[i], degree[j]))
        return p + np.diag(1 - p.sum(axis=0))

    def rounds(self):
        """Gradients of each worker, where all have computed equally many."""
        counts = np.bincount(self.finished[:, 1].astype(int), minlength=self.workers)
        assert (counts == counts[0]).all(), counts
        return counts[0]

    def compare(self, w, y=1.0, finished=None):
        """The final vectors [dim][workers] and push-sum weights; exit 1 when they differ from those of the run."""
        moved = np.linalg.norm(w - self.start, axis=0).min()
        error = max(np.linalg.norm(w - self.final[:, :-1].T, axis=0) / np.linalg.norm(w, axis=0))
        error_y = np.abs(self.final[:, -1] - y).max()
        same_times = finished is None or finished == self.finished.tolist()
        print(f"{self.label}: {len(self.finished)} gradients, relative error {error:.1e}, of y {error_y:.1e}, moved "
              f"by {moved:.2g}" + ("" if finished is None else ", times " + ("equal" if same_times else "DIFFER")))
        if not (error < 1e-5 and error_y < 1e-5 and same_times and moved > 0.1):
            sys.exit(1)
