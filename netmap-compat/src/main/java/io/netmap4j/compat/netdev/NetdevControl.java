package io.netmap4j.compat.netdev;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicControl;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.NetInterface;
import io.netmap4j.linux.PacketSocket;

/** Settings that a packet socket can ask the interface for; they end with the socket. */
final class NetdevControl implements NicControl {
  private final PacketSocket socket;
  private final NetInterface netInterface;
  private final NetdevFilter filter;
  private boolean allMulticast;

  NetdevControl(PacketSocket socket, NetInterface netInterface, NetdevFilter filter) {
    this.socket = socket;
    this.netInterface = netInterface;
    this.filter = filter;
  }

  @Override
  public byte[] macAddress() {
    return netInterface.mac();
  }

  @Override
  public synchronized void promiscuous(boolean on) {
    if (on != filter.promiscuous()) {
      join(on, PacketSocket.PROMISCUOUS, null);
      filter.promiscuous(on);
    }
  }

  @Override
  public synchronized void allMulticast(boolean on) {
    if (on != allMulticast) {
      join(on, PacketSocket.ALL_MULTICAST, null);
      allMulticast = on;
    }
  }

  @Override
  public synchronized void addAddress(byte[] mac) {
    if (filter.add(checked(mac))) {
      try {
        join(true, kind(mac), mac);
      } catch (NetmapException e) {
        filter.remove(mac);
        throw e;
      }
    }
  }

  @Override
  public synchronized void removeAddress(byte[] mac) {
    if (filter.remove(checked(mac))) {
      join(false, kind(mac), mac);
    }
  }

  private static byte[] checked(byte[] mac) {
    if (mac.length != 6) {
      throw new NetmapException(Libc.EINVAL, "a MAC address has 6 bytes, not " + mac.length);
    }
    return mac;
  }

  private static int kind(byte[] mac) {
    return (mac[0] & 1) != 0 ? PacketSocket.MULTICAST : PacketSocket.UNICAST;
  }

  private void join(boolean on, int type, byte[] mac) {
    try {
      socket.membership(on, type, mac);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), e.getMessage(), e);
    }
  }

  @Override
  public void rss(byte[] key, int[] table) {
    throw new NetmapException(
        Libc.EOPNOTSUPP,
        "a port in emulated mode spreads flows by the kernel's hash: no key, no table");
  }

  /** Nothing is in flight between syncs: there is nothing to reset. */
  @Override
  public void reset() {}
}
