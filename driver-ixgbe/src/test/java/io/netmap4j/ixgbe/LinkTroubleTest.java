package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPort;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.ModuleKind;
import io.netmap4j.spi.NicDevice;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LocationAwareLogger;

/**
 * Two ports of ours with traffic between them, while modules are pulled, partners flap, vanish, are
 * slow or offer something else, PHYs get too hot and a port is reset: each event at a register
 * access that the seed chooses, in a bring-up or in traffic. What nobody can recover from is told;
 * when all is well again, frames arrive. {@code -Dnetmap4j.link.runs=N} chooses how many seeds.
 */
@Timeout(7200)
@Tag("once")
@ExtendWith(QuickLink.class)
class LinkTroubleTest {
  private static final int RUNS = Integer.getInteger("netmap4j.link.runs", 8);
  private static final int[] CARDS = {0x10fb, 0x10fb, 0x1528, 0x1563};
  private static final String[] MODULES = {
    "10g-sr", "10g-lr", "dac", "active-dac", "1g-sx", "1g-lx", "dual-rate"
  };
  private static final PrintStream ERR = System.err;

  /** Of all runs; a line has the name of a card, which has the run's seed. */
  private static final ByteArrayOutputStream SAID = new ByteArrayOutputStream();

  @BeforeAll
  static void listen() {
    System.setErr(new PrintStream(SAID, true, StandardCharsets.UTF_8));
    tell(LocationAwareLogger.WARN_INT);
  }

  @AfterAll
  static void asBefore() {
    System.setErr(ERR);
    tell(LocationAwareLogger.ERROR_INT);
  }

