// SPDX-License-Identifier: BSD-3-Clause
// What the reference reader finds in a .hlog, in the form of make_log's second file.
import java.io.File;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;

public class Read {
    public static void main(String[] args) throws Exception {
        HistogramLogReader reader = new HistogramLogReader(new File(args[0]));
        while (reader.hasNext()) {
            EncodableHistogram line = reader.nextIntervalHistogram();
            if (line == null)
                break;
            Histogram h = (Histogram) line;
            StringBuilder out = new StringBuilder(h.getTag() + "," + h.getTotalCount());
            for (double p : new double[] {50, 90, 99, 99.9, 100})
                out.append(",").append(h.getValueAtPercentile(p));
            System.out.println(out);
        }
    }
}
