package io.netmap4j.common;

/** What a wait (poll, drain, awaitLink) does while nothing is there. */
public enum WaitMode {
  /** Looks again and again: least latency, a whole core. */
  SPIN,

  /** Looks for a while (50 µs) as long as there is traffic, and sleeps when there is none. */
  ADAPTIVE,

  /** Arms an interrupt and sleeps at once: least work, and a wake-up for each wait. */
  INTERRUPT
}
