package io.netmap4j.bench.latency;

import io.netmap4j.NetmapPort;
import io.netmap4j.TestPorts;
import io.netmap4j.bench.control.CRing;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.ixgbe.IxgbeDriver;
import io.netmap4j.linux.Threads;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.RingSet;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Two modelled cards joined by a cable, a port on each, and a thread that looks at their tail
 * registers and runs them. The driver brings them up; then either Java uses the ports or C uses
 * their rings, and the card sees no difference: both ring a doorbell by a store.
 */
final class Cards implements AutoCloseable {
  /** Slots of each ring. */
  static final int SLOTS = 512;

  private static final int LINK_MILLIS = 5000;

  /** Looks without work after which the thread lets others run. */
  private static final int PATIENCE = 200;

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final TailsDevice[] devices = new TailsDevice[2];
  private final RingSet[] sets = new RingSet[2];
  private final NetmapPort[] ports = new NetmapPort[2];
  private final ModelRunner runner;
  private volatile boolean running;
  private Thread thread;

  /**
   * Opens the cards.
   *
   * @param waits how the ports wait in poll
   */
  Cards(WaitMode waits) {
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    Nic82599[] cards = new Nic82599[2];
    for (int i = 0; i < 2; i++) {
      cards[i] = new Nic82599(CardOptions.port(i).mac(0x020000000001L + i));
      cards[i].attach(cable, i == 0 ? WireEnd.A : WireEnd.B);
    }
    runner = new ModelRunner(cards);
    ModelDomain domain = ModelDomain.straight();
    try {
      Region region =
          opened(
              Region.create(
                  MemoryOptions.DEFAULT.buffers(5 * SLOTS, MemoryOptions.DEFAULT.bufSize())));
      NicOptions options = NicOptions.DEFAULT.slots(SLOTS, SLOTS).waitMode(waits);
      for (int i = 0; i < 2; i++) {
        devices[i] = new TailsDevice(ModelDevice.open(cards[i], domain, "bench:" + i));
        sets[i] = RingSet.start(new IxgbeDriver().attach(devices[i], region, options), region);
        RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
        sets[i].bind(all);
        ports[i] = opened(TestPorts.open("bench" + i, sets[i], all, NetmapPort.Request.DEFAULT));
      }
      for (NetmapPort port : ports) {
        if (!port.awaitLink(LINK_MILLIS)) {
          throw new IllegalStateException(
              port.name() + " has no link after " + LINK_MILLIS + " ms");
        }
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.push(resource);
    return resource;
  }

  /** Port 0 or 1. */
  NetmapPort port(int i) {
    return ports[i];
  }

  /** The TX ring of card 0 or 1, for C, which has it from now on. The caller closes it. */
  CRing tx(int i) {
    return new CRing(
        sets[i].tx(0), devices[i].descriptors(0), devices[i].txTail(), devices[i].table());
  }

  /** The RX ring of card 0 or 1, as {@link #tx}. */
  CRing rx(int i) {
    return new CRing(
        sets[i].rx(0), devices[i].descriptors(1), devices[i].rxTail(), devices[i].table());
  }

  /** Starts the thread that runs the cards. */
  void start() {
    running = true;
    thread = new Thread(this::loop, "bench-cards");
    thread.setDaemon(true);
    thread.start();
  }

  /** Ends that thread. */
  void stop() {
    running = false;
    if (thread != null) {
      Threads.join(thread);
      thread = null;
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // on a machine with fewer cores than threads
  private void loop() {
    int idle = 0;
    while (running) {
      if (run() > 0) {
        idle = 0;
      } else if (idle < PATIENCE) {
        idle++;
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  /** Hands new tails to the cards and runs these until they are idle. @return packets moved */
  long run() {
    devices[0].passTails();
    devices[1].passTails();
    return runner.runUntilIdle();
  }

  /** Closes everything: the cards first. Safe after a failed start. */
  @Override
  public void close() {
    stop();
    RuntimeException first = null;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        RuntimeException now = e instanceof RuntimeException r ? r : new IllegalStateException(e);
        if (first == null) {
          first = now;
        } else {
          first.addSuppressed(now);
        }
      }
    }
    for (TailsDevice device : devices) {
      if (device != null) {
        device.free();
      }
    }
    runner.close();
    if (first != null) {
      throw first;
    }
  }
}
