package io.netmap4j.ixgbe;

import io.netmap4j.NetmapPort;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Two modelled cards on a cable, our driver on both, a port on each. Either a thread runs the
 * cards, or the test does: {@link #run} then does a few small units of work chosen by a seed, and
 * so does every register access of the test's thread, so that the card's DMA falls between any two
 * steps of the driver.
 */
final class ModelRig implements AutoCloseable {
  /** How a rig is made. {@code seed} is null for cards that a thread runs. */
  record Setup(
      Long seed,
      NicOptions nic,
      CableMode cable,
      MemoryOptions memory,
      boolean scattered,
      int extra,
      boolean line,
      Offsets offsets,
      String link,
      UnaryOperator<CardOptions> card,
      UnaryOperator<NicDevice> around) {
    static final Setup DEFAULT =
        new Setup(
            null,
            NicOptions.DEFAULT.slots(72, 72),
            CableMode.FLOW_CONTROLLED,
            MemoryOptions.DEFAULT.buffers(8192, 2048),
            true,
            0,
            false,
            null,
            "",
            UnaryOperator.identity(),
            UnaryOperator.identity());

    Setup stepped(long newSeed) {
      return new Setup(
          newSeed, nic, cable, memory, scattered, extra, line, offsets, link, card, around);
    }

    Setup nic(NicOptions options) {
      return new Setup(
          seed, options, cable, memory, scattered, extra, line, offsets, link, card, around);
    }

    Setup cable(CableMode mode) {
      return new Setup(
          seed, nic, mode, memory, scattered, extra, line, offsets, link, card, around);
    }

    /** Interrupts come by the INTx line. */
    Setup line(boolean on) {
      return new Setup(seed, nic, cable, memory, scattered, extra, on, offsets, link, card, around);
    }

    Setup memory(MemoryOptions options) {
      return new Setup(
          seed, nic, cable, options, scattered, extra, line, offsets, link, card, around);
    }

    Setup extra(int buffers) {
      return new Setup(
          seed, nic, cable, memory, scattered, buffers, line, offsets, link, card, around);
    }

    /** Headroom in every slot. */
    Setup offsets(Offsets headroom) {
      return new Setup(
          seed, nic, cable, memory, scattered, extra, line, headroom, link, card, around);
    }

    /** What is in both cards' cages, NVMs and firmware ({@link LinkOptions#parse}). */
    Setup link(String spec) {
      return new Setup(
          seed, nic, cable, memory, scattered, extra, line, offsets, spec, card, around);
    }

    /** Other cards. */
    Setup card(UnaryOperator<CardOptions> options) {
      return new Setup(
          seed, nic, cable, memory, scattered, extra, line, offsets, link, options, around);
    }

    /** What stands between the driver and each card. */
    Setup around(UnaryOperator<NicDevice> device) {
      return new Setup(
          seed, nic, cable, memory, scattered, extra, line, offsets, link, card, device);
    }
  }

  final Nic82599[] cards;
  final DmaLog[] logs = {new DmaLog(1 << 16), new DmaLog(1 << 16)};
  final Cable cable;
  final ModelDomain domain;
  final Region region;
  final ModelRunner runner;
  final RingSet[] rings = new RingSet[2];
  final NetmapPort a;
  final NetmapPort b;
  private final Setup setup;
  private final Random random;
  private final Thread tester = Thread.currentThread();
  private final Runnable between;
  private boolean stepping;
  private boolean quiet;

  ModelRig(Setup setup) {
    this(setup, () -> {});
  }

  /**
   * @param between called by the test's thread before and after every call of a port into the
   *     driver, and before and after each of the driver's register accesses
   */
  ModelRig(Setup setup, Runnable between) {
    this(setup, between, card -> {});
  }

  /**
   * @param before done with each card before the driver opens it
   */
  ModelRig(Setup setup, Runnable between, Consumer<Nic82599> before) {
    this.setup = setup;
    this.between = between;
    this.random = setup.seed == null ? null : new Random(setup.seed);
    LinkOptions link = LinkOptions.parse(setup.link);
    this.cards =
        new Nic82599[] {
          new Nic82599(setup.card.apply(CardOptions.port(0).link(link))),
          new Nic82599(setup.card.apply(CardOptions.port(1).link(link)))
        };
    this.runner = new ModelRunner(cards);
    this.cable = new Cable(setup.cable);
    this.domain = setup.scattered ? ModelDomain.scattered(7) : ModelDomain.straight();
    this.region = Region.create(setup.memory);
    for (int i = 0; i < 2; i++) {
      cards[i].attach(cable, i == 0 ? WireEnd.A : WireEnd.B);
      cards[i].memory().observer(logs[i]);
      before.accept(cards[i]);
    }
    if (random == null) {
      runner.start();
    }
    this.a = open(0);
    this.b = open(1);
    this.stepping = true;
    awaitLink();
  }

  private NetmapPort open(int i) {
    NicDevice device =
        interleaved(
            setup.around.apply(
                setup.line
                    ? ModelDevice.openWithLine(cards[i], domain, "model:" + i)
                    : ModelDevice.open(cards[i], domain, "model:" + i)));
    RingSet set;
    try {
      set = RingSet.start(observed(new IxgbeDriver().attach(device, region, setup.nic)), region);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
    rings[i] = set;
    return port(i, 0, setup.nic.txRings(), setup.extra);
  }

  /** A further port of card {@code i}, on rings [first, end). The caller closes it. */
  NetmapPort port(int i, int first, int end, int extra) {
    RingSet.Binding binding = new RingSet.Binding(first, end, first, end, false);
    rings[i].bind(binding, setup.offsets);
    return TestPorts.open(
        "model" + i, rings[i], binding, NetmapPort.Request.DEFAULT.extraBuffers(extra));
  }

  private void awaitLink() {
    if (!a.awaitLink(30_000) || !b.awaitLink(30_000)) {
      throw new AssertionError("no link: a " + a.link() + ", b " + b.link());
    }
  }

  /** Before and after each register access of the test's thread the cards do something. */
  private NicDevice interleaved(NicDevice device) {
    if (random == null) {
      return device;
    }
    return (NicDevice)
        Proxy.newProxyInstance(
            ModelRig.class.getClassLoader(),
            new Class<?>[] {NicDevice.class},
            (proxy, method, args) -> {
              boolean access =
                  method.getName().equals("write32") || method.getName().equals("read32");
              try {
                if (access) {
                  steps(4);
                  observe();
                }
                Object result = method.invoke(device, args);
                if (access) {
                  observe();
                  steps(12);
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private Adapter observed(Adapter adapter) {
    if (random == null) {
      return adapter;
    }
    return (Adapter)
        Proxy.newProxyInstance(
            ModelRig.class.getClassLoader(),
            new Class<?>[] {Adapter.class},
            (proxy, method, args) -> {
              try {
                observe();
                Object result = method.invoke(adapter, args);
                observe();
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private void observe() {
    if (stepping && Thread.currentThread() == tester) {
      between.run();
    }
  }

  private void steps(int most) {
    if (stepping && !quiet && Thread.currentThread() == tester) {
      stepping = false; // an engine's work may end in an access of ours
      try {
        for (int n = random.nextInt(most + 1); n > 0; n--) {
          runner.step(random);
        }
      } finally {
        stepping = true;
      }
    }
  }

  /** Does something during which the cards do nothing. */
  void quiet(Runnable work) {
    quiet = true;
    try {
      work.run();
    } finally {
      quiet = false;
    }
  }

  /** Lets the cards do some of what they have to do. */
  void run() {
    if (random == null) {
      Thread.yield();
    } else {
      steps(40);
    }
  }

  Nic82599 card(NetmapPort port) {
    return cards[port == a ? 0 : 1];
  }

  /** What the cards have to say of the driver, warnings too, as one text; "" when nothing. */
  String violations() {
    return Stream.of(cards)
        .flatMap(card -> Stream.concat(card.violations().stream(), card.warnings().stream()))
        .collect(Collectors.joining("\n"));
  }

  @Override
  public void close() {
    stepping = false;
    a.close();
    b.close();
    runner.close();
    for (Nic82599 card : cards) {
      card.close();
    }
    region.close();
  }
}
