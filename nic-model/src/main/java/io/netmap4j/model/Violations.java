package io.netmap4j.model;

/** The rules that were broken, and what waits to be thrown at the driver. Thread safe. */
final class Violations extends Findings {
  private volatile RuntimeException pending;

  /** To be thrown at the driver's next access; null: nothing any more. */
  void pend(RuntimeException e) {
    pending = e;
  }

  void throwPending() {
    RuntimeException was = pending;
    if (was != null) {
      pending = null;
      throw was;
    }
  }
}
