package io.netmap4j.compat.pipe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.RingCounts;
import java.util.ArrayList;
import java.util.List;

/** Ports in a region of their own, where another port keeps a count of what is given back. */
final class PipeRig implements AutoCloseable {
  final NetmapMemory memory;
  private final NetmapPort keeper;
  private final int buffers;
  private final int rings;
  private final List<NetmapPort> ports = new ArrayList<>();

  PipeRig() {
    this(3000);
  }

  PipeRig(int bufferCount) {
    memory =
        NetmapMemory.create(MemoryOptions.DEFAULT.buffers(bufferCount, 2048).rings(24, 17_000));
    keeper =
        Netmap.open(
            "netmap:keeper", NetmapPort.Request.DEFAULT.region(memory).mode(Netmap.NR_REG_NULL, 0));
    buffers = memory.freeBuffers();
    rings = memory.freeRings();
  }

  /** In the rig's region. */
  NetmapPort.Request request() {
    return NetmapPort.Request.DEFAULT.region(memory);
  }

  NetmapPort.Request slots(int slots) {
    return request().counts(RingCounts.DEFAULT.slots(slots, slots));
  }

  /** Closed with the rig unless before. */
  NetmapPort open(String name, NetmapPort.Request request) {
    NetmapPort port = Netmap.open(name, request);
    ports.add(port);
    return port;
  }

  @Override
  public void close() {
    ports.forEach(NetmapPort::close);
    assertEquals(buffers, memory.freeBuffers(), "buffers given back");
    assertEquals(rings, memory.freeRings(), "rings given back");
    keeper.close();
    memory.close();
  }

  /** A packet of one slot with this number all over it; not sent yet. */
  static void put(NetmapRing ring, int number, int bytes) {
    assertTrue(ring.space() > 0, "room for " + number);
    ring.put(ring.head(), bytes(number, bytes));
    ring.advance(ring.next(ring.head()));
  }

  static void send(NetmapPort port, int from, int end) {
    for (int i = from; i < end; i++) {
      put(port.tx(0), i, 100);
    }
    assertEquals(0, port.txSync());
  }

  /** Takes packets of {@link #send} and releases them, without telling the sender. */
  static void take(NetmapRing rx, int from, int end) {
    for (int i = from; i < end; i++) {
      assertTrue(!rx.isEmpty(), "packet " + i + " is there");
      assertArrayEquals(bytes(i, 100), rx.get(rx.head()), "packet " + i);
      rx.advance(rx.next(rx.head()));
    }
  }

  static void receive(NetmapPort port, int from, int end) {
    assertEquals(0, port.rxSync());
    take(port.rx(0), from, end);
    assertEquals(0, port.rxSync());
  }

  static byte[] bytes(int number, int length) {
    byte[] b = new byte[length];
    for (int i = 0; i < length; i++) {
      b[i] = (byte) (number * 7 + i);
    }
    return b;
  }
}
