package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;

/**
 * Which frames the card receives: addresses, multicast, promiscuous mode; no VLAN filter. What is
 * set here outlives a reset. As {@link IxgbeDevice}, under the lock of its callers.
 */
final class IxgbeFilters {
  /** Entries of the RAL/RAH table; 0 is the station's own. */
  private static final int ADDRESSES = 128;

  private final NicDevice nic;
  private final byte[][] addresses = new byte[ADDRESSES][];
  private boolean promiscuous;
  private boolean allMulticast;

  IxgbeFilters(NicDevice nic, boolean promiscuous) {
    this.nic = nic;
    this.promiscuous = promiscuous;
  }

  /** Tables that a reset leaves undefined (docs/82599.md 3.1, step 11). */
  void clear() {
    for (int i = 0; i < 128; i++) {
      nic.write32(Reg.pfuta(i), 0);
      nic.write32(Reg.vfta(i), 0);
      nic.write32(Reg.mta(i), 0);
      nic.write32(Reg.ftqf(i), 0);
      nic.write32(Reg.vlvfb(i), 0);
    }
    for (int i = 0; i < 64; i++) {
      nic.write32(Reg.vlvf(i), 0);
    }
    for (int i = 0; i < 2 * ADDRESSES; i++) {
      nic.write32(Reg.mpsar(i), i == 0 ? 1 : 0);
    }
    nic.write32(Reg.VLNCTRL, 0x8100); // tags stay in the frame, no VLAN filter
  }

  /** Writes the addresses and the mode. */
  void write() {
    writeAddresses();
    writeFilterMode();
  }

  byte[] macAddress() {
    int low = nic.read32(Reg.ral(0));
    int high = nic.read32(Reg.rah(0));
    return new byte[] {
      (byte) low,
      (byte) (low >> 8),
      (byte) (low >> 16),
      (byte) (low >> 24),
      (byte) high,
      (byte) (high >> 8)
    };
  }

  void promiscuous(boolean on) {
    promiscuous = on;
    writeFilterMode();
  }

  void allMulticast(boolean on) {
    allMulticast = on;
    writeFilterMode();
  }

  /**
   * Unicast and multicast alike take an exact entry of the RAL/RAH table; entry 0 is the station's
   * own.
   */
  void addAddress(byte[] mac) {
    if (mac.length != 6) {
      throw new NetmapException(Libc.EINVAL, "a MAC address has 6 bytes, not " + mac.length);
    }
    if (indexOf(mac) > 0) {
      return;
    }
    for (int i = 1; i < ADDRESSES; i++) {
      if (addresses[i] == null) {
        addresses[i] = mac.clone();
        writeAddress(i);
        return;
      }
    }
    throw new NetmapException(
        Libc.ENOMEM,
        nic.name()
            + ": all "
            + (ADDRESSES - 1)
            + " addresses are taken; use promiscuous or allMulticast");
  }

  void removeAddress(byte[] mac) {
    int i = indexOf(mac);
    if (i > 0) {
      addresses[i] = null;
      writeAddress(i);
    }
  }

  private int indexOf(byte[] mac) {
    for (int i = 1; i < ADDRESSES; i++) {
      if (java.util.Arrays.equals(addresses[i], mac)) {
        return i;
      }
    }
    return -1;
  }

  private void writeAddresses() {
    for (int i = 1; i < ADDRESSES; i++) {
      writeEntry(i);
    }
    writeMulticastTable();
  }

  private void writeAddress(int i) {
    writeEntry(i);
    writeMulticastTable();
  }

  /**
   * Multicast addresses go through the hash table, where an exact entry is not looked at. An entry
   * that changes is not valid meanwhile (Linux ixgbe_clear_rar_generic): half of it would match
   * frames that nobody asked for.
   */
  private void writeEntry(int i) {
    byte[] mac = addresses[i] == null || (addresses[i][0] & 1) != 0 ? null : addresses[i];
    nic.write32(Reg.rah(i), 0);
    nic.write32(
        Reg.ral(i),
        mac == null
            ? 0
            : mac[0] & 0xff | (mac[1] & 0xff) << 8 | (mac[2] & 0xff) << 16 | (mac[3] & 0xff) << 24);
    nic.write32(Reg.mpsar(2 * i), mac == null ? 0 : 1); // pool 0, as ixgbe_set_rar
    if (mac != null) {
      nic.write32(Reg.rah(i), mac[4] & 0xff | (mac[5] & 0xff) << 8 | Reg.RAH_AV);
    }
  }

  /** MO 0: bits 47 to 36 of the address choose one of 4096 bits (Linux ixgbe_mta_vector). */
  private void writeMulticastTable() {
    int[] table = new int[128];
    for (byte[] mac : addresses) {
      if (mac != null && (mac[0] & 1) != 0) {
        int bit = ((mac[4] & 0xff) >> 4 | (mac[5] & 0xff) << 4) & 0xfff;
        table[bit >> 5] |= 1 << (bit & 31);
      }
    }
    for (int i = 0; i < table.length; i++) {
      nic.write32(Reg.mta(i), table[i]);
    }
    nic.write32(Reg.MCSTCTRL, Reg.MCSTCTRL_MFE);
  }

  private void writeFilterMode() {
    nic.write32(
        Reg.FCTRL,
        Reg.FCTRL_BAM
            | (promiscuous ? Reg.FCTRL_UPE | Reg.FCTRL_MPE : 0)
            | (allMulticast ? Reg.FCTRL_MPE : 0));
  }
}
