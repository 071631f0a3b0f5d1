package io.netmap4j.compat.netdev;

import static io.netmap4j.Netmap.NS_MOREFRAG;
import static io.netmap4j.layout.RingLayout.SLOT_LEN;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.linux.PacketSocket;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;

/**
 * Frames of a packet socket's ring to slots, one copy. What the kernel has left to a card that is
 * not there is made up for: a VLAN tag that it took out is put back, a checksum that it left open
 * is finished, a packet that it did not cut up is.
 */
final class NetdevRxRing {
  /** A packet of the largest size that the kernel makes, with what belongs to it. */
  private static final int LONGEST = 1 << 17;

  /** Memory of the kernel for packets that are longer than a frame of the ring. */
  private static final int QUEUE_BYTES = 8 << 20;

  /** Longest frame of the ring: longer packets are rare, and queued. */
  private static final int MOST_FRAME_SIZE = 16384;

  private static final int LEAST_FRAMES = 1024;

  // linux/virtio_net.h: struct virtio_net_hdr.
  private static final int GSO_TYPE = 1;
  private static final int GSO_SIZE = 4;
  private static final int CSUM_START = 6;
  private static final int CSUM_OFFSET = 8;
  private static final int NEEDS_CSUM = 1;
  private static final short VLAN_TYPE = 0x0081; // 0x8100 as it is in memory
  private static final int TAG = 4;
  private static final int ADDRESSES = 12;

  /** Statuses of a frame that is delivered as it is, if it has been captured whole. */
  private static final int UNUSUAL = PacketSocket.FRAME_QUEUED | PacketSocket.VLAN_VALID;

  /** A slot's length has 16 bits. */
  private static final int MOST_LENGTH = 0xffff;

  private static final int NONE = -1;

  private final PacketSocket socket;
  private final NetdevFilter filter;
  private final long frames;
  private final long frameSize;
  private final long end;

  /** Where a packet is that is not in the ring any more: room for a tag and OFFLOADS before it. */
  private final long large = Mem.allocate(64 + LONGEST);

  private final long segment = Mem.allocate(64 + LONGEST);
  private final Segments segments = new Segments(segment, LONGEST);

  /** The buffer of each slot that is not the user's: its memory is not read again. */
  private int[] buffers;

  private long frame;

  /** Bytes of the packet at {@link #heldAt}, which waits for room; 0 for none. */
  private int held;

  private long heldAt;

  /** Slots of the packet that waits for room; 0 when none does. */
  private int wanted;

  /** The packet that comes next has no room, so none is taken in until slots are given back. */
  private volatile boolean full;

  private long received;
  private long cut;
  private long dropped;
  private boolean closed;

  NetdevRxRing(PacketSocket socket, NetdevFilter filter, int mtu, int slots) {
    this.socket = socket;
    this.filter = filter;
    int longest = NetdevTxRing.maxFrame(mtu) + PacketSocket.FRAME_HEADER;
    int align = PacketSocket.FRAME_ALIGNMENT;
    int size = Math.min((longest + align - 1) / align * align, MOST_FRAME_SIZE);
    long count = socket.ring(size, Math.max(slots, LEAST_FRAMES), QUEUE_BYTES);
    this.frameSize = size;
    this.frames = socket.ringAddress();
    this.end = frames + count * size;
    this.frame = frames;
  }

  /** The slots have buffers now. */
  void attach(Kring k) {
    buffers = new int[k.numSlots];
    for (int i = 0; i < k.numSlots; i++) {
      buffers[i] = Mem.getInt(k.slot(i));
    }
  }

  PacketSocket socket() {
    return socket;
  }

  /** Packets that were delivered. */
  long received() {
    return received;
  }

  /** Large packets that were cut up. */
  long cut() {
    return cut;
  }

  /** Packets that came and could not be delivered. */
  long dropped() {
    return dropped;
  }

