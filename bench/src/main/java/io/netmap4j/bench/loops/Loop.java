package io.netmap4j.bench.loops;

/** One of the driver's loops. The order is that of enum loop in loops.c. */
enum Loop {
  /** Slots to TX descriptors, reports, doorbell. */
  TX("tx"),

  /** Descriptors that the card has written back, to slots. */
  TAKE("rx take"),

  /** Released slots to RX descriptors, doorbell. */
  GIVE("rx give");

  private final String label;

  Loop(String label) {
    this.label = label;
  }

  @Override
  public String toString() {
    return label;
  }
}
