package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.frames.Checksum;
import io.netmap4j.frames.FrameHeaders;
import io.netmap4j.frames.NetOrder;
import io.netmap4j.linux.Mem;

/**
 * What the descriptor will say of a frame: packet type, hash, checksum results, queue
 * (docs/82599.md 4.5, 5 and 8.1).
 */
final class RxClassifier {
  // Packet type, dw0[16:4].
  private static final int IPV4 = 1 << 4;
  private static final int IPV4_EXT = 1 << 5;
  private static final int IPV6 = 1 << 6;
  private static final int IPV6_EXT = 1 << 7;
  private static final int TCP = 1 << 8;
  private static final int UDP = 1 << 9;
  private static final int SCTP = 1 << 10;
  private static final int BY_ETQF = 1 << 15;

  // Status and errors, dw2.
  private static final int VP = 1 << 3;
  private static final int UDPCS = 1 << 4;
  private static final int L4CS = 1 << 5;
  private static final int IPCS = 1 << 6;
  private static final int UDPV = 1 << 10;
  private static final int L4E = 1 << 30;
  private static final int IPE = 1 << 31;

  private static final int IPPCSE = 1 << 12;
  private static final int PCSD = 1 << 13;

  private final CardState card;
  private final Rss rss;
  private final int[] etherFilter = new int[8];
  private final int[] etherQueue = new int[8];
  private boolean etherFilters;
  private int checksumControl;
  private int vlanType;

  /** Of the last frame: dw0, dw1 and the bits of dw2 besides DD and EOP. */
  int info;

  int hashOrChecksum;
  int status;
  int queue;

  RxClassifier(CardState card) {
    this.card = card;
    this.rss = new Rss(card);
  }

  void refresh() {
    rss.refresh();
    checksumControl = card.reg(RXCSUM);
    vlanType = card.reg(VLNCTRL) & 0xFFFF;
    etherFilters = false;
    for (int i = 0; i < etherFilter.length; i++) {
      etherFilter[i] = card.reg(ETQF + 4 * i);
      etherQueue[i] = card.reg(ETQS + 4 * i);
      etherFilters |= etherFilter[i] < 0; // enable is bit 31
    }
  }

  int vlanType() {
    return vlanType;
  }

  void classify(long frame, FrameHeaders headers) {
    rss.classify(frame, headers);
    queue = rss.queue;
    info = 0;
    hashOrChecksum = 0;
    status = headers.vlan() ? VP : 0;
    if ((checksumControl & PCSD) != 0) {
      info = rss.type;
      hashOrChecksum = rss.hash;
    } else if (headers.ipv4()) {
      hashOrChecksum = NetOrder.get16(frame + headers.l3() + 4);
    }
    if (headers.ipv4() || headers.ipv6()) {
      info |= packetType(headers);
      checkSums(frame, headers);
    } else if (etherFilters) {
      matchEtherType(headers.etherType());
    }
  }

  private static int packetType(FrameHeaders headers) {
    int type = headers.ipv4() ? IPV4 : IPV6;
    if (headers.extended()) {
      type |= headers.ipv4() ? IPV4_EXT : IPV6_EXT;
    }
    if (headers.transport()) {
      type |=
          switch (headers.protocol()) {
            case FrameHeaders.TCP -> TCP;
            case FrameHeaders.UDP -> UDP;
            default -> SCTP;
          };
    }
    return type;
  }

  private void checkSums(long frame, FrameHeaders headers) {
    if (headers.ipv4()) {
      status |= IPCS;
      if (Checksum.sum(frame + headers.l3(), headers.l4() - headers.l3(), 0) != 0xFFFF) {
        status |= IPE;
      }
    }
    int length = headers.end() - headers.l4();
    long l4 = frame + headers.l4();
    if (headers.transport()) {
      if (headers.protocol() == FrameHeaders.SCTP) {
        status |= L4CS | (Mem.getInt(l4 + 8) == Checksum.sctp(l4, length) ? 0 : L4E);
      } else if (headers.protocol() == FrameHeaders.TCP || NetOrder.get16(l4 + 6) != 0) {
        int pseudo =
            Checksum.pseudoHeader(frame + headers.l3(), headers.ipv6(), headers.protocol(), length);
        status |= L4CS | (Checksum.sum(l4, length, pseudo) == 0xFFFF ? 0 : L4E);
      }
    } else if (headers.fragment()
        && headers.protocol() == FrameHeaders.UDP
        && (checksumControl & (IPPCSE | PCSD)) == IPPCSE) {
      status |= UDPCS;
      hashOrChecksum |= Checksum.sum(l4, length, 0) << 16;
      boolean first = headers.ipv4() && (NetOrder.get16(frame + headers.l3() + 6) & 0x1FFF) == 0;
      if (first && length >= 8 && NetOrder.get16(l4 + 6) != 0) {
        status |= UDPV;
      }
    }
  }

  private void matchEtherType(int etherType) {
    for (int i = 0; i < etherFilter.length; i++) {
      if (etherFilter[i] < 0 && (etherFilter[i] & 0xFFFF) == etherType) {
        info = BY_ETQF | i << 4;
        if (etherQueue[i] < 0) {
          queue = etherQueue[i] >>> 16 & 0x7F;
        }
        return;
      }
    }
  }
}
