package io.netmap4j.model;

import static io.netmap4j.model.DatapathRegisters.*;

import io.netmap4j.linux.Mem;

/** Which frames a card takes: MAC address, multicast hash and VLAN filters (facts 5.4). */
final class RxFilter {
  private static final long MAC = 0xFFFF_FFFF_FFFFL;
  private static final int MPE = 1 << 8;
  private static final int UPE = 1 << 9;
  private static final int BAM = 1 << 10;
  private static final int MFE = 1 << 2;
  private static final int VFE = 1 << 30;

  private final CardState card;
  private final long[] unicast = new long[QUEUES];
  private int unicasts;
  private int control;
  private int multicastControl;
  private boolean vlanFilter;

  RxFilter(CardState card) {
    this.card = card;
  }

  void refresh() {
    control = card.reg(FCTRL);
    multicastControl = card.reg(MCSTCTRL);
    vlanFilter = (card.reg(VLNCTRL) & VFE) != 0;
    unicasts = 0;
    for (int i = 0; i < QUEUES; i++) {
      int high = card.reg(RAL + 8 * i + 4);
      if (high < 0) { // AV is bit 31
        unicast[unicasts++] = (card.reg(RAL + 8 * i) & 0xFFFFFFFFL) | (high & 0xFFFFL) << 32;
      }
    }
  }

  static boolean isBroadcast(long frame) {
    return (Mem.getLong(frame) & MAC) == MAC;
  }

  boolean accepts(long frame, FrameHeaders headers) {
    return acceptsAddress(frame)
        && !(vlanFilter && headers.vlan && !inTable(VFTA, headers.vlanTag & 0xFFF));
  }

  private boolean acceptsAddress(long frame) {
    long mac = Mem.getLong(frame) & MAC;
    if ((mac & 1) != 0) {
      return (control & MPE) != 0
          || (mac == MAC ? (control & BAM) != 0 : (multicastControl & MFE) != 0 && hashed(frame));
    }
    if ((control & UPE) != 0) {
      return true;
    }
    for (int i = 0; i < unicasts; i++) {
      if (unicast[i] == mac) {
        return true;
      }
    }
    return false;
  }

  private boolean hashed(long frame) {
    int window = multicastControl & 3;
    int bits = NetOrder.get8(frame + 4) | NetOrder.get8(frame + 5) << 8;
    return inTable(MTA, bits >>> (4 - window - (window == 3 ? 1 : 0)) & 0xFFF);
  }

  private boolean inTable(int table, int bit) {
    return (card.reg(table + 4 * (bit >>> 5)) >>> (bit & 31) & 1) != 0;
  }
}
