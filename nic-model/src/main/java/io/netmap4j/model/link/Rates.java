package io.netmap4j.model.link;

/** Speeds as a mask, slowest first: what an end of a wire can receive or sends; 0 is no light. */
public final class Rates {
  /** Light, whatever it carries: a laser that is on, of a card whose mode is no speed. */
  public static final int LIGHT = 1;

  public static final int R100M = 1 << 1;
  public static final int R1G = 1 << 2;
  public static final int R2500M = 1 << 3;
  public static final int R5G = 1 << 4;
  public static final int R10G = 1 << 5;
  public static final int ALL = LIGHT | R100M | R1G | R2500M | R5G | R10G;

  /** True when a mask has a speed, and not light alone. */
  public static boolean any(int rates) {
    return rates > LIGHT;
  }

  private Rates() {}
}
