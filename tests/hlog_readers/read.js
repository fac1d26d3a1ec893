// SPDX-License-Identifier: BSD-3-Clause
// What hdr-histogram-js finds in a .hlog, in the form of make_log's second file.
const fs = require("fs");
const { HistogramLogReader } = require("hdr-histogram-js");

const reader = new HistogramLogReader(fs.readFileSync(process.argv[2], "utf8"));
for (let h = reader.nextIntervalHistogram(); h; h = reader.nextIntervalHistogram()) {
  const values = [50, 90, 99, 99.9, 100].map((p) => h.getValueAtPercentile(p));
  console.log([h.tag, h.totalCount, ...values].join(","));
}
