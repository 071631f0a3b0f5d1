package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No wake-up is lost: what happens between any two steps of a wait, from the first look to the
 * sleep, ends it. The cards are stepped, so that nothing happens but what the test makes happen.
 */
@Timeout(300)
@ParameterizedClass(name = "by the line: {0}")
@ValueSource(booleans = {false, true})
@Tag("once")
class WakeUpTest {
  private static final long PROMPT_NANOS = 700_000_000; // a sleep looks again after 1 s
  private static final int DRY_MILLIS = 300;

  private final boolean line;
  private ModelRig rig;
  private int steps;
  private int stepsBeforeSleep;
  private long lastStep;
  private long longestPause;
  private int at = -1;
  private Runnable event;

  WakeUpTest(boolean line) {
    this.line = line;
  }

  private void between() {
    long now = System.nanoTime();
    if (now - lastStep > longestPause) {
      longestPause = now - lastStep;
      stepsBeforeSleep = steps;
    }
    lastStep = now;
    if (steps++ == at) {
      Runnable happens = event;
      event = null;
      happens.run();
    }
  }

  private ModelRig open(WaitMode mode) {
    event = null;
    at = -1;
    rig =
        new ModelRig(
            ModelRig.Setup.DEFAULT
                .nic(ModelRig.Setup.DEFAULT.nic().waitMode(mode))
                .stepped(1L)
                .line(line),
            this::between);
    return rig;
  }

  /** A frame leaves port a, and whatever the cards have to do is done. */
  private void frame() {
    NetmapRing tx = rig.a.tx(0);
    tx.put(tx.head(), new byte[60]);
    tx.advance(tx.next(tx.head()));
    assertThat(rig.a.txSync()).isZero();
    idle();
  }

  private void idle() {
    rig.runner.runUntilIdle();
  }

  private int wait(NetmapPort port, int events, int step, Runnable what) {
    steps = 0;
    at = step;
    event = what;
    long begin = System.nanoTime();
    int ready = port.poll(events, 2000);
    assertThat(System.nanoTime() - begin)
        .as("ns until the wait ended, event at step %d", step)
        .isLessThan(PROMPT_NANOS);
    return ready;
  }

  private void take() {
    NetmapRing rx = rig.b.rx(0);
    assertThat(rx.space()).isEqualTo(1);
    rx.advance(rx.tail());
    rig.b.rxSync();
    idle();
  }

  @Test
  void closeWakesSleepersAndWaitsForThem() throws Exception {
    try (ModelRig threaded =
        new ModelRig(
            ModelRig.Setup.DEFAULT
                .nic(ModelRig.Setup.DEFAULT.nic().waitMode(WaitMode.INTERRUPT))
                .line(line))) {
      AtomicInteger ready = new AtomicInteger();
      Thread sleeper = new Thread(() -> ready.set(threaded.b.poll(NetmapPort.POLLIN, -1)));
      sleeper.start();
      Thread.sleep(200);
      long begin = System.nanoTime();
      threaded.b.close();
      assertThat(System.nanoTime() - begin).as("ns of close").isLessThan(PROMPT_NANOS);
      sleeper.join(PROMPT_NANOS / 1_000_000);
      assertThat(sleeper.isAlive()).isFalse();
      assertThat(ready.get()).isEqualTo(NetmapPort.POLLERR);
    }
  }

  /** A kernel short of vectors, a line that nobody handles. */
  @Test
  void withoutInterruptsAWaitPolls() {
    AtomicInteger asked = new AtomicInteger();
    try (ModelRig threaded =
        new ModelRig(
            ModelRig.Setup.DEFAULT
                .nic(ModelRig.Setup.DEFAULT.nic().waitMode(WaitMode.INTERRUPT))
                .line(line)
                .around(device -> withoutInterrupts(device, asked)))) {
      assertThat(threaded.b.poll(NetmapPort.POLLIN, 30)).as("in time, with nothing").isZero();
      for (int frame = 1; frame <= 20; frame++) {
        NetmapRing tx = threaded.a.tx(0);
        tx.put(tx.head(), new byte[60]);
        tx.advance(tx.next(tx.head()));
        assertThat(threaded.a.txSync()).isZero();
        assertThat(threaded.b.poll(NetmapPort.POLLIN, 20_000)).isEqualTo(NetmapPort.POLLIN);
        NetmapRing rx = threaded.b.rx(0);
        assertThat(rx.space()).isEqualTo(1);
        rx.advance(rx.tail());
      }
      assertThat(asked).as("asked for, once").hasValue(1);
      assertThat(threaded.b.rxSync()).isZero();
    }
  }

