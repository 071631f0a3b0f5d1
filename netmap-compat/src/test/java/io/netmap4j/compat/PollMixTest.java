package io.netmap4j.compat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.RingCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * netmap's rule for poll (docs/netmap-abi.md 7) over ports of several kinds in one wait: a card, a
 * pipe, a switch port, and monitors of a card and of a pipe.
 */
@Timeout(60)
class PollMixTest {
  private static final int SLOTS = 16;
  private static final NetmapPort.Request CARD =
      NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.dropWhenFull(false));
  private static final NetmapPort.Request SMALL =
      NetmapPort.Request.DEFAULT.counts(RingCounts.DEFAULT.slots(SLOTS, SLOTS));

  private final List<NetmapPort> ports = new ArrayList<>();
  private final NetmapPort[] from = new NetmapPort[Kind.values().length];
  private final NetmapPort[] to = new NetmapPort[Kind.values().length];
  private final NetmapPoll poll = new NetmapPoll();
  private Thread waiter;

  /** What is waited for; each has a port that sends to it. */
  enum Kind {
    CARD,
    PIPE,
    SWITCH,
    CARD_MONITOR,
    PIPE_MONITOR
  }

  @BeforeEach
  void openAll() {
    pair(Kind.CARD, open("netmap:model0", CARD), open("netmap:model1", CARD));
    pair(Kind.PIPE, open("netmap:mix{1", SMALL), open("netmap:mix}1", SMALL));
    pair(Kind.SWITCH, open("vale7:a", SMALL), open("vale7:b", SMALL));
    // Of traffic that is not for the others.
    pair(Kind.CARD_MONITOR, to[0], open("netmap:model1/t", SMALL));
    NetmapPort other = open("netmap:mix{2", SMALL);
    open("netmap:mix}2", SMALL);
    pair(Kind.PIPE_MONITOR, other, open("netmap:mix}2/r", SMALL));
    for (NetmapPort port : to) {
      poll.add(port, NetmapPort.POLLIN);
    }
    assertThat(from[0].awaitLink(10_000) && to[0].awaitLink(10_000)).isTrue();
  }

  private NetmapPort open(String name, NetmapPort.Request request) {
    NetmapPort port = Netmap.open(name, request);
    ports.add(port);
    return port;
  }

  private void pair(Kind kind, NetmapPort a, NetmapPort b) {
    from[kind.ordinal()] = a;
    to[kind.ordinal()] = b;
  }

  @AfterEach
  void close() {
    poll.close();
    ports.forEach(NetmapPort::close);
  }

  private static void put(NetmapPort port) {
    NetmapRing tx = port.tx(0);
    byte[] frame = new byte[60];
    frame[0] = -1;
    frame[6] = 2;
    frame[12] = (byte) 0x88;
    frame[13] = (byte) 0xb5;
    tx.put(tx.head(), frame);
    tx.advance(tx.next(tx.head()));
  }

  private static void release(NetmapPort port) {
    port.rx(0).advance(port.rx(0).tail());
  }

  /** Begins to wait on a thread of its own, and lets it fall asleep, most likely. */
  private FutureTask<Integer> begin(int millis) throws InterruptedException {
    CountDownLatch started = new CountDownLatch(1);
    FutureTask<Integer> wait =
        new FutureTask<>(
            () -> {
              started.countDown();
              int ready = poll.poll(millis);
              return Thread.currentThread().isInterrupted() ? -1 : ready;
            });
    waiter = new Thread(wait);
    waiter.start();
    started.await();
    Thread.sleep(5);
    return wait;
  }

  private void onlyReady(Kind kind, int events) {
    for (Kind k : Kind.values()) {
      assertThat(poll.ready(to[k.ordinal()])).as("%s", k).isEqualTo(k == kind ? events : 0);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aPacketOfAnyPortEndsTheWait(Kind kind) throws Exception {
    for (int i = 0; i < 3; i++) {
      FutureTask<Integer> wait = begin(10_000);
      put(from[kind.ordinal()]);
      from[kind.ordinal()].txSync();
      assertThat(wait.get()).isEqualTo(1);
      onlyReady(kind, NetmapPort.POLLIN);
      assertThat(poll.poll(0)).as("unread, so again").isEqualTo(1);
      release(to[kind.ordinal()]);
      assertThat(poll.poll(0)).isZero();
    }
  }

  @Test
  void roomOnAFullRingEndsTheWaitAndAMonitorsRingNever() throws Exception {
    NetmapPort pipe = from[Kind.PIPE.ordinal()];
    while (pipe.tx(0).space() > 0) {
      put(pipe);
    }
    pipe.txSync();
    poll.add(pipe, NetmapPort.POLLOUT);
    assertThat(poll.poll(0)).as("the other end has packets").isEqualTo(1);
    NetmapPort end = to[Kind.PIPE.ordinal()];
    end.rx(0).cur(end.rx(0).tail());
    FutureTask<Integer> wait = begin(10_000);
    assertThat(wait.isDone()).as("beyond cur there is nothing").isFalse();
    poll.wakeup();
    assertThat(wait.get()).isZero();
    poll.remove(end);
    wait = begin(10_000);
    release(end);
    end.rxSync();
    assertThat(wait.get()).isEqualTo(1);
    assertThat(poll.ready(pipe)).isEqualTo(NetmapPort.POLLOUT);
    NetmapPort vale = from[Kind.SWITCH.ordinal()];
    NetmapPort card = from[Kind.CARD.ordinal()];
    poll.add(vale, NetmapPort.POLLOUT).add(card, NetmapPort.POLLOUT);
    assertThat(poll.poll(1000)).isEqualTo(3);
    NetmapPort monitor = to[Kind.PIPE_MONITOR.ordinal()];
    poll.events(monitor, NetmapPort.POLLOUT);
    poll.poll(0);
    assertThat(poll.ready(monitor) & NetmapPort.POLLERR).as("it cannot send").isNotZero();
  }

  @Test
  void whatIsPendingIsSentByAWaitForPacketsUnlessThePortWasOpenedWithout() {
    NetmapPort[] senders = {
      from[Kind.CARD.ordinal()], from[Kind.PIPE.ordinal()], from[Kind.SWITCH.ordinal()]
    };
    for (NetmapPort sender : senders) {
      put(sender);
      poll.add(sender, NetmapPort.POLLIN);
    }
    int ready = 0;
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (ready < 3 && System.nanoTime() - limit < 0) {
      ready = poll.poll(1000); // returns at once when one is ready; the card takes its time
    }
    assertThat(ready).isEqualTo(3);
    try (NetmapPort quiet =
            Netmap.open("netmap:mix{2", NetmapPort.Request.DEFAULT.addFlags(Netmap.NR_NO_TX_POLL));
        NetmapPort end = Netmap.open("netmap:mix}2")) {
      put(quiet);
      assertThat(quiet.poll(NetmapPort.POLLIN, 0) + quiet.poll(0, 0)).isZero();
      assertThat(end.poll(NetmapPort.POLLIN, 0)).as("not sent").isZero();
      assertThat(quiet.poll(NetmapPort.POLLOUT, 0)).isEqualTo(NetmapPort.POLLOUT);
      assertThat(end.poll(NetmapPort.POLLIN, 0)).isEqualTo(NetmapPort.POLLIN);
    }
  }

  /** netmap stores NR_DO_RX_POLL and never reads it: a wait for room takes in no packets. */
  @Test
  void doRxPollChangesNothing() {
    try (NetmapPort eager =
        Netmap.open("netmap:mix}1", NetmapPort.Request.DEFAULT.addFlags(Netmap.NR_DO_RX_POLL))) {
      put(from[Kind.PIPE.ordinal()]);
      from[Kind.PIPE.ordinal()].txSync();
      assertThat(eager.poll(NetmapPort.POLLOUT, 0)).isEqualTo(NetmapPort.POLLOUT);
      assertThat(eager.rx(0).isEmpty()).isTrue();
      assertThat(eager.poll(NetmapPort.POLLIN, 0)).isEqualTo(NetmapPort.POLLIN);
    }
  }

  @Test
  void wakeupAndInterruptionEndTheWait() throws Exception {
    FutureTask<Integer> wait = begin(-1);
    poll.wakeup();
    assertThat(wait.get()).isZero();
    poll.wakeup();
    assertThat(poll.poll(-1)).as("a wake-up before the wait counts").isZero();
    wait = begin(-1);
    to[Kind.PIPE_MONITOR.ordinal()].wakeup();
    assertThat(wait.get()).as("of one of the ports").isZero();
    wait = begin(-1);
    waiter.interrupt();
    assertThat(wait.get()).as("0, and the flag stays set").isEqualTo(-1);
    assertThat(poll.poll(20)).as("time-out").isZero();
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aPortThatIsClosedFailsAlone(Kind kind) throws Exception {
    FutureTask<Integer> wait = begin(-1);
    to[kind.ordinal()].close();
    int ready = wait.get();
    assertThat(poll.ready(to[kind.ordinal()])).isEqualTo(NetmapPort.POLLERR);
    assertThat(ready)
        .as("its monitor may have failed as well")
        .isBetween(1, kind == Kind.CARD ? 2 : 1);
  }

  @Test
  void aMonitorWhosePortIsGoneFails() throws Exception {
    FutureTask<Integer> wait = begin(-1);
    NetmapPort monitor = to[Kind.PIPE_MONITOR.ordinal()];
    for (NetmapPort port : ports) {
      if (port.name().startsWith("mix") && port.name().endsWith("2") && port != monitor) {
        port.close();
      }
    }
    assertThat(wait.get()).isEqualTo(1);
    onlyReady(Kind.PIPE_MONITOR, NetmapPort.POLLERR);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void illegalIndicesAreAnErrorOnce(Kind kind) {
    NetmapPort port = to[kind.ordinal()];
    port.rx(0).head(4097);
    assertThat(poll.poll(0)).isEqualTo(1);
    onlyReady(kind, NetmapPort.POLLERR);
    assertThat(poll.poll(0)).as("the ring was repaired").isZero();
  }
}
