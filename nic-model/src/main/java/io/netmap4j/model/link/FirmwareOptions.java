package io.netmap4j.model.link;

/**
 * What the firmware and those before us do to the semaphores and the link.
 *
 * @param hold nanoseconds for which the firmware holds its bits of GSSR; 0: never
 * @param every from one such time to the next
 * @param veto MMNGC.MNG_VETO: the link must be left alone
 * @param leftSmbi SWSM.SMBI is taken at power-on, by somebody who is gone
 * @param leftSwesmbi SWSM.SWESMBI, likewise
 * @param leftGssr bits of GSSR, likewise
 */
public record FirmwareOptions(
    long hold, long every, boolean veto, boolean leftSmbi, boolean leftSwesmbi, int leftGssr) {
  /** Idle, and nobody was here before. */
  public static final FirmwareOptions DEFAULT = new FirmwareOptions(0, 1, false, false, false, 0);

  public FirmwareOptions {
    if (hold < 0 || every <= 0 || hold > every) {
      throw new IllegalArgumentException(
          "firmware holds for " + hold + " ns of each " + every + ": 0 to all of it");
    }
  }

  /** True when something is left behind at power-on. */
  public boolean left() {
    return leftSmbi || leftSwesmbi || leftGssr != 0;
  }
}
