package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.frames.Checksum;
import io.netmap4j.frames.NetOrder;
import io.netmap4j.linux.Mem;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.wire.Wire;

/**
 * Makes frames of a packet in the card's own memory: gathers its buffers, then pads, checksums,
 * tags and segments (docs/82599.md 4.2 and 8.2). The driver's memory is never written.
 */
final class TxFrames {
  /** Of one frame; more is not gathered. */
  static final int LONGEST = 1 << 16;

  private static final int GATHERED = (1 << 18) + (1 << 16);

  /** Room in front for a VLAN tag, keeping the alignment. */
  private static final int HEADROOM = 16;

  private static final int TCP_FLAGS = 0xFFF;
  private static final int ETHERTYPE_BEFORE = 12;

  private final CardState card;
  private final long gathered = Mem.allocate(GATHERED + 2L * HEADROOM) + HEADROOM;
  private final long segmented = Mem.allocate(LONGEST + 2L * HEADROOM) + HEADROOM;
  private boolean pad;
  private boolean closed;
  private int vlanType;
  private int firstAndMiddleFlags;
  private int lastFlags;

  /** The frame made last. */
  long frame;

  int length;

  TxFrames(CardState card) {
    this.card = card;
  }

  void refresh() {
    pad = (card.reg(HLREG0) & HLREG0_TXPADEN) != 0;
    vlanType = card.reg(DMATXCTL) >>> 16;
    firstAndMiddleFlags = card.reg(DTXTCPFLGL);
    lastFlags = card.reg(DTXTCPFLGH);
  }

  boolean pads(int bytes) {
    return pad && bytes < Wire.MIN_FRAME;
  }

  /**
   * Copies the packet's buffers together. @return false when that cannot be done: the packet is
   * lost
   */
  boolean gather(TxQueue queue, TxPacket packet) {
    if (packet.bytes > GATHERED) {
      return false;
    }
    long to = gathered;
    for (int i = 0; i < queue.count; i++) {
      int piece = (int) queue.words[i] & 0xFFFF;
      if (!card.memory().read(DmaLog.Kind.PACKET_READ, queue.index, queue.address[i], to, piece)) {
        return false;
      }
      to += piece;
    }
    return true;
  }

  /** The one frame of a packet that is not segmented. */
  void whole(TxPacket packet) {
    frame = gathered;
    length = packet.insertCrc ? packet.bytes : Math.max(0, packet.bytes - CRC);
    if (packet.legacyChecksum) {
      int start = packet.checksumStart;
      int sum = Checksum.sum(frame + start, length - start, 0);
      NetOrder.put16(frame + packet.checksumOffset, ~sum);
    }
    if (packet.ipChecksum && packet.ipv4) {
      ipChecksum(packet);
    }
    if (packet.l4Checksum) {
      l4Checksum(packet, 0);
    }
    finish(packet);
  }

  int segments(TxPacket packet) {
    int payload = packet.bytes - packet.headerLength();
    return Math.max(1, (payload + packet.mss - 1) / packet.mss);
  }

  /** Frame {@code number} of a segmented packet. */
  void segment(TxPacket packet, int number) {
    int header = packet.headerLength();
    int total = packet.bytes - header;
    int offset = number * packet.mss;
    int chunk = Math.min(packet.mss, total - offset);
    frame = segmented;
    length = header + chunk;
    Mem.copy(gathered, frame, header);
    Mem.copy(gathered + header + offset, frame + header, chunk);
    long ip = frame + packet.macLength;
    long l4 = ip + packet.ipLength;
    if (packet.ipv4) {
      NetOrder.put16(ip + 2, packet.ipLength + packet.l4Length + chunk);
      NetOrder.put16(ip + 4, NetOrder.get16(ip + 4) + number);
      if (packet.ipChecksum) {
        ipChecksum(packet);
      }
    } else {
      NetOrder.put16(ip + 4, packet.ipLength - 40 + packet.l4Length + chunk);
    }
    if (packet.l4Type == TxPacket.TCP) {
      NetOrder.put32(l4 + 4, NetOrder.get32(l4 + 4) + offset);
      int flags = NetOrder.get16(l4 + 12);
      int kept = flagMask(number == 0, offset + chunk == total);
      NetOrder.put16(l4 + 12, flags & (~TCP_FLAGS | kept));
    } else {
      NetOrder.put16(l4 + 4, packet.l4Length + chunk);
    }
    if (packet.l4Checksum) {
      // The driver's seed lacks the length, which differs from segment to segment.
      l4Checksum(packet, packet.l4Length + chunk);
    }
    finish(packet);
  }

  /** Masks of DTXTCPFLGL and DTXTCPFLGH; a packet of one segment keeps what either keeps. */
  private int flagMask(boolean first, boolean last) {
    int mask = 0;
    if (first) {
      mask |= firstAndMiddleFlags & TCP_FLAGS;
    }
    if (last) {
      mask |= lastFlags & TCP_FLAGS;
    }
    return first || last ? mask : firstAndMiddleFlags >>> 16 & TCP_FLAGS;
  }

  /** Sums what is there, the field included: clearing it is the driver's part. */
  private void ipChecksum(TxPacket packet) {
    long ip = frame + packet.macLength;
    NetOrder.put16(ip + 10, ~Checksum.sum(ip, packet.ipLength, 0));
  }

  private void l4Checksum(TxPacket packet, int start) {
    int offset = packet.macLength + packet.ipLength;
    long l4 = frame + offset;
    if (packet.l4Type == TxPacket.SCTP) {
      Mem.putInt(l4 + 8, Checksum.sctp(l4, length - offset));
      return;
    }
    int sum = ~Checksum.sum(l4, length - offset, start) & 0xFFFF;
    if (packet.l4Type == TxPacket.UDP) {
      NetOrder.put16(l4 + 6, sum == 0 ? 0xFFFF : sum); // 0 would say: no checksum
    } else {
      NetOrder.put16(l4 + 16, sum);
    }
  }

  private void finish(TxPacket packet) {
    if (packet.insertVlan && length >= ETHERTYPE_BEFORE) {
      Mem.putLong(frame - 4, Mem.getLong(frame));
      Mem.putInt(frame + 4, Mem.getInt(frame + 8));
      frame -= 4;
      length += 4;
      NetOrder.put16(frame + ETHERTYPE_BEFORE, vlanType);
      NetOrder.put16(frame + ETHERTYPE_BEFORE + 2, packet.vlanTag);
    }
    if (pads(length)) {
      Mem.set(frame + length, Wire.MIN_FRAME - length, (byte) 0);
      length = Wire.MIN_FRAME;
    }
  }

  void close() {
    if (closed) {
      return;
    }
    closed = true;
    Mem.free(gathered - HEADROOM);
    Mem.free(segmented - HEADROOM);
  }
}
