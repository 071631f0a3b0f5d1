package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.SharedChip;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.NicDevice;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two users of the two ports of one chip, who share its semaphores, module buses and analog part:
 * at one time, and after one of them was killed at any of its register accesses. {@code
 * -Dnetmap4j.link.kills=N} chooses how many times.
 */
@Timeout(7200)
@Tag("once")
class TwoPortsTest {
  private static final int KILLS = Integer.getInteger("netmap4j.link.kills", 4);
  private static final int TRIES = IxgbeSemaphores.tries;
  private static final int LONGEST_BRING_UP = 9_000;

  /** Register accesses before anything is shared: the reset. */
  private static final int RESET = 700;

  @BeforeAll
  static void hurry() {
    IxgbeSemaphores.tries = 60;
  }

  @AfterAll
  static void asBefore() {
    IxgbeSemaphores.tries = TRIES;
  }

  /** The device of a process that dies at its n-th register access. */
  private static NicDevice mortal(NicDevice device, AtomicInteger left) {
    return (NicDevice)
        Proxy.newProxyInstance(
            TwoPortsTest.class.getClassLoader(),
            new Class<?>[] {NicDevice.class},
            (proxy, method, args) -> {
              boolean access =
                  method.getName().equals("read32") || method.getName().equals("write32");
              if (left.get() <= 0 || access && left.decrementAndGet() <= 0) {
                if (method.getName().equals("close")) {
                  return null;
                }
                throw new NetmapException(Libc.ENXIO, "killed");
              }
              try {
                return method.invoke(device, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static NicDevice open(Nic82599[] cards, int port) {
    return ModelDevice.open(cards[port], ModelDomain.scattered(7), "model:" + port);
  }

  /** Reset and bring-up of a port, up to carrier. */
  private static void bringUp(NicDevice device) {
    IxgbeDevice card = new IxgbeDevice(device, NicOptions.DEFAULT);
    card.reset();
    card.startLink();
    long deadline = System.nanoTime() + 20_000_000_000L;
    LinkState state = card.link();
    while (!state.up() && System.nanoTime() - deadline < 0) {
      RegisterWait.sleepMicros(2_000);
      card.watchLink();
      state = card.link();
    }
    assertThat(state).isEqualTo(new LinkState(true, 10_000));
  }

  private static void bothAtOnce(Nic82599[] cards) {
    CompletableFuture<?>[] ports = new CompletableFuture<?>[2];
    for (int i = 0; i < 2; i++) {
      int port = i;
      ports[i] =
          CompletableFuture.runAsync(
              () -> {
                try (NicDevice device = open(cards, port)) {
                  bringUp(device);
                }
              });
    }
    CompletableFuture.allOf(ports).join();
  }

  private static void withChip(Consumer<Nic82599[]> test) {
    Nic82599[] cards = new Nic82599[2];
    SharedChip chip = new SharedChip();
    LinkOptions link = LinkOptions.parse("module=10g-sr,analog=dark,lesm");
    Nic82599 far = new Nic82599(CardOptions.port(0));
    Nic82599 farther = new Nic82599(CardOptions.port(1));
    Nic82599[] others = {far, farther};
    for (int i = 0; i < 2; i++) {
      cards[i] = new Nic82599(CardOptions.port(i).link(link).onChip(chip));
      Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
      cards[i].attach(cable, WireEnd.A);
      others[i].attach(cable, WireEnd.B);
    }
    try (ModelRunner runner = new ModelRunner(cards[0], cards[1], far, farther)) {
      runner.start();
      test.accept(cards);
      for (Nic82599 card : cards) {
        assertThat(card.violations()).isEmpty();
      }
    } finally {
      for (int i = 0; i < 2; i++) {
        cards[i].close();
        others[i].close();
      }
    }
  }

  @Test
  void bothComeUpAtOnce() {
    withChip(
        cards -> {
          bothAtOnce(cards);
          bothAtOnce(cards);
        });
  }

  @Test
  void whoeverIsKilledTheNextComeUp() {
    SeededRuns.each(KILLS, TwoPortsTest::kill);
  }

  private static void kill(int seed) {
    Random random = SeededRuns.random(seed);
    AtomicInteger left = new AtomicInteger(RESET + random.nextInt(LONGEST_BRING_UP));
    withChip(
        cards -> {
          try (NicDevice device = open(cards, random.nextInt(2))) {
            bringUp(mortal(device, left));
          } catch (NetmapException e) {
            assertThat(e).hasMessageContaining("killed");
          }
          bothAtOnce(cards);
        });
  }
}
