package io.netmap4j.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.common.LinkState;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What ends a wait, and what a wait looks at. On ports that wake by a descriptor, or by none. */
@Timeout(300)
class WaitTest {
  private static final int SLOTS = 64;
  private final Region region =
      Region.create(MemoryOptions.DEFAULT.buffers(2048, 2048).rings(16, 8448));
  private final List<NetmapPort> ports = new ArrayList<>();
  private final List<Port> adapters = new ArrayList<>();
  private final int event = Libc.eventFd();

  /** Counts its syncs, and wakes by an eventfd when {@code fd} is one. */
  private static final class Port extends FakeAdapter {
    final int fd;
    volatile int looks;
    volatile boolean up = true;
    volatile boolean gone;
    volatile Runnable whenLookedAt = () -> {};
    volatile CountDownLatch inSync;
    volatile CountDownLatch go;

    Port(int rings, int fd) {
      super(rings, 1, SLOTS, SLOTS);
      this.fd = fd;
    }

    @Override
    public int txSync(Kring k, int flags) {
      looks++;
      whenLookedAt.run();
      CountDownLatch hold = go;
      if (hold != null && inSync.getCount() > 0) {
        inSync.countDown();
        awaitQuietly(hold);
      }
      return gone ? Libc.EIO : super.txSync(k, flags);
    }

    @Override
    public int rxSync(Kring k, int flags) {
      looks++;
      return gone ? Libc.EIO : super.rxSync(k, flags);
    }

    @Override
    public LinkState link() {
      looks++;
      whenLookedAt.run();
      return up ? super.link() : LinkState.DOWN;
    }

    @Override
    public boolean dead() {
      return gone;
    }

