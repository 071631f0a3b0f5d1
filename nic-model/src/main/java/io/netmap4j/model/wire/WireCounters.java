package io.netmap4j.model.wire;

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

  WireCounters plusLost(long more) {
    WireCounters sum = new WireCounters();
    sum.frames = frames;
    sum.bytes = bytes;
    sum.lost = lost + more;
    sum.duplicated = duplicated;
    return sum;
  }

  WireCounters plusDuplicated(long more) {
    WireCounters sum = plusLost(0);
    sum.duplicated += more;
    return sum;
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
   * Frames that did not leave it: lost by a faulty wire, refused by a peer on a {@link
   * CableMode#LOSSY} wire, or sent while no card at the other end could receive.
   */
  public long lost() {
    return lost;
  }

  /** Frames that left it twice. */
  public long duplicated() {
    return duplicated;
  }
}
