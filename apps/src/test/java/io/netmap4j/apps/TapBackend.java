package io.netmap4j.apps;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.TapWire;
import io.netmap4j.model.WireEnd;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * {@code tap:NAME}: a modelled card of this process, whose wire is the TAP interface of that name,
 * made when the card is opened and there until the process ends.
 */
public final class TapBackend implements NicBackend {
  private static final ModelDomain DOMAIN = ModelDomain.straight();
  private static final AtomicInteger CARDS = new AtomicInteger();

  @Override
  public String scheme() {
    return "tap";
  }

  @Override
  public NicDevice open(String address) {
    TapWire wire = TapWire.open(TapWire.Options.named(address));
    long mac = 0x020000000001L + CARDS.getAndIncrement();
    Nic82599 card = new Nic82599(CardOptions.port(0).mac(mac));
    card.attach(wire, WireEnd.A);
    new ModelRunner(card).start();
    return ModelDevice.open(card, DOMAIN, "tap:" + address);
  }

  @Override
  public List<Function> functions() {
    return List.of();
  }
}
