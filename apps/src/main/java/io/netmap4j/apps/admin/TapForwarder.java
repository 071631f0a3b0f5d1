package io.netmap4j.apps.admin;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.Packets;
import io.netmap4j.apps.traffic.Ports;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.TapDevice;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.LongStream;

/**
 * Forwards between a port and a TAP interface. Everything received goes to the kernel, from every
 * RX ring; what the kernel sends goes out on the first TX ring, in its order. A frame that the TX
 * ring has no room for is kept, and those after it wait in the interface's own queue.
 *
 * <p>For one thread, which sleeps while there is nothing to do.
 */
final class TapForwarder implements AutoCloseable {
  /** A packet of the largest MTU that the kernel allows, and a tagged Ethernet header. */
  private static final int LONGEST = 65521 + 18;

  /** Most frames from one ring, or from the kernel, in one turn. */
  private static final int BURST = 256;

  /** Longest wait before a stop request is noticed. */
  private static final int WAIT_MILLIS = 100;

  private final NetmapPort port;
  private final TapDevice tap;
  private final NetmapRing tx;
  private final int most;
  private final long frame = Mem.allocate(LONGEST);

  /** Where the slots of a received frame are put together. */
  private final long joined = Mem.allocate(LONGEST);

  /** Bytes at {@link #frame} that came from the kernel and wait for room; 0 for none. */
  private int held;

  private long toKernel;
  private long whileDown;
  private long tapFull;
  private long refused;
  private long fromKernel;
  private long tooLong;

  TapForwarder(NetmapPort port, TapDevice tap) {
    this.port = port;
    this.tap = tap;
    this.tx = Ports.firstTxRing(port);
    this.most = Math.min(port.maxFrame(), (tx.numSlots() - 1) * tx.bufSize());
  }

  /** Frames that the kernel took; for any thread, as of a moment ago. */
  long framesToKernel() {
    return toKernel;
  }

  /** Frames that the kernel gave. */
  long framesFromKernel() {
    return fromKernel;
  }

  /**
   * Until told to stop.
   *
   * @throws LinuxException the interface is gone
   */
  void run(Stop stop) {
    // The interface stays readable while its frames wait, so that it is no part of the second.
    try (NetmapPoll idle = new NetmapPoll().add(port, NetmapPort.POLLIN).addDescriptor(tap.fd());
        NetmapPoll full = new NetmapPoll().add(port, NetmapPort.POLLIN | NetmapPort.POLLOUT)) {
      run(stop, idle, full);
    }
  }

