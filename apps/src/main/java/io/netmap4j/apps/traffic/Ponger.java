package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.Packets;
import io.netmap4j.frames.FrameHeaders;

/**
 * pkt-gen's pong: whatever comes goes back to its sender, in the buffers in which it came, with MAC
 * and IP addresses exchanged. For one thread.
 */
final class Ponger {
  private static final long SILENCE_NANOS = 1_000_000_000;
  private static final int WAIT_MILLIS = 100;
  private static final int MAC_BYTES = 6;
  private static final int ETHERNET = 14;
  private static final int TAG = 4;
  private static final int TYPE = 12;
  private static final int IPV4_SOURCE = 12;
  private static final int IPV6_SOURCE = 8;

  private final NetmapPort port;
  private final NetmapRing tx;
  private final int burst;
  private final int lead;
  private final byte[] mac;

  /** Destination and source of a frame. */
  private final byte[] addresses = new byte[2 * MAC_BYTES];

  private final Tally tally;
  private final Limits limits;
  private boolean full;

  /**
   * @param burst most packets answered from one ring before the next sync
   * @param lead bytes before the Ethernet header
   * @param mac answers what was sent to all
   * @param limits counts what cannot be answered
   */
  Ponger(NetmapPort port, int burst, int lead, byte[] mac, Tally tally, Limits limits) {
    this.limits = limits;
    this.port = port;
    this.tx = Ports.firstTxRing(port);
    this.burst = burst;
    this.lead = lead;
    this.mac = mac;
    this.tally = tally;
  }

  /**
   * Answers {@code count} packets, 0 for no end.
   *
   * @param untilSilence also ends after a second without a packet, once there was one
   */
  void run(long count, boolean untilSilence, Stop stop) {
    long left = count == 0 ? Long.MAX_VALUE : count;
    long heard = 0;
    while (left > 0 && !stop.requested()) {
      // Without room for answers the packets stay where they are, and are no reason to wake up.
      int ready = port.poll(full ? NetmapPort.POLLOUT : NetmapPort.POLLIN, WAIT_MILLIS);
      Ports.check(port, ready);
      long before = left;
      full = false;
      for (int r = port.firstRxRing(); r < port.endRxRing() && left > 0; r++) {
        left -= answer(port.rx(r), (int) Math.min(left, burst));
      }
      if (left != before) {
        Ports.checkSync(port, port.txSync()); // now: the sender measures
        heard = System.nanoTime();
      } else if (untilSilence && heard != 0 && System.nanoTime() - heard > SILENCE_NANOS) {
        break;
      }
    }
    Ports.drain(port);
  }

  /** Answers whole packets while there is room. @return how many */
  private int answer(NetmapRing rx, int most) {
    int space = rx.space();
    int slot = rx.head();
    int left = space;
    int packets = 0;
    long bytes = 0;
    while (packets < most && left > 0) {
      int slots = Packets.slots(rx, slot, left);
      if (slots == 0) {
        break;
      }
      long length = Packets.bytes(rx, slot, slots);
      full |= slots > tx.space() && slots < tx.numSlots();
      if (full) {
        break;
      }
      if (limits.accepts(length, slots)) {
        turnBack(rx, slot);
        swap(rx, slot, slots);
        bytes += length;
        packets++;
      }
      slot = rx.plus(slot, slots);
      left -= slots;
    }
    rx.advance(slot);
    if (full) {
      tx.cur(tx.tail()); // wake me when there is more room than now
    } else if (packets < most) {
      rx.cur(rx.plus(slot, left)); // past a packet whose end is not there yet
    }
    if (packets > 0) {
      tally.add(packets, bytes, space);
    }
    return packets;
  }

  /** Exchanges buffers: the packet goes out from where it came in. */
  private void swap(NetmapRing rx, int first, int slots) {
    int slot = first;
    int to = tx.head();
    for (int k = 0; k < slots; k++, slot = rx.next(slot), to = tx.next(to)) {
      rx.swap(slot, tx, to);
    }
    tx.advance(to);
  }

  /** Addresses a packet to its sender. The exchange leaves all checksums right. */
  private void turnBack(NetmapRing rx, int slot) {
    int end = Math.min(rx.len(slot), rx.bufSize() - rx.offset(slot));
    if (lead + ETHERNET > end) {
      return;
    }
    rx.getBytes(slot, lead, addresses, 0, addresses.length);
    boolean toAll = (addresses[0] & 1) != 0;
    rx.putBytes(slot, lead, addresses, MAC_BYTES, MAC_BYTES);
    // No frame may come from a multicast address.
    rx.putBytes(slot, lead + MAC_BYTES, toAll ? mac : addresses, 0, MAC_BYTES);
    int type = rx.getUnsignedShort(slot, lead + TYPE);
    int ip = lead + ETHERNET;
    if (type == FrameHeaders.VLAN && ip + TAG <= end) {
      ip += TAG;
      type = rx.getUnsignedShort(slot, ip - 2);
    }
    if (type == FrameHeaders.IPV4) {
      exchange(rx, slot, ip + IPV4_SOURCE, Integer.BYTES, end);
    } else if (type == FrameHeaders.IPV6) {
      exchange(rx, slot, ip + IPV6_SOURCE, 4 * Integer.BYTES, end);
    }
  }

  /** Exchanges two addresses of {@code bytes} bytes, one behind the other, if they are whole. */
  private static void exchange(NetmapRing rx, int slot, int first, int bytes, int end) {
    if (first + 2 * bytes > end) {
      return;
    }
    for (int at = first; at < first + bytes; at += Integer.BYTES) {
      int source = rx.getInt(slot, at);
      rx.putInt(slot, at, rx.getInt(slot, at + bytes));
      rx.putInt(slot, at + bytes, source);
    }
  }
}
