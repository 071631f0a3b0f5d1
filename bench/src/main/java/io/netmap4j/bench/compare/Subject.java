package io.netmap4j.bench.compare;

import java.util.List;

/**
 * Something that can be measured.
 *
 * @param line its name in tables and charts
 * @param dpdk true for DPDK, false for ours
 * @param face how the driver reaches the card: {@code uio} or {@code vfio-user}
 * @param command what starts it; empty when something is missing
 * @param missing what to install, in one line; empty when nothing is missing
 */
record Subject(String line, boolean dpdk, String face, List<String> command, String missing) {
  static final String UIO = "uio";
  static final String VFIO_USER = "vfio-user";

  /** The same once more, for the spread of two measurements of one thing. */
  Subject again() {
    return new Subject(line + " (again)", dpdk, face, command, missing);
  }

  boolean available() {
    return missing.isEmpty();
  }
}
