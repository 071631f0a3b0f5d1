package io.netmap4j.model.link;

/** What a link wants before it comes up, beside light and a fitting AUTOC. */
public enum LinkStart {
  /** Nothing. */
  AT_ONCE,
  /** One AUTOC.AN_RESTART or CTRL.LRST. LMS takes effect at the next AN_RESTART. */
  RESTART,
  /**
   * A pipeline reset: AN_RESTART with LMS bit 15 inverted, ANLP1[19:16] seen other than 0, and
   * AN_RESTART with LMS as it was (docs/82599.md 3.7).
   */
  PIPELINE,
  /** CTRL.LRST. */
  LRST
}
