package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.get32;
import static io.netmap4j.frames.NetOrder.get8;
import static io.netmap4j.frames.NetOrder.put16;
import static io.netmap4j.frames.NetOrder.put32;

/** An ARP packet (RFC 826), with addresses of any length. */
public final class Arp extends Header {
  static final int FIXED = 8;

  public static final int REQUEST = 1;
  public static final int REPLY = 2;

  Arp() {}

  /** All bytes of a packet, of which the fixed part is there. */
  static int length(long at) {
    return FIXED + 2 * get8(at + 4) + 2 * get8(at + 5);
  }

  /** 1 is Ethernet. */
  public int hardwareType() {
    return get16(at);
  }

  /** An ethertype. */
  public int protocolType() {
    return get16(at + 2);
  }

  /** Bytes of a hardware address. */
  public int hardwareLength() {
    return get8(at + 4);
  }

  /** Bytes of a protocol address. */
  public int protocolLength() {
    return get8(at + 5);
  }

  public int operation() {
    return get16(at + 6);
  }

  public void operation(int operation) {
    put16(at + 6, operation);
  }

  /** True when the addresses are those of Ethernet and IPv4, so that what follows has a meaning. */
  public boolean ipv4OverEthernet() {
    return hardwareType() == 1
        && protocolType() == Packet.IPV4
        && hardwareLength() == 6
        && protocolLength() == 4;
  }

  /**
   * The sender's MAC address, as {@link MacAddress#bits} has it.
   *
   * @throws IllegalStateException unless {@link #ipv4OverEthernet}
   */
  public long senderMac() {
    return Ethernet.get48(checked() + 8);
  }

  /** The sender's IPv4 address. Throws as {@link #senderMac}. */
  public int senderIp() {
    return get32(checked() + 14);
  }

  /** The target's MAC address. Throws as {@link #senderMac}. */
  public long targetMac() {
    return Ethernet.get48(checked() + 18);
  }

  /** The target's IPv4 address. Throws as {@link #senderMac}. */
  public int targetIp() {
    return get32(checked() + 24);
  }

  /** Throws as {@link #senderMac}. */
  public void sender(long mac, int ip) {
    Ethernet.put48(checked() + 8, mac);
    put32(at + 14, ip);
  }

  /** Throws as {@link #senderMac}. */
  public void target(long mac, int ip) {
    Ethernet.put48(checked() + 18, mac);
    put32(at + 24, ip);
  }

  private long checked() {
    if (!ipv4OverEthernet()) {
      throw new IllegalStateException(
          "ARP of hardware "
              + hardwareType()
              + " with addresses of "
              + hardwareLength()
              + " and "
              + protocolLength()
              + " bytes, not of Ethernet and IPv4");
    }
    return at;
  }
}