    @Override
    public int waitFd(Kring kring) {
      return fd;
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private NetmapPort open(Port adapter) {
    adapters.add(adapter);
    RingSet rings = RingSet.start(adapter, region);
    RingSet.Binding all = new RingSet.Binding(0, adapter.rings().tx(), 0, 1, false);
    rings.bind(all);
    NetmapPort port = TestPorts.open("netmap:w", rings, all, NetmapPort.Request.DEFAULT);
    ports.add(port);
    return port;
  }

  @AfterEach
  void close() {
    for (Port adapter : adapters) {
      if (adapter.go != null) {
        adapter.go.countDown(); // a test that has failed leaves a sync waiting
      }
    }
    ports.forEach(NetmapPort::close);
    region.close();
    Libc.closeFd(event);
  }

  /** Every call that waits, and what it says when nothing came. */
  enum Wait {
    POLL_IN {
      @Override
      Object run(NetmapPort port, int millis) {
        return port.poll(NetmapPort.POLLIN, millis);
      }
    },
    POLL_OUT {
      @Override
      Object run(NetmapPort port, int millis) {
        return port.poll(NetmapPort.POLLOUT, millis);
      }
    },
    SET {
      @Override
      Object run(NetmapPort port, int millis) {
        try (NetmapPoll poll = new NetmapPoll().add(port, NetmapPort.POLLIN)) {
          return poll.poll(millis);
        }
      }
    },
    DRAIN {
      @Override
      Object run(NetmapPort port, int millis) {
        return port.drain(millis);
      }
    },
    LINK {
      @Override
      Object run(NetmapPort port, int millis) {
        return port.awaitLink(millis);
      }
    };

    abstract Object run(NetmapPort port, int millis);

    Object nothing() {
      return this == DRAIN || this == LINK ? (Object) false : (Object) 0;
    }
  }

  /** A port where none of the waits ends by itself: no link, nothing arrives, nothing leaves. */
  private NetmapPort stuck(Port adapter) {
    adapter.up = false;
    adapter.inFlight = SLOTS - 1;
    NetmapPort port = open(adapter);
    NetmapRing tx = port.tx(0);
    tx.advance(tx.tail());
    assertThat(port.txSync()).isZero();
    assertThat(tx.space()).isZero();
    return port;
  }

  private static final class Waiter extends Thread {
    final FutureTask<Object> task;
    volatile boolean flag;

    Waiter(Supplier<Object> wait) {
      this.task =
          new FutureTask<>(
              () -> {
                Object result = wait.get();
                flag = Thread.currentThread().isInterrupted();
                return result;
              });
    }

    @Override
    public void run() {
      task.run();
    }

    /** Begins, and waits until the wait has looked several times. */
    Waiter begin(Port adapter) throws InterruptedException {
      int before = adapter.looks;
      start();
      while (adapter.looks < before + 2) {
        Thread.sleep(1);
      }
      return this;
    }

    Object result() throws Exception {
      return task.get(100, TimeUnit.SECONDS);
    }
  }

  private int[] wakeFds() {
    return new int[] {-1, event};
  }

  @ParameterizedTest
  @EnumSource(Wait.class)
  void everyNegativeTimeOutIsForEverAndZeroLooksOnce(Wait wait) throws Exception {
    for (int fd : wakeFds()) {
      Port adapter = new Port(1, fd);
      NetmapPort port = stuck(adapter);
      int before = adapter.looks;
      assertThat(wait.run(port, 0)).isEqualTo(wait.nothing());
      assertThat(adapter.looks - before).as("looks").isBetween(1, 2); // TX and RX
      assertThat(wait.run(port, 20)).isEqualTo(wait.nothing());
      for (int forEver : new int[] {-1, -2, Integer.MIN_VALUE}) {
        Waiter waiter = new Waiter(() -> wait.run(port, forEver)).begin(adapter);
        waiter.join(50);
        assertThat(waiter.isAlive()).as("%s with %d", wait, forEver).isTrue();
        port.wakeup();
        assertThat(waiter.result()).isEqualTo(wait.nothing());
      }
      Waiter longest = new Waiter(() -> wait.run(port, Integer.MAX_VALUE)).begin(adapter);
      longest.join(50);
      assertThat(longest.isAlive()).isTrue();
      port.wakeup();
      assertThat(longest.result()).isEqualTo(wait.nothing());
    }
  }

  @ParameterizedTest
  @EnumSource(Wait.class)
  void interruptEndsAWaitKeepsTheFlagAndLaterWaitsDoNotSpin(Wait wait) throws Exception {
    for (int fd : wakeFds()) {
      Port adapter = new Port(1, fd);
      NetmapPort port = stuck(adapter);
      List<Object> later = new ArrayList<>();
      int[] looks = new int[1];
      Waiter waiter =
          new Waiter(
              () -> {
                Object first = wait.run(port, -1);
                looks[0] = adapter.looks;
                for (int i = 0; i < 3; i++) {
                  later.add(wait.run(port, -1));
                }
                looks[0] = adapter.looks - looks[0];
                return first;
              });
      waiter.begin(adapter);
      waiter.interrupt();
      assertThat(waiter.result()).isEqualTo(wait.nothing());
      assertThat(waiter.flag).as("interrupted").isTrue();
      assertThat(later).containsOnly(wait.nothing());
      assertThat(looks[0]).as("looks of three waits").isLessThanOrEqualTo(3 * 4);
    }
  }

  @ParameterizedTest
  @EnumSource(Wait.class)
  void closeAndTheDevicesDeathEndAWait(Wait wait) throws Exception {
    Object failed =
        switch (wait) {
          case POLL_IN, POLL_OUT -> NetmapPort.POLLERR;
          case SET -> 1;
          case DRAIN, LINK -> false;
        };
    for (int fd : wakeFds()) {
      Port adapter = new Port(1, fd);
      NetmapPort port = stuck(adapter);
      Waiter waiter = new Waiter(() -> wait.run(port, -1)).begin(adapter);
      port.close();
      assertThat(waiter.result()).isEqualTo(failed);
      assertThat(wait.run(port, -1)).isEqualTo(failed);

      Port dying = new Port(1, wait == Wait.POLL_IN ? fd : -1); // a sleep looks up each second
      NetmapPort other = stuck(dying);
      Waiter waiting = new Waiter(() -> wait.run(other, -1)).begin(dying);
      dying.gone = true;
      assertThat(waiting.result()).isEqualTo(failed);
      int before = dying.looks;
      assertThat(wait.run(other, -1)).isEqualTo(failed);
      assertThat(dying.looks - before).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void aWakeUpBeforeTheWaitIsRememberedOnceForEachDirection() {
    Port adapter = new Port(1, event);
    NetmapPort port = stuck(adapter);
    port.wakeup();
    port.wakeup();
    assertThat(port.poll(NetmapPort.POLLIN, -1)).isZero();
    assertThat(port.poll(NetmapPort.POLLOUT, -1)).isZero();
    adapter.inFlight = 0;
    port.wakeup();
    assertThat(port.drain(0)).as("a wake-up before drain does not end it").isTrue();
    adapter.arriving = 1;
    assertThat(port.poll(NetmapPort.POLLIN, -1)).isEqualTo(NetmapPort.POLLIN);
    try (NetmapPoll poll = new NetmapPoll()) {
      poll.wakeup();
      assertThat(poll.poll(-1)).isZero();
      poll.wakeup();
      assertThat(poll.add(port, NetmapPort.POLLIN).poll(-1)).isEqualTo(1);
    }
  }

  /** Also while a first look takes long, as at a card whose server is stopped. */
  @ParameterizedTest
  @EnumSource(Wait.class)
  void aWakeUpDuringAnyLookEndsTheWait(Wait wait) throws Exception {
    for (int look = 1; look <= 3; look++) {
      Port adapter = new Port(1, -1);
      NetmapPort port = stuck(adapter);
      int at = adapter.looks + look;
      adapter.whenLookedAt =
          () -> {
            if (adapter.looks >= at) {
              adapter.whenLookedAt = () -> {};
              port.wakeup();
            }
          };
      Waiter waiter = new Waiter(() -> wait.run(port, -1));
      waiter.start();
      assertThat(waiter.result()).as("look %d", look).isEqualTo(wait.nothing());
    }
  }

  /** A close is an error for the waits that it ends, never a time-out. */
  @ParameterizedTest
  @EnumSource(
      value = Wait.class,
      names = {"POLL_IN", "POLL_OUT", "SET"})
  void aCloseDuringAnyLookIsAnError(Wait wait) throws Exception {
    for (int look = 1; look <= 3; look++) {
      Port adapter = new Port(1, -1);
      NetmapPort port = stuck(adapter);
      int at = adapter.looks + look;
      adapter.whenLookedAt =
          () -> {
            if (adapter.looks >= at) {
              adapter.whenLookedAt = () -> {};
              new Thread(port::close).start(); // waits for this sync
              while (port.poll(0, 0) != NetmapPort.POLLERR) {
                Thread.yield();
              }
            }
          };
      Waiter waiter = new Waiter(() -> wait.run(port, -1));
      waiter.start();
      assertThat(waiter.result())
          .as("look %d", look)
          .isEqualTo(wait == Wait.SET ? 1 : NetmapPort.POLLERR);
    }
  }

  /** poll(2) ignores what it does not know. */
  @Test
  void bitsThatAreNoEventsAreIgnored() {
    Port adapter = new Port(1, -1);
    NetmapPort port = open(adapter);
    int others = ~(NetmapPort.POLLIN | NetmapPort.POLLOUT);
    try (NetmapPoll poll = new NetmapPoll().add(port, others)) {
      assertThat(port.poll(others, 0)).isZero();
      assertThat(poll.poll(0)).isZero();
      adapter.arriving = 1;
      assertThat(port.poll(others | NetmapPort.POLLIN, 0)).isEqualTo(NetmapPort.POLLIN);
      assertThat(poll.events(port, -1).poll(-1)).isEqualTo(1);
      assertThat(poll.ready(port)).isEqualTo(NetmapPort.POLLIN | NetmapPort.POLLOUT);
    }
  }

  @Test
  void theSetsOwnWakeUpEndsItsWaitOnly() throws Exception {
    Port adapter = new Port(1, event);
    NetmapPort port = stuck(adapter);
    try (NetmapPoll poll = new NetmapPoll().add(port, NetmapPort.POLLIN)) {
      Waiter waiter = new Waiter(() -> poll.poll(-1)).begin(adapter);
      poll.wakeup();
      assertThat(waiter.result()).isEqualTo(0);
    }
    assertThat(port.poll(NetmapPort.POLLIN, 5)).isZero();
  }

  @Test
  void eventsChangeAndPortsLeaveASet() {
    Port[] adapters = {new Port(1, -1), new Port(1, -1), new Port(1, -1)};
    NetmapPort a = open(adapters[0]);
    NetmapPort b = open(adapters[1]);
    NetmapPort c = open(adapters[2]);
    try (NetmapPoll poll = new NetmapPoll()) {
      poll.add(a, NetmapPort.POLLIN).add(b, NetmapPort.POLLIN).add(c, 0).addDescriptor(event);
      assertThatThrownBy(() -> poll.add(b, NetmapPort.POLLOUT))
          .isInstanceOfSatisfying(
              NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EEXIST));
      assertThat(poll.poll(1)).isZero();
      poll.events(b, NetmapPort.POLLOUT);
      assertThat(poll.poll(-1)).isEqualTo(1);
      assertThat(poll.ready(b)).isEqualTo(NetmapPort.POLLOUT);
      assertThat(poll.ready(1)).isEqualTo(NetmapPort.POLLOUT);
      poll.remove(a).events(c, NetmapPort.POLLOUT);
      assertThat(poll.poll(-1)).isEqualTo(2);
      assertThat(poll.ready(0)).isEqualTo(NetmapPort.POLLOUT);
      poll.events(b, 0).events(c, 0);
      assertThat(poll.poll(1)).isZero();
      assertThat(poll.ready(b)).isZero();
      b.close();
      assertThat(poll.poll(-1)).isEqualTo(1);
      assertThat(poll.ready(b)).isEqualTo(NetmapPort.POLLERR);
      assertThat(poll.remove(b).poll(1)).isZero();
      Libc.signal(event);
      assertThat(poll.poll(-1)).isEqualTo(1);
      assertThat(poll.removeDescriptor(event).poll(1)).isZero();
      assertThatThrownBy(() -> poll.events(b, 0)).isInstanceOf(NetmapException.class);
      assertThatThrownBy(() -> poll.ready(a)).isInstanceOf(NetmapException.class);
    }
  }

  /** What is done with is seen, though another ring has room all the time. */
  @ParameterizedTest
  @ValueSource(
      ints = {NetmapPort.POLLOUT, NetmapPort.POLLIN, NetmapPort.POLLIN | NetmapPort.POLLOUT})
  void noFullRingStaysFullBesideOneWithRoom(int events) {
    Port adapter = new Port(3, -1);
    adapter.inFlight = SLOTS - 1;
    NetmapPort port = open(adapter);
    NetmapRing full = port.tx(1);
    full.advance(full.tail());
    port.txSync();
    assertThat(full.space()).isZero();
    adapter.inFlight = 0; // all of it has left
    port.poll(events, 0);
    assertThat(full.space()).isEqualTo(SLOTS - 1);
  }

  /** One thread is inside a sync that has looked at head already: the other's packet goes, too. */
  @Test
  void whatIsGivenDuringAnotherThreadsSyncIsSent() throws Exception {
    Port adapter = new Port(1, -1);
    NetmapPort port = open(adapter);
    adapter.inSync = new CountDownLatch(1);
    adapter.go = new CountDownLatch(1);
    NetmapRing tx = port.tx(0);
    tx.advance(1);
    Waiter poller = new Waiter(() -> port.poll(NetmapPort.POLLIN, 0)); // flushes
    poller.start();
    adapter.inSync.await();
    tx.advance(2);
    AtomicBoolean released = new AtomicBoolean();
    new Thread(
            () -> {
              released.set(true);
              adapter.go.countDown();
            })
        .start();
    assertThat(port.txSync()).isZero();
    assertThat(released).isTrue();
    assertThat(adapter.tx[0].hwCur).as("sent").isEqualTo(2);
    poller.result();
  }

  /** A wait that finds a ring in another thread's hands does not sleep on what it has not seen. */
  @Test
  void aWaitThatMeetsAnotherThreadsSyncLooksAgain() throws Exception {
    Port adapter = new Port(1, event);
    NetmapPort port = stuck(adapter);
    adapter.inSync = new CountDownLatch(1);
    adapter.go = new CountDownLatch(1);
    Waiter sender = new Waiter(port::txSync);
    sender.start();
    adapter.inSync.await();
    Waiter waiter = new Waiter(() -> port.poll(NetmapPort.POLLOUT, -1));
    waiter.start();
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    Thread.State state = waiter.getState();
    while (state != Thread.State.TIMED_WAITING && System.nanoTime() - limit < 0) {
      Thread.sleep(1);
      state = waiter.getState(); // in the kernel it would count as running
    }
    assertThat(state).as("between looks").isEqualTo(Thread.State.TIMED_WAITING);
    adapter.inFlight = 0;
    adapter.go.countDown();
    assertThat(sender.result()).isEqualTo(0);
    assertThat(waiter.result()).as("without any wake-up").isEqualTo(NetmapPort.POLLOUT);
  }
}
