package io.netmap4j.model.registers;

/**
 * Adds to counters; some are 36 bits wide, in two registers (docs/82599.md 7). For who holds the
 * card's lock.
 */
public final class Statistics {
  private static final String[][] PAIRS = {
    {"GORCL", "GORCH"},
    {"GOTCL", "GOTCH"},
    {"TORL", "TORH"},
    {"QBRC_L", "QBRC_H"},
    {"QBTC_L", "QBTC_H"},
    {"RXDGBCL", "RXDGBCH"},
    {"TXDGBCL", "TXDGBCH"}
  };
  private static final int[] HIGH = highHalves();

  private final RegisterFile registers;
  private final long[] totals = new long[RegisterMap82599.SIZE / 4];

  public Statistics(RegisterFile registers) {
    this.registers = registers;
  }

  /** For each word that is a low half, the offset of the high half; else 0. */
  private static int[] highHalves() {
    int[] high = new int[RegisterMap82599.SIZE / 4];
    for (String[] pair : PAIRS) {
      Register lows = RegisterMap82599.find(pair[0]);
      for (int i = 0; i < lows.count(); i++) {
        high[lows.offset(i) >> 2] = RegisterMap82599.find(pair[1]).offset(i);
      }
    }
    return high;
  }

  public void count(int register, long n) {
    totals[register >> 2] += n;
    long sum = (registers.get(register) & 0xFFFFFFFFL) + n;
    registers.set(register, (int) sum);
    int high = HIGH[register >> 2];
    if (high != 0 && sum >>> 32 != 0) {
      registers.set(high, (int) (registers.get(high) + (sum >>> 32) & 0xF));
    }
  }

  /** What the elements of a register have counted since the card was made, whoever cleared them. */
  public long total(String name) {
    Register row = RegisterMap82599.find(name);
    long sum = 0;
    for (int i = 0; i < row.count(); i++) {
      sum += totals[row.offset(i) >> 2];
    }
    return sum;
  }
}
