package io.netmap4j.model.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Libc;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.Nic82599;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** SET_IRQS in all its forms, and what the card's interrupts become. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class VfioUserIrqsTest {
  private static final int EICR = 0x00800;
  private static final int EICS = 0x00808;
  private static final int EIAC = 0x00810;
  private static final int EIMS = 0x00880;
  private static final int EIMC = 0x00888;
  private static final int GPIE = 0x00898;
  private static final int MSIX_CONTROL = 0x72;

  private static final int INTX = 0;
  private static final int MSI = 1;
  private static final int MSIX = 2;
  private static final int ERR = 3;
  private static final int REQ = 4;
  private static final int NONE_MASK = 0x09;
  private static final int NONE_UNMASK = 0x11;
  private static final int NONE_TRIGGER = 0x21;
  private static final int BOOL_MASK = 0x0A;
  private static final int BOOL_UNMASK = 0x12;
  private static final int BOOL_TRIGGER = 0x22;
  private static final int EVENTFD_MASK = 0x0C;
  private static final int EVENTFD_UNMASK = 0x14;
  private static final int EVENTFD_TRIGGER = 0x24;

  @TempDir Path folder;
  private final Nic82599 card = new Nic82599(CardOptions.port(0));
  private final int[] events = new int[64];
  private VfioUserServer server;
  private RawVfioUser client;

  @BeforeEach
  void serve() {
    server = VfioUserServer.serve(card, folder.resolve("s"));
    client = RawVfioUser.open(server.path());
    client.writeConfig(0x04, 2, 4); // messages are memory writes
    Arrays.setAll(events, i -> Libc.eventFd());
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
    card.close();
    Arrays.stream(events).forEach(Libc::closeFd);
  }

  private static void refused(int errno, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RawVfioUser.Refused.class, e -> assertThat(e.errno).isEqualTo(errno));
  }

  private void set(int flags, int index, int start, int count, int... bools) {
    client.call(8, RawVfioUser.irqs(flags, index, start, count, bools));
  }

  private long count(int event) {
    return Libc.drain(events[event]);
  }

  private int[] events(int from, int count) {
    return Arrays.copyOfRange(events, from, from + count);
  }

  private int msixControl() {
    return client.readConfig(MSIX_CONTROL, 2) & 0xC000;
  }

  /** Causes of queue vectors, each of which makes a message. */
  private void cause(int bits) {
    client.write32(GPIE, 1 << 4 | 1 << 31);
    client.write32(EIAC, 0xFFFF);
    client.write32(EIMS, bits);
    client.write32(EICS, bits);
  }

  // MSI-X.

  @Test
  void eventfdsAloneTurnMsixOnAndReceiveItsMessages() {
    for (int i = 0; i < 64; i += 16) {
      client.eventFds(MSIX, i, 16, events(i, 16));
    }
    assertThat(msixControl()).isEqualTo(0x8000);
    cause(0x8005);
    for (int i = 0; i < 64; i++) {
      assertThat(count(i)).as("vector %d", i).isEqualTo(i == 0 || i == 2 || i == 15 ? 1 : 0);
    }
    set(NONE_TRIGGER, MSIX, 0, 0);
    assertThat(msixControl()).isZero();
    cause(0x8005);
    assertThat(Arrays.stream(events).mapToLong(Libc::drain).sum()).isZero();
  }

  @Test
  void aClientThatTurnsMsixOnItselfMasksItToo() {
    client.writeConfig(MSIX_CONTROL, 2, 0xC000);
    client.eventFds(MSIX, 0, 1);
    assertThat(msixControl()).as("enabled with no vector, as QEMU does it").isEqualTo(0xC000);
    client.eventFds(MSIX, 3, 1, events[3]);
    cause(0x8);
    assertThat(count(3)).isZero();
    assertThat(client.read(4, 0x2000, 4)).as("pending").containsExactly(8, 0, 0, 0);
    client.writeConfig(MSIX_CONTROL, 2, 0x8000);
    assertThat(count(3)).isEqualTo(1);
    client.writeConfig(MSIX_CONTROL, 2, 0);
    set(NONE_TRIGGER, MSIX, 0, 0);
    set(NONE_TRIGGER, MSIX, 0, 0);
  }

  @Test
  void aVectorWithoutAnEventfdIsPendingUntilItHasOne() {
    client.eventFds(MSIX, 0, 2, events(0, 2));
    cause(0x7);
    assertThat(count(0)).isEqualTo(1);
    assertThat(client.read(4, 0x2000, 4)).containsExactly(4, 0, 0, 0);
    client.eventFds(MSIX, 2, 1, events[2]);
    assertThat(count(2)).isEqualTo(1);
    client.eventFds(MSIX, 0, 2);
    cause(0x7);
    assertThat(count(0)).isZero();
    assertThat(count(2)).isEqualTo(1);
    client.eventFds(MSIX, 0, 2, events[5], events[6]);
    assertThat(count(5)).isEqualTo(1);
    assertThat(count(6)).isEqualTo(1);
    client.eventFds(MSIX, 0, 1, events[7]);
    cause(0x1);
    assertThat(count(5)).as("replaced").isZero();
    assertThat(count(7)).isEqualTo(1);
  }

  @Test
  void entriesAreMaskedByMessageOrInTheTable() {
    client.eventFds(MSIX, 0, 3, events(0, 3));
    set(BOOL_MASK, MSIX, 0, 3, 0, 1, 1);
    cause(0x7);
    assertThat(count(0)).isEqualTo(1);
    assertThat(count(1) + count(2)).isZero();
    set(BOOL_UNMASK, MSIX, 1, 2, 1, 0);
    assertThat(count(1)).isEqualTo(1);
    set(NONE_UNMASK, MSIX, 0, 3);
    assertThat(count(2)).isEqualTo(1);
    client.write(4, 12, RawVfioUser.word(1));
    cause(0x1);
    assertThat(count(0)).isZero();
    client.write(4, 12, RawVfioUser.word(0));
    assertThat(count(0)).isEqualTo(1);
  }

  @Test
  void messagesAreLoopedBackWhenAskedFor() {
    client.eventFds(MSIX, 4, 3, events(0, 3));
    set(NONE_TRIGGER, MSIX, 4, 3);
    set(BOOL_TRIGGER, MSIX, 4, 3, 0, 1, 0);
    set(NONE_TRIGGER, MSIX, 0, 2);
    assertThat(new long[] {count(0), count(1), count(2)}).containsExactly(1, 2, 1);
  }

  // MSI.

  @Test
  void msiIsOneMessage() {
    client.eventFds(MSI, 0, 1, events[0]);
    assertThat(client.readConfig(0x52, 2) & 1).isEqualTo(1);
    client.write32(EIMS, 0x4);
    client.write32(EICS, 0x4);
    assertThat(count(0)).isEqualTo(1);
    set(NONE_MASK, MSI, 0, 1);
    client.write32(EICS, 0x4);
    assertThat(count(0)).isZero();
    set(NONE_UNMASK, MSI, 0, 1);
    assertThat(count(0)).isEqualTo(1);
    set(NONE_TRIGGER, MSI, 0, 1);
    assertThat(count(0)).isEqualTo(1);
    set(NONE_TRIGGER, MSI, 0, 0);
    assertThat(client.readConfig(0x52, 2) & 1).isZero();
  }

  // INTx.

  private void raiseLine() {
    client.write32(EIMS, 0x1);
    client.write32(EICS, 0x1);
  }

  @Test
  void intxMasksItselfUntilItIsUnmasked() {
    client.eventFds(INTX, 0, 1, events[0]);
    raiseLine();
    assertThat(client.readConfig(0x06, 2) & 8).isEqualTo(8);
    assertThat(count(0)).isEqualTo(1);
    client.write32(EICR, 1);
    raiseLine();
    assertThat(count(0)).as("masked since it was told").isZero();
    set(NONE_UNMASK, INTX, 0, 1);
    assertThat(count(0)).as("the line is still up").isEqualTo(1);
    set(BOOL_UNMASK, INTX, 0, 1, 0);
    assertThat(count(0)).as("false does nothing").isZero();
    client.write32(EICR, 1);
    set(BOOL_UNMASK, INTX, 0, 1, 1);
    assertThat(count(0)).as("the line is down").isZero();
    assertThat(client.readConfig(0x06, 2) & 8).isZero();
    set(NONE_MASK, INTX, 0, 1);
    raiseLine();
    assertThat(count(0)).isZero();
    set(NONE_TRIGGER, INTX, 0, 1);
    assertThat(count(0)).as("looped back").isEqualTo(1);
  }

  @Test
  void statusSaysPendingForAsLongAsTheClientHoldsTheLine() {
    client.eventFds(INTX, 0, 1, events[0]);
    raiseLine();
    client.write32(EIMC, 1);
    assertThat(client.readConfig(0x06, 2) & 8).as("told, and not yet unmasked").isEqualTo(8);
    assertThat(client.readConfig(0x04, 4) & 8 << 16).isEqualTo(8 << 16);
    set(NONE_UNMASK, INTX, 0, 1);
    assertThat(client.readConfig(0x06, 2) & 8).isZero();
    assertThat(count(0)).isEqualTo(1);
    client.write32(EIMS, 1);
    assertThat(count(0)).isEqualTo(1);
    set(NONE_TRIGGER, INTX, 0, 0);
    client.write32(EIMC, 1);
    assertThat(client.readConfig(0x06, 2) & 8).as("nobody holds it").isZero();
  }

  @Test
  void anAssertedLineSignalsAnEventfdThatIsSetLater() {
    raiseLine();
    client.eventFds(INTX, 0, 1, events[0]);
    assertThat(count(0)).isEqualTo(1);
    client.eventFds(INTX, 0, 1, events[1]);
    assertThat(count(1)).isEqualTo(1);
    client.eventFds(INTX, 0, 1);
    set(NONE_UNMASK, INTX, 0, 1);
    assertThat(count(0) + count(1)).isZero();
  }

  @Test
  void theCommandRegisterDisablesIntx() {
    client.eventFds(INTX, 0, 1, events[0]);
    client.writeConfig(0x04, 2, 0x400);
    raiseLine();
    assertThat(count(0)).isZero();
    assertThat(client.readConfig(0x06, 2) & 8).isEqualTo(8);
    client.writeConfig(0x04, 2, 0);
    assertThat(count(0)).isEqualTo(1);
  }

  @Test
  void anEventfdUnmasksIntx() throws InterruptedException {
    client.eventFds(INTX, 0, 1, events[0]);
    client.call(8, RawVfioUser.irqs(EVENTFD_UNMASK, INTX, 0, 1), events[1]);
    raiseLine();
    assertThat(count(0)).isEqualTo(1);
    for (int i = 0; i < 3; i++) {
      Libc.signal(events[1]);
      assertThat(Libc.pollIn(new int[] {events[0]}, 5000)).isEqualTo(1);
      assertThat(count(0)).isEqualTo(1);
    }
    assertThat(count(1)).as("emptied").isZero();
    client.call(8, RawVfioUser.irqs(EVENTFD_UNMASK, INTX, 0, 1));
    Libc.signal(events[1]);
    assertThat(client.readConfig(0, 2)).isEqualTo(0x8086);
    Thread.sleep(20);
    assertThat(count(0)).isZero();
    set(NONE_TRIGGER, INTX, 0, 0);
  }

  // All of them.

  @Test
  void oneInterruptKindIsInUseAtATime() {
    client.eventFds(INTX, 0, 1, events[0]);
    refused(Libc.EINVAL, () -> client.eventFds(MSIX, 0, 1, events[1]));
    refused(Libc.EINVAL, () -> client.eventFds(MSI, 0, 1, events[1]));
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, MSIX, 0, 1));
    refused(Libc.EINVAL, () -> set(NONE_MASK, MSIX, 0, 1));
    set(NONE_TRIGGER, MSIX, 0, 0);
    set(NONE_TRIGGER, INTX, 0, 0);
    refused(Libc.EINVAL, () -> set(NONE_UNMASK, INTX, 0, 1));
    client.eventFds(MSIX, 0, 1, events[1]);
    refused(Libc.EINVAL, () -> client.eventFds(INTX, 0, 1, events[0]));
  }

  @Test
  void errorsAndRequestsHaveEventfdsToo() {
    client.eventFds(ERR, 0, 1, events[0]);
    client.eventFds(REQ, 0, 1, events[1]);
    set(NONE_TRIGGER, ERR, 0, 1);
    set(BOOL_TRIGGER, REQ, 0, 1, 1);
    assertThat(count(0)).isEqualTo(1);
    assertThat(count(1)).isEqualTo(1);
    refused(Libc.EOPNOTSUPP, () -> set(NONE_MASK, ERR, 0, 1));
    client.eventFds(ERR, 0, 1);
    set(NONE_TRIGGER, ERR, 0, 1);
    set(NONE_TRIGGER, REQ, 0, 0);
    set(NONE_TRIGGER, REQ, 0, 1);
    assertThat(count(0) + count(1)).isZero();
  }

  @Test
  void invalidSetIrqsAreRefused() {
    client.eventFds(MSIX, 0, 2, events(0, 2));
    for (int flags :
        new int[] {0, 0x01, 0x20, 0x31, 0x19, 0x23, 0x25, 0x61, 0x121, -1, Integer.MIN_VALUE}) {
      refused(Libc.EINVAL, () -> set(flags, MSIX, 0, 1));
    }
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, 5, 0, 1));
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, -1, 0, 1));
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, MSIX, 64, 1));
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, MSIX, 1, 64));
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, MSIX, Integer.MAX_VALUE, Integer.MAX_VALUE));
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, MSIX, -1, 1));
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, MSIX, 0, -1));
    refused(Libc.EINVAL, () -> set(NONE_TRIGGER, MSIX, 1, 0));
    refused(Libc.EINVAL, () -> set(NONE_MASK, MSIX, 0, 0));
    refused(Libc.EINVAL, () -> set(BOOL_TRIGGER, MSIX, 0, 0));
    refused(Libc.EINVAL, () -> set(BOOL_TRIGGER, MSIX, 0, 2, 1));
    refused(Libc.EOPNOTSUPP, () -> set(EVENTFD_MASK, MSIX, 0, 1));
    refused(Libc.EOPNOTSUPP, () -> set(EVENTFD_UNMASK, MSIX, 0, 1));
    refused(Libc.EINVAL, () -> client.eventFds(MSIX, 0, 2, events[0]));
    refused(Libc.EINVAL, () -> client.eventFds(MSIX, 0, 1, events(0, 2)));
    byte[] loopback = RawVfioUser.irqs(NONE_TRIGGER, MSIX, 0, 1);
    refused(Libc.EINVAL, () -> client.call(8, loopback, events[0]));
    refused(Libc.EINVAL, () -> client.call(8, new byte[19]));
    byte[] shortArgsz = RawVfioUser.irqs(NONE_TRIGGER, MSIX, 0, 1);
    shortArgsz[0] = 19;
    refused(Libc.EINVAL, () -> client.call(8, shortArgsz));
    int file = Libc.memfd("no eventfd");
    refused(Libc.EINVAL, () -> client.eventFds(MSIX, 0, 1, file));
    Libc.closeFd(file);
    cause(0x3);
    assertThat(count(0)).as("all is as before").isEqualTo(1);
    assertThat(count(1)).isEqualTo(1);
  }

  @Test
  void eventfdsAreClosedWithTheClient() throws InterruptedException {
    client.eventFds(MSIX, 0, 2, events(0, 2));
    client.close();
    client = RawVfioUser.open(server.path());
    cause(0x3);
    card.writeMsix(12, 0);
    assertThat(msixControl()).isZero();
    assertThat(count(0) + count(1)).isZero();
  }

  @Test
  void anEventfdThatBlocksDoesNotHoldTheCard() throws Exception {
    client.eventFds(MSIX, 0, 1, events[0]);
    Sys.blocking(events[0]);
    Sys.fill(events[0]);
    long begin = System.nanoTime();
    Thread stuck = new Thread(() -> cause(0x1));
    stuck.setUncaughtExceptionHandler((thread, e) -> {});
    stuck.start();
    stuck.join(20_000);
    assertThat(stuck.isAlive()).isFalse();
    assertThat(client.ended(TimeUnit.SECONDS.toNanos(10))).isTrue();
    assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(10));
    client.close();
    client = RawVfioUser.open(server.path());
    assertThat(client.readConfig(0, 2)).isEqualTo(0x8086);
  }
}