  private static NicDevice withoutInterrupts(NicDevice device, AtomicInteger asked) {
    return (NicDevice)
        Proxy.newProxyInstance(
            WakeUpTest.class.getClassLoader(),
            new Class<?>[] {NicDevice.class},
            (proxy, method, args) -> {
              if (method.getName().equals("enableIrqs") && (int) args[0] > 0) {
                asked.incrementAndGet();
                throw new NetmapException(Libc.ENOSPC, "no vectors left");
              }
              return method.invoke(device, args);
            });
  }

  /** A SIGBUS, of which the JVM makes an InternalError: ends waits, and leaves nothing behind. */
  @Test
  void unmappedRegistersMeanADeadDevice() throws Exception {
    Thread tester = Thread.currentThread();
    AtomicBoolean gone = new AtomicBoolean();
    ModelRig.Setup setup =
        ModelRig.Setup.DEFAULT
            .nic(ModelRig.Setup.DEFAULT.nic().waitMode(WaitMode.INTERRUPT))
            .line(line)
            .around(
                device -> unmapped(device, () -> gone.get() && Thread.currentThread() == tester));
    try (ModelRig opened = new ModelRig(setup)) {
      assertThat(opened.b.poll(NetmapPort.POLLIN, 1)).isZero(); // sets the interrupts up
      AtomicInteger ready = new AtomicInteger();
      Thread sleeper = new Thread(() -> ready.set(opened.b.poll(NetmapPort.POLLIN, -1)));
      sleeper.start();
      sleeper.join(100);
      gone.set(true);
      assertThat(opened.a.link().up()).isFalse();
      assertThat(opened.b.counters()).containsEntry("unsent", 0L);
      opened.b.close();
      sleeper.join(60_000);
      assertThat(ready).hasValue(NetmapPort.POLLERR);
    }
    gone.set(false);
    try (ModelRig opened = new ModelRig(setup)) {
      assertThat(opened.b.poll(NetmapPort.POLLIN, 1)).isZero();
      gone.set(true);
      assertThat(opened.b.poll(NetmapPort.POLLIN, -1)).isEqualTo(NetmapPort.POLLERR);
      assertThat(opened.a.poll(NetmapPort.POLLIN, 1)).as("without interrupts").isZero();
    }
  }

  /**
   * Rings share a vector. If an interrupt stayed pending until no one sleeps, two threads whose
   * waits overlap would find it again and again.
   */
  @Test
  void takingTheInterruptOfASharedVectorWakesTheOthers() {
    AtomicReference<NicDevice> last = new AtomicReference<>();
    ModelRig.Setup setup = ModelRig.Setup.DEFAULT.line(line).around(seen(last));
    try (ModelRig opened = new ModelRig(setup)) {
      NicDevice device = last.get();
      IxgbeInterrupts interrupts = new IxgbeInterrupts(device);
      int[] fd = {interrupts.fd(0, 1)};
      AtomicInteger mine = new AtomicInteger();
      AtomicInteger others = new AtomicInteger();
      Runnable wakeMe = mine::incrementAndGet;
      interrupts.arm(0, others::incrementAndGet);
      interrupts.arm(0, wakeMe);
      for (int n = 1; n <= 5; n++) {
        device.write32(Reg.EICS, 1);
        assertThat(Libc.pollIn(fd, 5000)).as("interrupt %d", n).isEqualTo(1);
        interrupts.disarm(0, wakeMe);
        assertThat(others).hasValue(n);
        interrupts.arm(0, wakeMe);
        assertThat(Libc.pollIn(fd, 10)).as("taken").isZero();
      }
      assertThat(mine).as("whoever took it is up").hasValue(0);
    }
  }

  @Test
  void whoSleepsOnSeveralRingsOfAVectorIsNotWokenByItself() {
    AtomicReference<NicDevice> last = new AtomicReference<>();
    try (ModelRig opened = new ModelRig(ModelRig.Setup.DEFAULT.line(line).around(seen(last)))) {
      IxgbeInterrupts interrupts = new IxgbeInterrupts(last.get());
      int[] fd = {interrupts.fd(0, 1)};
      AtomicInteger woken = new AtomicInteger();
      Runnable wake = woken::incrementAndGet;
      for (int ring = 0; ring < 8; ring++) {
        interrupts.arm(ring, wake);
      }
      last.get().write32(Reg.EICS, 1);
      assertThat(Libc.pollIn(fd, 5000)).isEqualTo(1);
      for (int ring = 0; ring < 8; ring++) {
        interrupts.disarm(ring, wake);
      }
      assertThat(woken).hasValue(0);
    }
  }

