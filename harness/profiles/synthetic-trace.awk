# SPDX-License-Identifier: BSD-3-Clause
# Makes synthetic-trace.csv, compute times of 8 workers over 50 steps for the law `trace`:
#   awk -f synthetic-trace.awk > synthetic-trace.csv
# About 100 ms each, with 4 % of noise; worker 6 is 1.5 times as slow for good, one step in ten is slow for everybody,
# and now and then one worker takes four times as long. Nothing in it was measured.
function uniform() { # a generator of its own: awks differ in rand()
    state = (state * 16807) % 2147483647
    return state / 2147483647
}
BEGIN {
    state = 20
    print "step,worker,compute_s"
    for (step = 0; step < 50; step++) {
        all = uniform() < 0.1 ? 1.8 : 1
        for (worker = 0; worker < 8; worker++) {
            noise = 0
            for (i = 0; i < 12; i++) noise += uniform()
            seconds = 0.1 * all * (1 + 0.04 * (noise - 6))
            if (worker == 6) seconds *= 1.5
            if (uniform() < 0.02) seconds *= 4
            printf "%d,%d,%.6f\n", step, worker, seconds
        }
    }
}
