package io.netmap4j.ixgbe;

import io.netmap4j.spi.NicDevice;
import java.util.Map;
import java.util.TreeMap;

/**
 * The hardware's statistics as 64-bit totals. The registers clear when read and the octet pairs are
 * 36 bits wide (55 s at 10 Gbit/s), so each read is added up here, and somebody must read often
 * enough. docs/82599.md 7.
 */
final class IxgbeCounters {
  /** Counters by queue that we map one to one (RQSMR, TQSM). */
  static final int PER_QUEUE = 16;

  private static final Counter[] COUNTERS = {
    c("CRCERRS", 0x04000),
    c("ILLERRC", 0x04004),
    c("ERRBC", 0x04008),
    c("MSPDC", 0x04010),
    c("MLFC", 0x04034),
    c("MRFC", 0x04038),
    c("RLEC", 0x04040),
    c("RXMPC0", 0x03fa0),
    c("RXMPC1", 0x03fa4),
    c("RXMPC2", 0x03fa8),
    c("RXMPC3", 0x03fac),
    c("RXMPC4", 0x03fb0),
    c("RXMPC5", 0x03fb4),
    c("RXMPC6", 0x03fb8),
    c("RXMPC7", 0x03fbc),
    c("LXONTXC", 0x03f60),
    c("LXOFFTXC", 0x03f68),
    c("LXONRXCNT", 0x041a4),
    c("LXOFFRXCNT", 0x041a8),
    c("PRC64", 0x0405c),
    c("PRC127", 0x04060),
    c("PRC255", 0x04064),
    c("PRC511", 0x04068),
    c("PRC1023", 0x0406c),
    c("PRC1522", 0x04070),
    c("GPRC", 0x04074),
    c("BPRC", 0x04078),
    c("MPRC", 0x0407c),
    c("GPTC", 0x04080),
    pair("GORC", 0x04088),
    pair("GOTC", 0x04090),
    c("RUC", 0x040a4),
    c("RFC", 0x040a8),
    c("ROC", 0x040ac),
    c("RJC", 0x040b0),
    pair("TOR", 0x040c0),
    c("TPR", 0x040d0),
    c("TPT", 0x040d4),
    c("PTC64", 0x040d8),
    c("PTC127", 0x040dc),
    c("PTC255", 0x040e0),
    c("PTC511", 0x040e4),
    c("PTC1023", 0x040e8),
    c("PTC1522", 0x040ec),
    c("MPTC", 0x040f0),
    c("BPTC", 0x040f4),
    c("XEC", 0x04120),
  };

  private final Counter[] all;
  private final long[] totals;

  /**
   * @param queues how many queues to count one by one
   */
  IxgbeCounters(int queues) {
    int n = Math.min(queues, PER_QUEUE);
    all = java.util.Arrays.copyOf(COUNTERS, COUNTERS.length + 5 * n);
    for (int q = 0, at = COUNTERS.length; q < n; q++) {
      all[at++] = c("QPRC" + q, 0x01030 + 0x40 * q);
      all[at++] = pair("QBRC" + q, 0x01034 + 0x40 * q);
      all[at++] = c("QPRDC" + q, 0x01430 + 0x40 * q);
      all[at++] = c("QPTC" + q, 0x08680 + 4 * q);
      all[at++] = pair("QBTC" + q, 0x08700 + 8 * q);
    }
    totals = new long[all.length];
  }

  /** Reads every register once and adds it up. */
  synchronized void read(NicDevice nic) {
    for (int i = 0; i < all.length; i++) {
      long value = Integer.toUnsignedLong(nic.read32(all[i].register));
      if (all[i].wide) {
        value |= (long) (nic.read32(all[i].register + 4) & 0xf) << 32; // low half first
      }
      totals[i] += value;
    }
  }

  /** Reads every register once to clear it, before anything is counted. */
  void discard(NicDevice nic) {
    for (Counter counter : all) {
      nic.read32(counter.register);
      if (counter.wide) {
        nic.read32(counter.register + 4);
      }
    }
  }

  /** Totals by published name; RXMPC and QPRDC also summed, since those two are what was lost. */
  synchronized Map<String, Long> totals() {
    Map<String, Long> map = new TreeMap<>();
    for (int i = 0; i < all.length; i++) {
      map.put(all[i].name, totals[i]);
      if (all[i].name.startsWith("RXMPC")) {
        map.merge("RXMPC", totals[i], Long::sum);
      } else if (all[i].name.startsWith("QPRDC")) {
        map.merge("QPRDC", totals[i], Long::sum);
      }
    }
    return map;
  }

  /** Packets that had no room in the packet buffer or in a ring, as of the last {@link #read}. */
  synchronized long drops() {
    long sum = 0;
    for (int i = 0; i < all.length; i++) {
      sum += all[i].name.startsWith("RXMPC") || all[i].name.startsWith("QPRDC") ? totals[i] : 0;
    }
    return sum;
  }

  /** Offsets by name; of a pair, the low half's. */
  Map<String, Integer> registers() {
    Map<String, Integer> map = new TreeMap<>();
    for (Counter counter : all) {
      map.put(counter.name, counter.register);
    }
    return map;
  }

  private static Counter c(String name, int register) {
    return new Counter(name, register, false);
  }

  private static Counter pair(String name, int low) {
    return new Counter(name, low, true);
  }

  /** {@code wide}: 36 bits, the upper 4 in the next register. */
  private record Counter(String name, int register, boolean wide) {}
}
