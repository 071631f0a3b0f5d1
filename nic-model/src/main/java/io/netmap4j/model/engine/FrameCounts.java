package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.CRC;

import io.netmap4j.linux.Mem;

/** Good frames of one direction, added to the card's statistics once a batch. */
final class FrameCounts {
  private static final int[] LIMITS = {64, 127, 255, 511, 1023};

  private final int firstSize;
  private final int packetsRegister;
  private final int broadcastRegister;
  private final int multicastRegister;
  private final int bytesRegister;
  private final long[] sizes = new long[6];
  private long packets;
  private long bytes;
  private long broadcasts;
  private long multicasts;

  FrameCounts(int firstSize, int packets, int broadcasts, int multicasts, int bytes) {
    this.firstSize = firstSize;
    this.packetsRegister = packets;
    this.broadcastRegister = broadcasts;
    this.multicastRegister = multicasts;
    this.bytesRegister = bytes;
  }

  /**
   * @param length of the frame, without CRC
   * @param counted the bytes that the byte counter adds
   */
  void add(long frame, int length, int counted) {
    packets++;
    bytes += counted;
    int size = 0;
    while (size < LIMITS.length && length + CRC > LIMITS[size]) {
      size++;
    }
    sizes[size]++;
    if ((Mem.getByte(frame) & 1) != 0) {
      if (RxFilter.isBroadcast(frame)) {
        broadcasts++;
      } else {
        multicasts++;
      }
    }
  }

  void flush(CardState card) {
    if (packets == 0) {
      return;
    }
    card.count(packetsRegister, packets);
    card.count(bytesRegister, bytes);
    if (broadcasts + multicasts != 0) {
      card.count(broadcastRegister, broadcasts);
      card.count(multicastRegister, multicasts);
    }
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] != 0) {
        card.count(firstSize + 4 * i, sizes[i]);
        sizes[i] = 0;
      }
    }
    packets = bytes = broadcasts = multicasts = 0;
  }
}
