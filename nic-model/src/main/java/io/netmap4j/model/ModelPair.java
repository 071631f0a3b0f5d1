package io.netmap4j.model;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.NicDevice;

/**
 * Two strict cards joined by a cable that loses nothing. While one of them is open, a thread runs
 * both. Thread safe.
 */
public final class ModelPair {
  private final Nic82599[] cards = new Nic82599[2];
  private final Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
  private final ModelDomain domain = ModelDomain.straight();
  private ModelRunner runner;
  private int open;

  /**
   * @param first the even number of the pair's two addresses; it goes into the MAC addresses
   */
  ModelPair(int first) {
    for (int i = 0; i < 2; i++) {
      CardOptions options = CardOptions.port(i).mac(0x020000000001L + first + i);
      cards[i] = new Nic82599(options.link(link(first + i)));
      cards[i].attach(cable, i == 0 ? WireEnd.A : WireEnd.B);
    }
  }

  /** By the system properties netmap4j.model.link and, for one card, netmap4j.model.link.N. */
  private static LinkOptions link(int number) {
    String every = System.getProperty("netmap4j.model.link", "");
    String text = System.getProperty("netmap4j.model.link." + number, every);
    try {
      return LinkOptions.parse(text);
    } catch (IllegalArgumentException e) {
      throw new NetmapException(
          Libc.EINVAL,
          "model:" + number + ", -Dnetmap4j.model.link=" + text + ": " + e.getMessage());
    }
  }

  /** Card 0 or 1. */
  public Nic82599 card(int index) {
    return cards[index];
  }

  /** What crossed: frames of card 0 enter at A, frames of card 1 at B. */
  public Cable cable() {
    return cable;
  }

  synchronized NicDevice open(int index, String name) {
    NicDevice device = ModelDevice.open(cards[index], domain, name, true, this::closed);
    if (open++ == 0) {
      runner = new ModelRunner(cards).start();
    }
    return device;
  }

  private synchronized void closed() {
    if (--open == 0) {
      runner.close();
    }
  }
}
