package io.netmap4j.model.fault;

/**
 * Ways of breaking a card, to test what its driver and the machine make of them. May be used from
 * any thread; {@link #strayRead} only while the card sends nothing.
 */
public final class CardFaults {
  /** The slot that the card is in. */
  public interface Slot {
    /** The card has lost power: reads give all ones, writes vanish, its link goes down. */
    void pulledOut();

    /** The card is powered on again. */
    void pluggedIn();
  }

  private final Slot slot;
  private volatile WriteBackFault writeBack;
  private volatile long packetsBeforeStray = -1;
  private long strayAddress;

  /** A card without a fault. */
  public CardFaults(Slot slot) {
    this.slot = slot;
  }

  /** Surprise removal: reads give all ones, writes vanish, engines stop, frames are lost. */
  public void pullOut() {
    slot.pulledOut();
  }

  /** Puts a card that was pulled out back, as after power-on. */
  public void plugIn() {
    slot.pluggedIn();
  }

  /** Corrupts what the engines write back from now on; null ends it. */
  public void corruptWriteBack(WriteBackFault fault) {
    writeBack = fault;
  }

  /**
   * Fetches one packet from an address of our choice, wherever the driver's descriptor says it is.
   * When that access is refused, it is no violation of the driver's.
   *
   * @param iova the device address to read
   * @param after packets that are sent before that one, about: a packet that is tried again is
   *     counted again
   */
  public void strayRead(long iova, long after) {
    strayAddress = iova;
    packetsBeforeStray = after;
  }

  // For the engines.

  /** What to do to a status that is written back; null: nothing. */
  public WriteBackFault writeBack() {
    return writeBack;
  }

  /** Counts a packet. @return true when it is to be fetched from {@link #strayAddress} */
  @SuppressWarnings("NonAtomicOperationOnVolatileField") // set before traffic, then the engine's
  public boolean straysNow() {
    return packetsBeforeStray >= 0 && packetsBeforeStray-- == 0;
  }

  /** Where the stray read goes. */
  public long strayAddress() {
    return strayAddress;
  }

  /** True for an access by a stray read. */
  public boolean strayedTo(long iova) {
    return strayAddress == iova && strayAddress != 0;
  }
}
