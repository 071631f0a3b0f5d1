package io.netmap4j.model.pci;

/**
 * Where a card's interrupts go. Called under the card's lock, by whichever thread caused them: must
 * be quick and must not touch the card.
 */
public interface InterruptSink {
  /** A message: MSI-X vector 0 to 63, or 0 for MSI. */
  void fire(int vector);

  /** The level of the INTx line changed. */
  void intx(boolean asserted);

  /** Ignores interrupts. */
  InterruptSink NONE =
      new InterruptSink() {
        @Override
        public void fire(int vector) {}

        @Override
        public void intx(boolean asserted) {}
      };
}
