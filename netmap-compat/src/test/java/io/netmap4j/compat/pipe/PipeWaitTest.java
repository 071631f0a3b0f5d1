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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the other end does at any step of a wait ends it: no wake-up is lost. */
@Tag(SuiteRunner.TAG)
@Timeout(120)
class PipeWaitTest {
  /** A wake-up that is lost costs the whole of it. */
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
    private boolean done;

    At(int step, Runnable what) {
      this.step = step;
      this.what = what;
    }

    private void step() {
      if (steps++ == step) {
        done = true;
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

  private static long millisOf(Runnable what) {
    long before = System.nanoTime();
    what.run();
    return (System.nanoTime() - before) / 1_000_000;
  }

  /** Also after the wait has asked for a wake-up, and before it sleeps: from step 2 on. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aPacketAtAnyStepOfTheReceiversWaitEndsIt(int step) {
    At tap = new At(step, () -> PipeRig.send(master, 0, 1));
    pipe.slaveRings().rx(0).addTap(tap);
    int[] found = new int[1];
    long took = millisOf(() -> found[0] = slave.poll(NetmapPort.POLLIN, LONG_MILLIS / 10));
    if (tap.done) {
      assertEquals(NetmapPort.POLLIN, found[0], "packet at step " + step);
      assertTrue(took < LONG_MILLIS / 20, took + " ms for a packet at step " + step);
    } else {
      assertTrue(step > 3, "a wait looks at least twice");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aReleaseAtAnyStepOfTheSendersWaitEndsIt(int step) {
    PipeRig.send(master, 0, SLOTS - 1);
    At tap = new At(step, () -> PipeRig.receive(slave, 0, 2));
    pipe.masterRings().tx(0).addTap(tap);
    int[] found = new int[1];
    long took = millisOf(() -> found[0] = master.poll(NetmapPort.POLLOUT, LONG_MILLIS / 10));
    if (tap.done) {
      assertEquals(NetmapPort.POLLOUT, found[0], "room at step " + step);
      assertTrue(took < LONG_MILLIS / 20, took + " ms for room at step " + step);
    } else {
      assertTrue(step > 3, "a wait looks at least twice");
    }
  }

  /** The receiver's last look comes while the sender's sync is in flight. */
  @Test
  void aPollThatMeetsTheSendersSyncInFlightIsWoken() throws Exception {
    CountDownLatch inSync = new CountDownLatch(1);
    CountDownLatch looked = new CountDownLatch(1);
    pipe.masterRings()
        .tx(0)
        .addTap(
            new At(
                0,
                () -> {
                  inSync.countDown();
                  await(looked);
                }));
    // Steps of the receiver: a look, it asks for a wake-up, the last look, it sleeps.
    pipe.slaveRings().rx(0).addTap(new At(3, looked::countDown));
    PipeRig.put(master.tx(0), 0, 100);
    FutureTask<Integer> sender = new FutureTask<>(master::txSync);
    new Thread(sender, "sender").start();
    await(inSync);
    int[] found = new int[1];
    long took = millisOf(() -> found[0] = slave.poll(NetmapPort.POLLIN, LONG_MILLIS));
    looked.countDown();
    assertEquals(0, sender.get());
    assertEquals(NetmapPort.POLLIN, found[0]);
    assertTrue(took < LONG_MILLIS / 2, took + " ms");
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
    long took = millisOf(() -> assertEquals(NetmapPort.POLLIN, get(receiver)));
    FutureTask<Integer> sender =
        new FutureTask<>(() -> master.poll(NetmapPort.POLLOUT, LONG_MILLIS));
    new Thread(sender, "sender").start();
    Thread.sleep(30);
    PipeRig.receive(slave, 0, 1);
    took += millisOf(() -> assertEquals(NetmapPort.POLLOUT, get(sender)));
    assertTrue(took < LONG_MILLIS / 2, took + " ms");
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
