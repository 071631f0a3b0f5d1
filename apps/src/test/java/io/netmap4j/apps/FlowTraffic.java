package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;

/**
 * UDP packets of many flows, each with its flow's number and its own, and the check that each flow
 * arrives complete and in order. Flow 2i + 1 is flow 2i the other way round.
 */
final class FlowTraffic {
  private static final int SIZE = 60;
  private static final int FLOW = 42;
  private static final int NUMBER = 46;

  private final int[] next;
  private final AtomicIntegerArray seen;
  private final AtomicLong received = new AtomicLong();
  private final AtomicLong missing = new AtomicLong();
  private long sent;

  FlowTraffic(int flows) {
    next = new int[flows];
    seen = new AtomicIntegerArray(flows);
  }

  static byte[] frame(int flow, int number) {
    ByteBuffer frame = ByteBuffer.allocate(SIZE);
    frame.putLong(0, 0x0200_0000_0001_0200L).putInt(8, 2);
    frame.putShort(12, (short) 0x0800).put(14, (byte) 0x45).putShort(16, (short) (SIZE - 14));
    frame.put(22, (byte) 64).put(23, (byte) 17);
    int client = 0x0a00_0000 + flow / 2;
    boolean back = flow % 2 == 1;
    frame.putInt(26, back ? 0x0a01_0001 : client).putInt(30, back ? client : 0x0a01_0001);
    frame.putShort(34, (short) (back ? 53 : 1000 + flow / 2));
    frame.putShort(36, (short) (back ? 1000 + flow / 2 : 53));
    frame.putShort(38, (short) (SIZE - 34));
    return frame.putInt(FLOW, flow).putInt(NUMBER, number).array();
  }

  /** Puts up to so many into the port's rings, each flow into one ring, and sends. */
  void send(NetmapPort port, int most) {
    for (int k = 0; k < most; k++) {
      int flow = (int) (sent % next.length);
      int rings = port.endTxRing() - port.firstTxRing();
      NetmapRing ring = port.tx(port.firstTxRing() + flow % rings);
      if (ring.isEmpty()) {
        break;
      }
      ring.put(ring.head(), frame(flow, next[flow]));
      ring.advance(ring.next(ring.head()));
      next[flow]++;
      sent++;
    }
    port.txSync();
  }

  /** Takes what has arrived, within that time, and checks the order within each flow. */
  void receive(NetmapPort port, int millis) {
    receive(port, millis, flow -> {});
  }

  /**
   * The same.
   *
   * @param flows gets the flow of each packet
   */
  void receive(NetmapPort port, int millis, IntConsumer flows) {
    if ((port.poll(NetmapPort.POLLIN, millis) & NetmapPort.POLLIN) == 0) {
      return;
    }
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      NetmapRing ring = port.rx(r);
      int slot = ring.head();
      for (int left = ring.space(); left > 0; left--, slot = ring.next(slot)) {
        flows.accept(check(ring, slot));
      }
      ring.advance(slot);
    }
    port.rxSync();
  }

  private int check(NetmapRing ring, int slot) {
    int flow = ring.getInt(slot, FLOW);
    int number = ring.getInt(slot, NUMBER);
    int expected = seen.getAndSet(flow, number + 1);
    assertThat(number).as("number in flow %d", flow).isGreaterThanOrEqualTo(expected);
    missing.addAndGet(number - expected);
    received.incrementAndGet();
    return flow;
  }

  long sent() {
    return sent;
  }

  long received() {
    return received.get();
  }

  /** Those that were overtaken by later ones of their flow: lost. */
  long missing() {
    return missing.get();
  }
}
