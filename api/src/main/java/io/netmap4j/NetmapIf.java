package io.netmap4j;

import io.netmap4j.layout.IfLayout;
import io.netmap4j.linux.Mem;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * One open port's interface object, in place in the region: struct netmap_if (netmap.h, NETMAP_API
 * 14; docs/netmap-abi.md 3.3 and 4.2). Its fields are those of netmap, for programs that walk from
 * it; {@link NetmapPort#tx} and {@link NetmapPort#rx} lead to the rings without it.
 *
 * <p>Threads: {@link #bufsHead(int)} is for one thread at a time; nothing else changes while the
 * port is open. After {@link NetmapPort#close} the object shows a copy of it as it was, until the
 * next port in its place is closed.
 */
public final class NetmapIf {
  // Changed once, by retire().
  private long base;
  private final int rings;

  /**
   * @param address of {@link IfLayout#sizeFor} bytes, zeroed
   */
  NetmapIf(long address, String name, int flags, int tx, int hostTx, int rx, int hostRx) {
    this.base = address;
    this.rings = tx + hostTx + rx + hostRx;
    init(name, flags, tx, hostTx, rx, hostRx);
  }

  /** The port is closed: from now on this object refers to a private copy of the interface. */
  void retire(long toPlaceholder) {
    Mem.copy(base, base + toPlaceholder, IfLayout.sizeFor(rings));
    base += toPlaceholder;
  }

  /** Fills in everything but the ring offsets; names beyond 15 bytes are cut. */
  private void init(String name, int flags, int tx, int hostTx, int rx, int hostRx) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    Mem.copyIn(
        bytes, 0, base + IfLayout.NI_NAME, Math.min(bytes.length, IfLayout.NI_NAME_SIZE - 1));
    Mem.putInt(base + IfLayout.NI_FLAGS, flags);
    Mem.putInt(base + IfLayout.NI_TX_RINGS, tx);
    Mem.putInt(base + IfLayout.NI_HOST_TX_RINGS, hostTx);
    Mem.putInt(base + IfLayout.NI_RX_RINGS, rx);
    Mem.putInt(base + IfLayout.NI_HOST_RX_RINGS, hostRx);
  }

  void ringOfs(int k, long offset) {
    Objects.checkIndex(k, rings);
    Mem.putLong(base + IfLayout.RING_OFS + 8L * k, offset);
  }

  /**
   * Where the object is, in netmap's layout: for code that shares it.
   *
   * @return an address; {@link NetmapMemory} says how long it is mapped
   */
  public long address() {
    return base;
  }

  /**
   * ni_name.
   *
   * @return the port's name, cut after 15 bytes
   */
  public String name() {
    byte[] bytes = new byte[IfLayout.NI_NAME_SIZE];
    Mem.copyOut(base + IfLayout.NI_NAME, bytes, 0, IfLayout.NI_NAME_SIZE);
    int end = 0;
    while (end < IfLayout.NI_NAME_SIZE && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /**
   * ni_version.
   *
   * @return 0: netmap never fills it in
   */
  public int version() {
    return Mem.getInt(base + IfLayout.NI_VERSION);
  }

  /**
   * ni_flags.
   *
   * @return NI_PRIV_MEM for a port in a region of its own, else 0
   */
  public int flags() {
    return Mem.getInt(base + IfLayout.NI_FLAGS);
  }

  /**
   * ni_tx_rings.
   *
   * @return TX rings of the adapter, bound or not; host rings not counted
   */
  public int txRings() {
    return Mem.getInt(base + IfLayout.NI_TX_RINGS);
  }

  /**
   * ni_rx_rings.
   *
   * @return RX rings of the adapter, bound or not; host rings not counted
   */
  public int rxRings() {
    return Mem.getInt(base + IfLayout.NI_RX_RINGS);
  }

  /**
   * ni_host_tx_rings.
   *
   * @return at least 1, also for ports without host rings (a place-holder)
   */
  public int hostTxRings() {
    return Mem.getInt(base + IfLayout.NI_HOST_TX_RINGS);
  }

  /**
   * ni_host_rx_rings.
   *
   * @return at least 1, also for ports without host rings (a place-holder)
   */
  public int hostRxRings() {
    return Mem.getInt(base + IfLayout.NI_HOST_RX_RINGS);
  }

  /**
   * ni_bufs_head: the list of extra buffers (docs/netmap-abi.md 4.4). {@link
   * NetmapMemory#nextExtraBuffer} walks it.
   *
   * @return index of the first one; 0 for none
   */
  public int bufsHead() {
    return Mem.getInt(base + IfLayout.NI_BUFS_HEAD);
  }

  /**
   * Sets ni_bufs_head. The list that begins here is freed by {@link NetmapPort#close}: it must hold
   * every extra buffer that is not in a slot, and no other.
   *
   * @param index of the first buffer; 0 for none
   */
  public void bufsHead(int index) {
    Mem.putInt(base + IfLayout.NI_BUFS_HEAD, index);
  }

  /**
   * An entry of ring_ofs[].
   *
   * @param k a ring: TX, host TX, RX, host RX in this order
   * @return bytes from this object to the ring object; 0 for a ring that this port did not bind
   * @throws IndexOutOfBoundsException when there is no such ring
   */
  public long ringOfs(int k) {
    Objects.checkIndex(k, rings);
    return Mem.getLong(base + IfLayout.RING_OFS + 8L * k);
  }
}
