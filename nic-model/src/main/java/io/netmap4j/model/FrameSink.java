package io.netmap4j.model;

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
   * A burst of frames follows, up to {@link #end}: what is done once a burst need not be done for
   * each frame.
   */
  default void begin() {}

  default void end() {}

  /** The frame was refused and is gone. */
  void missed(long address, int length);
}
