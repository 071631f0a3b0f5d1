package io.netmap4j.common;

/**
 * The state of a link.
 *
 * @param up there is carrier
 * @param mbps speed in Mbit/s; 0 without carrier, and where the device does not say
 */
public record LinkState(boolean up, int mbps) {
  /** No carrier. */
  public static final LinkState DOWN = new LinkState(false, 0);

  @Override
  public String toString() {
    return !up ? "down" : mbps == 0 ? "up" : "up, " + mbps + " Mbit/s";
  }
}