  /** Gives back what has come so far. */
  void discard() {
    for (long left = (end - frames) / frameSize; left > 0 && isOurs(frame); left--) {
      if ((Mem.getInt(frame + PacketSocket.STATUS) & PacketSocket.FRAME_QUEUED) != 0) {
        socket.receive(large, 0);
      }
      give();
    }
  }

  /**
   * Takes in what has arrived, then gives back [hwCur, rHead).
   *
   * @return 0, or EINVAL for a slot without a buffer
   */
  int sync(Kring k) {
    receive(k);
    int status = release(k);
    full = free(k) < wanted;
    return status;
  }

  /** The socket's descriptor, or a sleep without one: it stays readable while the ring is full. */
  int waitFd() {
    return full ? Adapter.WAKES_BY_CALL : socket.fd();
  }

  private static int free(Kring k) {
    return k.numSlots - 1 - k.distance(k.hwCur, k.hwTail);
  }

  private void receive(Kring k) {
    int room = free(k);
    int packets = 0;
    wanted = 0;
    while (room > 0) {
      int slots;
      if (held != 0) {
        slots = deliver(k, heldAt, held, room);
        held = slots != NONE ? 0 : held;
      } else if (segments.active()) {
        slots = deliver(k, segment, segments.build(), room);
        if (slots != NONE) {
          segments.next();
        }
      } else {
        slots = nextFrame(k, room);
      }
      if (slots == NONE) {
        break;
      }
      packets += slots > 0 ? 1 : 0;
      room -= slots;
    }
    if (room == 0 && (held != 0 || segments.active() || isOurs(frame))) {
      wanted = 1; // or more, which shows when there is room for one
    }
    if (packets > 0) {
      received += packets;
    }
  }

  /**
   * Delivers the frame that comes next in the ring, or makes something of it that is delivered
   * next.
   *
   * @return slots taken; {@link #NONE} when there is no frame, or no room for it
   */
  private int nextFrame(Kring k, int room) {
    long f = frame;
    if (!isOurs(f)) {
      return NONE;
    }
    int length = Mem.getInt(f + PacketSocket.CAPTURED);
    long data = data(f);
    boolean whole = length == Mem.getInt(f + PacketSocket.LENGTH);
    boolean asItIs =
        whole
            && (Mem.getInt(f + PacketSocket.STATUS) & UNUSUAL) == 0
            && (Mem.getShort(data - PacketSocket.OFFLOADS) & (NEEDS_CSUM | 0xff00)) == 0;
    if (!filter.accepts(Mem.getByte(f + PacketSocket.KIND), data)) {
      if ((Mem.getInt(f + PacketSocket.STATUS) & PacketSocket.FRAME_QUEUED) != 0) {
        socket.receive(large, 0);
      }
      give();
      return 0;
    }
    if (!asItIs) {
      takeOut(f, length, whole);
      give();
      return 0;
    }
    int slots = deliver(k, data, length, room);
    if (slots != NONE) {
      give();
    }
    return slots;
  }

  private static boolean isOurs(long f) {
    // the rest of the frame was written before its status
    return (Order.index(f + PacketSocket.STATUS) & PacketSocket.FRAME_USER) != 0;
  }

  private static long data(long f) {
    return f + (Mem.getShort(f + PacketSocket.DATA) & 0xffff);
  }

  /** The frame is the kernel's again. */
  private void give() {
    Order.publishIndex(frame + PacketSocket.STATUS, 0);
    frame += frameSize;
    frame = frame == end ? frames : frame;
  }

  /** Copies a packet that is not delivered as it is out of the ring, and completes it. */
  private void takeOut(long f, int length, boolean whole) {
    long offloads = large + 64 - PacketSocket.OFFLOADS;
    if (whole) {
      Mem.copy(data(f) - PacketSocket.OFFLOADS, offloads, PacketSocket.OFFLOADS + length);
    } else {
      boolean queued = (Mem.getInt(f + PacketSocket.STATUS) & PacketSocket.FRAME_QUEUED) != 0;
      int most = PacketSocket.OFFLOADS + LONGEST - TAG;
      long n = queued ? socket.receive(offloads, most) : 0;
      if (n <= PacketSocket.OFFLOADS || n > most) {
        dropped++;
        return;
      }
      length = (int) n - PacketSocket.OFFLOADS;
    }
    complete(f, large + 64, length);
  }

