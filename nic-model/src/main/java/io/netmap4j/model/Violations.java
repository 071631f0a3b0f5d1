package io.netmap4j.model;

import java.util.ArrayList;
import java.util.List;

/** The rules that were broken, and what waits to be thrown at the driver. Thread safe. */
final class Violations {
  private static final int MOST = 1000;

  private final List<String> list = new ArrayList<>();
  private volatile RuntimeException pending;

  /** Remembers a broken rule, up to 1000 of them. */
  synchronized void add(String rule) {
    if (list.size() < MOST) {
      list.add(rule);
    }
  }

  synchronized List<String> list() {
    return List.copyOf(list);
  }

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
