package io.netmap4j.model.pci;

import java.util.Arrays;

/**
 * BAR 4: 64 MSI-X entries of 16 bytes at 0, the pending bits at 0x2000 (docs/82599.md 1.2, 1.3).
 * Survives CTRL.RST, not FLR (docs/82599.md 3.3). For who holds the card's lock.
 */
public final class MsixTable {
  public static final int VECTORS = 64;
  public static final int SIZE = 0x4000;
  private static final int PBA = 0x2000;
  private static final int WORDS = VECTORS * 4;
  private static final int CONTROL = 3;

  private final int[] words = new int[WORDS];
  private long pending;

  public MsixTable() {
    reset();
  }

  /** Every entry masked, nothing pending. */
  public void reset() {
    Arrays.fill(words, 0);
    for (int vector = 0; vector < VECTORS; vector++) {
      words[4 * vector + CONTROL] = 1;
    }
    pending = 0;
  }

  public int read(int offset) {
    if (offset >= 0 && offset < 4 * WORDS) {
      return words[offset >> 2];
    }
    return offset == PBA ? (int) pending : offset == PBA + 4 ? (int) (pending >>> 32) : 0;
  }

  /** The pending bits are read-only, and what is neither table nor they ignores writes. */
  public void write(int offset, int value) {
    if (offset >= 0 && offset < 4 * WORDS) {
      boolean control = (offset >> 2 & 3) == CONTROL;
      words[offset >> 2] = control ? value & 1 : value;
    }
  }

  /** Unmasks entries 0 to {@code count} − 1 and masks the others. */
  public void arm(int count) {
    for (int vector = 0; vector < VECTORS; vector++) {
      words[4 * vector + CONTROL] = vector < count ? 0 : 1;
    }
  }

  public boolean masked(int vector) {
    return words[4 * vector + CONTROL] != 0;
  }

  public void setPending(int vector) {
    pending |= 1L << vector;
  }

  /** Vectors that are pending and not masked, which become not pending. */
  public long takeUnmasked() {
    long take = 0;
    for (long left = pending; left != 0; left &= left - 1) {
      int vector = Long.numberOfTrailingZeros(left);
      take |= masked(vector) ? 0 : 1L << vector;
    }
    pending &= ~take;
    return take;
  }
}
