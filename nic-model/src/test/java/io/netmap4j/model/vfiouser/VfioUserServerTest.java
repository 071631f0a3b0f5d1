package io.netmap4j.model.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.dma.DmaLog;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Messages in proper and improper form, and connections that come and go. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class VfioUserServerTest {
  private static final int STATUS = 0x00008;
  private static final int EIMS = 0x00880;

  @TempDir Path folder;
  private final Nic82599 card = new Nic82599(CardOptions.port(0));
  private VfioUserServer server;
  private RawVfioUser client;

  @BeforeEach
  void serve() {
    server = VfioUserServer.serve(card, folder.resolve("s"));
    client = RawVfioUser.open(server.path());
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
    card.close();
  }

  private static void refused(int errno, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RawVfioUser.Refused.class, e -> assertThat(e.errno).isEqualTo(errno));
  }

  private RawVfioUser another() {
    client.close();
    client = RawVfioUser.connect(server.path());
    return client;
  }

  // Version.

  @Test
  void theVersionIsAgreedOnWithinTheLengthOfTheProposal() {
    RawVfioUser.Reply reply = another().call(1, RawVfioUser.version(0, 1, RawVfioUser.PROPOSAL));
    assertThat(reply.int32(0)).isZero();
    assertThat(new String(reply.payload(), 4, reply.payload().length - 4, StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":65536,"
                + "\"max_dma_maps\":65535,\"pgsizes\":4096}}\0");
    String shorter = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}\0";
    reply = another().call(1, RawVfioUser.version(0, 0, shorter));
    assertThat(reply.payload()).hasSizeLessThanOrEqualTo(4 + shorter.length());
    assertThat(new String(reply.payload(), StandardCharsets.UTF_8)).contains("max_data_xfer_size");
    reply = another().call(1, RawVfioUser.version(0, 0, "{}\0"));
    assertThat(reply.payload()).hasSize(7);
    assertThat(another().call(1, RawVfioUser.version(0, 0, "")).payload()).hasSize(4);
  }

  @Test
  void malformedVersionsAreRefused() {
    RawVfioUser other = another();
    refused(Libc.EINVAL, () -> other.call(1, new byte[3]));
    refused(Libc.EINVAL, () -> other.call(1, RawVfioUser.version(0, 0, "{}")));
    refused(Libc.EOPNOTSUPP, () -> other.call(1, RawVfioUser.version(1, 0, "{}\0")));
    refused(Libc.EINVAL, () -> other.call(4, RawVfioUser.bytes(16).putInt(16).array()));
    other.call(1, RawVfioUser.version(0, 0, "{}\0"));
    refused(Libc.EINVAL, () -> other.call(1, RawVfioUser.version(0, 0, "{}\0")));
    assertThat(other.read32(STATUS)).isNotZero();
  }

  // What the device is.

  @Test
  void deviceInfoCountsRegionsAndInterrupts() {
    RawVfioUser.Reply info = client.call(4, RawVfioUser.bytes(16).putInt(24).array());
    assertThat(info.payload()).hasSize(16);
    assertThat(new int[] {info.int32(0), info.int32(4), info.int32(8), info.int32(12)})
        .containsExactly(16, 3, 9, 5);
    refused(Libc.EINVAL, () -> client.call(4, RawVfioUser.bytes(16).putInt(8).array()));
    refused(Libc.EINVAL, () -> client.call(4, RawVfioUser.bytes(12).putInt(16).array()));
  }

  private static byte[] info(int size, int argsz, int index) {
    return RawVfioUser.bytes(size).putInt(argsz).putInt(0).putInt(index).array();
  }

  @Test
  void regionsHaveSizesAndNothingToMap() {
    long[] sizes = {512 << 10, 0, 32, 0, 16 << 10, 0, 0, 4096, 0};
    for (int i = 0; i < sizes.length; i++) {
      RawVfioUser.Reply region = client.call(5, info(32, 4096, i));
      assertThat(region.payload()).hasSize(32);
      assertThat(region.int32(0)).isEqualTo(32);
      assertThat(region.int32(4)).isEqualTo(sizes[i] == 0 ? 0 : 3);
      assertThat(region.int32(8)).isEqualTo(i);
      assertThat(region.int64(16)).isEqualTo(sizes[i]);
    }
    refused(Libc.EINVAL, () -> client.call(5, info(32, 32, 9)));
    refused(Libc.EINVAL, () -> client.call(5, info(32, 32, -1)));
    refused(Libc.EINVAL, () -> client.call(5, info(32, 31, 0)));
    refused(Libc.EINVAL, () -> client.call(5, info(24, 32, 0)));
  }

  @Test
  void noRegionHasDescriptorsForItsAccesses() {
    RawVfioUser.Reply none = client.call(6, info(16, 4096, 0));
    assertThat(none.payload()).hasSize(16);
    assertThat(none.int32(12)).isZero();
    refused(Libc.EINVAL, () -> client.call(6, info(16, 4096, 1)));
    refused(Libc.EINVAL, () -> client.call(6, info(16, 8, 0)));
    refused(Libc.EINVAL, () -> client.call(6, info(16, 4096, 9)));
  }

  @Test
  void interruptsAreThoseOfVfioPci() {
    int[] counts = {1, 1, 64, 1, 1};
    int[] flags = {7, 9, 1, 9, 9};
    for (int i = 0; i < counts.length; i++) {
      RawVfioUser.Reply irq = client.call(7, info(16, 16, i));
      assertThat(new int[] {irq.int32(0), irq.int32(4), irq.int32(8), irq.int32(12)})
          .containsExactly(16, flags[i], i, counts[i]);
    }
    refused(Libc.EINVAL, () -> client.call(7, info(16, 16, 5)));
    refused(Libc.EINVAL, () -> client.call(7, info(16, 12, 0)));
    refused(Libc.EINVAL, () -> client.call(7, info(12, 16, 0)));
  }

  @Test
  void whatIsNotThereIsRefused() {
    for (int command : new int[] {14, 15, 16, 17, 18}) {
      refused(Libc.EOPNOTSUPP, () -> client.call(command, new byte[64]));
    }
    for (int command : new int[] {0, 11, 12, 19, 0xFFFF}) {
      refused(Libc.EINVAL, () -> client.call(command, new byte[16]));
    }
    assertThat(client.read32(STATUS)).isNotZero();
  }

  // Regions.

  @Test
  void registersAreWordsAndRowsOfWords() {
    client.write32(EIMS, 0x0F);
    assertThat(client.read32(EIMS)).isEqualTo(0x0F);
    client.write(0, 0x05400, RawVfioUser.bytes(8).putInt(0x03020100).putInt(0x80000504).array());
    assertThat(client.read(0, 0x05400, 8)).containsExactly(0, 1, 2, 3, 4, 5, 0, (byte) 0x80);
    assertThat(client.read(0, 0x05402, 1)).containsExactly(2);
    assertThat(client.read(0, 0x05402, 2)).containsExactly(2, 3);
    for (int count : new int[] {1, 2, 3, 5, 6}) {
      refused(Libc.EINVAL, () -> client.write(0, 0x05400, new byte[count]));
    }
    refused(Libc.EINVAL, () -> client.read(0, 0x05401, 2));
    refused(Libc.EINVAL, () -> client.read(0, 0x05402, 4));
    refused(Libc.EINVAL, () -> client.read(0, 0x05400, 3));
  }

  @Test
  void accessesStayWithinTheirRegion() {
    refused(Libc.EINVAL, () -> client.read(0, 512 << 10, 4));
    refused(Libc.EINVAL, () -> client.read(0, (512 << 10) - 4, 8));
    refused(Libc.EINVAL, () -> client.read(0, -4, 4));
    refused(Libc.EINVAL, () -> client.read(0, Long.MIN_VALUE, 4));
    refused(Libc.EINVAL, () -> client.read(0, Long.MAX_VALUE - 3, 4));
    refused(Libc.EINVAL, () -> client.read(0, 0, 0));
    refused(Libc.EINVAL, () -> client.read(0, 0, -4));
    refused(Libc.EINVAL, () -> client.read(0, 0, 1 << 20));
    refused(Libc.EINVAL, () -> client.read(1, 0, 4));
    refused(Libc.EINVAL, () -> client.read(6, 0, 4));
    refused(Libc.EINVAL, () -> client.read(9, 0, 4));
    refused(Libc.EINVAL, () -> client.read(-1, 0, 4));
    refused(Libc.EINVAL, () -> client.read(7, 4095, 2));
    byte[] lies = RawVfioUser.access(0, EIMS, new byte[8]);
    lies[12] = 4;
    refused(Libc.EINVAL, () -> client.call(10, lies));
    refused(Libc.EINVAL, () -> client.call(10, new byte[15]));
    refused(Libc.EINVAL, () -> client.call(9, new byte[20]));
    assertThat(client.read32(STATUS)).isNotZero();
  }

  @Test
  void configurationSpaceIsMadeOfBytes() {
    byte[] all = client.read(7, 0, 4096);
    assertThat(all).startsWith(0x86, 0x80, 0xFB, 0x10).hasSize(4096);
    assertThat(client.read(7, 1, 6)).containsExactly(0x80, 0xFB, 0x10, 0, 0, 0x10);
    client.write(7, 0x0B, new byte[] {1, 0x10, 0, 0, 0, -1, -1, -1, -1});
    assertThat(client.readConfig(0x0C, 1)).isEqualTo(0x10);
    assertThat(client.readConfig(0x10, 4)).as("the BAR's size").isEqualTo(0xFFF8000C);
    client.write(7, 0, all);
    assertThat(client.readConfig(0x10, 4)).isEqualTo(0xC);
  }

  @Test
  void theIoBarIsAWindowOntoTheRegisters() {
    assertThat(client.read(2, 0, 4)).as("I/O is off").containsOnly(0xFF);
    client.write(7, 4, new byte[] {1, 0});
    client.write(2, 0, RawVfioUser.word(EIMS));
    client.write(2, 4, RawVfioUser.word(0x30));
    assertThat(client.read32(EIMS)).isEqualTo(0x30);
    assertThat(client.read(2, 4, 4)).containsExactly(0x30, 0, 0, 0);
    assertThat(client.read(2, 0, 4)).containsExactly(0x80, 8, 0, 0);
    client.write(2, 0, RawVfioUser.word(-4));
    client.write(2, 4, RawVfioUser.word(-1));
    assertThat(client.read(2, 4, 4)).containsExactly(0, 0, 0, 0);
    assertThat(client.read(2, 8, 4)).containsExactly(0, 0, 0, 0);
  }

  @Test
  void theMsixTableIsInBar4() {
    client.write(4, 16, RawVfioUser.bytes(8).putLong(0xFEE00000L).array());
    assertThat(client.read(4, 16, 8)).containsExactly(0, 0, -32, -2, 0, 0, 0, 0);
    assertThat(client.read(4, 12, 4)).containsExactly(1, 0, 0, 0);
    assertThat(client.read(4, 0x2000, 8)).containsOnly(0);
  }

  @Test
  void postedMessagesAreInOrderAndHaveNoReply() {
    for (int i = 0; i < 1000; i++) {
      client.post(10, RawVfioUser.access(0, 0x05400, RawVfioUser.word(i)));
      client.post(10, RawVfioUser.access(9, 0, RawVfioUser.word(i)));
    }
    assertThat(client.read32(0x05400)).isEqualTo(999);
  }

  @Test
  void aViolationIsAnErrorReplyAndTheServerGoesOn() {
    refused(Libc.EIO, () -> client.write32(0x7FFF0, 1));
    refused(Libc.EIO, () -> client.read32(0x7FFF0));
    assertThat(card.violations()).hasSize(2);
    assertThat(client.read32(STATUS)).isNotZero();
  }

  // Reset.

  @Test
  void aResetKeepsConfigurationAndInterruptsAsTheKernelDoes() {
    int event = Libc.eventFd();
    client.writeConfig(0x04, 2, 0x406);
    client.writeConfig(0x10, 4, 0xFE000000);
    client.eventFds(2, 0, 1, event);
    client.write32(EIMS, 0x0F);
    client.call(13, new byte[0]);
    assertThat(client.read32(EIMS)).isZero();
    assertThat(client.readConfig(0x04, 2)).isEqualTo(0x406);
    assertThat(client.readConfig(0x10, 4)).isEqualTo(0xFE00000C);
    assertThat(client.readConfig(0x72, 2) & 0x8000).isNotZero();
    assertThat(client.read(4, 12, 4)).as("entry 0 is unmasked").containsOnly(0);
    client.writeConfig(0xA8, 2, 0x8000 | 0x2810);
    assertThat(client.readConfig(0x04, 2)).as("after FLR").isEqualTo(0x406);
    assertThat(client.read(4, 12, 4)).containsOnly(0);
    client.writeConfig(0x44, 2, 3);
    client.writeConfig(0x44, 2, 0);
    assertThat(client.readConfig(0x04, 2)).as("after D3").isEqualTo(0x406);
    assertThat(client.read(4, 12, 4)).containsOnly(0);
    refused(Libc.EINVAL, () -> client.call(13, new byte[4]));
    Libc.closeFd(event);
  }

  // Connections.

  @Test
  void theNextClientFindsAFreshFunction() {
    client.writeConfig(0x04, 2, 6);
    client.write32(EIMS, 0x0F);
    int file = Libc.memfd("test");
    Libc.truncate(file, 1 << 20, "");
    client.map(file, 0, 0x10000, 1 << 20);
    for (int i = 0; i < 20; i++) {
      client.close();
      client = RawVfioUser.open(server.path());
      assertThat(client.readConfig(0x04, 2)).isZero();
      assertThat(client.read32(EIMS)).isZero();
      client.map(file, 0, 0x10000, 1 << 20);
    }
    Libc.closeFd(file);
  }

  @Test
  void aSecondClientGetsEbusy() {
    long begin = System.nanoTime();
    refused(Libc.EBUSY, () -> RawVfioUser.open(server.path()));
    assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
    assertThat(client.read32(STATUS)).isNotZero();
  }

  /** Each of them was listened to for 200 ms before the next was accepted, four could queue. */
  @Test
  void silentClientsDoNotDelayOthers() {
    List<RawVfioUser> silent = new ArrayList<>();
    try {
      long begin = System.nanoTime();
      for (int i = 0; i < 60; i++) {
        silent.add(RawVfioUser.connect(server.path()));
      }
      refused(Libc.EBUSY, () -> RawVfioUser.open(server.path()));
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(8));
      assertThat(client.read32(STATUS)).isNotZero();
    } finally {
      silent.forEach(RawVfioUser::close);
    }
  }

  @Test
  void aCardIsServedOnce() {
    assertThatThrownBy(() -> VfioUserServer.serve(card, folder.resolve("t")))
        .isInstanceOf(NetmapException.class)
        .hasMessageContaining("in use");
    server.close();
    server.close();
    assertThat(server.path()).doesNotExist();
    assertThat(client.ended(TimeUnit.SECONDS.toNanos(5))).isTrue();
    server = VfioUserServer.serve(card, folder.resolve("t"));
    another().call(1, RawVfioUser.version(0, 0, ""));
  }

  // Clients that break the protocol.

  private void endsWith(Runnable wrong) {
    wrong.run();
    assertThat(client.ended(TimeUnit.SECONDS.toNanos(10))).isTrue();
    client.close();
    client = RawVfioUser.open(server.path());
    assertThat(client.read32(STATUS)).isNotZero();
  }

  @Test
  void aMalformedMessageEndsTheConnection() {
    for (int size : new int[] {0, 1, 15, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 65_569}) {
      endsWith(() -> client.raw(1, 4, size, 0, new byte[16]));
    }
    for (int flags : new int[] {1, 2, 0xF, 0x20, 0x40, 0x11, -1, Integer.MIN_VALUE}) {
      endsWith(() -> client.raw(1, 4, 32, flags, new byte[16]));
    }
  }

  @Test
  void anIncompleteMessageTimesOut() {
    long begin = System.nanoTime();
    endsWith(() -> client.rawBytes(new byte[7]));
    endsWith(() -> client.raw(1, 10, 36, 0, new byte[19]));
    assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(10));
  }

  @Test
  void anIncompleteMessageBeforeTheEndIsIgnored() {
    for (int i = 0; i < 36; i++) {
      client.rawBytes(new byte[i]);
      another().call(1, RawVfioUser.version(0, 0, ""));
    }
  }

  @Test
  void aClientThatReadsNoRepliesIsDisconnected() {
    assertThatThrownBy(
            () -> {
              while (true) {
                client.raw(1, 9, 32, 0, RawVfioUser.access(7, 0, 4096));
              }
            })
        .isInstanceOf(LinuxException.class);
    another().call(1, RawVfioUser.version(0, 0, ""));
  }

  @Test
  void aClientThatSendsNothingIsDisconnected() {
    another();
    assertThat(client.ended(TimeUnit.SECONDS.toNanos(20))).isTrue();
    another().call(1, RawVfioUser.version(0, 0, ""));
  }

  @Test
  void unexpectedDescriptorsAreClosed() throws Exception {
    int file = Libc.memfd("vfio-user-extra");
    for (int i = 0; i < 50; i++) {
      client.raw(i, 9, 32, 0, RawVfioUser.access(7, 0, 4), file, file, file);
      client.receive();
      client.raw(i, 99, 32, 0, new byte[16], file);
      client.receive();
      client.raw(i, 8, 36, 0, RawVfioUser.irqs(0x24, 2, 0, 3), file, file, file);
      client.receive();
    }
    assertThat(Sys.openFiles("vfio-user-extra")).isEqualTo(1);
    client.raw(1, 9, 3, 0, new byte[0], file, file);
    assertThat(client.ended(TimeUnit.SECONDS.toNanos(10))).isTrue();
    assertThat(Sys.openFiles("vfio-user-extra")).isEqualTo(1);
    Libc.closeFd(file);
  }

  @Test
  void aClientThatIsKilledIsFollowedByTheNext() throws Exception {
    client.close();
    for (int i = 0; i < 3; i++) {
      Process process = Sys.java(Killed.class, server.path().toString());
      assertThat(process.inputReader().readLine()).isEqualTo("mapped");
      process.destroyForcibly().waitFor();
      client = RawVfioUser.open(server.path());
      assertThat(client.readConfig(0x04, 2)).isZero();
      boolean mine = card.memory().enter();
      assertThat(card.memory().direct(DmaLog.Kind.PACKET_READ, 0, 0x10000, 1)).isZero();
      assertThat(mine).isTrue();
      card.memory().exit();
      assertThat(Sys.mappings("vfio-user-killed")).isZero();
      client.close();
    }
  }

  /** Has memory mapped and bus mastering on when it is killed. */
  static final class Killed {
    private Killed() {}

    public static void main(String[] args) throws Exception {
      RawVfioUser client = RawVfioUser.open(Path.of(args[0]));
      int file = Libc.memfd("vfio-user-killed");
      Libc.truncate(file, 1 << 20, "");
      client.map(file, 0, 0x10000, 1 << 20);
      client.writeConfig(0x04, 2, 6);
      System.out.println("mapped");
      Thread.sleep(60_000);
    }
  }
}
