package io.netmap4j.apps.traffic;

/**
 * Asked by every loop whether to end: after Ctrl-C, or when a part of the same command has failed.
 * Thread safe.
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

  /** For one command: it ends when this ends, and not the other way round. */
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
