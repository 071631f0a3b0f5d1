package io.netmap4j.model.dma;

/** Another process whose memory a card uses, and who can take it away under the card. */
public interface ForeignMemory {
  /** False when part of what is mapped is gone. */
  boolean intact();

  /** The card was refused an access; {@code from} as in {@link DeviceMemory.OnFault}. */
  void refused(boolean write, long iova, long length, long from);

  /** The card has met memory that is gone, and touches none until a reset. */
  void gone();
}
