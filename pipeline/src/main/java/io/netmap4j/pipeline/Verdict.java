package io.netmap4j.pipeline;

/** What a {@link Stage} wants done with a packet. */
public enum Verdict {
  /** On to the next stage; behind the last one, as {@link #FORWARD}. */
  NEXT,

  /** Sent through the packet's output ({@link PacketSlot#sendTo}); later stages don't see it. */
  FORWARD,

  /** Not wanted: its buffer goes back, and the stage's drops count it. */
  DROP,

  /** Done with: the stage was its destination. Its buffer goes back. */
  CONSUME,

  /** Kept by the stage, after {@link PacketSlot#hold}. */
  HOLD
}