  private void run(Stop stop, NetmapPoll idle, NetmapPoll full) {
    while (!stop.requested()) {
      NetmapPoll wait = held > 0 ? full : idle;
      if (wait.poll(WAIT_MILLIS) == 0) {
        continue;
      }
      Ports.check(port, wait.ready(0));
      for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
        receive(port.rx(r));
      }
      if (send()) {
        Ports.checkSync(
            port,
            port.txSync()); // now, not with the next frame; also reclaims slots that were sent
      }
    }
  }

  /** Gives the kernel what is in the ring, whole frames only. */
  private void receive(NetmapRing rx) {
    int slot = rx.head();
    int left = rx.space();
    for (int n = 0; n < BURST && left > 0; n++) {
      int slots = Packets.slots(rx, slot, left);
      if (slots == 0) {
        rx.head(slot);
        rx.cur(rx.plus(slot, left)); // wake me when the rest is there
        return;
      }
      count(slots == 1 ? tap.write(rx.buffer(slot), rx.len(slot)) : write(rx, slot, slots));
      slot = rx.plus(slot, slots);
      left -= slots;
    }
    rx.advance(slot);
  }

  /** A frame of several slots, which the kernel takes in one piece. @return as TapDevice.write */
  private long write(NetmapRing rx, int first, int slots) {
    int length = 0;
    for (int k = 0, slot = first; k < slots; k++, slot = rx.next(slot)) {
      if (length + rx.len(slot) > LONGEST) {
        return -Libc.EINVAL;
      }
      Mem.copy(rx.buffer(slot), joined + length, rx.len(slot));
      length += rx.len(slot);
    }
    return tap.write(joined, length);
  }

  /** A frame that the kernel does not take is lost, as one that a card has no buffer for. */
  private void count(long written) {
    if (written >= 0) {
      toKernel++;
    } else if (written == -Libc.EIO) {
      whileDown++;
    } else if (written == -Libc.EAGAIN) {
      tapFull++;
    } else {
      failIfGone(written);
      refused++;
    }
  }

  /** Moves what the kernel has sent into the ring, while there is room. @return whether it did */
  private boolean send() {
    boolean some = false;
    for (int n = 0; n < BURST && (held > 0 || read()); n++) {
      if (held > most) {
        held = 0; // the user has given the interface a larger MTU than the card's
        tooLong++;
        continue;
      }
      int slots = (held + tx.bufSize() - 1) / tx.bufSize();
      if (tx.space() < slots) {
        tx.cur(tx.tail()); // wake me when there is more room than now
        return some;
      }
      put(slots);
      some = true;
    }
    return some;
  }

  /** Takes the next frame from the kernel. @return false when there is none */
  private boolean read() {
    long length = tap.read(frame, LONGEST);
    failIfGone(length);
    held = (int) Math.max(0, length);
    return held > 0;
  }

  private void put(int slots) {
    int slot = tx.head();
    for (int from = 0, k = 1; k <= slots; from += tx.bufSize(), k++, slot = tx.next(slot)) {
      int length = Math.min(tx.bufSize(), held - from);
      Mem.copy(frame + from, tx.buffer(slot), length);
      tx.lenAndFlags(slot, length, k < slots ? Netmap.NS_MOREFRAG : 0);
    }
    tx.advance(slot);
    held = 0;
    fromKernel++;
  }

  private void failIfGone(long result) {
    if (result == -Libc.EBADFD) {
      throw LinuxException.ofCall(
          "TAP interface " + tap.name(),
          Libc.EBADFD, // what the kernel says of an interface that is gone
          "the interface, or the network namespace that it was in, was removed; start netmap4j tap again to make it");
    }
  }

  /** Totals of this direction, in words. */
  String toKernel() {
    long[] lost = {whileDown, tapFull, refused};
    return totals(toKernel, lost, "interface down", "interface full", "refused by the kernel");
  }

  /** Totals of this direction, in words. */
  String fromKernel() {
    long[] lost = {tooLong, held > 0 ? 1 : 0};
    return totals(fromKernel, lost, "longer than the card's MTU", "without room at the end");
  }

  /** Of both directions, for JSON. */
  Map<String, Object> figures() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("to_kernel", toKernel);
    all.put("to_kernel_dropped", whileDown + tapFull + refused);
    all.put("from_kernel", fromKernel);
    all.put("from_kernel_dropped", tooLong + (held > 0 ? 1 : 0));
    return all;
  }

  /**
   * At the end, after the totals.
   *
   * @throws NetmapException EINVAL: some frames were too long for the card
   */
  void requireNoneTooLong() {
    if (tooLong > 0) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "%s: %d frames of %s were too long, not sent: the most is %d bytes (MTU + 18); give %s the MTU of the card",
              port.name(),
              tooLong,
              tap.name(),
              most,
              tap.name()));
    }
  }

  private static String totals(long frames, long[] lost, String... reasons) {
    StringJoiner why = new StringJoiner(", ", ": ", "").setEmptyValue("");
    for (int i = 0; i < lost.length; i++) {
      if (lost[i] > 0) {
        why.add(lost[i] + " " + reasons[i]);
      }
    }
    return frames + " frames, " + LongStream.of(lost).sum() + " dropped" + why;
  }

  /** Not while {@link #run} runs. */
  @Override
  public void close() {
    Mem.free(frame);
    Mem.free(joined);
  }
}
