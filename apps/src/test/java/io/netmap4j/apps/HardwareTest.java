package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Mem;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * On two cards: doctor, soak, close, flapping link, rates. What is measured goes to {@code
 * target/hardware}, to be sent in.
 */
@Tag("hardware")
@EnabledIfSystemProperty(
    named = HardwarePair.PROPERTY,
    matches = ".+",
    disabledReason = HardwarePair.WANTED)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class HardwareTest {
  private static final Path RESULTS = Path.of("target", "hardware");
  private static final NicOptions OPTIONS = NicOptions.DEFAULT.dropWhenFull(false);

  /** Frames each way in the soak, rounds of close, frames of a rate. */
  private static final int FRAMES = Integer.getInteger("netmap4j.hardware.frames", 10_000_000);

  private static final int ROUNDS = Integer.getInteger("netmap4j.hardware.rounds", 20);

  @BeforeAll
  static void folder() throws IOException {
    Files.createDirectories(RESULTS);
    Files.deleteIfExists(RESULTS.resolve("figures.txt"));
    StringBuilder config = new StringBuilder();
    for (int i = 0; i < 2; i++) {
      var named = io.netmap4j.compat.nic.Nics.device(HardwarePair.cards().get(i));
      config
          .append("nic.card" + (char) ('a' + i) + " = ")
          .append(named.backend().scheme() + ":" + named.address() + "\n");
    }
    if (HardwarePair.hugetlbfs() != null) {
      config.append("memory.hugetlbfs = " + HardwarePair.hugetlbfs() + "\n");
    }
    Path file = Files.writeString(RESULTS.resolve("netmap4j.properties"), config);
    System.setProperty("netmap4j.config", file.toString());
  }

  private static void note(String line) throws IOException {
    Files.writeString(
        RESULTS.resolve("figures.txt"),
        line + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  @Order(1)
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void doctorFindsNoFailureBesideTheLink(int card) {
    Path file = RESULTS.resolve("doctor-" + card + ".txt");
    Command run = Command.run("doctor", "-o", file.toString(), HardwarePair.cards().get(card));
    assertThat(run.err()).isEmpty();
    assertThat(file).exists();
    // Whether the other end sends light before its port is open is its own business.
    assertThat(file).content().doesNotContainPattern("(?m)^failure +(?!link)");
  }

  @Order(2)
  @Test
  void everyFrameOfASoakArrivesOnceInOrderAsItWas() throws IOException {
    try (HardwarePair cards = new HardwarePair(OPTIONS, 0)) {
      note("link after " + cards.awaitLink() + " ms: " + cards.port(0).link());
      long start = System.nanoTime();
      Stream there = new Stream(cards.port(0), cards.port(1));
      Stream back = new Stream(cards.port(1), cards.port(0));
      while (there.received < FRAMES || back.received < FRAMES) {
        there.step(FRAMES);
        back.step(FRAMES);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      note(
          String.format(
              Locale.ROOT,
              "soak: %d frames each way in %.1f s, both ways in one thread, contents checked",
              FRAMES,
              seconds));
      for (int i = 0; i < 2; i++) {
        note("counters of " + HardwarePair.cards().get(i) + ": " + cards.port(i).counters());
        assertThat(cards.port(i).counters().get("CRCERRS")).as("CRCERRS").isZero();
      }
    }
  }

  @Order(3)
  @Test
  void aCloseInTrafficGivesEverythingBack() {
    int before = -1;
    for (int round = 0; round < ROUNDS; round++) {
      try (HardwarePair cards = new HardwarePair(OPTIONS, 0)) {
        cards.awaitLink();
        Stream there = new Stream(cards.port(0), cards.port(1));
        Stream back = new Stream(cards.port(1), cards.port(0));
        for (int i = 0; i < 200; i++) {
          there.step(FRAMES);
          back.step(FRAMES);
        }
      }
      int now = new File("/proc/self/fd").list().length;
      before = before < 0 ? now : before;
      assertThat(now).as("descriptors after round " + round).isLessThanOrEqualTo(before + 2);
    }
  }

  /** A port that closes stops its card; where the medium has light, that goes out. */
  @Order(4)
  @Test
  void afterEachFlapOfTheLinkFramesCrossAgain() throws IOException {
    try (HardwarePair cards = new HardwarePair(OPTIONS, 0)) {
      cards.awaitLink();
      long worst = 0;
      for (int round = 0; round < ROUNDS; round++) {
        int flaps = round % 2;
        if (round % 4 < 2) {
          cards.close(flaps);
          cards.open(flaps);
        } else {
          cards.port(flaps).nic().reset();
        }
        worst = Math.max(worst, cards.awaitLink());
        for (int i = 0; i < 2; i++) { // what was under way is gone or arrives
          NetmapPort port = cards.port(i);
          port.rxSync();
          port.rx(0).advance(port.rx(0).tail());
          port.rxSync();
        }
        Stream there = new Stream(cards.port(0), cards.port(1));
        Stream back = new Stream(cards.port(1), cards.port(0));
        while (there.received < 100 || back.received < 100) {
          there.step(100);
          back.step(100);
        }
      }
      note("link flaps: " + ROUNDS + ", the link was back after " + worst + " ms at most");
    }
  }

  @Order(5)
  @ParameterizedTest
  @ValueSource(ints = {60, 1514})
  void rates(int bytes) throws IOException {
    int frames = Math.max(1000, FRAMES / 2);
    Command run =
        Command.run(
            "run",
            "pkt-gen -i netmap:cardb -f rx -W --wait-link 20",
            "pkt-gen -i netmap:carda -f tx --wait-link 20 -n " + frames + " -l " + bytes);
    note("pkt-gen, frames of " + bytes + " bytes:\n" + totals(run.out()));
    assertThat(run.err()).doesNotContain("netmap4j:");
    assertThat(run.out()).contains("Sent " + frames + " packets").contains("Received ");
  }

  @Order(6)
  @Test
  void roundTrips() throws IOException {
    int trips = Math.min(100_000, FRAMES);
    Command run =
        Command.run(
            "run",
            "pkt-gen -i netmap:cardb -f pong -W --wait-link 20",
            "pkt-gen -i netmap:carda -f ping --wait-link 20 -n " + trips);
    note("pkt-gen, ping:\n" + totals(run.out()));
    assertThat(run.code()).as(run.out() + run.err()).isZero();
  }

  /** The lines behind the last rate. */
  private static String totals(String out) {
    StringBuilder text = new StringBuilder();
    out.lines().filter(l -> !l.contains(" pps (")).forEach(l -> text.append("  " + l + "\n"));
    return text.toString();
  }

  /** Numbered frames from one port to the other, never more under way than a ring holds. */
  private static final class Stream {
    private static final int UNDER_WAY = 256;
    private static final long PATIENCE_NANOS = 10_000_000_000L;
    private final NetmapPort from;
    private final NetmapPort to;
    private int sent;
    int received;
    private long seen = System.nanoTime();

    Stream(NetmapPort from, NetmapPort to) {
      this.from = from;
      this.to = to;
    }

    void step(int frames) {
      NetmapRing tx = from.tx(0);
      int slot = tx.head();
      for (int space = tx.space();
          space > 0 && sent < frames && sent - received < UNDER_WAY;
          space--) {
        int length = length(sent);
        long buffer = tx.buffer(slot);
        for (int i = 0; i < length; i += 4) {
          Mem.putInt(buffer + i, word(sent, i));
        }
        tx.lenAndFlags(slot, length, 0);
        slot = tx.next(slot);
        sent++;
      }
      tx.advance(slot);
      from.txSync();
      NetmapRing rx = to.rx(0);
      to.rxSync();
      for (slot = rx.head(); slot != rx.tail(); slot = rx.next(slot)) {
        check(rx.buffer(slot), rx.len(slot));
        received++;
        seen = System.nanoTime();
      }
      rx.advance(slot);
      assertThat(System.nanoTime() - seen < PATIENCE_NANOS || sent == received)
          .as("10 s of silence at " + to.name() + " after " + received + " of " + sent)
          .isTrue();
    }

    private void check(long buffer, int length) {
      assertThat(length).as("length of frame " + received).isEqualTo(length(received));
      for (int i = 0; i < length; i += 4) {
        if (Mem.getInt(buffer + i) != word(received, i)) {
          assertThat(Integer.toHexString(Mem.getInt(buffer + i)))
              .as("frame " + received + ", byte " + i)
              .isEqualTo(Integer.toHexString(word(received, i)));
        }
      }
    }

    /** Multiples of 4 from 60 to 1512. */
    private static int length(int number) {
      return 60 + number * 37 % 364 * 4;
    }

    /** To everybody, from 02:00:00:00:00:01, a type for experiments, then numbers. */
    private static int word(int number, int at) {
      return switch (at) {
        case 0 -> -1;
        case 4 -> 0x0002ffff;
        case 8 -> 0x01000000;
        case 12 -> 0xb588;
        case 16 -> number;
        default -> number * 31 + at;
      };
    }
  }
}
