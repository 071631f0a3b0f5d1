package io.netmap4j.apps.traffic;

/**
 * A request to end, which every loop polls: after Ctrl-C, or when a part of the same command has
 * failed. Thread safe.
 */
public final class Stop {
  private final Stop parent;
  private volatile boolean requested;

  public Stop() {
    this(null);
  }

  private Stop(Stop parent) {
    this.parent = parent;
  }

  /** A request of its own, which is also requested when this one is; not the other way round. */
  public Stop child() {
    return new Stop(this);
  }

  public void request() {
    requested = true;
  }

  public boolean requested() {
    return requested || parent != null && parent.requested();
  }
}
