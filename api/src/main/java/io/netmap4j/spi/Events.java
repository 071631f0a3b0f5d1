package io.netmap4j.spi;

import io.netmap4j.common.LinkState;

/**
 * What happens to ports and devices, as events of JDK Flight Recorder (docs/operations.md). Without
 * a recording, and in a Java runtime without jdk.jfr, each call does next to nothing. For cold
 * paths and any thread; never throws.
 */
public final class Events {
  private static final boolean RECORDER = hasRecorder();
  private static final Lasting NOTHING = (name, txRings, rxRings) -> {};

  /** An event that began when this was made. */
  public interface Lasting {
    /** It has ended, well. */
    void end(String name, int txRings, int rxRings);
  }

  private Events() {}

  private static boolean hasRecorder() {
    try {
      Class.forName("jdk.jfr.Event");
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }

  /** A port is being opened. */
  public static Lasting portOpen() {
    return RECORDER ? new JfrEvents.PortOpen().started() : NOTHING;
  }

  /** A port is being closed. */
  public static Lasting portClose() {
    return RECORDER ? new JfrEvents.PortClose().started() : NOTHING;
  }

  /** A device is being reset under its ports. */
  public static Lasting deviceReset() {
    return RECORDER ? new JfrEvents.DeviceReset().started() : NOTHING;
  }

  /** The carrier or the speed of a device is another than before. */
  public static void linkChange(String device, LinkState link) {
    if (RECORDER) {
      JfrEvents.linkChange(device, link.up(), link.mbps());
    }
  }

  /**
   * Something has not moved for a while.
   *
   * @param what a TX ring with packets and carrier, or the server of a device
   */
  public static void stall(String device, String what, long millis) {
    if (RECORDER) {
      JfrEvents.stall(device, what, millis);
    }
  }

  /** A device has dropped packets for want of room since it was looked at last. */
  public static void dropBurst(String device, long packets, long millis) {
    if (RECORDER) {
      JfrEvents.dropBurst(device, packets, millis);
    }
  }
}
