package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Mem;
import java.util.BitSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * netmap's bridge (apps/bridge/bridge.c, without zero copy) as somebody would port it: each round
 * asks for packets where none are held, for room where some wait to be forwarded, and moves only
 * what poll says may move; no sync but those of poll. Two pairs of cards: source to bridge, bridge
 * to sink.
 */
@Timeout(300)
class NetmapBridgeTest {
  private static final int FRAMES = 5000;
  private static final int QUEUES = 2;
  private static final int BURST = 32;

  private final ModelRig left = rig();
  private final ModelRig right = rig();
  private volatile boolean done;
  private volatile long polls;
  private volatile Throwable failure;

  @AfterEach
  void close() {
    left.close();
    right.close();
  }

  private static ModelRig rig() {
    return new ModelRig(
        ModelRig.Setup.DEFAULT.nic(
            ModelRig.Setup.DEFAULT
                .nic()
                .rings(QUEUES, QUEUES)
                .waitMode(WaitMode.INTERRUPT)
                .dropWhenFull(false)));
  }

  /** The events of a port for a round: {@code held} packets of the other one wait for room here. */
  private interface Events {
    int of(boolean hasPackets, boolean held);
  }

  private void bridge(NetmapPort a, NetmapPort b, Way way) {
    Events events = way.events();
    try (NetmapPoll poll = new NetmapPoll().add(a, 0).add(b, 0)) {
      while (!done) {
        boolean fromA = hasPackets(a);
        boolean fromB = hasPackets(b);
        poll.events(a, events.of(fromA, fromB)).events(b, events.of(fromB, fromA));
        polls++;
        if (poll.poll(2500) == 0) {
          continue;
        }
        assertThat((poll.ready(a) | poll.ready(b)) & NetmapPort.POLLERR).isZero();
        if (way == Way.PACKETS || (poll.ready(a) & NetmapPort.POLLOUT) != 0) {
          move(b, a);
        }
        if (way == Way.PACKETS || (poll.ready(b) & NetmapPort.POLLOUT) != 0) {
          move(a, b);
        }
      }
    } catch (Throwable e) {
      failure = e;
    }
  }

  private static boolean hasPackets(NetmapPort port) {
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      if (port.rx(r).space() > 0) {
        return true;
      }
    }
    return false;
  }

  /** As ports_move: from the first ring with packets to the first with room. */
  private static void move(NetmapPort from, NetmapPort to) {
    for (int r = from.firstRxRing(), t = to.firstTxRing();
        r < from.endRxRing() && t < to.endTxRing(); ) {
      NetmapRing rx = from.rx(r);
      NetmapRing tx = to.tx(t);
      int n = Math.min(BURST, Math.min(rx.space(), tx.space()));
      for (; n > 0; n--) {
        int i = rx.head();
        int o = tx.head();
        Mem.copy(rx.buffer(i), tx.buffer(o), rx.len(i));
        tx.len(o, rx.len(i));
        tx.advance(tx.next(o));
        rx.advance(rx.next(i));
      }
      r += rx.isEmpty() ? 1 : 0;
      t += tx.isEmpty() ? 1 : 0;
      if (!rx.isEmpty() && !tx.isEmpty()) {
        return; // a burst at a time
      }
    }
  }

  private enum Way {
    /** As bridge.c: POLLOUT only where something waits for room. */
    FLIPPING {
      @Override
      Events events() {
        return (hasPackets, held) ->
            (hasPackets ? 0 : NetmapPort.POLLIN) | (held ? NetmapPort.POLLOUT : 0);
      }
    },
    /** Both, always. */
    BOTH {
      @Override
      Events events() {
        return (hasPackets, held) -> NetmapPort.POLLIN | NetmapPort.POLLOUT;
      }
    },

    /** Packets only, moved where the ring says that there is room: the full one must empty. */
    PACKETS {
      @Override
      Events events() {
        return (hasPackets, held) -> NetmapPort.POLLIN;
      }
    };

    abstract Events events();
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void goesOnAfterItsOutputWasFull(Way way) throws Exception {
    Thread bridge = new Thread(() -> bridge(left.b, right.a, way));
    bridge.start();
    try {
      send(FRAMES);
    } finally {
      done = true;
      left.b.wakeup();
      bridge.join();
    }
    assertThat(failure).isNull();
  }

  /** While nobody takes its packets, the bridge sleeps. */
  @Test
  void sleepsWhileItsOutputIsFull() throws Exception {
    Thread bridge = new Thread(() -> bridge(left.b, right.a, Way.FLIPPING));
    bridge.start();
    try {
      int sent = 0;
      long idleSince = System.nanoTime();
      while (System.nanoTime() - idleSince < 300_000_000L) { // until everything is full
        int now = fill(sent, FRAMES);
        idleSince = now == sent ? idleSince : System.nanoTime();
        sent = now;
        left.a.poll(NetmapPort.POLLOUT, 5);
      }
      assertThat(sent).isLessThan(FRAMES);
      long before = polls;
      Thread.sleep(500);
      assertThat(polls - before).as("polls in half a second").isLessThan(500);
      receive(sent, sent);
    } finally {
      done = true;
      left.b.wakeup();
      bridge.join();
    }
    assertThat(failure).isNull();
  }

  /** Sends as quickly as it can; the sink takes nothing until the first pair is full. */
  private void send(int frames) {
    int sent = 0;
    int stuck = 0;
    while (sent < frames && stuck < 50) {
      int now = fill(sent, frames);
      stuck = now == sent ? stuck + 1 : 0;
      sent = now;
      left.a.poll(NetmapPort.POLLOUT, 5);
    }
    receive(sent, frames);
  }

  /** On ring 0 alone: frame n carries its number. */
  private int fill(int from, int frames) {
    NetmapRing tx = left.a.tx(0);
    int n = from;
    for (; n < frames && tx.space() > 0; n++) {
      byte[] frame = new byte[1400];
      frame[14] = (byte) n;
      frame[15] = (byte) (n >> 8);
      tx.put(tx.head(), frame);
      tx.advance(tx.next(tx.head()));
    }
    left.a.txSync();
    return n;
  }

  private void receive(int sentBefore, int frames) {
    int sent = sentBefore;
    int received = 0;
    BitSet numbers = new BitSet();
    long limit = System.nanoTime() + 100_000_000_000L;
    while (received < frames && failure == null) {
      assertThat(limit - System.nanoTime()).as("%d of %d came", received, frames).isPositive();
      sent = fill(sent, frames);
      right.b.poll(NetmapPort.POLLIN, 20);
      for (int r = 0; r < QUEUES; r++) {
        NetmapRing rx = right.b.rx(r);
        for (; rx.space() > 0; received++) {
          long at = rx.buffer(rx.head());
          int number = (Mem.getByte(at + 14) & 0xff) | (Mem.getByte(at + 15) & 0xff) << 8;
          assertThat(numbers.get(number)).as("frame %d came before", number).isFalse();
          numbers.set(number);
          rx.advance(rx.next(rx.head()));
        }
      }
    }
    assertThat(failure).isNull();
    assertThat(numbers.length()).isEqualTo(frames);
  }
}
