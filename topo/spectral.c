/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast gossip forgets: 1 - |lambda_2| of the Metropolis matrix.
 *
 * W[i][j] = 1 / (1 + max(deg i, deg j)) on edges, the rest of the row on the diagonal (Xiao, Boyd, Lall, IPSN 2005).
 * W is symmetric, and 1 is its eigenvector at eigenvalue 1: on the complement of 1 its largest eigenvalue in magnitude is
 * lambda_2. The Lanczos recurrence finds it in about the square root of the steps that power iteration needs, which
 * decides on rings: their gap falls with the square of the workers. The recurrence is run without
 * reorthogonalisation; that repeats eigenvalues, but makes up none (C. Paige, J. Inst. Maths Applics 18, 1976).
 *
 * The estimate approaches |lambda_2| from below. Where the bounded work does not suffice (a ring of ten thousands) the
 * gap is said too large, never too small.
 */
#include <math.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/rng.h"
#include "topo/graph.h"

/** Steps at most, work in edge visits (about a second on a small machine), and the relative change of the gap that is no change. */
#define SPECTRAL_STEPS_MAX 16384u
#define SPECTRAL_WORK_MAX 200000000ull
#define SPECTRAL_CHANGE 1e-9

/** The tridiagonal matrix that W becomes: diagonal, and what stands beside it. */
struct tridiagonal {
    double *diagonal; /* [SPECTRAL_STEPS_MAX] */
    double *beside;   /* [SPECTRAL_STEPS_MAX] between k and k + 1 */
    uint32_t count;
};

/** weight[e] = W[i][peer[e]]: divided once, not in every step. */
static void weigh(const struct graph *graph, double *weight)
{
    for (uint32_t i = 0; i < graph->workers; i++) {
        const uint32_t own = graph_degree(graph, i);
        for (uint32_t e = graph->begin[i]; e < graph->begin[i + 1]; e++) {
            const uint32_t other = graph_degree(graph, graph->peer[e]);
            weight[e] = 1.0 / (1.0 + (own > other ? own : other));
        }
    }
}

/** out = W in. */
static void multiply(const struct graph *graph, const double *weight, const double *in, double *out)
{
    for (uint32_t i = 0; i < graph->workers; i++) {
        double sum = in[i];
        for (uint32_t e = graph->begin[i]; e < graph->begin[i + 1]; e++)
            sum += (in[graph->peer[e]] - in[i]) * weight[e];
        out[i] = sum;
    }
}

/** Remove the part along 1: rounding would let it grow back to eigenvalue 1. */
static void centre(double *x, uint32_t n)
{
    double mean = 0.0;
    for (uint32_t i = 0; i < n; i++)
        mean += x[i];
    mean /= n;
    for (uint32_t i = 0; i < n; i++)
        x[i] -= mean;
}

static double product(const double *x, const double *y, uint32_t n)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/** Does T - x I have an eigenvalue below 0? Signs of the pivots of its LDL^T (Sylvester's law of inertia). */
static bool any_below(const struct tridiagonal *t, double x)
{
    double pivot = 1.0;
    for (uint32_t k = 0; k < t->count; k++) {
        const double beside = k ? t->beside[k - 1] : 0.0;
        pivot = t->diagonal[k] - x - beside * beside / pivot;
        if (pivot < 0.0)
            return true;
        if (pivot == 0.0)
            pivot = 1e-300;
    }
    return false;
}

/** Largest eigenvalue of `sign` times T, by bisection in [-1, 1]: W is stochastic, so nothing lies outside. */
static double largest(struct tridiagonal *t, double sign)
{
    double low = -1.0, high = 1.0;
    for (uint32_t k = 0; k < t->count; k++)
        t->diagonal[k] *= -sign;
    while (high - low > 1e-16) { /* the smallest of -T lies in [-high, -low] */
        const double middle = (low + high) / 2.0;
        if (middle == low || middle == high)
            break;
        if (any_below(t, -middle))
            low = middle;
        else
            high = middle;
    }
    for (uint32_t k = 0; k < t->count; k++)
        t->diagonal[k] *= -sign;
    return (low + high) / 2.0;
}

static double magnitude(struct tridiagonal *t)
{
    return fmax(fabs(largest(t, 1.0)), fabs(largest(t, -1.0)));
}

/** x, y, z: scratch [workers]. */
static double second_eigenvalue(const struct graph *graph, const double *weight,
                                struct tridiagonal *t, double *x, double *y, double *z)
{
    const uint32_t n = graph->workers;
    const uint64_t key = rng_key(0, RNG_GRAPH, UINT64_MAX);
    const uint64_t work = graph->begin[n] + n;
    const uint64_t affordable = SPECTRAL_WORK_MAX / work + 1;
    const uint32_t steps =
        affordable < SPECTRAL_STEPS_MAX ? (uint32_t)affordable : SPECTRAL_STEPS_MAX;
    double beside = 0.0, lambda = 0.0;
    uint32_t look = 16; /* at a doubling number of steps: a look costs about as much as a step */

    for (uint32_t i = 0; i < n; i++)
        y[i] = rng_unit_at(key, i) - 0.5; /* meets every eigenvector */
    centre(y, n);
    const double length = sqrt(product(y, y, n));
    for (uint32_t i = 0; i < n; i++)
        y[i] /= length;

    while (t->count < steps) {
        multiply(graph, weight, y, z);
        const double diagonal = product(y, z, n);
        for (uint32_t i = 0; i < n; i++)
            z[i] -= diagonal * y[i] + beside * x[i];
        centre(z, n);
        beside = sqrt(product(z, z, n));
        t->diagonal[t->count] = diagonal;
        t->beside[t->count] = beside;
        t->count++;
        if (beside <
            1e-13) /* the whole space of the start is explored: the eigenvalues are exact */
            break;
        if (t->count == look) {
            const double now = magnitude(t);
            const bool settled = fabs(now - lambda) <= SPECTRAL_CHANGE * (1.0 - now);
            lambda = now;
            if (settled)
                break;
            look *= 2;
        }
        for (uint32_t i = 0; i < n; i++)
            z[i] /= beside;
        double *spare = x;
        x = y;
        y = z;
        z = spare;
    }
    return magnitude(t);
}

double graph_spectral_gap(const struct graph *self)
{
    CHECK(self->workers >= 1);
    if (self->workers == 1)
        return 1.0;
    if (!graph_connected(self))
        return 0.0;
    const size_t n = self->workers;
    double *vectors = calloc(3 * n, sizeof(*vectors));
    double *entries = calloc(2 * SPECTRAL_STEPS_MAX, sizeof(*entries));
    double *weight = calloc(self->begin[n] + 1, sizeof(*weight));
    CHECK(vectors && entries && weight);
    weigh(self, weight);
    struct tridiagonal t = {.diagonal = entries, .beside = entries + SPECTRAL_STEPS_MAX};
    const double lambda =
        second_eigenvalue(self, weight, &t, vectors, vectors + n, vectors + 2 * n);
    free(weight);
    free(entries);
    free(vectors);
    return lambda < 1.0 ? 1.0 - lambda : 0.0;
}
