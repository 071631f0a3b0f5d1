package io.netmap4j.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The client against a server that spoils one reply of each conversation, in a way made from a
 * seed. Whatever comes, the client answers with a NetmapException or carries on; it never hangs,
 * leaks, or fails in another way.
 *
 * <p>{@code -Dnetmap4j.fuzz=1000000} for a long run, {@code -Dnetmap4j.seed} for another one.
 */
@Tag("once")
@Timeout(7200)
class LyingServerTest {
  private static final int CASES = Integer.getInteger("netmap4j.fuzz", 3000);
  private static final long SEED = Long.getLong("netmap4j.seed", 1);
  private static final int IMPATIENT_MILLIS = 10;

  @TempDir Path folder;
  private final int event = Libc.eventFd();
  private int refused;
  private int unnoticed;

  private static int threads() {
    return Thread.getAllStackTraces().size();
  }

  private static long mappings() throws Exception {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("netmap4j-descriptors")).count();
    }
  }

  @Test
  void noReplyHurts() throws Exception {
    try (FakeServer server = new FakeServer(folder.resolve("s"))) {
      honest(server);
      long descriptors = OpenDescriptors.count();
      int threads = threads();
      for (int n = 0; n < CASES; n++) {
        lie(server, new Random(SEED * 1_000_003 + n), "case " + n + " of seed " + SEED);
        if (n % 1000 == 999) {
          honest(server);
        }
      }
      honest(server);
      assertThat(OpenDescriptors.count()).as("descriptors").isEqualTo(descriptors);
      assertThat(mappings()).as("mappings").isZero();
      assertThat(threads()).as("threads").isLessThan(threads + 10);
    }
    Libc.closeFd(event);
    System.out.printf("%d cases: %d refused, %d not to be noticed%n", CASES, refused, unnoticed);
    assertThat(refused).isGreaterThan(CASES / 2);
  }

  /** What a client of an honest server gets. */
  private void honest(FakeServer server) {
    server.lie = (command, reply, size) -> size;
    server.onlyOneMore = false;
    server.fdsWithReply = new int[0];
    try (VfioDevice device = device(VfioUser.connect(server.path))) {
      device.write32(0, 4711);
      assertThat(device.read32(0)).isEqualTo(4711);
    }
  }

  private static VfioDevice device(VfioUser vfio) {
    try {
      return new VfioDevice("fuzzed", vfio, new VfioDmaDomain(vfio));
    } catch (RuntimeException e) {
      vfio.close();
      throw e;
    }
  }

  private void lie(FakeServer server, Random random, String name) {
    int[] countdown = {random.nextInt(14)};
    server.onlyOneMore = false;
    server.fdsWithReply = new int[0];
    server.lie =
        (command, reply, size) -> countdown[0]-- == 0 ? spoil(server, random, reply, size) : size;
    try (VfioDevice device = device(VfioUser.connect(server.path, IMPATIENT_MILLIS))) {
      for (int i = random.nextInt(4); i >= 0; i--) {
        use(device, random.nextInt(8));
      }
      unnoticed++;
    } catch (NetmapException e) {
      refused++;
    } catch (RuntimeException | Error e) {
      throw new AssertionError(name + ": " + e, e);
    }
  }

  private static void use(VfioDevice device, int how) {
    switch (how) {
      case 0 -> device.write32(8, 1);
      case 1 -> device.writeConfig(4, 2, 6);
      case 2 -> device.readConfig(4, 1);
      case 3 -> device.enableIrqs(10);
      case 4 -> device.resetFunction();
      case 5 -> device.freeDma(device.allocateDma(4096));
      case 6 -> device.allocateDma(8192);
      default -> device.read32(8);
    }
  }

  private int spoil(FakeServer server, Random random, long reply, int size) {
    switch (random.nextInt(8)) {
      case 0 -> {
        for (int i = random.nextInt(4); i >= 0; i--) {
          long at = reply + random.nextInt(size);
          Mem.putByte(at, (byte) (Mem.getByte(at) ^ 1 << random.nextInt(8)));
        }
        server.onlyOneMore = true;
        return size;
      }
      case 1 -> {
        Mem.putInt(reply + 4L * random.nextInt((size + 3) / 4), interesting(random));
        server.onlyOneMore = true;
        return size;
      }
      case 2 -> {
        server.onlyOneMore = true;
        return 1 + random.nextInt(size);
      }
      case 3 -> {
        int longer = size + 1 + random.nextInt(9000);
        if (random.nextBoolean()) {
          Mem.putInt(reply + 4, longer);
        }
        return longer;
      }
      case 4 -> {
        server.fdsWithReply = new int[] {event, event, event};
        return random.nextInt(4) == 0 ? size - 1 : size;
      }
      case 5 -> {
        Mem.copy(reply, reply + size, size); // said twice
        return 2 * size;
      }
      case 6 -> {
        for (int i = 0; i < size; i += 4) {
          Mem.putInt(reply + i, random.nextInt());
        }
        server.onlyOneMore = true;
        return size;
      }
      default -> {
        return random.nextInt(500) == 0 ? 0 : -1;
      }
    }
  }

  private static int interesting(Random random) {
    int[] values = {0, 1, -1, 15, 16, 17, 0x7fffffff, 0x80000000, 8192, 8193, 65536, 0x21, 0x10};
    return values[random.nextInt(values.length)];
  }
}
