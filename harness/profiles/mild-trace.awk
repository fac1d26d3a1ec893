# SPDX-License-Identifier: BSD-3-Clause
# Makes mild-trace.csv, compute times of 8 workers over 50 steps for the law `trace`:
#   awk -f mild-trace.awk > mild-trace.csv
# About 100 ms each, with 7 % of noise and nothing else: all workers are equally fast, and the slowest of 8 takes 1.1 times
# as long as the average one. Nothing in it was measured.
function uniform() { # a generator of its own: awks differ in rand()
    state = (state * 16807) % 2147483647
    return state / 2147483647
}
BEGIN {
    state = 20
    print "step,worker,compute_s"
    for (step = 0; step < 50; step++)
        for (worker = 0; worker < 8; worker++) {
            noise = 0
            for (i = 0; i < 12; i++) noise += uniform()
            printf "%d,%d,%.6f\n", step, worker, 0.1 * (1 + 0.07 * (noise - 6))
        }
}
