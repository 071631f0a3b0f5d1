package io.netmap4j.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client against a server that does as it should, then against ones that do not. */
@Timeout(60)
class VfioUserTest {
  private static final int VERSION = 1;
  private static final int DMA_UNMAP = 3;
  private static final int REGION_READ = 9;
  private static final int REGION_WRITE = 10;
  private static final int PATIENCE_MILLIS = 900;

  @TempDir Path folder;
  private final CountDownLatch stalled = new CountDownLatch(1);
  private final CountDownLatch go = new CountDownLatch(1);
  private FakeServer server;
  private long descriptors;

  @BeforeEach
  void serve() throws Exception {
    descriptors = OpenDescriptors.count();
    server = new FakeServer(folder.resolve("s"));
  }

  @AfterEach
  void end() throws Exception {
    go.countDown();
    server.close();
    assertThat(server.unexpected).isEmpty();
    assertThat(OpenDescriptors.count()).as("descriptors").isEqualTo(descriptors);
  }

  private NicDevice open() {
    return VfioUserBackend.open(
        server.path.toString(), VfioUser.connect(server.path, PATIENCE_MILLIS));
  }

  private static Region region() {
    return Region.create(MemoryOptions.DEFAULT.buffers(4096, 2048));
  }

  /** Fails as described in time, and so does everything after it. */
  private static void fails(NicDevice device, int errno, String words, ThrowingCallable call) {
    long begin = System.nanoTime();
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno))
        .hasMessageContaining(words);
    List<ThrowingCallable> later =
        List.of(
            () -> device.read32(8),
            () -> device.write32(8, 1),
            () -> device.readConfig(0, 2),
            () -> device.writeConfig(4, 2, 0),
            device::resetFunction,
            () -> device.enableIrqs(1),
            () -> device.allocateDma(4096));
    for (ThrowingCallable one : later) {
      assertThatThrownBy(one)
          .isInstanceOfSatisfying(
              NetmapException.class, e -> assertThat(e.errno()).isEqualTo(errno))
          .hasMessageContaining(words);
    }
    // 0.9 s is the client's limit; the rest is for a busy machine.
    assertThat(System.nanoTime() - begin).as("ns").isLessThan(3_000_000_000L);
  }

  @Test
  void registersAndConfigurationSpace() {
    try (NicDevice device = open()) {
      assertThat(device.id().toString()).isEqualTo("8086:10fb");
      device.write32(12, 0xdeadbeef);
      assertThat(device.read32(12)).isEqualTo(0xdeadbeef);
      assertThat(server.registers[3]).isEqualTo(0xdeadbeef);
      device.writeConfig(4, 2, 6);
      assertThat(device.readConfig(4, 2)).isEqualTo(6);
      assertThat(device.readConfig(0, 4)).isEqualTo(0x10fb8086);
      assertThat(device.readConfig(1, 1)).isEqualTo(0x80);
      assertThat(device.resetFunction()).isTrue();
      assertThat(server.resets).isEqualTo(1);
      assertThat(device.mappedRegister(0)).isZero();
      assertThatThrownBy(() -> device.read32(4096)).hasMessageContaining("outside BAR 0");
      assertThatThrownBy(() -> device.write32(2, 0)).hasMessageContaining("outside BAR 0");
    }
    assertThat(server.config[4]).as("bus mastering after close").isEqualTo((byte) 2);
  }

  @Test
  void theIoBarIsTheRegionWhoseBarSaysSo() {
    server.registers[2] = 0x80080;
    try (NicDevice device = open()) {
      assertThat(device.ioPorts()).as("no I/O BAR").isNull();
      server.ioBytes = 32;
      server.config[0x10 + 4] = 1; // the upper half of BAR 0's address, without a region
      server.config[0x10 + 8] = 1;
      NicDevice.IoPorts ports = device.ioPorts();
      assertThat(ports.size()).isEqualTo(32);
      ports.write32(0, 8);
      assertThat(ports.read32(4)).isEqualTo(0x80080);
      assertThatThrownBy(() -> ports.read32(32)).hasMessageContaining("I/O BAR of 32 bytes");
      assertThatThrownBy(() -> ports.write32(2, 0)).hasMessageContaining("no port at 2");
    }
  }

  @Test
  void theServerSeesTheSameMemory() {
    try (Region region = region();
        NicDevice device = open()) {
      NicDevice.DmaBuffer ring = device.allocateDma(5000);
      Mem.putInt(ring.address() + 4996, 77);
      FakeServer.Mapping theirs = server.mappings.get(ring.iova());
      assertThat(theirs.size()).isEqualTo(8192);
      assertThat(Mem.getInt(theirs.address() + 4996)).isEqualTo(77);

      DmaMapping one = device.domain().map(region);
      DmaMapping two = device.domain().map(region);
      assertThat(server.mappings).hasSize(2);
      assertThat(two.iova(5 << 20)).isEqualTo(one.iova(5 << 20));
      FakeServer.Mapping whole = server.mappings.get(one.iova(0));
      Mem.putInt(region.address() + (5 << 20), 78);
      assertThat(Mem.getInt(whole.address() + (5 << 20))).isEqualTo(78);
      one.close();
      assertThat(server.mappings).hasSize(2);
      two.close();
      assertThat(server.mappings).hasSize(1);
      device.freeDma(ring);
      assertThat(server.mappings).isEmpty();
      device.allocateDma(4096);
    }
    assertThat(server.mappings).isEmpty();
  }

  @Test
  void interruptsAreSetInPortionsThatTheServerTakes() {
    try (NicDevice device = open()) {
      assertThat(device.irqVectors()).isEqualTo(64);
      int[] fds = device.enableIrqs(20);
      assertThat(server.setIrqs).as("8 at a time").isEqualTo(3);
      assertThat(server.eventFds).hasSize(20);
      for (int i : new int[] {0, 7, 8, 19}) {
        Libc.signal(server.eventFds.get(i));
        assertThat(Libc.pollIn(fds, 0)).isEqualTo(1);
        assertThat(Libc.drain(fds[i])).isEqualTo(1);
      }
      device.enableIrqs(0);
      assertThat(server.eventFds).isEmpty();
      assertThatThrownBy(() -> device.enableIrqs(65)).hasMessageContaining("has 64");
    }
  }

  @Test
  void aServerThatDiesIsToldAtEveryCommand() {
    for (int dies : new int[] {REGION_READ, REGION_WRITE, DMA_UNMAP, 2, 8, 13}) {
      try (Region region = region()) {
        NicDevice device = open();
        DmaMapping mapping = device.domain().map(region);
        NicDevice.DmaBuffer ring = device.allocateDma(4096);
        server.lie = (command, reply, size) -> command == dies ? -1 : size;
        ThrowingCallable call =
            switch (dies) {
              case REGION_READ -> () -> device.read32(0);
              case REGION_WRITE -> () -> device.writeConfig(4, 2, 0);
              case 2 -> () -> device.allocateDma(4096);
              case 8 -> () -> device.enableIrqs(1);
              case 13 -> device::resetFunction;
              default -> () -> device.freeDma(ring);
            };
        if (dies == DMA_UNMAP) {
          device.freeDma(ring); // gone with the server
          fails(device, Libc.ENXIO, "the server is gone", () -> device.read32(0));
        } else {
          fails(device, Libc.ENXIO, "the server is gone", call);
        }
        mapping.close();
        device.close();
        server.lie = (command, reply, size) -> size;
      }
    }
  }

  @Test
  void postedWritesNoticeADeadServer() throws Exception {
    try (NicDevice device = open()) {
      server.hangUp();
      Thread.sleep(50);
      fails(device, Libc.ENXIO, "the server is gone", () -> device.write32(0, 1));
    }
  }

  /** A server that answers with nothing until it is let go on. */
  private void stall() {
    server.lie =
        (command, reply, size) -> {
          stalled.countDown();
          try {
            go.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          return size;
        };
  }

  /** A thread that reads while the server stands still. */
  private Thread reader(NicDevice device, AtomicReference<Object> result)
      throws InterruptedException {
    stall();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.set(device.read32(4));
              } catch (NetmapException e) {
                result.set(e.getMessage());
              }
            });
    thread.start();
    stalled.await();
    return thread;
  }

  /** Stopped for a while: register writes do not wait, and all of them arrive, in order. */
  @Test
  void aServerThatStandsStillForAWhileIsWaitedForAndNothingIsLost() throws Exception {
    try (NicDevice device = VfioUserBackend.open("s", VfioUser.connect(server.path, 50_000))) {
      device.write32(4, 77);
      AtomicReference<Object> result = new AtomicReference<>();
      Thread reader = reader(device, result);
      int registers = server.registers.length;
      int writes = 20 * registers; // more than the socket takes
      for (int i = 0; i < writes; i++) {
        device.write32(4 * (i % registers), i);
      }
      assertThat(result.get()).as("while the server stands still").isNull();
      Thread.sleep(1200); // long enough to be told
      go.countDown();
      reader.join();
      assertThat(result.get()).isEqualTo(77);
      assertThat(device.read32(0)).isEqualTo(writes - registers);
      for (int i = 0; i < registers; i++) {
        assertThat(server.registers[i]).isEqualTo(writes - registers + i);
      }
    }
  }

  /** More than is kept for a server: the writer waits for it, and no write is lost. */
  @Test
  void aWriterWaitsForAServerThatIsFarBehind() throws Exception {
    try (NicDevice device = VfioUserBackend.open("s", VfioUser.connect(server.path, 50_000))) {
      AtomicReference<Object> result = new AtomicReference<>();
      Thread reader = reader(device, result);
      int writes = 3 * VfioUserOutput.MOST_KEPT / 36;
      AtomicInteger written = new AtomicInteger();
      Thread writer =
          new Thread(
              () -> {
                for (int i = 1; i <= writes; i++) {
                  device.write32(4, i);
                  written.set(i);
                }
              });
      writer.start();
      for (int last = -1; written.get() != last; ) {
        last = written.get();
        Thread.sleep(300);
      }
      assertThat(written.get()).as("while the server stands still").isLessThan(writes);
      go.countDown();
      writer.join(60_000);
      reader.join();
      assertThat(device.read32(4)).isEqualTo(writes);
    }
  }

  @Test
  void aWriterWaitsForAServerThatStandsStillForALimitedTime() throws Exception {
    NicDevice device = VfioUserBackend.open("s", VfioUser.connect(server.path, 500));
    AtomicReference<Object> result = new AtomicReference<>();
    Thread reader = reader(device, result);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100_000; i++) {
                device.write32(4, i);
              }
            })
        .hasMessageContaining("has not answered for");
    go.countDown();
    reader.join();
    device.close();
  }

  /** Whoever closes does not wait as long as whoever works, and ends the others' waits. */
  @Test
  void aServerThatStandsStillIsLeftSoon() throws Exception {
    NicDevice device = VfioUserBackend.open("s", VfioUser.connect(server.path, 3_600_000));
    AtomicReference<Object> result = new AtomicReference<>();
    Thread reader = reader(device, result);
    device.close();
    reader.join();
    assertThat((String) result.get()).contains("has not answered");
    go.countDown();
  }

  @Test
  void aServerThatDoesNotAnswerKeepsItsMemory() throws Exception {
    Region region = region();
    NicDevice device = open();
    DmaMapping mapping = device.domain().map(region);
    server.lie = (command, reply, size) -> 0;
    fails(device, Libc.EIO, "has not answered", () -> device.read32(0));
    server.close(); // the fake one lets go when it is told that nothing more comes
    mapping.close();
    device.close();
    region.close();
    server = new FakeServer(folder.resolve("s"));
  }

  @Test
  void aServerThatStaysAndStaysSilentIsNotTrustedWithTheRegion() throws Exception {
    Region region = region();
    NicDevice device = open();
    DmaMapping mapping = device.domain().map(region);
    Object gate = new Object();
    boolean[] open = {false};
    server.lie =
        (command, reply, size) -> {
          synchronized (gate) {
            while (!open[0]) {
              try {
                gate.wait();
              } catch (InterruptedException e) {
                return -1;
              }
            }
          }
          return -1;
        };
    fails(device, Libc.EIO, "has not answered", () -> device.read32(0));
    assertThatThrownBy(mapping::close).hasMessageContaining("has not let go");
    device.close();
    synchronized (gate) {
      open[0] = true;
      gate.notifyAll();
    }
    region.close();
  }

  /** A change to a reply, and what must be said about it. */
  private record Wrong(int command, int errno, String words, FakeServer.Lie lie) {}

  private static FakeServer.Lie put(int offset, int value) {
    return (command, reply, size) -> {
      Mem.putInt(reply + offset, value);
      return size;
    };
  }

  @Test
  void liesAreTold() {
    List<Wrong> lies = new ArrayList<>();
    for (int command : new int[] {REGION_READ, REGION_WRITE, 2, 13}) {
      lies.add(new Wrong(command, Libc.EIO, "was due", put(0, command << 16 | 0xffff)));
      lies.add(new Wrong(command, Libc.EIO, "was due", put(0, 4)));
      lies.add(new Wrong(command, Libc.EIO, "a message of 15", put(4, 15)));
      lies.add(new Wrong(command, Libc.EIO, "a message of 4294967295", put(4, -1)));
      lies.add(new Wrong(command, Libc.EIO, "a message of 65536", put(4, 65536)));
      lies.add(new Wrong(command, Libc.EIO, "unknown type 2", put(8, 2)));
      lies.add(new Wrong(command, Libc.EIO, "has not answered", put(4, 4000)));
      lies.add(new Wrong(command, Libc.EIO, "has not answered", (c, r, size) -> size - 1));
      lies.add(new Wrong(command, Libc.EIO, "has not answered", (c, r, size) -> 0));
    }
    lies.add(new Wrong(REGION_READ, Libc.EIO, "bytes at", put(16, 4)));
    lies.add(new Wrong(REGION_READ, Libc.EIO, "bytes at", put(24, 1)));
    lies.add(new Wrong(REGION_READ, Libc.EIO, "bytes at", put(28, 8)));
    lies.add(new Wrong(REGION_WRITE, Libc.EIO, "bytes at", put(28, 1)));
    lies.add(
        new Wrong(
            REGION_READ,
            Libc.EIO,
            "with a reply of 18",
            (c, reply, size) -> {
              Mem.putInt(reply + 4, 34);
              return 34;
            }));
    for (Wrong wrong : lies) {
      NicDevice device = open();
      server.lie = (c, reply, size) -> c == wrong.command ? wrong.lie.tell(c, reply, size) : size;
      ThrowingCallable call =
          switch (wrong.command) {
            case REGION_READ -> () -> device.read32(0);
            case REGION_WRITE -> () -> device.writeConfig(4, 2, 0);
            case 2 -> () -> device.allocateDma(4096);
            default -> device::resetFunction;
          };
      fails(device, wrong.errno, wrong.words, call);
      server.lie = (c, r, size) -> size;
      device.close();
    }
  }

  @Test
  void anAnswerOfAnErrorIsNotTheEnd() {
    try (NicDevice device = open()) {
      server.lie =
          (command, reply, size) -> {
            if (command != REGION_READ) {
              return size;
            }
            Mem.putInt(reply + 4, 16);
            Mem.putInt(reply + 8, 0x21);
            Mem.putInt(reply + 12, Libc.EINVAL);
            return 16;
          };
      assertThatThrownBy(() -> device.read32(0)).hasMessageContaining("Invalid argument");
      server.lie = (command, reply, size) -> size;
      assertThat(device.read32(0)).isZero();
    }
  }

  @Test
  void badGreetingsAreRefused() {
    List<FakeServer.Lie> greetings = new ArrayList<>();
    greetings.add(put(16, 1));
    greetings.add((c, reply, size) -> say(reply, "{}\0", size));
    greetings.add((c, reply, size) -> say(reply, "{\"capabilities\":3}\0", size));
    greetings.add((c, reply, size) -> say(reply, "nonsense\0", size));
    greetings.add((c, reply, size) -> say(reply, "{}", size));
    greetings.add((c, reply, size) -> say(reply, "{\"capabilities\":{\"max_msg_fds\":0}}\0", size));
    greetings.add(
        (c, reply, size) -> say(reply, "{\"capabilities\":{\"max_msg_fds\":[]}}\0", size));
    greetings.add((c, reply, size) -> say(reply, "[".repeat(5000) + "\0", size));
    int refused = 0;
    for (FakeServer.Lie greeting : greetings) {
      server.lie = (c, reply, size) -> c == VERSION ? greeting.tell(c, reply, size) : size;
      try (NicDevice device = open()) {
        assertThat(device.read32(0)).isZero();
      } catch (NetmapException e) {
        refused++;
        assertThat(e.errno()).isEqualTo(Libc.EIO);
      }
    }
    assertThat(refused).as("all but the empty object").isEqualTo(greetings.size() - 1);
  }

  private static int say(long reply, String json, int size) {
    byte[] text = json.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    Mem.copyIn(text, 0, reply + 20, text.length);
    Mem.putInt(reply + 4, 20 + text.length);
    return 20 + text.length;
  }

  @Test
  void aBusyServerIsToldApart() {
    server.lie =
        (command, reply, size) -> {
          Mem.putInt(reply + 4, 16);
          Mem.putInt(reply + 8, 0x21);
          Mem.putInt(reply + 12, Libc.EBUSY);
          return 16;
        };
    assertThatThrownBy(this::open)
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EBUSY));
    server.lie = (command, reply, size) -> size;
    assertThatThrownBy(() -> new VfioUserBackend().open(folder.resolve("none").toString()))
        .hasMessageContaining("netmap4j nic-model -s");
  }

  @Test
  void whatTheServerAsksIsRefusedAndTheCallGoesOn() {
    try (NicDevice device = open()) {
      server.lie =
          (command, reply, size) -> {
            Mem.copy(reply, reply + 40, size);
            Mem.putInt(reply, 11 << 16 | 0x1234); // DMA_READ
            Mem.putInt(reply + 4, 40);
            Mem.putInt(reply + 8, 0);
            return 40 + size;
          };
      server.registers[0] = 5;
      assertThat(device.read32(0)).isEqualTo(5);
      server.lie = (command, reply, size) -> size;
    }
  }

  @Test
  void descriptorsThatComeWithAReplyAreClosed() throws Exception {
    try (NicDevice device = open()) {
      int fd = Libc.eventFd();
      server.fdsWithReply = IntStream.generate(() -> fd).limit(16).toArray();
      long before = OpenDescriptors.count();
      for (int i = 0; i < 10; i++) {
        device.read32(0);
      }
      server.fdsWithReply = new int[0];
      assertThat(OpenDescriptors.count()).isEqualTo(before);
      Libc.closeFd(fd);
    }
  }

  @Test
  void whatIsNoNetworkCardOfOursIsRefused() {
    server.lie =
        (command, reply, size) -> {
          if (command == 4) {
            Mem.putInt(reply + 20, 1); // RESET, not PCI
          }
          return size;
        };
    assertThatThrownBy(this::open).hasMessageContaining("is not a PCI function");
    server.lie = (command, reply, size) -> size;
  }
}
