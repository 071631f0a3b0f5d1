package io.netmap4j.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the kernel says of a network interface, in the network namespace of a socket: that of the
 * thread that made it (netdevice(7)). An interface is known by its index, which no other one of the
 * namespace ever gets; its name may change.
 *
 * <p>Any thread, one call at a time. The socket is the caller's.
 */
public final class NetInterface implements AutoCloseable {
  /** Interfaces have names of at most so many bytes. */
  public static final int LONGEST_NAME = 15;

  // linux/sockios.h, linux/if.h, linux/ethtool.h.
  private static final int SIOCGIFNAME = 0x8910;
  private static final int SIOCGIFFLAGS = 0x8913;
  private static final int SIOCGIFMTU = 0x8921;
  private static final int SIOCGIFHWADDR = 0x8927;
  private static final int SIOCGIFINDEX = 0x8933;
  private static final int SIOCETHTOOL = 0x8946;
  private static final int ETHTOOL_GSET = 1;
  private static final int IFF_UP = 1;
  private static final int IFF_RUNNING = 0x40;

  // struct ifreq: a name, then a union.
  private static final int IFREQ = 40;
  private static final int IFR_UNION = 16;

  // struct ethtool_cmd.
  private static final int ETHTOOL_CMD = 44;
  private static final int SPEED = 12;
  private static final int SPEED_HI = 28;

  private static final Path DEVICES = Path.of("/proc/thread-self/net/dev");
  private static final Path NAMESPACE = Path.of("/proc/thread-self/ns/net");

  private final int socket;
  private final int index;
  private final long ifreq = Mem.allocate(IFREQ + ETHTOOL_CMD);
  private boolean closed;

  /**
   * An interface that a socket's namespace has.
   *
   * @param index of {@link #indexOf}
   */
  public NetInterface(int socket, int index) {
    this.socket = socket;
    this.index = index;
  }

  /**
   * The index of the interface of that name in the namespace of this thread.
   *
   * @return 0 when there is none
   */
  public static int indexOf(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length == 0 || bytes.length > LONGEST_NAME || name.indexOf(0) >= 0) {
      return 0;
    }
    int socket = Libc.netdeviceSocket();
    long ifreq = Mem.allocate(IFREQ);
    try {
      Mem.copyIn(bytes, 0, ifreq, bytes.length);
      return Libc.tryIoctl(socket, SIOCGIFINDEX, ifreq) < 0 ? 0 : Mem.getInt(ifreq + IFR_UNION);
    } finally {
      Mem.free(ifreq);
      Libc.closeFd(socket);
    }
  }

  /** The interfaces of this thread's namespace; none where /proc is missing. */
  public static List<String> names() {
    List<String> names = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(DEVICES)) {
        int colon = line.lastIndexOf(':'); // a name has none
        if (colon > 0) {
          names.add(line.substring(0, colon).trim());
        }
      }
    } catch (IOException e) {
      return List.of();
    }
    return names;
  }

  /** The network namespace of this thread, as in {@code net:[4026531840]}; "" without /proc. */
  public static String namespace() {
    try {
      return Files.readSymbolicLink(NAMESPACE).toString();
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Its name now.
   *
   * @return null when it has been removed, or moved to another namespace
   */
  public synchronized String name() {
    return refresh() ? nameIn(ifreq) : null;
  }

  /** True when it is up and has carrier; false also when it is gone. Allocates nothing. */
  public synchronized boolean running() {
    return ask(SIOCGIFFLAGS)
        && (Mem.getShort(ifreq + IFR_UNION) & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
  }

  /** True when it has been removed, or moved to another namespace. Allocates nothing. */
  public synchronized boolean gone() {
    return !refresh();
  }

  /** Bytes of its largest IP packet; 0 when it is gone. */
  public synchronized int mtu() {
    return ask(SIOCGIFMTU) ? Mem.getInt(ifreq + IFR_UNION) : 0;
  }

  /** Its MAC address, 6 bytes; zeros for one that has none. */
  public synchronized byte[] mac() {
    byte[] mac = new byte[6];
    if (ask(SIOCGIFHWADDR)) {
      Mem.copyOut(ifreq + IFR_UNION + 2, mac, 0, mac.length);
    }
    return mac;
  }

  /** Mbit/s; 0 when the driver does not say. */
  public synchronized int mbps() {
    long command = ifreq + IFREQ;
    Mem.set(command, ETHTOOL_CMD, (byte) 0);
    Mem.putInt(command, ETHTOOL_GSET);
    if (!refresh()) {
      return 0;
    }
    Mem.putLong(ifreq + IFR_UNION, command);
    if (closed || Libc.tryIoctl(socket, SIOCETHTOOL, ifreq) < 0) {
      return 0;
    }
    int mbps = Mem.getShort(command + SPEED_HI) << 16 | Mem.getShort(command + SPEED) & 0xffff;
    return Math.max(0, mbps); // −1 for unknown
  }

  private boolean ask(int request) {
    return refresh() && Libc.tryIoctl(socket, request, ifreq) >= 0;
  }

  /** Puts the name into {@link #ifreq}. */
  private boolean refresh() {
    if (closed) {
      return false;
    }
    Mem.putInt(ifreq + IFR_UNION, index);
    return Libc.tryIoctl(socket, SIOCGIFNAME, ifreq) >= 0;
  }

  /** The name at the beginning of a struct ifreq. */
  static String nameIn(long ifreq) {
    byte[] bytes = new byte[LONGEST_NAME];
    Mem.copyOut(ifreq, bytes, 0, bytes.length);
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** Idempotent; every call afterwards answers as for an interface that is gone. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Mem.free(ifreq);
    }
  }
}
