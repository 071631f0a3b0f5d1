package io.netmap4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.Packets;
import java.util.ArrayList;
import java.util.List;

/**
 * The ends that a pipeline's ports have outside: a pipe that feeds it, one that collects, and a
 * look at the memory afterwards. The pipeline has {@link #IN} and {@link #OUT}.
 */
final class Rig implements AutoCloseable {
  static final String IN = "netmap:in}0";
  static final String OUT = "netmap:out{0";

  private final int freeBefore = NetmapMemory.shared().freeBuffers();
  private final NetmapPort feeder = Netmap.open("netmap:in{0");
  private final NetmapPort collector = Netmap.open("netmap:out}0");

  static Pipeline.Builder builder() {
    return Pipeline.builder("test").port(IN).port(OUT).tick(5);
  }

  NetmapRing tx() {
    return feeder.tx(feeder.firstTxRing());
  }

  /** Waits for room. */
  void feed(byte[] frame) {
    feed(frame, 0);
  }

  void feed(byte[] frame, int flags) {
    NetmapRing tx = tx();
    while (tx.space() == 0) {
      assertThat(feeder.poll(NetmapPort.POLLOUT, 20_000)).isEqualTo(NetmapPort.POLLOUT);
    }
    tx.put(tx.head(), frame, 0, frame.length, flags);
    tx.advance(tx.next(tx.head()));
  }

  void flush() {
    feeder.txSync();
  }

  /** A frame of 60 bytes with its number in it. */
  static byte[] numbered(int number) {
    byte[] frame = new byte[60];
    frame[12] = (byte) 0x88;
    frame[13] = (byte) 0xB5;
    for (int i = 0; i < 4; i++) {
      frame[20 + i] = (byte) (number >> 8 * i);
    }
    return frame;
  }

  static int numberOf(byte[] frame) {
    int number = 0;
    for (int i = 0; i < 4; i++) {
      number |= (frame[20 + i] & 0xFF) << 8 * i;
    }
    return number;
  }

  void feedNumbers(int from, int to) {
    for (int n = from; n < to; n++) {
      feed(numbered(n));
    }
    flush();
  }

  /** What arrives, until so many packets are there; of several slots, with their bytes joined. */
  List<byte[]> collect(int packets) {
    List<byte[]> all = new ArrayList<>();
    NetmapRing rx = collector.rx(collector.firstRxRing());
    while (all.size() < packets) {
      assertThat(collector.poll(NetmapPort.POLLIN, 20_000))
          .as("after %d packets of %d", all.size(), packets)
          .isEqualTo(NetmapPort.POLLIN);
      take(rx, all);
    }
    collector.rxSync(); // gives the slots back: a sender's drain waits for that
    return all;
  }

  /** What is there now. */
  List<byte[]> rest() {
    List<byte[]> all = new ArrayList<>();
    collector.rxSync();
    take(collector.rx(collector.firstRxRing()), all);
    collector.rxSync();
    return all;
  }

  private static void take(NetmapRing rx, List<byte[]> all) {
    for (int slots; (slots = Packets.slots(rx, rx.head(), rx.space())) > 0; ) {
      byte[] packet = new byte[(int) Packets.bytes(rx, rx.head(), slots)];
      int at = 0;
      for (int k = 0; k < slots; k++) {
        int slot = rx.head();
        rx.getBytes(slot, 0, packet, at, rx.len(slot));
        at += rx.len(slot);
        rx.advance(rx.next(slot));
      }
      all.add(packet);
    }
  }

  static List<Integer> numbers(List<byte[]> frames) {
    return frames.stream().map(Rig::numberOf).toList();
  }

  /** No buffer is lost. */
  @Override
  public void close() {
    collector.close();
    feeder.close();
    assertThat(NetmapMemory.shared().freeBuffers()).isEqualTo(freeBefore);
  }
}
