package io.netmap4j.compat.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.SuiteRunner;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import io.netmap4j.spi.RingTap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the other end does at any step of a wait ends it: no wake-up is lost. */
@Order(3)
@Tag(SuiteRunner.TAG)
@Timeout(120)
class PipeWaitTest {
  private static final int LONG_MILLIS = 20_000;

  private static final int SLOTS = 8;
  private static final RingSet.Binding ALL = new RingSet.Binding(0, 1, 0, 1, false);

  private final Region region =
      Region.create(MemoryOptions.DEFAULT.buffers(64, 2048).rings(4, 8448));
  private final Pipe pipe =
      new Pipe("wait", "1", new Adapter.Rings(1, 1, SLOTS, SLOTS), null, region);
  private final NetmapPort master = open(pipe.masterRings());
  private final NetmapPort slave = open(pipe.slaveRings());

  private static NetmapPort open(RingSet rings) {
    rings.bind(ALL);
    return TestPorts.open("netmap:wait", rings, ALL, NetmapPort.Request.DEFAULT);
  }

  @AfterEach
  void close() {
    slave.close();
    master.close();
    region.close();
  }

  /** Runs something at a step of a ring's syncs: before the first is step 0, after it step 1. */
  private static final class At implements RingTap {
    private final int step;
    private final Runnable what;
    private int steps;

    At(int step, Runnable what) {
      this.step = step;
      this.what = what;
    }

    private void step() {
      if (steps++ == step) {
        what.run();
      }
    }

    @Override
    public void before(Kring kring) {
      step();
    }

    @Override
    public void after(Kring kring, int hwCur, int hwTail) {
      step();
    }
  }

  /**
   * A wait in the steps that {@code NetmapPoll} takes (Adapter.arm): asks for a wake-up, looks once
   * more, sleeps if that finds nothing. Something happens at one of five places.
   *
   * @return true when the look found it, or the wake-up came
   */
  private boolean endsWait(RingSet rings, boolean tx, int place, Runnable what) {
    Kring k = tx ? rings.tx(0) : rings.rx(0);
    AtomicInteger wakes = new AtomicInteger();
    Runnable wake = wakes::incrementAndGet;
    At inLook = new At(place - 2, what);
    if (place == 0) {
      what.run();
    }
    k.adapter().arm(k, wake);
    if (place == 1) {
      what.run();
    }
    k.addTap(inLook);
    assertEquals(0, tx ? k.txSync(0) : k.rxSync(0));
    k.removeTap(inLook);
    boolean found = k.rCur != k.rTail;
    if (place == 4) {
      what.run();
    }
    k.adapter().disarm(k, wake);
    int asleep = wakes.get();
    wake(k);
    assertEquals(asleep, wakes.get(), "no wake-up after disarm");
    return found || asleep > 0;
  }

  /** Something that wakes who waits for the ring. */
  private void wake(Kring k) {
    if (k.tx) {
      assertEquals(0, slave.rxSync());
      slave.rx(0).advance(slave.rx(0).tail());
      assertEquals(0, slave.rxSync());
    } else {
      PipeRig.send(master, 90, 91);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void aPacketAtAnyStepOfTheReceiversWaitEndsIt(int place) {
    assertTrue(
        endsWait(pipe.slaveRings(), false, place, () -> PipeRig.send(master, 0, 1)),
        "lost wake-up: packet at place " + place);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void roomAtAnyStepOfTheSendersWaitEndsIt(int place) {
    PipeRig.send(master, 0, SLOTS - 1);
    assertTrue(
        endsWait(pipe.masterRings(), true, place, () -> PipeRig.receive(slave, 0, 2)),
        "lost wake-up: room at place " + place);
  }

  /** The whole of the receiver's wait is within the sender's sync, before it sends. */
  @Test
  void aWaitThatMeetsTheSendersSyncInFlightIsWoken() {
    PipeRig.put(master.tx(0), 0, 100);
    AtomicInteger wakes = new AtomicInteger();
    Kring rx = pipe.slaveRings().rx(0);
    Runnable wait =
        () -> {
          rx.adapter().arm(rx, wakes::incrementAndGet);
          assertEquals(0, rx.rxSync(0));
          assertEquals(rx.rCur, rx.rTail, "nothing yet: it sleeps");
        };
    pipe.masterRings().tx(0).addTap(new At(0, wait));
    assertEquals(0, master.txSync());
    assertEquals(1, wakes.get(), "lost wake-up");
  }

  /** As above, of threads, and of a poll. */
  @Test
  void aPollThatMeetsTheSendersSyncInFlightFindsThePacket() throws Exception {
    CountDownLatch inSync = new CountDownLatch(1);
    CountDownLatch looked = new CountDownLatch(1);
    Runnable hold =
        () -> {
          inSync.countDown();
          await(looked);
        };
    pipe.masterRings().tx(0).addTap(new At(0, hold));
    pipe.slaveRings().rx(0).addTap(new At(3, looked::countDown));
    PipeRig.put(master.tx(0), 0, 100);
    FutureTask<Integer> sender = new FutureTask<>(master::txSync);
    new Thread(sender, "sender").start();
    await(inSync);
    int found = slave.poll(NetmapPort.POLLIN, LONG_MILLIS);
    looked.countDown();
    assertEquals(0, sender.get());
    assertEquals(NetmapPort.POLLIN, found);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void sleepersAreWokenByWhatComesLater() throws Exception {
    FutureTask<Integer> receiver =
        new FutureTask<>(() -> slave.poll(NetmapPort.POLLIN, LONG_MILLIS));
    new Thread(receiver, "receiver").start();
    Thread.sleep(30);
    PipeRig.send(master, 0, SLOTS - 1);
    assertEquals(NetmapPort.POLLIN, get(receiver));
    FutureTask<Integer> sender =
        new FutureTask<>(() -> master.poll(NetmapPort.POLLOUT, LONG_MILLIS));
    new Thread(sender, "sender").start();
    Thread.sleep(30);
    PipeRig.receive(slave, 0, 1);
    assertEquals(NetmapPort.POLLOUT, get(sender));
  }

  private static int get(FutureTask<Integer> task) {
    try {
      return task.get();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void closingTheLastPortEndsAWaitInProgress() throws Exception {
    FutureTask<Integer> receiver =
        new FutureTask<>(() -> slave.poll(NetmapPort.POLLIN, LONG_MILLIS));
    new Thread(receiver, "receiver").start();
    Thread.sleep(20);
    slave.close();
    assertEquals(NetmapPort.POLLERR, get(receiver));
  }
}
