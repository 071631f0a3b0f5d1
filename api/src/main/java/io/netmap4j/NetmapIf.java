package io.netmap4j;

import io.netmap4j.layout.IfLayout;
import io.netmap4j.linux.Mem;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * One open port's interface object, in place in the region: struct netmap_if, netmap.h, NETMAP_API
 * 14, x86-64.
 *
 * <pre>
 *   0 ni_name:16 | 16 ni_version:4 | 20 ni_flags:4 | 24 ni_tx_rings:4 | 28 ni_rx_rings:4
 *  32 ni_bufs_head:4 (user) | 36 ni_host_tx_rings:4 | 40 ni_host_rx_rings:4 | 44 ni_spare1:12
 *  56 ring_ofs[]:8 each, from this object: TX, host TX, RX, host RX; 0 for a ring that is not bound
 * </pre>
 *
 * <p>After {@link NetmapPort#close} the object shows a copy of it as it was, until the next port in
 * its place is closed.
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
  void retire(long toDead) {
    Mem.copy(base, base + toDead, IfLayout.sizeFor(rings));
    base += toDead;
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

  public long address() {
    return base;
  }

  public String name() {
    byte[] bytes = new byte[IfLayout.NI_NAME_SIZE];
    Mem.copyOut(base + IfLayout.NI_NAME, bytes, 0, IfLayout.NI_NAME_SIZE);
    int end = 0;
    while (end < IfLayout.NI_NAME_SIZE && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** Never filled in by netmap; 0. */
  public int version() {
    return Mem.getInt(base + IfLayout.NI_VERSION);
  }

  public int flags() {
    return Mem.getInt(base + IfLayout.NI_FLAGS);
  }

  public int txRings() {
    return Mem.getInt(base + IfLayout.NI_TX_RINGS);
  }

  public int rxRings() {
    return Mem.getInt(base + IfLayout.NI_RX_RINGS);
  }

  /** At least 1, also for ports without host rings (a place-holder). */
  public int hostTxRings() {
    return Mem.getInt(base + IfLayout.NI_HOST_TX_RINGS);
  }

  /** At least 1, also for ports without host rings (a place-holder). */
  public int hostRxRings() {
    return Mem.getInt(base + IfLayout.NI_HOST_RX_RINGS);
  }

  /** First extra buffer, 0 for none; the first u32 of each holds the next, 0 ends the list. */
  public int bufsHead() {
    return Mem.getInt(base + IfLayout.NI_BUFS_HEAD);
  }

  /** What stands here at close is walked and freed. */
  public void bufsHead(int index) {
    Mem.putInt(base + IfLayout.NI_BUFS_HEAD, index);
  }

  /**
   * Entry {@code k} of ring_ofs[]: relative to this object, 0 for a ring that this port did not
   * bind.
   */
  public long ringOfs(int k) {
    Objects.checkIndex(k, rings);
    return Mem.getLong(base + IfLayout.RING_OFS + 8L * k);
  }
}
