package io.netmap4j.model.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.TestFrames;
import io.netmap4j.model.wire.WireEnd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Memory that clients share, on two cabled cards that a thread runs. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
@Tag("once")
class VfioUserDmaTest {
  private static final long PAGE = 4096;
  private static final int READ = 1;
  private static final int WRITE = 2;

  @TempDir Path folder;
  private final Nic82599[] cards = new Nic82599[2];
  private final VfioUserServer[] servers = new VfioUserServer[2];
  private ModelRunner runner;
  private RawVfioUser client;

  @BeforeEach
  void serve() {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    for (int i = 0; i < 2; i++) {
      cards[i] = new Nic82599(CardOptions.port(i));
      cards[i].attach(cable, i == 0 ? WireEnd.A : WireEnd.B);
      servers[i] = VfioUserServer.serve(cards[i], folder.resolve("s" + i));
    }
    runner = new ModelRunner(cards).start();
    client = RawVfioUser.open(servers[0].path());
  }

  @AfterEach
  void close() {
    client.close();
    for (VfioUserServer server : servers) {
      server.close();
    }
    runner.close();
    for (Nic82599 card : cards) {
      card.close();
    }
  }

  private static void refused(int errno, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RawVfioUser.Refused.class, e -> assertThat(e.errno).isEqualTo(errno));
  }

  private static int file(long size) {
    int fd = Libc.memfd("vfio-user-test");
    Libc.truncate(fd, size, "");
    return fd;
  }

  private void map(int flags, long offset, long iova, long size, int... fds) {
    client.call(2, RawVfioUser.mapping(flags, offset, iova, size), fds);
  }

  private boolean reaches(DmaLog.Kind kind, long iova) {
    DeviceMemory memory = cards[0].memory();
    boolean mine = memory.enter();
    try {
      return memory.direct(kind, 0, iova, 1) != 0;
    } finally {
      if (mine) {
        memory.exit();
      }
    }
  }

  private boolean reaches(long iova) {
    return reaches(DmaLog.Kind.PACKET_READ, iova);
  }

  @Test
  void framesCrossBothWaysThroughSharedFiles() {
    try (SocketDriver a = new SocketDriver(client, 0x10_0000_0000L).start();
        SocketDriver b =
            new SocketDriver(RawVfioUser.open(servers[1].path()), 0x7000_0000L).start()) {
      for (int i = 0; i < 200; i++) {
        byte[] there = TestFrames.plain(i, 60 + i);
        byte[] back = TestFrames.plain(1000 + i, 1514 - i);
        a.send(there);
        b.send(back);
        assertThat(b.receive()).isEqualTo(there);
        assertThat(a.receive()).isEqualTo(back);
        a.awaitSent();
        b.awaitSent();
      }
    }
    assertThat(cards[0].violations()).isEmpty();
    assertThat(cards[1].violations()).isEmpty();
    assertThat(cards[0].total("GPTC")).isEqualTo(200);
    assertThat(cards[1].total("GPRC")).isEqualTo(200);
    assertThat(cards[0].total("QPRDC")).isZero();
  }

  @Test
  void mappingsAreCheckedOneByOne() {
    int fd = file(16 * PAGE);
    map(READ | WRITE, 4 * PAGE, 0x10000, 4 * PAGE, fd);
    refused(Libc.EEXIST, () -> map(READ, 0, 0x10000, 4 * PAGE, fd));
    refused(Libc.EEXIST, () -> map(READ, 0, 0x13000, PAGE, fd));
    refused(Libc.EEXIST, () -> map(READ, 0, 0xF000, 8 * PAGE, fd));
    refused(Libc.EEXIST, () -> map(READ, 0, 0, 1L << 62));
    refused(Libc.EINVAL, () -> map(READ, 0, 0x20000, 0, fd));
    refused(Libc.EINVAL, () -> map(READ, 0, 0x20000, PAGE - 1, fd));
    refused(Libc.EINVAL, () -> map(READ, 0, 0x20001, PAGE, fd));
    refused(Libc.EINVAL, () -> map(READ, 1, 0x20000, PAGE, fd));
    refused(Libc.EINVAL, () -> map(READ, -PAGE, 0x20000, PAGE, fd));
    refused(Libc.EINVAL, () -> map(READ, 0, 0x20000, -PAGE, fd));
    refused(Libc.EINVAL, () -> map(READ, 0, -PAGE, 2 * PAGE, fd));
    refused(Libc.EINVAL, () -> map(0, 0, 0x20000, PAGE, fd));
    refused(Libc.EINVAL, () -> map(8, 0, 0x20000, PAGE, fd));
    refused(Libc.EINVAL, () -> map(READ, 0, 0x20000, PAGE, fd, fd));
    refused(Libc.EINVAL, () -> map(READ, 16 * PAGE, 0x20000, PAGE, fd));
    refused(Libc.EINVAL, () -> map(READ, 15 * PAGE, 0x20000, 2 * PAGE, fd));
    refused(Libc.EINVAL, () -> map(READ, Long.MAX_VALUE - PAGE + 1, 0x20000, PAGE, fd));
    refused(Libc.EINVAL, () -> client.call(2, new byte[31], fd));
    refused(Libc.EINVAL, () -> client.call(2, new byte[32], fd));
    map(READ, 0, -PAGE, PAGE, fd);
    map(READ, 0, 0x20000, PAGE);
    assertThat(reaches(-1)).isTrue();
    assertThat(reaches(0x10000)).isTrue();
    assertThat(reaches(0x14000)).isFalse();
    assertThat(reaches(0x20000)).as("without a file").isFalse();
    Libc.closeFd(fd);
  }

  @Test
  void onlyFilesAreMapped() throws Exception {
    int[] pipe = new int[2];
    Sys.pipe(pipe);
    int[] sockets = new int[2];
    Sys.socketpair(1, 1, 0, sockets);
    int[] wrong = {
      pipe[0],
      sockets[0],
      Libc.eventFd(),
      Libc.open("/dev/null", Libc.O_RDWR, 0, ""),
      Libc.open("/dev/zero", Libc.O_RDWR, 0, ""),
      Libc.open(folder.toString(), Libc.O_RDONLY, 0, ""),
    };
    for (int fd : wrong) {
      refused(Libc.EINVAL, () -> map(READ, 0, 0x10000, PAGE, fd));
      Libc.closeFd(fd);
    }
    Libc.closeFd(pipe[1]);
    Libc.closeFd(sockets[1]);
    Path file = Files.write(folder.resolve("file"), new byte[8192]);
    int readOnly = Libc.open(file.toString(), Libc.O_RDONLY, 0, "");
    refused(Libc.EACCES, () -> map(READ | WRITE, 0, 0x10000, PAGE, readOnly));
    map(READ, 0, 0x10000, PAGE, readOnly);
    assertThat(reaches(DmaLog.Kind.PACKET_READ, 0x10000)).isTrue();
    assertThat(reaches(DmaLog.Kind.PACKET_WRITE, 0x10000)).isFalse();
    Libc.closeFd(readOnly);
    int writeOnly = Libc.open(file.toString(), 1, 0, "");
    refused(Libc.EACCES, () -> map(READ | WRITE, 0, 0x20000, PAGE, writeOnly));
    Libc.closeFd(writeOnly);
  }

  @Test
  void whatMayOnlyBeReadIsNotWritten() {
    int fd = file(4 * PAGE);
    map(READ, 0, 0x10000, PAGE, fd);
    map(READ | WRITE, PAGE, 0x11000, PAGE, fd);
    map(WRITE, 2 * PAGE, 0x12000, PAGE, fd);
    boolean[] read = new boolean[3];
    boolean[] write = new boolean[3];
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 3; i++) {
        read[i] = reaches(DmaLog.Kind.PACKET_READ, 0x10000 + i * PAGE);
        write[i] = reaches(DmaLog.Kind.STATUS_WRITE, 0x10000 + i * PAGE);
      }
      assertThat(read).containsExactly(true, true, false);
      assertThat(write).containsExactly(false, true, true);
    }
    Libc.closeFd(fd);
  }

  @Test
  void aWriteToWhatMayOnlyBeReadIsAFault() throws InterruptedException {
    try (SocketDriver a = new SocketDriver(client, 0x100000, false);
        SocketDriver b = new SocketDriver(RawVfioUser.open(servers[1].path()), 0)) {
      map(READ | WRITE, 0, a.iova, SocketDriver.RX_BUFFERS, a.file);
      map(
          READ,
          SocketDriver.RX_BUFFERS,
          a.iova + SocketDriver.RX_BUFFERS,
          SocketDriver.BYTES - SocketDriver.RX_BUFFERS,
          a.file);
      a.start();
      b.start();
      a.send(TestFrames.plain(1, 60));
      assertThat(b.receive()).hasSize(60);
      b.send(TestFrames.plain(2, 60));
      b.awaitSent();
      assertThat(Mem.getLong(a.memory + SocketDriver.RX_BUFFERS)).isZero();
      assertThat(cards[0].violations())
          .singleElement()
          .asString()
          .contains("PACKET_WRITE", "0x102000 + 60 is mapped, but not for that");
      refused(Libc.EIO, () -> client.read32(8));
      assertThat(client.readConfig(0, 2)).isEqualTo(0x8086);
    }
  }

  @Test
  void aReadThatFindsNoMappingIsAskedOfTheClient() throws InterruptedException {
    try (SocketDriver a = new SocketDriver(client, 0x100000).start();
        SocketDriver b = new SocketDriver(RawVfioUser.open(servers[1].path()), 0).start()) {
      cards[0].faults().strayRead(0xDEAD_0000L, 1);
      for (int i = 0; i < 3; i++) {
        a.send(TestFrames.plain(i, 60 + i));
        a.awaitSent();
      }
      assertThat(b.receive()).hasSize(60);
      assertThat(b.receive()).as("the second is lost").hasSize(62);
      while (client.asked.isEmpty()) {
        Thread.sleep(5);
        client.read32(8);
      }
      RawVfioUser.Reply read = client.asked.get(0);
      assertThat(read.command()).isEqualTo(11);
      assertThat(read.int64(0)).isEqualTo(0xDEAD_0000L);
      assertThat(read.int64(8)).isEqualTo(61);
      client.raw(read.id(), read.command(), 16, 0x21, new byte[0]);
      assertThat(client.readConfig(0x06, 2) & 1 << 13).as("master abort").isNotZero();
      client.writeConfig(0x06, 2, 1 << 13);
      assertThat(client.readConfig(0x06, 2) & 1 << 13).isZero();
      assertThat(cards[0].violations()).isEmpty();

      cards[0].faults().strayRead(0xBEEF_0000L, 0);
      a.send(TestFrames.plain(9, 60));
      a.awaitSent();
      while (client.asked.size() < 2) {
        Thread.sleep(5);
        client.read32(8);
      }
      assertThat(client.asked.get(1).int64(0)).isEqualTo(0xBEEF_0000L);
    }
  }

  @Test
  void unmappingTakesWholeMappings() {
    int fd = file(16 * PAGE);
    for (int i = 0; i < 8; i++) {
      map(READ | WRITE, i * PAGE, 0x10000 + 2 * i * PAGE, PAGE, fd);
    }
    map(READ, 8 * PAGE, 0x100000, 4 * PAGE, fd);
    assertThat(client.call(3, RawVfioUser.unmapping(0, 0x10000, PAGE)).int64(16)).isEqualTo(PAGE);
    assertThat(reaches(0x10000)).isFalse();
    client.unmap(0x12000, 6 * PAGE);
    assertThat(reaches(0x12000)).isFalse();
    assertThat(reaches(0x16000)).isFalse();
    assertThat(reaches(0x18000)).isTrue();
    client.unmap(0x800000, 1 << 20);
    refused(Libc.EINVAL, () -> client.unmap(0x101000, PAGE));
    refused(Libc.EINVAL, () -> client.unmap(0x100000, PAGE));
    refused(Libc.EINVAL, () -> client.unmap(0x102000, 1 << 20));
    refused(Libc.EINVAL, () -> client.unmap(0x100000, 0));
    refused(Libc.EINVAL, () -> client.unmap(-PAGE, 2 * PAGE));
    refused(Libc.EINVAL, () -> client.call(3, RawVfioUser.unmapping(1, 0x100000, 4 * PAGE)));
    refused(Libc.EINVAL, () -> client.call(3, RawVfioUser.unmapping(2, 0x100000, 4 * PAGE)));
    refused(Libc.EINVAL, () -> client.call(3, new byte[23]));
    assertThat(reaches(0x100000)).isTrue();
    client.unmap(0, -PAGE);
    assertThat(reaches(0x100000)).isFalse();
    map(READ, 0, 0x10000, PAGE, fd);
    client.call(3, RawVfioUser.unmapping(2, 0, 0));
    assertThat(reaches(0x10000)).isFalse();
    map(READ, 0, 0x10000, PAGE, fd);
    Libc.closeFd(fd);
  }

  @Test
  void aFileIsMappedOnceUntilItsLastPieceIsUnmapped() throws Exception {
    int fd = file(64 * PAGE);
    for (int i = 0; i < 64; i++) {
      map(READ | WRITE, i * PAGE, 0x10000 + 2 * i * PAGE, PAGE, fd);
    }
    assertThat(Sys.mappings("vfio-user-test")).isEqualTo(1);
    assertThat(Sys.openFiles("vfio-user-test")).as("ours and one").isEqualTo(2);
    Libc.truncate(fd, 128 * PAGE, "");
    map(READ | WRITE, 100 * PAGE, 0x1000000, PAGE, fd);
    assertThat(reaches(0x1000000)).as("the file has grown").isTrue();
    assertThat(Sys.mappings("vfio-user-test")).isEqualTo(2);
    client.unmap(0, 0x1000000);
    assertThat(Sys.mappings("vfio-user-test")).isEqualTo(1);
    client.unmap(0x1000000, PAGE);
    assertThat(Sys.mappings("vfio-user-test")).isZero();
    assertThat(Sys.openFiles("vfio-user-test")).isEqualTo(1);
    Libc.closeFd(fd);
  }

  @Test
  void onceTheClientSeesTheEndItsMemoryIsUntouched() throws Exception {
    for (int i = 0; i < 20; i++) {
      // In this order: nothing that the last one sent is still on its way when a listens.
      try (SocketDriver b = new SocketDriver(RawVfioUser.open(servers[1].path()), 0).start();
          SocketDriver a = new SocketDriver(client, 0x100000).start()) {
        b.send(TestFrames.plain(i, 60));
        assertThat(a.receive().length).isEqualTo(60);
        for (int n = 0; n < 8; n++) {
          b.send(TestFrames.plain(i, 1514));
        }
        // A message that is none: the server ends the connection.
        client.raw(1, 9, 3, 0, new byte[0]);
        assertThat(client.ended(TimeUnit.SECONDS.toNanos(10))).isTrue();
        Mem.set(a.memory, SocketDriver.BYTES, (byte) 0x5A);
        for (int n = 0; n < 7; n++) {
          b.send(TestFrames.plain(i, 1514));
        }
        assertThat(Sys.mappings("vfio-user-test")).as("ours twice, the server's one").isEqualTo(3);
        for (long at = 0; at < SocketDriver.BYTES; at += 8) {
          assertThat(Mem.getLong(a.memory + at)).isEqualTo(0x5A5A5A5A5A5A5A5AL);
        }
      }
      client = RawVfioUser.open(servers[0].path());
    }
  }

  @Test
  void sixteenThousandPagesAreMappedQuickly() throws Exception {
    int pages = 16_384;
    int fd = file(pages * PAGE);
    long fastest = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long begin = System.nanoTime();
      for (int i = 0; i < pages; i++) {
        // Neither in order nor next to one another in the file.
        map(READ | WRITE, (i ^ 1) * PAGE, i * PAGE, PAGE, fd);
      }
      assertThat(reaches((pages - 1) * PAGE)).isTrue();
      long mapped = System.nanoTime() - begin;
      assertThat(Sys.mappings("vfio-user-test")).isEqualTo(1);
      client.unmap(0, pages * PAGE);
      assertThat(reaches(0)).isFalse();
      fastest = Math.min(fastest, mapped);
    }
    System.out.printf("16384 mappings: %d ms%n", fastest / 1_000_000);
    assertThat(fastest).isLessThan(TimeUnit.SECONDS.toNanos(20));
    Libc.closeFd(fd);
  }

  @Test
  void thereIsALimitOfMappings() {
    int fd = file(PAGE);
    for (int i = 0; i < 65_535; i++) {
      client.post(2, RawVfioUser.mapping(READ, 0, 2 * i * PAGE, PAGE), fd);
    }
    refused(Libc.ENOSPC, () -> map(READ, 0, 1L << 40, PAGE, fd));
    client.unmap(0, PAGE);
    map(READ, 0, 1L << 40, PAGE, fd);
    client.unmap(1L << 40, PAGE);
    Libc.closeFd(fd);
    int huge = file(1L << 41);
    refused(Libc.ENOMEM, () -> map(READ, 0, 1L << 41, PAGE, huge));
    Libc.closeFd(huge);
  }

  // Files that are cut short.

  private void cutShort(long length, int sends) throws Exception {
    try (SocketDriver a = new SocketDriver(client, 0x100000).start();
        SocketDriver b = new SocketDriver(RawVfioUser.open(servers[1].path()), 0).start()) {
      a.send(TestFrames.plain(1, 60));
      assertThat(b.receive()).hasSize(60);
      Libc.truncate(a.file, length, "");
      for (int i = 0; i < sends; i++) {
        b.send(TestFrames.plain(2, 1514));
      }
      if (sends == 0) {
        a.client.write32(0x06018, 5);
      }
      assertThat(client.ended(TimeUnit.SECONDS.toNanos(20))).as("a is disconnected").isTrue();
      assertThat(cards[0].violations()).anyMatch(v -> v.contains("cut short"));
      client.close();
      // The other client of the same thread, and the next one of this card, are well.
      client = RawVfioUser.open(servers[0].path());
      try (SocketDriver again = new SocketDriver(client, 0x300000).start()) {
        again.send(TestFrames.plain(3, 77));
        assertThat(b.receive()).hasSize(77);
        b.send(TestFrames.plain(4, 78));
        b.awaitSent();
      }
    }
    client = RawVfioUser.open(servers[0].path());
    assertThat(cards[1].violations()).isEmpty();
  }

  @Test
  void aFileWithoutReceiveBuffersIsItsClientsEnd() throws Exception {
    cutShort(SocketDriver.RX_BUFFERS, 3);
  }

  @Test
  void aFileWithoutReceiveRingIsItsClientsEnd() throws Exception {
    cutShort(0, 3);
  }

  @Test
  void aFileWithoutTransmitRingIsItsClientsEnd() throws Exception {
    cutShort(SocketDriver.TX_RING, 0);
  }

  @Test
  void aFileWithoutTransmitBuffersIsItsClientsEnd() throws Exception {
    try (SocketDriver a = new SocketDriver(client, 0x100000).start();
        SocketDriver b = new SocketDriver(RawVfioUser.open(servers[1].path()), 0).start()) {
      for (int i = 0; i < 15; i++) {
        a.send(TestFrames.plain(i, 200));
        b.receive();
      }
      Libc.truncate(a.file, SocketDriver.TX_BUFFERS, "");
      long ring = a.memory + SocketDriver.TX_RING;
      for (int i = 0; i < 8; i++) {
        Mem.putLong(ring + 16L * i, a.iova + SocketDriver.TX_BUFFERS);
        Mem.putInt(ring + 16L * i + 8, 1000 | 0x2B300000);
        Mem.putInt(ring + 16L * i + 12, 1000 << 14);
      }
      a.client.write32(0x06018, 5);
      assertThat(client.ended(TimeUnit.SECONDS.toNanos(20))).isTrue();
      assertThat(b.client.readConfig(0, 2)).isEqualTo(0x8086);
    }
    client = RawVfioUser.open(servers[0].path());
  }

  @Test
  void aFileIsCutShortWhileTrafficRunsAgainAndAgain() throws Exception {
    try (SocketDriver b = new SocketDriver(RawVfioUser.open(servers[1].path()), 0).start()) {
      for (int round = 0; round < 30; round++) {
        SocketDriver a = new SocketDriver(client, 0x100000).start();
        for (int i = 0; i < 100; i++) {
          a.send(TestFrames.plain(i, 60));
          b.receive();
          a.awaitSent();
        }
        Libc.truncate(a.file, round % 3 * PAGE, "");
        for (int i = 0; i < 3; i++) {
          b.send(TestFrames.plain(i, 1514));
        }
        assertThat(client.ended(TimeUnit.SECONDS.toNanos(20))).as("round %d", round).isTrue();
        a.close();
        client = RawVfioUser.open(servers[0].path());
      }
    }
    assertThat(cards[1].violations()).isEmpty();
  }
}
