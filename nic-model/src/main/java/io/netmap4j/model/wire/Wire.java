package io.netmap4j.model.wire;

import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.link.Rates;

/**
 * What joins a card to another card, a file or a device of the operating system. Frames cross as an
 * address and a length: no object for each.
 *
 * <p>A frame crosses within the sender's call, into the peer's packet buffer or straight into its
 * memory. Whoever runs one card of a wire therefore runs all of them, on one thread, and the wire
 * too: a sender holds the lock of its own {@link DeviceMemory} while it takes the receiver's.
 */
public interface Wire extends AutoCloseable {
  /** Bytes of the shortest Ethernet frame, without CRC; a shorter one is a runt. */
  int MIN_FRAME = 60;

  /** Plugs a card into an end; null pulls it out. */
  void connect(WireEnd end, FrameSink sink);

  /**
   * True when {@code end} sees light: there is something at the other end, and it is on. The card
   * looks each time its engines run and when its driver asks; its link follows. Whoever holds the
   * lock of the card at {@code end} may call it: takes no card's lock.
   */
  boolean carrier(WireEnd end);

  /**
   * The speeds that {@code end} sees, a mask of {@link Rates}; 0 without light. A wire that ends in
   * no card has them all. As {@link #carrier}.
   */
  default int rates(WireEnd end) {
    return carrier(end) ? Rates.ALL : 0;
  }

  /**
   * Sends a frame, without CRC, valid during the call only.
   *
   * @return false when the other side cannot take it now: the sender keeps it and tries again
   */
  boolean send(WireEnd from, long address, int length);

  /** A burst of {@link #send} from this end follows, up to {@link #end}. Optional. */
  default void begin(WireEnd from) {}

  default void end(WireEnd from) {}

  /** True when frames for end A come out of the wire itself, by {@link #run}: no card is at B. */
  default boolean plays() {
    return false;
  }

  /** Delivers what the wire itself holds and is due. @return frames delivered */
  default int run(int budget) {
    return 0;
  }

  /** What {@code from} sent. */
  WireCounters counters(WireEnd from);

  @Override
  default void close() {}
}