  private static UnaryOperator<NicDevice> seen(AtomicReference<NicDevice> last) {
    return device -> {
      last.set(device);
      return device;
    };
  }

  private static NicDevice unmapped(NicDevice device, BooleanSupplier gone) {
    return (NicDevice)
        Proxy.newProxyInstance(
            WakeUpTest.class.getClassLoader(),
            new Class<?>[] {NicDevice.class},
            (proxy, method, args) -> {
              if (gone.getAsBoolean() && method.getName().matches("(read|write)32")) {
                throw new InternalError("a fault occurred in an unsafe memory access operation");
              }
              try {
                return method.invoke(device, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void aFrameBetweenAnyTwoStepsWakesTheReceiver() {
    for (WaitMode mode : new WaitMode[] {WaitMode.INTERRUPT, WaitMode.ADAPTIVE}) {
      try (ModelRig opened = open(mode)) {
        dryRun(opened.b, NetmapPort.POLLIN); // sets the interrupts up
        int count = dryRun(opened.b, NetmapPort.POLLIN);
        assertThat(count).as("steps of a wait").isGreaterThan(8);
        for (int step = 0; step < count; step++) {
          assertThat(wait(opened.b, NetmapPort.POLLIN, step, this::frame))
              .as("%s, event at step %d of %d", mode, step, count)
              .isEqualTo(NetmapPort.POLLIN);
          take();
        }
      }
    }
  }

  /** The first wait sets the interrupts up: every step of it, each on a fresh pair. */
  @Test
  void alsoInTheFirstWaitOfAPort() {
    int count;
    try (ModelRig opened = open(WaitMode.INTERRUPT)) {
      count = dryRun(opened.b, NetmapPort.POLLIN);
    }
    for (int step = 0; step < count; step += 3) {
      try (ModelRig opened = open(WaitMode.INTERRUPT)) {
        assertThat(wait(opened.b, NetmapPort.POLLIN, step, this::frame))
            .as("event at step %d of %d", step, count)
            .isEqualTo(NetmapPort.POLLIN);
      }
    }
  }

  @Test
  void roomBetweenAnyTwoStepsWakesTheSender() {
    try (ModelRig opened = open(WaitMode.INTERRUPT)) {
      fill();
      dryRun(opened.a, NetmapPort.POLLOUT); // sets the interrupts up
      int count = dryRun(opened.a, NetmapPort.POLLOUT);
      for (int step = 0; step < count; step++) {
        assertThat(wait(opened.a, NetmapPort.POLLOUT, step, this::idle))
            .as("event at step %d of %d", step, count)
            .isEqualTo(NetmapPort.POLLOUT);
        NetmapRing rx = opened.b.rx(0);
        opened.b.rxSync();
        rx.advance(rx.tail());
        opened.b.rxSync();
        fill();
      }
    }
  }

  /** Every slot of a is given away, and the card has sent none of them. */
  private void fill() {
    NetmapRing tx = rig.a.tx(0);
    idle();
    rig.a.txSync();
    while (tx.space() > 0) {
      tx.put(tx.head(), new byte[60]);
      tx.advance(tx.next(tx.head()));
    }
    rig.quiet(() -> rig.a.txSync());
  }

  /** How many steps a wait has before it sleeps: the longest pause between two steps. */
  private int dryRun(NetmapPort port, int events) {
    steps = 0;
    longestPause = 0;
    lastStep = System.nanoTime();
    rig.quiet(() -> assertThat(port.poll(events, DRY_MILLIS)).isZero());
    return stepsBeforeSleep;
  }

  @Test
  void oneWaitHearsSeveralPortsAndDescriptors() {
    int event = Libc.eventFd();
    try (ModelRig opened = open(WaitMode.INTERRUPT);
        NetmapPoll poll = new NetmapPoll()) {
      poll.add(opened.a, NetmapPort.POLLIN).add(opened.b, NetmapPort.POLLIN).addDescriptor(event);
      assertThat(poll.poll(10)).isZero();
      frame();
      assertThat(poll.poll(1000)).isEqualTo(1);
      assertThat(poll.ready(0)).isZero();
      assertThat(poll.ready(1)).isEqualTo(NetmapPort.POLLIN);
      take();
      Libc.signal(event);
      assertThat(poll.poll(1000)).isEqualTo(1);
      assertThat(poll.ready(1)).isZero();
      Libc.drain(event);
      assertThat(poll.poll(0)).isZero();
    } finally {
      Libc.closeFd(event);
    }
  }
}
