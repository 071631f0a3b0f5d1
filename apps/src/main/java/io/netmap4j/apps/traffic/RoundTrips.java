package io.netmap4j.apps.traffic;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * How long frames took to come back: written by the thread that sends them, read by the one that
 * reports. Three digits of each time are kept.
 */
final class RoundTrips {
  private static final int DIGITS = 3;

  private final SingleWriterRecorder recorder = new SingleWriterRecorder(DIGITS);
  private final Histogram total = new Histogram(DIGITS);
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();
  private Histogram interval;
  private long lostBefore;

  void sent() {
    sent.setRelease(sent.getPlain() + 1);
  }

  void came(long nanos) {
    recorder.recordValue(nanos);
  }

  void lost() {
    lost.setRelease(lost.getPlain() + 1);
  }

  /** How many were sent so far. */
  long frames() {
    return sent.getAcquire();
  }

  /** In pkt-gen's words, for the time since the last call. */
  String line() {
    takeInterval();
    long allLost = lost.getAcquire();
    long lostNow = allLost - lostBefore;
    lostBefore = allLost;
    return String.format(
        Locale.ROOT,
        "ping_body [1533] count %d RTT: min %d av %d ns%s",
        interval.getTotalCount(),
        min(interval),
        Math.round(interval.getMean()),
        lostNow == 0 ? "" : ", " + lostNow + " lost");
  }

  private void takeInterval() {
    interval = recorder.getIntervalHistogram(interval);
    total.add(interval);
  }

  /** An empty histogram's is the largest number there is. */
  private static long min(Histogram histogram) {
    return histogram.getTotalCount() == 0 ? 0 : histogram.getMinValue();
  }

  /** The lines at the end, when nothing is written any more. */
  String totals(int bytes) {
    takeInterval();
    long frames = sent.getAcquire();
    if (frames == 0) {
      return "Sent nothing.";
    }
    String counts =
        String.format(
            Locale.ROOT,
            "Sent %d pings of %d bytes: %d came back, %d lost.",
            frames,
            bytes,
            total.getTotalCount(),
            lost.getAcquire());
    return total.getTotalCount() == 0
        ? counts
        : String.format(
            Locale.ROOT,
            "%s%nRTT over %d packets: min %d av %d p50 %d p99 %d max %d ns",
            counts,
            total.getTotalCount(),
            min(total),
            Math.round(total.getMean()),
            total.getValueAtPercentile(50),
            total.getValueAtPercentile(99),
            total.getMaxValue());
  }

  /** After {@link #totals}: the same for JSON. */
  Map<String, Object> figures() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("sent", sent.getAcquire());
    all.put("came_back", total.getTotalCount());
    all.put("lost", lost.getAcquire());
    if (total.getTotalCount() > 0) {
      all.put("min_ns", min(total));
      all.put("mean_ns", Math.round(total.getMean()));
      all.put("p50_ns", total.getValueAtPercentile(50));
      all.put("p99_ns", total.getValueAtPercentile(99));
      all.put("max_ns", total.getMaxValue());
    }
    return all;
  }

  /** After {@link #totals}: some were lost, and none came back. */
  boolean allLost() {
    return total.getTotalCount() == 0 && lost.getAcquire() > 0;
  }
}
