/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Words that decisions (core/policy) and arithmetic (core/learn) share: the two rooms do not know each other.
 */
#ifndef CORE_BASE_MIX_RULES_H
#define CORE_BASE_MIX_RULES_H

/** Aggregation rules. Sums run in order of worker id, never of arrival; `self` is the worker's own current model. */
enum mix_rule {
    MIX_MEAN, /* (self + sum terms) / (count + 1) */
    MIX_METROPOLIS, /* w_ij = 1 / (1 + max(degree_i, degree_j)) on the active graph; self takes the rest */
    MIX_WEIGHTED, /* sum of weight_k * term_k / sum of weights; self has weight `degree` */
    MIX_SLICE_MEAN, /* coordinates of slice {slice of slices} only: mean of self and terms; others keep self */
    MIX_SLICE_COPY, /* from each term, its own slice (term.weight of slices) is copied in */
    MIX_SHARES,     /* push-sum: self / (degree + 1) + sum of term_k / (weight_k + 1); every lane */
    MIX_DELTA_OWN =
        7, /* self + sum of (term_k - base_k) / weight_k; base = an own snapshot, still lent to somebody, that
                          term_k was made from. 7: the digests of journals hold these numbers */
    MIX_SPLIT, /* cumulative push-sum, before sending: self /= degree + 1, and one such share is added to sent; a weight
                  too small to be split is kept whole */
    MIX_COLLECT, /* cumulative push-sum: self + sum of (sent of term_k - sent of base_k); base 0 = nothing yet */
};

/** What a step subtracts. */
enum apply_rule {
    APPLY_PLAIN,  /* lr * gradient */
    APPLY_SCALED, /* lr * y * gradient: the step of the debiased model x / y is then lr * gradient */
};

/** What a worker's vector holds besides the parameters x (core/learn/lanes.h has the layout). */
enum lanes {
    LANES_PLAIN,      /* x */
    LANES_WEIGHT,     /* x, y: the push-sum weight; the model is x / y */
    LANES_CUMULATIVE, /* x, y, and the sum of all shares ever sent, in double */
};

#endif
