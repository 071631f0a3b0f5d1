package io.netmap4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** What an example's port is joined to: the other end of a pipe or a cable. */
final class End implements AutoCloseable {
  private final NetmapPort port;
  private final NetmapRing tx;
  private final NetmapRing rx;

  End(String name) {
    port = Netmap.open(name);
    tx = port.tx(port.firstTxRing());
    rx = port.rx(port.firstRxRing());
    assertTrue(port.awaitLink(10_000));
  }

  void send(byte[] frame) {
    while (tx.space() == 0) {
      assertEquals(NetmapPort.POLLOUT, port.poll(NetmapPort.POLLOUT, 10_000));
    }
    tx.put(tx.head(), frame);
    tx.advance(tx.next(tx.head()));
    port.txSync();
  }

  List<byte[]> receive(int frames) {
    List<byte[]> all = new ArrayList<>();
    while (all.size() < frames) {
      assertEquals(NetmapPort.POLLIN, port.poll(NetmapPort.POLLIN, 10_000), all.size() + " frames");
      for (; !rx.isEmpty() && all.size() < frames; rx.advance(rx.next(rx.head()))) {
        all.add(rx.get(rx.head()));
      }
    }
    port.rxSync();
    return all;
  }

  /** Waits until the example has taken everything. */
  void drain() {
    assertTrue(port.drain(10_000));
  }

  /** How many frames have come. */
  int waiting() {
    port.rxSync();
    return rx.space();
  }

  /** Nothing comes for a while. */
  void assertSilence() {
    assertEquals(0, port.poll(NetmapPort.POLLIN, 50));
  }

  /** A frame of IPv4 and UDP with right checksums. */
  static byte[] udp(String from, int fromPort, String to, int toPort, int payload) {
    ByteBuffer frame = ByteBuffer.allocate(Math.max(60, 42 + payload));
    frame.put(new byte[] {-1, -1, -1, -1, -1, -1, 2, 0, 0, 0, 0, 1}).putShort((short) 0x0800);
    frame.putShort((short) 0x4500).putShort((short) (28 + payload)).putInt(0);
    frame.put((byte) 64).put((byte) 17).putShort((short) 0);
    frame.putInt(Addresses.parse(from)).putInt(Addresses.parse(to));
    frame.putShort((short) fromPort).putShort((short) toPort).putShort((short) (8 + payload));
    frame.putShort((short) 0); // no checksum
    for (int i = 0; i < payload; i++) {
      frame.put((byte) i);
    }
    int sum = 0;
    for (int at = 14; at < 34; at += 2) {
      sum += frame.getShort(at) & 0xFFFF;
    }
    sum = (sum & 0xFFFF) + (sum >>> 16);
    frame.putShort(24, (short) ~((sum & 0xFFFF) + (sum >>> 16)));
    return frame.array();
  }

  @Override
  public void close() {
    port.close();
  }
}
