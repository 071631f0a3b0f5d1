package io.netmap4j.model.wire;

/** The two ends of a {@link Wire}. */
public enum WireEnd {
  A,
  B;

  public WireEnd other() {
    return this == A ? B : A;
  }
}
