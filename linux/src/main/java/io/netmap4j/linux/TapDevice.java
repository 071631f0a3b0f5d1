package io.netmap4j.linux;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * A TAP device: a network interface of the kernel whose other end is a file descriptor. What the
 * kernel sends through the interface is {@linkplain #read read} here, one Ethernet frame a call and
 * without CRC; what is {@linkplain #write written} here the interface receives.
 *
 * <p>Offloads stay off, as by default: the kernel segments and checksums what it sends, and
 * verifies the checksums of what it receives.
 *
 * <p>The interface is gone when this is closed or the process ends. It may be moved to another
 * network namespace ({@code ip link set NAME netns NS}) at any time: frames then cross as before,
 * and {@link #close} removes it there, but {@link #mac}, {@link #mtu} and {@link #up} look for it
 * in this thread's namespace.
 *
 * <p>Needs CAP_NET_ADMIN. Reading and writing may be two threads' work; closing is for when neither
 * does.
 */
public final class TapDevice implements AutoCloseable {
  /** The longest name, in bytes: IFNAMSIZ less the closing zero. */
  public static final int LONGEST_NAME = 15;

  private static final String CLONE = "/dev/net/tun";

  // linux/if_tun.h.
  private static final int TUNSETIFF = Machine.iow('T', 202, Integer.BYTES);
  private static final int TUNSETCARRIER = Machine.iow('T', 226, Integer.BYTES); // Linux 5.0
  private static final int IFF_TAP = 0x0002;
  private static final int IFF_NO_PI = 0x1000;
  private static final int IFF_MULTI_QUEUE = 0x0100;

  /** Refuse a name that exists: it would be somebody's persistent device, which outlives us. */
  private static final int IFF_TUN_EXCL = 0x8000;

  // linux/sockios.h, linux/if.h, linux/if_arp.h.
  private static final int SIOCGIFFLAGS = 0x8913;
  private static final int SIOCSIFFLAGS = 0x8914;
  private static final int SIOCSIFMTU = 0x8922;
  private static final int SIOCSIFHWADDR = 0x8924;
  private static final int IFF_UP = 1;
  private static final int ARPHRD_ETHER = 1;

  // struct ifreq: a name, then a union.
  private static final int IFREQ = 40;
  private static final int IFR_UNION = 16;

  /** MAX_TAP_QUEUES of the kernel's tun module. */
  public static final int MOST_QUEUES = 256;

  private final String name;

  /** One for each queue; −1 when closed. */
  private final int[] fds;

  private TapDevice(int[] fds, String name) {
    this.fds = fds;
    this.name = name;
  }

  /** As {@link #create(String, int)}, with one queue. */
  public static TapDevice create(String name) {
    return create(name, 1);
  }

  /**
   * Makes an interface, which is down at first and has a MAC address chosen by the kernel.
   *
   * @param name 1 to 15 bytes; the kernel puts a number in place of {@code %d}
   * @param queues 1 to {@link #MOST_QUEUES}, each with a descriptor of its own. The kernel spreads
   *     flows over them: all of them have to be read
   * @throws LinuxException naming what is missing and the command that mends it
   */
  public static TapDevice create(String name, int queues) {
    byte[] bytes = checked(name);
    int shape = IFF_TAP | IFF_NO_PI | (queues > 1 ? IFF_MULTI_QUEUE : 0);
    int[] fds = new int[queues];
    Arrays.fill(fds, -1);
    long ifreq = Mem.allocate(IFREQ);
    try {
      Mem.copyIn(bytes, 0, ifreq, bytes.length);
      for (int q = 0; q < queues; q++) {
        fds[q] = openClone();
        // The first makes the interface, and the kernel leaves its name in ifreq.
        int flags = q == 0 ? shape | IFF_TUN_EXCL : shape;
        Mem.putShort(ifreq + IFR_UNION, (short) flags);
        int done = Libc.tryIoctl(fds[q], TUNSETIFF, ifreq);
        if (done < 0) {
          throw LinuxException.ofCall(
              "TAP device " + name + ": TUNSETIFF", -done, hint(-done, name));
        }
      }
      return new TapDevice(fds, nameIn(ifreq));
    } catch (RuntimeException e) {
      closeAll(fds);
      throw e;
    } finally {
      Mem.free(ifreq);
    }
  }

  private static byte[] checked(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > LONGEST_NAME) {
      throw LinuxException.ofCall(
          "TAP device " + name,
          Libc.ENAMETOOLONG,
          "the name has " + bytes.length + " bytes, an interface's at most " + LONGEST_NAME);
    }
    if (bytes.length == 0) {
      throw LinuxException.ofCall("TAP device without a name", Libc.EINVAL, "give it one: tap0");
    }
    return bytes;
  }

  private static int openClone() {
    return Libc.open(
        CLONE,
        Libc.O_RDWR | Libc.O_NONBLOCK,
        0,
        "a TAP device needs root (sudo) and the kernel's tun module: modprobe tun;"
            + " in a container: --device /dev/net/tun --cap-add NET_ADMIN;"
            + " if only the node is missing: mkdir -p /dev/net && mknod /dev/net/tun c 10 200");
  }

  private static String hint(int errno, String name) {
    return switch (errno) {
      case Libc.EPERM ->
          "making interfaces needs CAP_NET_ADMIN: run as root (sudo),"
              + " or as root of a namespace: unshare --user --map-root-user --net COMMAND";
      case Libc.EBUSY ->
          "there is an interface of that name: choose another, or remove it: ip link del " + name;
      case Libc.EINVAL -> "an interface's name is not . or .. and has neither / nor : nor blanks";
      default -> "";
    };
  }

  private static String nameIn(long ifreq) {
    byte[] bytes = new byte[IFR_UNION];
    Mem.copyOut(ifreq, bytes, 0, bytes.length);
    int end = 0;
    while (end < LONGEST_NAME && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** The interface's name, as it was made. */
  public String name() {
    return name;
  }

  /** For waiting: readable when the kernel has sent something. −1 after {@link #close}. */
  public int fd() {
    return fds[0];
  }

  /** As {@link #fd()}, of one queue. */
  public int fd(int queue) {
    return fds[queue];
  }

  /**
   * Sets the interface's own MAC address.
   *
   * @param mac 48 bits, first octet highest, unicast and not zero
   */
  public void mac(long mac) {
    configure(
        "SIOCSIFHWADDR " + String.format(Locale.ROOT, "%012x", mac),
        "a MAC address is unicast and not zero, as 020000000001",
        (socket, ifreq) -> {
          Mem.putShort(ifreq + IFR_UNION, (short) ARPHRD_ETHER);
          for (int i = 0; i < 6; i++) {
            Mem.putByte(ifreq + IFR_UNION + 2 + i, (byte) (mac >>> 8 * (5 - i)));
          }
          return Libc.tryIoctl(socket, SIOCSIFHWADDR, ifreq);
        });
  }

  /**
   * Sets the longest IP packet that the kernel sends through the interface, in bytes. What the
   * interface receives is not held to it.
   */
  public void mtu(int bytes) {
    configure(
        "SIOCSIFMTU " + bytes,
        "the kernel's limits are 68 and 65521",
        (socket, ifreq) -> {
          Mem.putInt(ifreq + IFR_UNION, bytes);
          return Libc.tryIoctl(socket, SIOCSIFMTU, ifreq);
        });
  }

  /** Brings the interface up: {@code ip link set NAME up}. */
  public void up() {
    configure(
        "SIOCSIFFLAGS IFF_UP",
        "",
        (socket, ifreq) -> {
          int got = Libc.tryIoctl(socket, SIOCGIFFLAGS, ifreq);
          if (got < 0) {
            return got;
          }
          Mem.putShort(ifreq + IFR_UNION, (short) (Mem.getShort(ifreq + IFR_UNION) | IFF_UP));
          return Libc.tryIoctl(socket, SIOCSIFFLAGS, ifreq);
        });
  }

  /**
   * Switches the interface's carrier, which is on at first: the kernel sees the link go up or down.
   * Works in whatever namespace the interface is. No effect before Linux 5.0.
   */
  public void carrier(boolean on) {
    long flag = Mem.allocate(4);
    try {
      Mem.putInt(flag, on ? 1 : 0);
      int ignored = Libc.tryIoctl(fds[0], TUNSETCARRIER, flag);
    } finally {
      Mem.free(flag);
    }
  }

  @FunctionalInterface
  private interface Request {
    /** Fills the union of {@code ifreq} and asks. @return 0 or −errno */
    int ask(int socket, long ifreq);
  }

  private void configure(String what, String hint, Request request) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    int socket = Libc.netdeviceSocket();
    long ifreq = Mem.allocate(IFREQ);
    try {
      Mem.copyIn(bytes, 0, ifreq, bytes.length);
      int done = request.ask(socket, ifreq);
      if (done < 0) {
        throw LinuxException.ofCall(
            "TAP device " + name + ": " + what,
            -done,
            -done == Libc.ENODEV ? "it has been removed, or moved to another namespace" : hint);
      }
    } finally {
      Mem.free(ifreq);
      Libc.closeFd(socket);
    }
  }

  /** True when the interface is up, in whatever namespace it is now. A system call. */
  public boolean isUp() {
    // The kernel says POLLOUT only of an interface that is up: tun_sock_writeable().
    int events = fds[0] < 0 ? 0 : Libc.pollNow(fds[0], Libc.POLLOUT);
    return (events & (Libc.POLLOUT | Libc.POLLERR)) == Libc.POLLOUT;
  }

  /**
   * Takes the next frame that the kernel has sent. Never waits, allocates nothing.
   *
   * @param bytes room at {@code address}; the rest of a longer frame is lost
   * @return its length, or −EAGAIN when there is none, −errno when the interface is gone
   */
  public long read(long address, int bytes) {
    return Libc.tryRead(fds[0], address, bytes);
  }

  /**
   * Sends the kernel a frame. Never waits, allocates nothing.
   *
   * @return its length, −EAGAIN when it can be sent later, −EIO when the interface is down, or
   *     another −errno: the frame is lost
   */
  public long write(long address, int bytes) {
    return Libc.tryWrite(fds[0], address, bytes);
  }

  /**
   * As {@link #read}, from one queue and into several pieces of memory.
   *
   * @param iov address of {@code pieces} structures iovec: address and bytes, 8 bytes each
   * @return as {@link #read}. More than the pieces hold for a longer frame, whose rest is lost
   */
  public long readv(int queue, long iov, int pieces) {
    return Libc.tryReadv(fds[queue], iov, pieces);
  }

  /** As {@link #write}, by one queue, of a frame in several pieces of memory as for readv. */
  public long writev(int queue, long iov, int pieces) {
    return Libc.tryWritev(fds[queue], iov, pieces);
  }

  /** Removes the interface. Idempotent. */
  @Override
  public void close() {
    closeAll(fds);
  }

  private static void closeAll(int[] fds) {
    for (int q = 0; q < fds.length; q++) {
      if (fds[q] >= 0) {
        Libc.closeFd(fds[q]);
        fds[q] = -1;
      }
    }
  }
}
