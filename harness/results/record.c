#include "harness/results/record.h"

struct record_figures record_figures(const struct hist *hist)
{
    return (struct record_figures){.n = hist->total,
                                   .p50 = hist_percentile(hist, 50),
                                   .p99 = hist_percentile(hist, 99),
                                   .p999 = hist_percentile(hist, 99.9),
                                   .max = hist->max,
                                   .clipped = hist->clipped};
}
