package io.netmap4j.pipeline;

import org.jspecify.annotations.Nullable;

/**
 * A packet that a stage holds, in buffers of the worker's. The stage gives it back by {@link
 * Worker#resume} or {@link Worker#drop}, and must not use it afterwards: another packet will be in
 * it. For the worker's thread.
 */
public final class Held {
  /** Where it is: in the pool, about to be held, with its stage, or on its way out. */
  enum State {
    FREE,
    ASKED,
    HELD,
    RESUMED
  }

  final HoldPool pool;
  State state = State.FREE;

  /** The first of its entries in the pool, and how many there are. */
  int first;

  int slots;

  /** The stage that holds it. */
  int stage;

  int output;

  /** The one behind it in a list of the worker's. */
  @Nullable Held next;

  Held(HoldPool pool) {
    this.pool = pool;
  }

  /**
   * Where the packet's first slot begins.
   *
   * @return an address in the memory of its input port
   * @throws IllegalStateException when it was given back
   */
  public long address() {
    requireHeld();
    return pool.address(first);
  }

  /**
   * Bytes in the packet's first slot, without FCS.
   *
   * @throws IllegalStateException when it was given back
   */
  public int length() {
    requireHeld();
    return pool.length(first);
  }

  /**
   * The port that it came from.
   *
   * @return its number, in the order in which ports were given to the builder
   * @throws IllegalStateException when it was given back
   */
  public int input() {
    requireHeld();
    return pool.input;
  }

  private void requireHeld() {
    if (state != State.HELD) {
      throw new IllegalStateException("this packet is not held: it was resumed or dropped");
    }
  }
}
