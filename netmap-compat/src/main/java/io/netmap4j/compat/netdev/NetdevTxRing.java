package io.netmap4j.compat.netdev;

import static io.netmap4j.Netmap.NS_BUF_CHANGED;
import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.Netmap.NS_REPORT;
import static io.netmap4j.layout.RingLayout.SLOT_FLAGS;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.PacketSocket;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;

/**
 * Slots to frames of a packet socket, by sendmmsg: the kernel copies them before the call returns,
 * so a slot that is sent is done. What the interface's queue does not take stays in the ring.
 */
final class NetdevTxRing {
  /** Most slots of one packet, as with NICs. */
  static final int MOST_SLOTS = 40;

  /** Most packets of one system call. */
  private static final int BATCH = 256;

  private static final int ETHERNET_HEADER = 14;
  private static final int VLAN_HEADER = 4;
  private static final int FLAGS_DONE = NS_REPORT | NS_BUF_CHANGED | NS_MOREFRAG;

  private final PacketSocket socket;
  private final int roomFd;
  private final int mtu;
  private final long messages = PacketSocket.messages(BATCH);
  private final long parts = Mem.allocate((long) PacketSocket.IOVEC * (BATCH + MOST_SLOTS));

  /** Of each message, the slot behind it and behind refused packets that follow. */
  private final int[] nexts = new int[BATCH];

  /** Messages that are ready, and their parts. */
  private int count;

  private int partCount;

  /** What ended the last sync before its end: 0, or an errno. */
  private volatile int blocked;

  private boolean closed;

  NetdevTxRing(PacketSocket socket, int mtu) {
    this.socket = socket;
    this.mtu = mtu;
    this.roomFd = socket.roomFd();
  }

  /** Longest frame: with a VLAN tag. */
  static int maxFrame(int mtu) {
    return mtu + ETHERNET_HEADER + VLAN_HEADER;
  }

  /** What is readable when the ring can go on; −1 when nothing tells. */
  int waitFd() {
    return blocked == Libc.ENOBUFS ? -1 : roomFd;
  }

  /**
   * Sends [hwCur, rHead).
   *
   * @return 0, EINVAL when packets were refused or the last one has no end, EIO when the interface
   *     is gone
   */
  int sync(Kring k) {
    blocked = 0;
    if (k.hwCur == k.rHead) {
      return 0;
    }
    if ((flags(k.slot(before(k, k.rHead))) & NS_MOREFRAG) != 0) {
      return Libc.EINVAL; // as netmap: nothing of this batch goes out until the packet has an end
    }
    long refused = k.unsent;
    while (k.hwCur != k.rHead && blocked == 0) {
      if (!gather(k)) {
        return Libc.EINVAL; // the user took the end away meanwhile
      }
      send(k);
    }
    return blocked == Libc.ENXIO ? Libc.EIO : k.unsent != refused ? Libc.EINVAL : 0;
  }

  /**
   * Makes messages of the next packets, as many as fit.
   *
   * @return false when there is none, because no packet has an end
   */
  private boolean gather(Kring k) {
    count = 0;
    partCount = 0;
    int slot = k.hwCur;
    while (slot != k.rHead && count < BATCH && partCount < BATCH) {
      int next = packet(k, slot);
      if (next < 0) {
        return slot != k.hwCur;
      }
      slot = next;
      if (count == 0) { // refused, and nothing is in front of it
        done(k, slot);
      } else {
        nexts[count - 1] = slot;
      }
    }
    return true;
  }

  /**
   * Makes a message of the packet that begins at {@code slot}, or refuses it.
   *
   * @return the slot behind it; −1 when it has no end
   */
  private int packet(Kring k, int slot) {
    final Region region = k.region;
    final int bufSize = region.bufSize();
    final long iov = parts + (long) partCount * PacketSocket.IOVEC;
    int slots = 0;
    int length = 0;
    boolean good = true;
    int flags;
    long address;
    do {
      if (slots > 0 && slot == k.rHead) {
        return -1;
      }
      address = k.slot(slot);
      long s = Mem.getLong(address); // the user's memory is read once
      int index = (int) s;
      int len = (int) (s >>> 32) & 0xffff;
      flags = (int) (s >>> 48);
      int offset = k.offset(address);
      good &= slots < MOST_SLOTS && region.isBuffer(index) && len > 0 && len <= bufSize - offset;
      if (good) {
        long part = iov + (long) slots * PacketSocket.IOVEC;
        Mem.putLong(part, region.bufAddress(index) + offset);
        Mem.putLong(part + 8, len);
        length += len;
      }
      slots++;
      slot = k.next(slot);
    } while ((flags & NS_MOREFRAG) != 0);
    if ((flags & FLAGS_DONE) != 0) {
      Mem.putShort(address + SLOT_FLAGS, (short) (flags & ~FLAGS_DONE));
    }
    if (good && length >= ETHERNET_HEADER && fits(iov, length)) {
      PacketSocket.message(messages, count++, iov, slots);
      partCount += slots;
    } else {
      k.badSlots += slots;
      k.unsent++;
    }
    return slot;
  }

  /** The kernel allows for a VLAN tag where there is one, and no other. */
  private boolean fits(long iov, int length) {
    int most = mtu + ETHERNET_HEADER;
    return length <= most
        || length <= most + VLAN_HEADER && byteAt(iov, 12) == 0x81 && byteAt(iov, 13) == 0;
  }

  /** A byte of the packet, in whichever part it is. */
  private static int byteAt(long iov, long at) {
    while (at >= Mem.getLong(iov + 8)) {
      at -= Mem.getLong(iov + 8);
      iov += PacketSocket.IOVEC;
    }
    return Mem.getByte(Mem.getLong(iov) + at) & 0xff;
  }

  /** Sends the messages that are ready, in order, until the kernel takes no more. */
  private void send(Kring k) {
    int sent = 0;
    while (sent < count) {
      int n = socket.send(messages, sent, count);
      if (n > 0) {
        sent += n;
      } else if (n == -Libc.EMSGSIZE || n == -Libc.EINVAL) { // its MTU has changed, for instance
        k.badSlots += PacketSocket.parts(messages, sent);
        k.unsent++;
        sent++;
      } else {
        blocked = n == -Libc.ENODEV ? Libc.ENXIO : -n;
        break;
      }
    }
    if (sent > 0) {
      done(k, nexts[sent - 1]);
    }
  }

  private static void done(Kring k, int next) {
    k.hwCur = next;
    k.hwTail = before(k, next);
  }

  private static int before(Kring k, int slot) {
    return slot == 0 ? k.numSlots - 1 : slot - 1;
  }

  private static int flags(long slot) {
    return Mem.getShort(slot + SLOT_FLAGS) & 0xffff;
  }

  void close() {
    if (!closed) {
      closed = true;
      Libc.closeFd(roomFd);
      socket.close();
      Mem.free(parts);
      Mem.free(messages);
    }
  }
}
