package io.netmap4j.compat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import org.jspecify.annotations.Nullable;

/**
 * The helpers of netmap_user.h over a port, for programs written with them: nm_open, nm_inject,
 * nm_dispatch, nm_nextpkt, nm_close, with netmap's results. None of them syncs: {@link
 * NetmapPort#poll}, {@code txSync} and {@code rxSync} do, through {@link #port}. For one thread.
 */
public final class Nm {
  /** In {@link Header#flags}: another packet follows in this nm_dispatch. */
  public static final int NM_MORE_PKTS = 1;

  // of nmOpen
  public static final int NM_OPEN_NO_MMAP = 0x040000;
  public static final int NM_OPEN_IFNAME = 0x080000;
  public static final int NM_OPEN_ARG1 = 0x100000;
  public static final int NM_OPEN_ARG2 = 0x200000;
  public static final int NM_OPEN_ARG3 = 0x400000;
  public static final int NM_OPEN_RING_CFG = 0x800000;

  /** One packet, or one slot of it; overwritten by the next one. */
  public static final class Header {
    /** Microseconds since 1970, of the batch. */
    public long ts;

    /** Bytes that are contiguous from the buffer on. */
    public int caplen;

    /** Bytes in all. */
    public int len;

    /** {@link #NM_MORE_PKTS}, in nm_dispatch. */
    public int flags;

    /** Where the packet is: first slot, its ring, its buffer. */
    public int slot;

    @SuppressWarnings("NullAway.Init") // set before a program sees it
    public NetmapRing ring;

    public long buf;
  }

  /** nm_cb_t. */
  @FunctionalInterface
  public interface Callback {
    /** One packet. Its memory is valid until the next sync. */
    void packet(Header header, long buffer);
  }

  private final NetmapPort port;
  private final @Nullable Nmreq req;
  private final Header header = new Header();
  private int curTxRing;
  private int curRxRing;
  private boolean closed;

  /**
   * @param req what the port was opened with; null when that is not known
   */
  Nm(NetmapPort port, @Nullable Nmreq req) {
    this.port = port;
    this.req = req;
    this.curTxRing = port.firstTxRing();
    this.curRxRing = port.firstRxRing();
    for (int i = port.firstRxRing(); i < port.endRxRing(); i++) {
      NetmapRing ring = port.rx(i);
      ring.flags(ring.flags() | Netmap.NR_TIMESTAMP); // for Header.ts
    }
  }

  /**
   * Opens a port. Names are those of {@link Netmap#open}, which is libnetmap's grammar: what
   * nm_open accepts beyond it is refused ({@code eth0-+3}, an empty name), and libnetmap's options
   * and longer names are accepted.
   *
   * @throws NetmapException where nm_open gives NULL, with its errno: 0 for a name that begins with
   *     neither {@code netmap:} nor {@code vale}, so that a program can try it elsewhere
   */
  public static Nm nmOpen(String name) {
    return nmOpen(name, NetmapPort.Request.DEFAULT);
  }

  /** As {@link #nmOpen(String)}, with extra buffers and the like. */
  public static Nm nmOpen(String name, NetmapPort.Request request) {
    requireNetmapName(name);
    return new Nm(Netmap.open(name, request), null);
  }

  /**
   * nm_open with all its arguments.
   *
   * @param name a port's; not looked at with NM_OPEN_IFNAME, but for its prefix
   * @param asked what to ask for beside it; null for nothing. Not changed
   * @param flags NM_OPEN_* and the bits NETMAP_NO_TX_POLL and NETMAP_DO_RX_POLL of nr_ringid;
   *     NM_OPEN_NO_MMAP has no effect
   * @param parent whose {@link #req} gives what the flags say; null for none. As in netmap, with a
   *     parent and any flag nr_arg1 is the parent's or 4, and nr_arg3 the parent's or 0, whatever
   *     {@code asked} says
   * @throws NetmapException as {@link #nmOpen(String)}
   */
  public static Nm nmOpen(String name, @Nullable Nmreq asked, long flags, @Nullable Nm parent) {
    requireNetmapName(name);
    Nmreq req = asked == null ? new Nmreq() : asked.copy();
    if ((flags & NM_OPEN_IFNAME) == 0) {
      req.name(PortSpec.parse(name));
    }
    req.nrVersion = Netmap.NETMAP_API;
    req.nrRingid &= Nmreq.NETMAP_RING_MASK;
    if (parent != null && parent.req != null && flags != 0) {
      req.inherit(parent.req, flags);
    }
    req.nrRingid |= (int) flags & (Nmreq.NETMAP_NO_TX_POLL | Nmreq.NETMAP_DO_RX_POLL);
    return new Nm(req.regif(), req);
  }

  private static void requireNetmapName(String name) {
    if (!name.startsWith("netmap:") && !name.startsWith("vale")) {
      throw new NetmapException(0, name + ": not a netmap name: no netmap: or vale before it");
    }
  }

  /**
   * What the port was opened with and what came of it (nm_desc.req).
   *
   * @return null unless it was opened by {@link #nmOpen(String, Nmreq, long, Nm)}
   */
  public @Nullable Nmreq req() {
    return req;
  }

  /**
   * nm_mmap: every port is mapped from the start. Ports of one memory have one mapping, whether one
   * is the other's parent or not, and it stays until the memory is closed.
   *
   * @return 0
   */
  public int nmMmap() {
    return 0;
  }

  /**
   * nm_pkt_copy.
   *
   * @param from address of the bytes
   * @param to where they go; must not overlap
   * @param length so many, and no more
   */
  public static void nmPktCopy(long from, long to, int length) {
    Mem.copy(from, to, length);
  }

