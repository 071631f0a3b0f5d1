package io.netmap4j.model.link;

/**
 * What the two ports of a chip share: the semaphores. Give one to the options of both cards. Thread
 * safe: the ports may be used by different processes at once.
 *
 * <p>SWSM.SMBI and SWESMBI and GSSR are one storage; a reset of one port does not free what the
 * other may hold. (No driver knows who took a bit: what a dead process left stays.)
 */
public final class SharedChip {
  public static final int SMBI = 1;
  public static final int SWESMBI = 1 << 1;

  /** The firmware's halves of GSSR: the software's, shifted by 5 (docs/82599.md 3.6). */
  private static final int FIRMWARE_BITS = 0x1F << 5;

  /** The firmware keeps software out for this long while it takes its bits. */
  private static final long TAKING = 1_000_000;

  private int swsm;
  private int gssr;
  private FirmwareOptions firmware = FirmwareOptions.DEFAULT;
  private long powered;
  private long lastHold = -1;
  private int held;

  /** Powers the semaphores on at this time of the card's clock. The first port of a chip counts. */
  public synchronized void powerOn(FirmwareOptions options, long now) {
    firmware = options;
    powered = now;
    swsm = (options.leftSmbi() ? SMBI : 0) | (options.leftSwesmbi() ? SWESMBI : 0);
    gssr = options.leftGssr();
    lastHold = -1;
    held = 0;
  }

  /** All are free. */
  public synchronized void free() {
    swsm = 0;
    gssr = held;
  }

  /** SMBI and SWESMBI; the read takes SMBI when it was free. */
  public synchronized int readSwsm(long now) {
    firmwareRuns(now);
    int value = swsm;
    swsm |= SMBI;
    return value;
  }

  /** Without taking. */
  public synchronized int swsm() {
    return swsm;
  }

  /** Stores both bits, but for SWESMBI while the firmware is in. */
  public synchronized void writeSwsm(int value, long now) {
    boolean barred = firmwareRuns(now) && (swsm & SWESMBI) == 0;
    swsm = value & (barred ? SMBI : SMBI | SWESMBI);
  }

  /** GSSR as it is now. */
  public synchronized int gssr(long now) {
    firmwareRuns(now);
    return gssr;
  }

  /** Stores GSSR. */
  public synchronized void writeGssr(int value, long now) {
    firmwareRuns(now);
    gssr = value;
    held &= value;
  }

  /**
   * Lets the firmware take and free its bits.
   *
   * @return true while it is taking them
   */
  private boolean firmwareRuns(long now) {
    if (firmware.hold() == 0) {
      return false;
    }
    long hold = (now - powered) / firmware.every();
    long within = (now - powered) % firmware.every();
    if (within >= firmware.hold()) {
      gssr &= ~held;
      held = 0;
      return false;
    }
    if (hold != lastHold) {
      lastHold = hold;
      held = FIRMWARE_BITS & ~(gssr << 5);
      gssr |= held;
    }
    return within < TAKING;
  }
}
