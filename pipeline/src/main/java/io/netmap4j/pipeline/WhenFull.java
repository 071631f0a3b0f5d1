package io.netmap4j.pipeline;

/** What happens to a packet whose output has no room. */
public enum WhenFull {
  /**
   * It waits where it is, and those behind it in its ring with it. The ring fills up, and the card
   * drops or stops its sender, as {@code nic.NAME.drop} says. For no loss within the program.
   */
  WAIT,

  /** It is dropped and counted ({@link PipelineCounts#full}); the others go on. */
  DROP
}
