package io.netmap4j.common;

/** Carrier, and its speed in Mbit/s (0 without carrier). */
public record LinkState(boolean up, int mbps) {
  public static final LinkState DOWN = new LinkState(false, 0);

  @Override
  public String toString() {
    return up ? "up, " + mbps + " Mbit/s" : "down";
  }
}
