package io.netmap4j.spi;

import io.netmap4j.common.SlotVisitor;

/** A driver's quick way from one of its RX rings to a TX ring: {@link Adapter#forwarding}. */
public interface Forwarding {
  /** Of {@link #verdict}: the visitor has not seen the packet. */
  int UNSEEN = Integer.MAX_VALUE;

  /** Nothing was done: at the moment, these rings need their syncs. */
  int BY_SLOTS = Integer.MIN_VALUE;

  /** Nothing was done: packets that a sync has taken in before come first. */
  int BACKLOG = Integer.MIN_VALUE + 1;

  /**
   * Receives, visits and sends in one pass. Called with both krings held and their indices checked;
   * no received packet is the user's, and nothing is to be sent that the driver does not have.
   * Afterwards hwCur and head of the RX ring are behind what was done with, those of the TX ring
   * behind what was sent. Ends before a packet that needs the ordinary way, and before one that the
   * visitor keeps: then everything that has arrived is taken in, up to hwTail. Does not block,
   * allocate or log.
   *
   * @param most slots
   * @param visitor sees each packet
   * @return slots done with, sent or dropped; {@link #BY_SLOTS}
   * @throws RuntimeException of the visitor, once what was done before is with the devices
   */
  int forward(int most, SlotVisitor visitor);

  /**
   * Gives the device what the user has released of the RX ring, by head, which is checked.
   *
   * @return false when it cannot: the RX sync will say why
   */
  boolean release();

  /**
   * What the visitor has said of the packet that the last pass ended before, the first from head:
   * negative when it stays there; else it is to be dropped, or sent with a length, in the ordinary
   * way; {@link #UNSEEN}.
   */
  int verdict();
}