  /** What the driver's loggers say; in tests it is errors alone. */
  private static void tell(int level) {
    for (Class<?> who : List.of(SfpCage.class, CopperLink.class)) {
      try {
        Logger logger = LoggerFactory.getLogger(who);
        Field current = logger.getClass().getDeclaredField("currentLogLevel");
        current.setAccessible(true);
        current.setInt(logger, level);
      } catch (ReflectiveOperationException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** One run. */
  private static final class Trouble {
    private final Random random;
    private final boolean copper;
    private final String name;
    private final List<String> events = Collections.synchronizedList(new ArrayList<>());
    private final List<Nic82599> cards = new ArrayList<>();
    private final List<String> in = new ArrayList<>(List.of("", ""));
    private final AtomicInteger accesses = new AtomicInteger(Integer.MAX_VALUE);
    private volatile int left;
    private volatile boolean wantsReset;
    private ModelRig rig;

    Trouble(int seed) {
      random = SeededRuns.random(seed);
      name = "seed" + seed + "card";
      int id = CARDS[random.nextInt(CARDS.length)];
      copper = id != 0x10fb;
      left = 1 + random.nextInt(6);
      ModelRig.Setup setup =
          ModelRig.Setup.DEFAULT.card(card -> card.deviceId(id)).around(this::watched);
      events.add(Integer.toHexString(id));
      try (ModelRig made =
          new ModelRig(copper ? setup : setup.link("module=" + module()), () -> {}, cards::add)) {
        rig = made;
        accesses.set(gap());
        until("the events", this::eventsAreOver);
        makeWell();
        until("carrier", () -> rig.a.link().up() && rig.b.link().up());
        framesArrive();
        assertThat(rig.violations()).isEmpty();
      } catch (Throwable e) {
        throw new AssertionError("after " + events + ": " + e + "\n" + said(), e);
      }
    }

    /** From one event to the next, in register accesses: often few, at times a whole bring-up. */
    private int gap() {
      return 1 + random.nextInt(10 << random.nextInt(10));
    }

    private NicDevice watched(NicDevice device) {
      String called = name + device.name().replace(':', '-');
      return (NicDevice)
          Proxy.newProxyInstance(
              LinkTroubleTest.class.getClassLoader(),
              new Class<?>[] {NicDevice.class},
              (proxy, method, args) -> {
                if (method.getName().equals("name")) {
                  return called;
                }
                boolean access =
                    method.getName().equals("read32") || method.getName().equals("write32");
                if (access && accesses.decrementAndGet() == 0) {
                  event();
                  left--;
                  accesses.set(left == 0 ? Integer.MAX_VALUE : gap());
                }
                try {
                  return method.invoke(device, args);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }

    private synchronized void event() {
      int card = random.nextInt(2);
      int chance = random.nextInt(10);
      if (chance == 0) {
        events.add("reset of a");
        wantsReset = true;
      } else if (chance < 5 && copper) {
        heat(card, random.nextBoolean());
      } else if (chance < 5) {
        String there = in.get(card);
        boolean good = random.nextInt(3) > 0;
        put(card, !there.equals("absent") ? "absent" : good ? module() : "unknown");
      } else {
        partner(card, misbehaviour());
      }
    }

    private void put(int card, String kind) {
      events.add(card + " " + kind);
      in.set(card, kind);
      cards.get(card).module(ModuleKind.parse(kind));
    }

    private void partner(int card, String spec) {
      events.add(card + " " + spec);
      cards.get(card).partner(LinkOptions.parse(spec).partner());
    }

    private void heat(int card, boolean hot) {
      events.add(card + (hot ? " hot" : " cool"));
      cards.get(card).setHot(hot);
    }

    private String module() {
      return MODULES[random.nextInt(MODULES.length)];
    }

    private String misbehaviour() {
      return switch (random.nextInt(4)) {
        case 0 -> "partner=none";
        case 1 -> "partner=1g";
        case 2 -> "vanish=" + random.nextInt(30);
        default -> passing();
      };
    }

    /** What is over after a while. */
    private String passing() {
      return switch (random.nextInt(5)) {
        case 0 -> "slow=" + random.nextInt(100);
        case 1 -> "flap=" + (5 + random.nextInt(40)) + "/" + random.nextInt(99) + "/5";
        case 2 -> "vanish=" + random.nextInt(50) + "/" + random.nextInt(200);
        case 3 -> "busy=" + random.nextInt(99);
        default -> "partner=any";
      };
    }

    private boolean eventsAreOver() {
      if (wantsReset) {
        wantsReset = false;
        rig.a.nic().reset();
      }
      send(rig.a, 0);
      send(rig.b, 0);
      receive(rig.a, 0);
      receive(rig.b, 0);
      rig.a.link();
      rig.b.link();
      return left == 0 && !wantsReset;
    }

    /** What nobody recovers from by itself has been told; then it is mended. */
    private void makeWell() {
      if (copper) {
        int last = random.nextInt(3);
        if (last < 2) {
          heat(last, true);
          told(last, "over temperature");
        }
        heat(0, false);
        heat(1, false);
        partner(0, passing());
        partner(1, passing());
        rig.a.nic().reset(); // as the message wants
        rig.b.nic().reset();
        return;
      }
      String kind = module();
      int last = random.nextInt(4);
      if (last < 2) {
        exchange(last, "unknown");
        told(last, "not used, and its laser is off");
      } else if (last == 2) {
        put(0, "absent");
        told(0, "put in|put one in");
      }
      partner(0, passing());
      partner(1, passing());
      exchange(0, kind);
      exchange(1, kind);
    }

    /** By hand: the link is seen to go. */
    private void exchange(int card, String kind) {
      put(card, "absent");
      until("the link to go", () -> !(card == 0 ? rig.a : rig.b).link().up());
      put(card, kind);
    }

    private void told(int card, String words) {
      String[] any = words.split("\\|");
      until(
          words,
          () -> {
            for (String line : said().split("\n")) {
              for (String one : any) {
                if (line.contains("model-" + card) && line.contains(one)) {
                  return true;
                }
              }
            }
            return false;
          });
    }

    private String said() {
      StringBuilder mine = new StringBuilder();
      SAID.toString(StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.contains(name))
          .forEach(line -> mine.append(line).append('\n'));
      return mine.toString();
    }

    private void until(String what, BooleanSupplier condition) {
      long deadline = System.nanoTime() + 60_000_000_000L;
      while (!condition.getAsBoolean()) {
        assertThat(System.nanoTime())
            .as("waited for %s; links %s, %s", what, rig.a.link(), rig.b.link())
            .isLessThan(deadline);
        RegisterWait.sleepMicros(1_000);
      }
    }

    /** A hundred in a row, both ways: a partner that flaps has come to rest by then. */
    private void framesArrive() {
      int[] inARow = new int[1];
      int[] number = new int[1];
      until(
          "frames",
          () -> {
            number[0]++;
            boolean both = crosses(rig.a, rig.b, number[0]) && crosses(rig.b, rig.a, number[0]);
            inARow[0] = both ? inARow[0] + 1 : 0;
            return inARow[0] == 100;
          });
    }

    private static boolean crosses(NetmapPort from, NetmapPort to, int number) {
      int mark = 1 + number % 100;
      long deadline = System.nanoTime() + 200_000_000L;
      send(from, mark);
      while (System.nanoTime() - deadline < 0) {
        from.txSync();
        if (receive(to, mark)) {
          return true;
        }
        Thread.yield();
      }
      return false;
    }

    private static void send(NetmapPort port, int mark) {
      byte[] frame = ModelTraffic.frame(0, 60);
      frame[59] = (byte) mark;
      if (port.tx(0).space() > 0) {
        ModelTraffic.put(port.tx(0), frame);
      }
      port.txSync();
    }

    /** Takes all that is there. @return whether one frame has the mark; a busy partner's has not */
    private static boolean receive(NetmapPort port, int mark) {
      port.rxSync();
      boolean found = false;
      while (!port.rx(0).isEmpty()) {
        byte[] frame = port.rx(0).get(port.rx(0).head());
        found |= frame.length == 60 && frame[59] == mark;
        port.rx(0).advance(port.rx(0).next(port.rx(0).head()));
      }
      return found;
    }
  }

  @Test
  void theLinkRecoversOrTheMessageSaysWhatToDo() {
    SeededRuns.each(RUNS, Trouble::new);
  }
}
