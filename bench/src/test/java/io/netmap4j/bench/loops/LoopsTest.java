package io.netmap4j.bench.loops;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_FORWARD;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.Netmap.NS_REPORT;
import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.Kring;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is compared does the same: the driver's loops and those of loops.c, on random slots. */
class LoopsTest {
  private static final int SLOTS = 128;
  private static final int SYNCS = 1000;
  private static final int ENTRY = Image.ENTRY;
  private static final int DD = 1;
  private static final int EOP = 2;
  private static final int CRC_ERROR = 1 << 24;
  private static final long ERROR = 1L << 29;

  private static CLibrary library;

  @BeforeAll
  static void compile() {
    try {
      library = CLibrary.build("loops", "gcc");
    } catch (IOException e) {
      Assumptions.abort("no loops in C: " + e.getMessage());
    }
  }

  @AfterAll
  static void unload() {
    if (library != null) {
      library.close();
    }
  }

  @ParameterizedTest
  @EnumSource(Loop.class)
  void descriptorsSlotsAndIndicesAreThoseOfC(Loop loop) {
    Random random = new Random(17);
    try (DriverLoops driver = new DriverLoops(SLOTS)) {
      RingMemory java = driver.memory(loop);
      Kring k = driver.kring(loop);
      long copy = Mem.allocate(2L * SLOTS * ENTRY + 64);
      RingMemory other =
          new RingMemory(
              copy,
              copy + (long) SLOTS * ENTRY,
              java.addresses(),
              copy + 2L * SLOTS * ENTRY,
              java.buffers(),
              java.bufSize(),
              java.bufTotal(),
              SLOTS);
      int unusual = 0;
      try (CLoops c = new CLoops(library, other)) {
        for (int n = 0; n < SYNCS; n++) {
          boolean wild = n % 2 == 1;
          for (int i = 0; i < SLOTS; i++) {
            Mem.putLong(java.slots() + (long) i * ENTRY, slot(random, java.bufTotal(), wild));
            Mem.putLong(java.descriptors() + (long) i * ENTRY + 8, writtenBack(random, wild));
          }
          int from = random.nextInt(SLOTS);
          int batch = 1 + random.nextInt(SLOTS - 1);
          int hwOfs = random.nextInt(SLOTS);
          int to = k.plus(from, batch);
          int hwTail = loop == Loop.TX ? k.plus(from, SLOTS - 1) : to;
          if (loop == Loop.TAKE) { // the user has all but a batch, and gives nothing back
            to = from;
            hwTail = k.plus(from, SLOTS - 1 - batch);
          } else if (loop == Loop.GIVE) { // nothing arrives
            Mem.putLong(descriptor(java, k.distance(hwOfs, hwTail)) + 8, 0);
          }
          driver.start(loop, from, hwTail, hwOfs);
          if (loop == Loop.TX) { // start has let the card write back
            Mem.set(java.descriptors(), (long) SLOTS * ENTRY, (byte) 0);
          }
          Mem.copy(java.slots(), other.slots(), (long) SLOTS * ENTRY);
          Mem.copy(java.descriptors(), other.descriptors(), (long) SLOTS * ENTRY);
          Mem.putInt(java.tail(), -1);
          Mem.putInt(other.tail(), -1);
          c.start(from, hwTail, hwOfs);

          driver.sync(loop, to);
          c.sync(loop, to);

          String what = loop + ", sync " + n;
          assertThat(c.hwCur()).as(what).isEqualTo(k.hwCur);
          assertThat(c.hwTail()).as(what).isEqualTo(k.hwTail);
          assertThat(c.hwOfs()).as(what).isEqualTo(k.hwOfs);
          assertThat(Mem.getInt(other.tail())).as(what).isEqualTo(Mem.getInt(java.tail()));
          assertThat(bytes(other.descriptors())).as(what).isEqualTo(bytes(java.descriptors()));
          if (loop != Loop.GIVE) { // which may leave flags as they are
            assertThat(bytes(other.slots())).as(what).isEqualTo(bytes(java.slots()));
          }
          unusual += k.hwOfs != hwOfs || loop != Loop.TX && wild ? 1 : 0;
        }
      } finally {
        Mem.free(copy);
      }
      assertThat(unusual).as("syncs with refused or unusual slots").isGreaterThan(SYNCS / 10);
    }
  }

  /** A slice refuses to give a figure when packets are left over. */
  @Test
  void passesThatDoNotDoAllPacketsGiveNoFigure() {
    try (DriverLoops driver = new DriverLoops(SLOTS);
        Image nothingArrived = Image.of(Loop.GIVE, SLOTS, 32, false);
        Image arrived = Image.of(Loop.TAKE, SLOTS, 32, true);
        CLoops c = new CLoops(library, driver.memory(Loop.TAKE))) {
      assertThat(driver.slice(Loop.TAKE, nothingArrived, 32, 1000)).isNaN();
      assertThat(c.slice(Loop.TAKE, nothingArrived, 32, 1000)).isNaN();
      assertThat(driver.slice(Loop.TAKE, arrived, 32, 1000)).isPositive();
      assertThat(c.slice(Loop.TAKE, arrived, 32, 1000)).isPositive();
    }
  }

  private static long slot(Random random, int bufTotal, boolean wild) {
    int index = 2 + random.nextInt(bufTotal - 2);
    int len = 60;
    int flags = NS_BUF_CHANGED;
    if (wild && random.nextInt(8) == 0) {
      switch (random.nextInt(6)) {
        case 0 -> index = new int[] {0, 1, -1, bufTotal, Integer.MIN_VALUE}[random.nextInt(5)];
        case 1 -> len = new int[] {0, 1, 13, 14, 16, 17}[random.nextInt(6)];
        case 2 -> len = new int[] {1518, 1519, 2048, 2049, 65535}[random.nextInt(5)];
        case 3 -> flags = NS_REPORT | random.nextInt(2);
        case 4 -> flags = NS_MOREFRAG | random.nextInt(4);
        default -> flags = random.nextInt(2) == 0 ? 0 : NS_FORWARD;
      }
    }
    return index & 0xffffffffL | (long) len << 32 | (long) flags << 48;
  }

  private static long writtenBack(Random random, boolean wild) {
    long done = DD | EOP | 60L << 32;
    if (wild && random.nextInt(32) == 0) {
      return switch (random.nextInt(5)) {
        case 0 -> 0;
        case 1 -> DD | 60L << 32;
        case 2 -> done | CRC_ERROR;
        case 3 -> done | ERROR;
        default -> DD | EOP | (long) new int[] {0, 1, 2048, 2049, 65535}[random.nextInt(5)] << 32;
      };
    }
    return done;
  }

  private static long descriptor(RingMemory memory, int i) {
    return memory.descriptors() + (long) i * ENTRY;
  }

  private static byte[] bytes(long address) {
    byte[] bytes = new byte[SLOTS * ENTRY];
    Mem.copyOut(address, bytes, 0, bytes.length);
    return bytes;
  }
}
