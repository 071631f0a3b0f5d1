package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.frames.NetOrder;
import io.netmap4j.linux.Mem;

/**
 * Which frames a card takes: MAC address, multicast hash and VLAN filters (docs/82599.md 5.4), and
 * no pause with MFLCN.DPF. Whether DPF works with RFCE alone, as manuals of Intel's 1 GbE cards
 * say, no source tells for the 82599; Linux and DPDK set it with RFCE and without.
 */
final class RxFilter {
  private static final long MAC = 0xFFFF_FFFF_FFFFL;
  private static final int MPE = 1 << 8;
  private static final int UPE = 1 << 9;
  private static final int BAM = 1 << 10;
  private static final int MFE = 1 << 2;
  private static final int VFE = 1 << 30;
  private static final int DPF = 1 << 1;
  private static final int MAC_CONTROL = 0x8808;
  private static final int PAUSE = 1;

  /** 01:80:C2:00:00:01 as it lies in memory. */
  private static final long PAUSE_ADDRESS = 0x0100_00C2_8001L;

  private final CardState card;
  private final long[] unicast = new long[QUEUES];
  private int unicasts;
  private int control;
  private int multicastControl;
  private boolean vlanFilter;
  private boolean discardPause;

  RxFilter(CardState card) {
    this.card = card;
  }

  void refresh() {
    control = card.reg(FCTRL);
    multicastControl = card.reg(MCSTCTRL);
    vlanFilter = (card.reg(VLNCTRL) & VFE) != 0;
    discardPause = (card.reg(MFLCN) & DPF) != 0;
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
        && !(discardPause && isPause(frame, headers))
        && !(vlanFilter && headers.vlan() && !inTable(VFTA, headers.vlanTag() & 0xFFF));
  }

  /** To the address that 802.3 gives to pauses, or to the card's own. */
  private boolean isPause(long frame, FrameHeaders headers) {
    if (headers.etherType() != MAC_CONTROL
        || headers.vlan()
        || NetOrder.get16(frame + 14) != PAUSE) {
      return false;
    }
    long mac = Mem.getLong(frame) & MAC;
    return mac == PAUSE_ADDRESS || (unicasts > 0 && mac == unicast[0]);
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
