package io.netmap4j.model.wire;

import io.netmap4j.model.link.Rates;

/** Where a wire puts frames: a card's receive side. */
public interface FrameSink {
  /**
   * Takes a frame, without CRC. The bytes are the sender's and only valid during the call.
   *
   * @return false when the packet buffer has no room: nothing has happened, and the wire keeps the
   *     frame to offer it again, or tells {@link #missed}
   */
  boolean receive(long address, int length);

  /**
   * False while the card sends nothing that could be received: its cable is pulled, its laser off.
   * Any thread.
   */
  default boolean lit() {
    return Rates.any(rates());
  }

  /** The speeds that the card sends at, a mask of {@link Rates}; 0: no light. Any thread. */
  default int rates() {
    return Rates.ALL;
  }

  /**
   * False while a frame that comes is lost, whatever room there is: no light, the receiver or bus
   * mastering off.
   */
  default boolean listening() {
    return true;
  }

  /** True when it is listening and a queue has a descriptor for a frame. */
  default boolean armed() {
    return listening();
  }

  /**
   * A burst of frames follows, up to {@link #end}: what is done once a burst need not be done for
   * each frame.
   */
  default void begin() {}

  default void end() {}

  /** The frame was refused and is gone. */
  void missed(long address, int length);
}
