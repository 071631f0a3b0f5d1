package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Captures, cut, flipped and with nasty values in each field: each is read to the frame as the
 * format says, or refused by an IOException that names the file.
 *
 * <p>{@code -Dnetmap4j.fuzz=1000000} makes it long, {@code -Dnetmap4j.seed=N} another one.
 */
@Tag("once")
class PcapFuzzTest {
  private static final int CASES = Integer.getInteger("netmap4j.fuzz", 2_500);
  private static final long SEED = Long.getLong("netmap4j.seed", 1);

  @TempDir Path folder;
  private int refused;
  private int ended;
  private long frames;

  @Test
  @Timeout(value = 12, unit = TimeUnit.HOURS)
  void damagedCapturesAreReadAsFarAsTheyAreWhole() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    long begin = System.nanoTime();
    for (int i = 0; i < CASES; i++) {
      byte[] capture = PcapOracle.capture(random, 8, 1600);
      check(i % 10 == 0 ? capture : PcapOracle.damage(random, capture), "case " + i);
    }
    System.out.printf(
        "fuzz: %d captures of seed %d in %d ms, %d refused, %d read to their end, %d frames%n",
        CASES,
        SEED,
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin),
        refused,
        ended,
        frames);
    assertThat(refused).isPositive();
    assertThat(ended).isPositive();
    assertThat(CASES - refused - ended).as("damaged behind the header").isPositive();
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void eachFieldTakesEachNastyValue() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 2; i++) {
      byte[] capture;
      do {
        capture = PcapOracle.capture(random, 4, 300);
      } while (capture.length < 24 + 2 * 16);
      for (long value : PcapOracle.NASTY) {
        for (boolean big : new boolean[] {false, true}) {
          for (int[] field : PcapOracle.HEADER_FIELDS) {
            checkField(capture, field[0], field[1], value, big);
          }
          for (int field : PcapOracle.RECORD_FIELDS) {
            checkField(capture, 24 + field, 4, value, big);
          }
        }
      }
    }
  }

  private void checkField(byte[] capture, int at, int size, long value, boolean big)
      throws IOException {
    byte[] bytes = capture.clone();
    PcapOracle.put(bytes, at, size, value, big);
    check(bytes, "0x" + Long.toHexString(value) + " at byte " + at);
  }

  private void check(byte[] bytes, String what) throws IOException {
    Path file = Files.write(folder.resolve("fuzzed.pcap"), bytes);
    PcapOracle.Content expected = PcapOracle.read(bytes);
    try (PcapReader reader = PcapReader.open(file)) {
      assertThat(expected.opens()).as(what).isTrue();
      for (PcapOracle.Frame frame : expected.frames()) {
        if (!reader.next()
            || reader.timestampNanos() != frame.nanos()
            || reader.originalLength() != frame.original()
            || !Arrays.equals(reader.bytes(), frame.bytes())) {
          fail(what + ": frame " + reader.number() + " of " + HexFormat.of().formatHex(bytes));
        }
        frames++;
      }
      finish(reader, expected, what);
    } catch (IOException e) {
      assertThat(expected.opens()).as("%s: %s", what, e.getMessage()).isFalse();
      assertThat(e.getMessage()).as(what).contains("fuzzed.pcap");
      refused++;
    }
  }

  private void finish(PcapReader reader, PcapOracle.Content expected, String what) {
    try {
      assertThat(reader.next()).as(what).isFalse();
      assertThat(expected.ends()).as(what).isTrue();
      ended++;
    } catch (IOException e) {
      assertThat(expected.ends()).as("%s: %s", what, e.getMessage()).isFalse();
      assertThat(e.getMessage()).as(what).contains("fuzzed.pcap");
    }
  }
}
