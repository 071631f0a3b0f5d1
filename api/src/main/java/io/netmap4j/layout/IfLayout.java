package io.netmap4j.layout;

/**
 * Byte offsets in netmap's interface object: struct netmap_if (netmap.h, NETMAP_API 14, x86-64;
 * docs/netmap-abi.md 3).
 *
 * <pre>
 *   0 ni_name:16 | 16 ni_version:4 | 20 ni_flags:4 | 24 ni_tx_rings:4 | 28 ni_rx_rings:4
 *  32 ni_bufs_head:4 (user) | 36 ni_host_tx_rings:4 | 40 ni_host_rx_rings:4 | 44 ni_spare1:12
 *  56 ring_ofs[]:8 each, from this object: TX, host TX, RX, host RX; 0 for a ring that is not bound
 * </pre>
 */
public final class IfLayout {
  public static final int NI_NAME = 0;
  public static final int NI_NAME_SIZE = 16;
  public static final int NI_VERSION = 16;
  public static final int NI_FLAGS = 20;
  public static final int NI_TX_RINGS = 24;
  public static final int NI_RX_RINGS = 28;
  public static final int NI_BUFS_HEAD = 32;
  public static final int NI_HOST_TX_RINGS = 36;
  public static final int NI_HOST_RX_RINGS = 40;
  public static final int RING_OFS = 56;

  private IfLayout() {}

  /** Bytes of an interface object with so many rings in all, host rings included. */
  public static int sizeFor(int rings) {
    return RING_OFS + 8 * rings;
  }
}
