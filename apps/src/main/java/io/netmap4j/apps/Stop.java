package io.netmap4j.apps;

/**
 * Asked by every loop whether to end: after Ctrl-C, or when a part of the same command has failed.
 * Thread safe.
 */
final class Stop {
  private final Stop parent;
  private volatile boolean requested;

  Stop() {
    this(null);
  }

  private Stop(Stop parent) {
    this.parent = parent;
  }

  /** For one command: it ends when this ends, and not the other way round. */
  Stop child() {
    return new Stop(this);
  }

  void request() {
    requested = true;
  }

  boolean requested() {
    return requested || parent != null && parent.requested();
  }
}