  private void complete(long f, long packet, int length) {
    long offloads = packet - PacketSocket.OFFLOADS;
    int flags = Mem.getByte(offloads);
    int gso = Mem.getByte(offloads + GSO_TYPE) & 0xff;
    int size = Mem.getShort(offloads + GSO_SIZE) & 0xffff;
    int start = Mem.getShort(offloads + CSUM_START) & 0xffff;
    int field = start + (Mem.getShort(offloads + CSUM_OFFSET) & 0xffff);
    if ((flags & NEEDS_CSUM) != 0 && gso == 0 && field + 2 <= length) {
      short sum = InternetSum.checksum(InternetSum.add(0, packet + start, length - start));
      Mem.putShort(packet + field, sum == 0 ? -1 : sum); // the same, and UDP has 0 for none
    }
    int status = Mem.getInt(f + PacketSocket.STATUS);
    if ((status & PacketSocket.VLAN_VALID) != 0) {
      boolean other = (status & PacketSocket.VLAN_TPID_VALID) != 0;
      Mem.copy(packet, packet - TAG, ADDRESSES);
      packet -= TAG;
      Mem.putShort(packet + ADDRESSES, other ? swapped(f + PacketSocket.VLAN_TPID) : VLAN_TYPE);
      Mem.putShort(packet + ADDRESSES + 2, swapped(f + PacketSocket.VLAN_TCI));
      length += TAG;
      start += TAG;
    }
    if (gso == 0) {
      heldAt = packet;
      held = length;
    } else if (segments.begin(packet, length, gso, size, start)) {
      cut++;
    } else {
      dropped++;
    }
  }

  private static short swapped(long address) {
    return Short.reverseBytes(Mem.getShort(address));
  }

  /**
   * Copies a packet into the next slots, and moves hwTail past them.
   *
   * @return slots taken, 0 for a packet that no ring of this size takes: it is dropped; {@link
   *     #NONE} when there is no room for it at the moment
   */
  private int deliver(Kring k, long packet, int length, int room) {
    if (length > Math.min(k.rxBytes, MOST_LENGTH)) {
      return scatter(k, packet, length, room);
    }
    int slot = k.hwTail;
    long s = k.slot(slot);
    Mem.copy(packet, k.region.bufAddress(buffers[slot]) + k.offset(s), length);
    Mem.putInt(s + SLOT_LEN, length);
    k.hwTail = k.next(slot);
    return 1;
  }

  private int scatter(Kring k, long packet, int length, int room) {
    int most = Math.min(k.rxBytes, MOST_LENGTH);
    int slots = (length + most - 1) / most;
    if (slots > k.numSlots - 1) {
      dropped++;
      return 0;
    }
    if (slots > room) {
      wanted = slots;
      return NONE;
    }
    int slot = k.hwTail;
    for (int at = 0; at < length; at += most, slot = k.next(slot)) {
      long s = k.slot(slot);
      int n = Math.min(length - at, most);
      Mem.copy(packet + at, k.region.bufAddress(buffers[slot]) + k.offset(s), n);
      Mem.putInt(s + SLOT_LEN, n | (at + n < length ? NS_MOREFRAG << 16 : 0));
    }
    k.hwTail = slot;
    return slots;
  }

  private int release(Kring k) {
    int slot = k.hwCur;
    while (slot != k.rHead) {
      int index = Mem.getInt(k.slot(slot));
      if (!k.region.isBuffer(index)) {
        k.badSlots++;
        k.hwCur = slot;
        return Libc.EINVAL;
      }
      buffers[slot] = index;
      slot = k.next(slot);
    }
    k.hwCur = slot;
    return 0;
  }

  void close() {
    if (!closed) {
      closed = true;
      socket.close();
      Mem.free(large);
      Mem.free(segment);
    }
  }
}
