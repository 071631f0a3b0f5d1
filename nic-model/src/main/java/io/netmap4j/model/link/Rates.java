package io.netmap4j.model.link;

/** Speeds as a mask, slowest first: what an end of a wire can receive or sends; 0 is no light. */
public final class Rates {
  public static final int R100M = 1;
  public static final int R1G = 1 << 1;
  public static final int R2500M = 1 << 2;
  public static final int R5G = 1 << 3;
  public static final int R10G = 1 << 4;
  public static final int ALL = R100M | R1G | R2500M | R5G | R10G;

  private Rates() {}
}
