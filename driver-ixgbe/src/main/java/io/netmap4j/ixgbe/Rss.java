package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import java.util.Locale;

/**
 * Receive-side scaling: which RX ring a flow goes to. Toeplitz hash over addresses and ports, low 7
 * bits into a table of 128 rings, or on an X550 low 9 bits into one of 512. docs/82599.md 5.1,
 * docs/x540.md 4; registers as DPDK ixgbe_rss_configure writes them.
 */
final class Rss {
  static final int KEY_BYTES = 40;

  /** What RETA holds; an X550 has the rest of its table in ERETA. */
  static final int TABLE = 128;

  private static final int MRQE_RSS = 1;
  private static final int FIELD_IPV4_TCP = 1 << 16;
  private static final int FIELD_IPV4 = 1 << 17;
  private static final int FIELD_IPV6 = 1 << 20;
  private static final int FIELD_IPV6_TCP = 1 << 21;
  private static final int FIELD_IPV4_UDP = 1 << 22;
  private static final int FIELD_IPV6_UDP = 1 << 23;

  /** The key of Microsoft's verification suite, DPDK's default as well. */
  private static final String DEFAULT_KEY =
      "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa";

  private byte[] key = java.util.HexFormat.of().parseHex(DEFAULT_KEY);
  private final int[] table;
  private final int rings;

  /**
   * @param entries of the card's table
   */
  Rss(int rings, int entries) {
    this.rings = rings;
    this.table = new int[entries];
    for (int i = 0; i < entries; i++) {
      table[i] = i % rings;
    }
  }

  /**
   * @param newTable as long as the card's, or {@link #TABLE}: then it is repeated, and the low 7
   *     bits choose
   * @throws NetmapException EINVAL for a wrong size or a ring that does not exist
   */
  void set(byte[] newKey, int[] newTable) {
    if (newKey.length != KEY_BYTES || newTable.length != TABLE && newTable.length != table.length) {
      throw new NetmapException(
          Libc.EINVAL,
          String.format(
              Locale.ROOT,
              "RSS takes a key of %d bytes and a table of %d%s rings; got %d and %d",
              KEY_BYTES,
              TABLE,
              table.length == TABLE ? "" : " or " + table.length,
              newKey.length,
              newTable.length));
    }
    for (int ring : newTable) {
      if (ring < 0 || ring >= rings) {
        throw new NetmapException(
            Libc.EINVAL,
            "RSS table names ring " + ring + "; this port has RX rings 0 to " + (rings - 1));
      }
    }
    key = newKey.clone();
    for (int i = 0; i < table.length; i++) {
      table[i] = newTable[i % newTable.length];
    }
  }

  void write(NicDevice nic) {
    for (int i = 0; i < KEY_BYTES / 4; i++) {
      nic.write32(
          Reg.rssrk(i),
          key[4 * i] & 0xff
              | (key[4 * i + 1] & 0xff) << 8
              | (key[4 * i + 2] & 0xff) << 16
              | (key[4 * i + 3] & 0xff) << 24);
    }
    for (int i = 0; i < table.length / 4; i++) {
      nic.write32(
          i < TABLE / 4 ? Reg.reta(i) : Reg.ereta(i - TABLE / 4),
          table[4 * i] | table[4 * i + 1] << 8 | table[4 * i + 2] << 16 | table[4 * i + 3] << 24);
    }
    int fields =
        FIELD_IPV4 | FIELD_IPV4_TCP | FIELD_IPV4_UDP | FIELD_IPV6 | FIELD_IPV6_TCP | FIELD_IPV6_UDP;
    nic.write32(Reg.MRQC, rings > 1 ? MRQE_RSS | fields : 0);
  }
}
