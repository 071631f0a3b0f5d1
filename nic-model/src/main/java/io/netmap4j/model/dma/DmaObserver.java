package io.netmap4j.model.dma;

/** Hears of a device's accesses to memory, under the card's lock. */
public interface DmaObserver {
  /** One access, or the part of one that fell into one mapping, or what was refused of it. */
  void access(DmaLog.Kind kind, int queue, long iova, long length);

  /** Bus mastering was switched, or what else decides whether the card may reach memory at all. */
  default void allowed(boolean now) {}
}
