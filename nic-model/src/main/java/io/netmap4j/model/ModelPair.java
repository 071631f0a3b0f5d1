package io.netmap4j.model;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.peripherals.Copper;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.NicDevice;
import java.util.Locale;

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
      cards[i] = new Nic82599(options(i, first + i));
      cards[i].attach(cable, i == 0 ? WireEnd.A : WireEnd.B);
    }
  }

  /**
   * By the system properties netmap4j.model.device-id, in hex, .phy and .link, or, for one card,
   * with .N behind them.
   */
  private static CardOptions options(int port, int number) {
    CardOptions card = CardOptions.port(port).mac(0x020000000001L + number);
    String id = property("device-id", number);
    String phy = property("phy", number);
    String link = property("link", number);
    try {
      card = id.isEmpty() ? card : card.deviceId(Integer.parseInt(id, 16));
      card = phy.isEmpty() ? card : card.copper(Copper.parse(phy));
      return card.link(LinkOptions.parse(link));
    } catch (IllegalArgumentException e) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "model:%d, made with -Dnetmap4j.model.device-id=%s, .phy=%s, .link=%s: %s",
              number,
              id,
              phy,
              link,
              e.getMessage()));
    }
  }

  private static String property(String name, int number) {
    String every = System.getProperty("netmap4j.model." + name, "");
    return System.getProperty("netmap4j.model." + name + "." + number, every);
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
