package io.netmap4j.model;

/**
 * A driver did what no 82599 driver may do. The message names the register, the values, the rule
 * and where the fact comes from. Thrown by strict cards only.
 */
public final class ModelViolation extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final transient Nic82599 card;

  ModelViolation(Nic82599 card, String message) {
    super(message);
    this.card = card;
  }

  /** Whose rule was broken: with a cable between two cards, not always the card that was run. */
  Nic82599 card() {
    return card;
  }
}
