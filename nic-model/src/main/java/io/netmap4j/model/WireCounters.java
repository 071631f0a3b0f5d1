package io.netmap4j.model;

/** What went into one end of a wire. Written by the wire's thread only. */
public final class WireCounters {
  private long frames;
  private long bytes;
  private long lost;
  private long duplicated;

  void addSent(int length) {
    frames++;
    bytes += length;
  }

  void addLost() {
    lost++;
  }

  void addDuplicated() {
    duplicated++;
  }

  /** Frames that entered the wire. */
  public long frames() {
    return frames;
  }

  /** Their bytes, without CRC. */
  public long bytes() {
    return bytes;
  }

  /**
   * Frames that did not leave it: lost by a faulty wire, or refused by a peer that nobody waits
   * for.
   */
  public long lost() {
    return lost;
  }

  /** Frames that left it once more. */
  public long duplicated() {
    return duplicated;
  }
}