  /** What the helpers work on. */
  public NetmapPort port() {
    return port;
  }

  /** The TX ring that {@link #nmInject} tries first. */
  public int curTxRing() {
    return curTxRing;
  }

  /**
   * Where {@link #nmNextpkt} and {@link #nmDispatch} look first: the ring that the last packet came
   * from.
   */
  public int curRxRing() {
    return curRxRing;
  }

  /**
   * Copies one packet into the first bound TX ring that has room for all of it, from the current
   * one on, split over as many slots as it needs. As nm_inject, 0 means that it will not be sent;
   * here also for a size that the port refuses ({@link NetmapPort#minFrame}, {@link
   * NetmapPort#maxFrame}): netmap would send a frame that is too short, and cut one that is too
   * long.
   *
   * @param size bytes
   * @return size, or 0 when no ring has room, now or ever
   */
  public int nmInject(long buffer, int size) {
    if (size < port.minFrame() || size > port.maxFrame()) {
      return 0;
    }
    int first = port.firstTxRing();
    int rings = port.endTxRing() - first;
    for (int c = 0; c < rings; c++) {
      int ri = first + (curTxRing - first + c) % rings;
      NetmapRing ring = port.tx(ri);
      if (hasRoom(ring, size)) {
        copyIn(ring, buffer, size);
        curTxRing = ri;
        return size;
      }
    }
    return 0;
  }

  private static boolean hasRoom(NetmapRing ring, int size) {
    int tail = ring.tail();
    int left = size;
    for (int i = ring.cur(); i != tail; i = ring.next(i)) {
      left -= room(ring, i);
      if (left <= 0) {
        return true;
      }
    }
    return false;
  }

  /** Bytes of a packet that a slot takes. */
  private static int room(NetmapRing ring, int i) {
    return ring.bufSize() - ring.offset(i);
  }

  private static void copyIn(NetmapRing ring, long buffer, int size) {
    int i = ring.cur();
    int left = size;
    for (int n = room(ring, i); left > n; n = room(ring, i)) {
      Mem.copy(buffer + size - left, ring.buffer(i), n);
      ring.lenAndFlags(i, n, Netmap.NS_MOREFRAG);
      left -= n;
      i = ring.next(i);
    }
    Mem.copy(buffer + size - left, ring.buffer(i), left);
    ring.lenAndFlags(i, left, 0);
    ring.advance(ring.next(i));
  }

  /**
   * Hands received packets out, each bound RX ring visited once. Every call but the last has {@link
   * #NM_MORE_PKTS}.
   *
   * @param count at most so many; 0 or −1 for all that is there
   * @return packets handed out
   */
  public int nmDispatch(int count, Callback callback) {
    int first = port.firstRxRing();
    int rings = port.endRxRing() - first;
    int most = count <= 0 ? Integer.MAX_VALUE : count;
    int got = 0;
    int start = curRxRing;
    header.flags = NM_MORE_PKTS;
    for (int c = 0; c < rings && got < most; c++) {
      int ri = first + (start - first + c) % rings;
      NetmapRing ring = port.rx(ri);
      // At most as many as it has slots: another thread may change the indices meanwhile.
      for (int left = ring.numSlots(); !ring.isEmpty() && left > 0 && got < most; left--, got++) {
        if (got > 0) {
          callback.packet(header, header.buf);
        }
        curRxRing = ri;
        take(ring);
      }
    }
    if (got > 0) {
      header.flags = 0;
      callback.packet(header, header.buf);
    }
    return got;
  }

  /** Fills the header with the whole packet at cur, and advances over it. */
  private void take(NetmapRing ring) {
    int i = ring.cur();
    fill(header, ring, i);
    int last = i;
    int tail = ring.tail();
    int left = ring.numSlots();
    while ((ring.slotFlags(i) & Netmap.NS_MOREFRAG) != 0 && ring.next(i) != tail && left-- > 0) {
      i = ring.next(i);
      header.len += ring.len(i);
      boolean contiguous =
          ring.buffer(i) == ring.buffer(last) + ring.len(last)
              && ring.len(last) == room(ring, last);
      if (contiguous && header.caplen + ring.len(i) == header.len) {
        header.caplen += ring.len(i);
      }
      last = i;
    }
    ring.advance(ring.next(i));
  }

  private static void fill(Header h, NetmapRing ring, int i) {
    h.ts = ring.timestampMicros();
    h.len = h.caplen = ring.len(i);
    h.slot = i;
    h.ring = ring;
    h.buf = ring.buffer(i);
  }

  /**
   * Takes the next slot (of a packet of several slots, one by one) from the bound RX rings, the
   * current one first.
   *
   * @return address of its buffer, valid until the next sync; 0 when there is none
   */
  public long nmNextpkt(Header into) {
    int first = port.firstRxRing();
    int rings = port.endRxRing() - first;
    for (int c = 0; c < rings; c++) {
      int ri = first + (curRxRing - first + c) % rings;
      NetmapRing ring = port.rx(ri);
      if (!ring.isEmpty()) {
        int i = ring.cur();
        fill(into, ring, i);
        ring.advance(ring.next(i));
        curRxRing = ri;
        return into.buf;
      }
    }
    return 0;
  }

  /** Closes the port. @return 0, or EINVAL when it is closed already */
  public int nmClose() {
    if (closed) {
      return Libc.EINVAL;
    }
    closed = true;
    port.close();
    return 0;
  }
}
