package io.netmap4j.model.engine;

/**
 * The packet that a queue's fetched descriptors make, taken apart by its first one and its context
 * (docs/82599.md 4.1 to 4.3). One object, used for packet after packet.
 */
final class TxPacket {
  private static final int VLAN_TAG = 4;
  // Bits of a descriptor's upper 8 bytes: dw2 and, 32 above, dw3.
  static final long EOP = 1L << 24;
  static final long RS = 1L << 27;
  static final long DEXT = 1L << 29;
  private static final long IFCS = 1L << 25;
  private static final long IC = 1L << 26;
  private static final long VLE = 1L << 30;
  private static final long TSE = 1L << 31;
  private static final long IXSM = 1L << 40;
  private static final long TXSM = 1L << 41;

  static final int UDP = 0;
  static final int TCP = 1;
  static final int SCTP = 2;

  /**
   * Linux pads to this before it writes the descriptor; less may hang the engine of real silicon.
   */
  private static final int LEAST = 17;

  boolean advanced;
  boolean insertCrc;
  boolean insertVlan;
  boolean segment;
  boolean ipChecksum;
  boolean l4Checksum;
  boolean legacyChecksum;

  /** Sum of the descriptors' lengths. */
  int bytes;

  int payload;
  int vlanTag;
  int macLength;
  int ipLength;
  int l4Length;
  int mss;
  int l4Type;
  boolean ipv4;
  int checksumStart;
  int checksumOffset;
  private int slot;
  private boolean contextUsed;
  private boolean contextSet;
  private int emptyDescriptor;

  /** True when the frame goes out exactly as it is in memory. */
  boolean plain() {
    return insertCrc && !(insertVlan || segment || ipChecksum || l4Checksum || legacyChecksum);
  }

  int headerLength() {
    return macLength + ipLength + l4Length;
  }

  void read(TxQueue queue) {
    long high = queue.words[0];
    advanced = (high & DEXT) != 0;
    insertCrc = (high & IFCS) != 0;
    insertVlan = (high & VLE) != 0;
    bytes = 0;
    emptyDescriptor = -1;
    for (int i = 0; i < queue.count; i++) {
      int length = (int) queue.words[i] & 0xFFFF;
      bytes += length;
      if (length == 0) {
        emptyDescriptor = queue.place[i];
      }
    }
    if (advanced) {
      readAdvanced(queue, high);
    } else {
      segment = ipChecksum = l4Checksum = contextUsed = false;
      legacyChecksum = (high & IC) != 0;
      checksumOffset = (int) (high >>> 16) & 0xFF;
      checksumStart = (int) (high >>> 40) & 0xFF;
      vlanTag = (int) (high >>> 48);
      payload = bytes;
    }
  }

  private void readAdvanced(TxQueue queue, long high) {
    legacyChecksum = false;
    segment = (high & TSE) != 0;
    ipChecksum = (high & IXSM) != 0;
    l4Checksum = (high & TXSM) != 0;
    payload = (int) (high >>> 46);
    slot = (int) (high >>> 36) & 7;
    contextUsed = insertVlan || segment || ipChecksum || l4Checksum;
    contextSet = slot < TxQueue.CONTEXTS && queue.contextSet[slot];
    macLength = ipLength = l4Length = mss = vlanTag = l4Type = 0;
    ipv4 = false;
    if (contextUsed && contextSet) {
      long low = queue.contextLow[slot];
      long context = queue.contextHigh[slot];
      ipLength = (int) low & 0x1FF;
      macLength = (int) low >>> 9 & 0x7F;
      vlanTag = (int) low >>> 16;
      ipv4 = (context & 1 << 10) != 0;
      l4Type = (int) context >>> 11 & 3;
      l4Length = (int) (context >>> 40) & 0xFF;
      mss = (int) (context >>> 48);
    }
  }

  /**
   * The rule that this packet breaks, for the strict model to refuse it; null when it is good.
   *
   * @param longest frame without a VLAN tag, CRC included
   */
  String brokenRule(TxQueue queue, int longest) {
    String where = "TX queue " + queue.index + ", descriptor " + queue.place[0] + ": ";
    int most = TxQueue.ON_CHIP - queue.writeBackThreshold;
    if (queue.count > most) {
      return where
          + queue.count
          + " descriptors for one packet, WTHRESH leaves "
          + most
          + " of 40 (docs/82599.md 11: DPDK's IXGBE_TX_MAX_SEG)";
    }
    if (emptyDescriptor >= 0) {
      return where
          + "DTALEN of descriptor "
          + emptyDescriptor
          + " is 0, it must be above 0 (docs/82599.md 4.1)";
    }
    if (payload < LEAST) {
      return where
          + "PAYLEN "
          + payload
          + " is less than 17"
          + " (docs/82599.md 11: LX ixgbe_xmit_frame pads to 17)";
    }
    if (!insertCrc) {
      return where
          + "IFCS is clear; all drivers set it in each data descriptor "
          + "(docs/82599.md 4.1)";
    }
    if (contextUsed && !contextSet) {
      return where
          + "offloads by context "
          + slot
          + ", which was never written; 0 and 1 exist (docs/82599.md 4.2)";
    }
    int expected = segment ? headerLength() + payload : payload;
    if (advanced && expected != bytes) {
      return where
          + "EOP after "
          + bytes
          + " bytes, but PAYLEN says "
          + (segment ? headerLength() + " + " + payload : payload)
          + " (docs/82599.md 4.1)";
    }
    return brokenOffload(where, longest);
  }

  private String brokenOffload(String where, int longest) {
    if (segment && (mss == 0 || l4Type > TCP || l4Length == 0)) {
      return where
          + "segmentation with MSS "
          + mss
          + ", L4T "
          + l4Type
          + ", L4LEN "
          + l4Length
          + " (docs/82599.md 4.2)";
    }
    if (!fitsOffload()) {
      return where
          + "the headers of "
          + macLength
          + " + "
          + ipLength
          + " + "
          + l4Length
          + " bytes and the checksum in them do not fit "
          + bytes
          + " (docs/82599.md 4.2)";
    }
    int frame = segment ? headerLength() + Math.min(mss, payload) : bytes;
    // A tag in the frame is allowed for; whether there is one is not looked at: the limits of
    // docs/82599.md
    // 4.9 are the
    // receiver's, and Linux sends tagged frames of MFS + 4.
    if (frame + DatapathRegisters.CRC > longest + VLAN_TAG) {
      return where
          + "a frame of "
          + frame
          + " bytes and CRC is longer than "
          + longest
          + ", MAXFRS.MFS or 1518 without HLREG0.JUMBOEN (docs/82599.md 4.9)";
    }
    return null;
  }

  /** Whether every byte that an offload touches is within the packet. */
  boolean fitsOffload() {
    if (legacyChecksum && (checksumOffset + 2 > bytes || checksumStart > bytes)) {
      return false;
    }
    if (ipChecksum && (ipLength < (ipv4 ? 20 : 0) || macLength + ipLength > bytes)) {
      return false;
    }
    int l4 = macLength + ipLength;
    if (l4Checksum && l4 + (l4Type == TCP ? 18 : l4Type == SCTP ? 12 : 8) > bytes) {
      return false;
    }
    return !segment
        || (mss > 0
            && l4Type <= TCP
            && l4Length >= (l4Type == TCP ? 20 : 8)
            && ipLength >= 20
            && headerLength() <= bytes
            && headerLength() + Math.min(mss, payload) <= TxFrames.LONGEST);
  }
}
