package io.netmap4j.layout;

/**
 * Byte offsets in netmap's ring object: struct netmap_ring, its slots behind it, struct netmap_slot
 * (netmap.h, NETMAP_API 14, x86-64; docs/netmap-abi.md 3).
 *
 * <pre>
 *   0 buf_ofs:8 | 8 num_slots:4 | 12 nr_buf_size:4 | 16 ringid:2 | 18 dir:2
 *  20 head:4 (user) | 24 cur:4 (user) | 28 tail:4 (driver) | 32 flags:4
 *  40 ts:16 | 56 offset_mask:8 | 64 buf_align:8 | 128 sem:128 | 256 slot[]
 *  slot: 0 buf_idx:4 | 4 len:2 | 6 flags:2 | 8 ptr:8      (16 bytes)
 * </pre>
 */
public final class RingLayout {
  public static final int BUF_OFS = 0;
  public static final int NUM_SLOTS = 8;
  public static final int NR_BUF_SIZE = 12;
  public static final int RINGID = 16;
  public static final int DIR = 18;
  public static final int HEAD = 20;
  public static final int CUR = 24;
  public static final int TAIL = 28;
  public static final int FLAGS = 32;
  public static final int TS_SEC = 40;
  public static final int TS_USEC = 48;
  public static final int OFFSET_MASK = 56;
  public static final int BUF_ALIGN = 64;
  public static final int SEM = 128;
  public static final int SEM_SIZE = 128;
  public static final int SLOTS = 256;

  public static final int SLOT_SIZE = 16;
  public static final int SLOT_BUF_IDX = 0;
  public static final int SLOT_LEN = 4;
  public static final int SLOT_FLAGS = 6;
  public static final int SLOT_PTR = 8;

  /** In flags: stamp the ring at every RX sync. */
  public static final int NR_TIMESTAMP = 0x0002;

  /** In flags: NS_FORWARD in slots has an effect (docs/netmap-abi.md 9). */
  public static final int NR_FORWARD = 0x0004;

  private RingLayout() {}

  /** Bytes of a ring object with {@code slots} slots. */
  public static int sizeFor(int slots) {
    return SLOTS + SLOT_SIZE * slots;
  }
}
