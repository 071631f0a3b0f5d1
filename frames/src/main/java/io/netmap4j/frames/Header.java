package io.netmap4j.frames;

/**
 * A header where it lies in memory, as {@link Packet} has found it: the fixed part is whole, and
 * what its length fields claim of it is inside the frame. Fields are read and written in place, in
 * the units of the protocol; setters take the low bits of their argument, and change no checksum.
 *
 * <p>A view belongs to its {@link Packet}, which moves it from frame to frame: keep values, not
 * views. As long as the memory is mapped. For one thread.
 */
public abstract sealed class Header permits Arp, Ethernet, Icmp, Ipv4, Ipv6, Tcp, Udp, Vlan {
  long at;
  int bytes;

  Header() {}

  final void set(long address, int length) {
    at = address;
    bytes = length;
  }

  /** Address of the header's first byte. */
  public final long address() {
    return at;
  }

  /** Bytes of the header, with its options. */
  public final int headerLength() {
    return bytes;
  }
}
