package io.netmap4j.apps.traffic;

import io.netmap4j.frames.PcapReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The frames of a capture, in memory. A frame that was cut when it was recorded has its original
 * length, with zeros at its end.
 */
final class Recording {
  /** Of a recording with one frame, whose time on the link is not known: 1 Gbit/s. */
  private static final long NANOS_PER_BYTE = 8;

  /** Which lengths are taken; others are left out, and whoever says no counts them. */
  interface Filter {
    boolean accepts(int length);
  }

  private final List<byte[]> frames = new ArrayList<>();
  private final List<Long> times = new ArrayList<>();
  private long bytes;
  private long cut;

  private Recording() {}

  /**
   * Reads what is left of a capture.
   *
   * @throws IOException it cannot be read, or is truncated
   */
  static Recording read(PcapReader reader, Filter filter) throws IOException {
    Recording recording = new Recording();
    long latest = Long.MIN_VALUE;
    while (reader.next()) {
      if (filter.accepts(reader.originalLength())) {
        // One that goes back in time does not make a later gap longer.
        latest = Math.max(latest, reader.timestampNanos());
        recording.add(latest, reader.bytes(), reader.originalLength());
      }
    }
    return recording;
  }

  private void add(long time, byte[] frame, int length) {
    frames.add(frame.length == length ? frame : Arrays.copyOf(frame, length));
    times.add(time);
    bytes += length;
    cut += frame.length < length ? 1 : 0;
  }

  int size() {
    return frames.size();
  }

  byte[] frame(int i) {
    return frames.get(i);
  }

  /** How many were cut when they were recorded. */
  long cut() {
    return cut;
  }

  /**
   * The nanoseconds that a frame came after the one before it. For the first, its time on a link of
   * the recording's average bandwidth, so that a repetition does not follow at once.
   */
  long gap(int i) {
    if (i > 0) {
      return times.get(i) - times.get(i - 1);
    }
    long first = frame(0).length;
    double all = times.get(size() - 1) - times.get(0);
    return bytes == first ? first * NANOS_PER_BYTE : (long) (all * first / (bytes - first));
  }
}
