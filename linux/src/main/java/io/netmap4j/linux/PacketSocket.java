package io.netmap4j.linux;

import com.sun.jna.Native;

/**
 * A packet socket (packet(7)): whole Ethernet frames to and from a network interface of the kernel,
 * beside the kernel's stack. Needs CAP_NET_RAW. The calls of the data path allocate nothing.
 *
 * <p>One thread at a time sends or receives; {@link #statistics} is for any.
 */
public final class PacketSocket implements AutoCloseable {
  // linux/if_packet.h, asm/socket.h.
  private static final int AF_PACKET = 17;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_NONBLOCK = 04000;
  private static final int ETH_P_ALL = 3;
  private static final int SOL_SOCKET = 1;
  private static final int SO_ERROR = 4;
  private static final int SO_RCVBUF = 8;
  private static final int SO_RCVBUFFORCE = 33;
  private static final int SOL_PACKET = 263;
  private static final int PACKET_ADD_MEMBERSHIP = 1;
  private static final int PACKET_DROP_MEMBERSHIP = 2;
  private static final int PACKET_RX_RING = 5;
  private static final int PACKET_STATISTICS = 6;
  private static final int PACKET_COPY_THRESH = 7;
  private static final int PACKET_VERSION = 10;
  private static final int PACKET_VNET_HDR = 15;
  private static final int PACKET_FANOUT = 18;
  private static final int PACKET_QDISC_BYPASS = 20;
  private static final int PACKET_IGNORE_OUTGOING = 23;
  private static final int TPACKET_V2 = 1;
  private static final int FANOUT_HASH = 0;
  private static final int FANOUT_UNIQUE_ID = 0x2000;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_TRUNC = 0x20;
  private static final int EPOLL_CLOEXEC = 02000000;
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLLOUT = 4;

  /** Of {@link #membership}: every frame of the wire. */
  public static final int PROMISCUOUS = 1;

  /** Of {@link #membership}: every multicast frame. */
  public static final int ALL_MULTICAST = 2;

  /** Of {@link #membership}: one multicast address. */
  public static final int MULTICAST = 0;

  /** Of {@link #membership}: one more unicast address. */
  public static final int UNICAST = 3;

  /** Frames of a ring are multiples of this size, so that they lie side by side in its blocks. */
  public static final int FRAME_ALIGNMENT = 1024;

  // A frame of the ring: struct tpacket2_hdr, struct sockaddr_ll, struct virtio_net_hdr, the bytes.

  /** Of a frame: the {@code FRAME_*} and {@code VLAN_*} bits; 0 while it is the kernel's. */
  public static final int STATUS = 0;

  /** Of a frame: bytes that it had on the interface. */
  public static final int LENGTH = 4;

  /** Of a frame: bytes that are here. */
  public static final int CAPTURED = 8;

  /** Of a frame, 16 bits: where its bytes begin, from the beginning of the header. */
  public static final int DATA = 12;

  /** Of a frame, 16 bits: the VLAN tag that the kernel took out, and its EtherType. */
  public static final int VLAN_TCI = 24;

  public static final int VLAN_TPID = 26;

  /** Of a frame, 8 bits: whose it is, PACKET_OUTGOING and so on. */
  public static final int KIND = 42;

  /** Bytes in front of a frame's own that its header takes at most. */
  public static final int FRAME_HEADER = 128;

  /** In a frame's status: it is ours. */
  public static final int FRAME_USER = 1;

  /** In a frame's status: the whole of it is to be had by {@link #receive}. */
  public static final int FRAME_QUEUED = 2;

  /** In a frame's status. */
  public static final int VLAN_VALID = 0x10;

  public static final int VLAN_TPID_VALID = 0x40;

  /** Of a frame's kind: for another station. */
  public static final int OTHER_HOST = 3;

  /** Of a frame's kind: sent by this machine. */
  public static final int OUTGOING = 4;

  /** Bytes of struct virtio_net_hdr, in front of each frame that is received. */
  public static final int OFFLOADS = 10;

  // struct sockaddr_ll, struct packet_mreq; both have no more than this.
  private static final int SCRATCH = 32;

  // struct mmsghdr (LP64).
  private static final int MESSAGE = 64;
  private static final int MESSAGE_IOV = 16;
  private static final int MESSAGE_IOVLEN = 24;

  /** Bytes of struct iovec: an address and a length. */
  public static final int IOVEC = 16;

  private final String interfaceName;
  private final int index;
  private final int fd;
  private final long scratch = Mem.allocate(SCRATCH);
  private long ring;
  private long ringBytes;
  private long packets;
  private long drops;
  private boolean closed;

  private PacketSocket(String interfaceName, int index, int fd) {
    this.interfaceName = interfaceName;
    this.index = index;
    this.fd = fd;
  }

  /**
   * Opens a socket that is for one interface, and receives nothing yet.
   *
   * @param name of the interface, for messages
   * @param index of it, in the namespace of this thread
   * @throws LinuxException EPERM without CAP_NET_RAW
   */
  public static PacketSocket open(String name, int index) {
    int fd = Libc.socket(AF_PACKET, SOCK_RAW | UnixSocket.SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
      int errno = Native.getLastError();
      throw LinuxException.ofCall("packet socket for " + name, errno, hint(errno));
    }
    PacketSocket socket = new PacketSocket(name, index, fd);
    try {
      socket.bind(0);
      return socket;
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static String hint(int errno) {
    return switch (errno) {
      case Libc.EPERM, Libc.EACCES ->
          "it needs CAP_NET_RAW: run as root (sudo), or as root of a namespace: unshare --user"
              + " --map-root-user --net COMMAND; in a container: --cap-add NET_RAW";
      case 97 -> "the kernel has no packet sockets: modprobe af_packet"; // EAFNOSUPPORT
      default -> "raise the limit of open files: ulimit -n";
    };
  }

  private void bind(int protocol) {
    Mem.set(scratch, SCRATCH, (byte) 0);
    Mem.putShort(scratch, (short) AF_PACKET);
    Mem.putShort(scratch + 2, Short.reverseBytes((short) protocol));
    Mem.putInt(scratch + 4, index);
    if (Libc.bind(fd, scratch, 20) != 0) {
      throw failed("bind", Native.getLastError(), "");
    }
  }

  private LinuxException failed(String call, int errno, String hint) {
    boolean gone = errno == Libc.ENODEV || errno == Libc.ENXIO;
    return LinuxException.ofCall(
        "packet socket of " + interfaceName + ": " + call,
        errno,
        gone ? "the interface has been removed, or moved to another namespace" : hint);
  }

  /** For {@code poll}: readable when a frame is in the ring, or the interface has gone down. */
  public int fd() {
    return fd;
  }

  /** Sets an option of type int. @return 0 or the errno */
  private int set(int level, int option, int value) {
    Mem.putInt(scratch, value);
    return Libc.setsockopt(fd, level, option, scratch, 4) == 0 ? 0 : Native.getLastError();
  }

  private void require(int option, int value, String call) {
    int errno = set(SOL_PACKET, option, value);
    if (errno != 0) {
      throw failed(call + " " + value, errno, "Linux 4.6 or newer has it");
    }
  }

  /**
   * Makes a ring of frames that the kernel writes (TPACKET_V2: each one is handed over at once; V3
   * hands over blocks, after a time-out of at least a millisecond). Frames that are longer than one
   * of the ring's are queued, for {@link #receive}.
   *
   * @param frameSize bytes, a multiple of {@link #FRAME_ALIGNMENT}
   * @param frames at least so many
   * @param queueBytes memory for frames that are queued; less where the system's limit is less
   * @return how many frames the ring has
   * @throws LinuxException ENOMEM, and others
   */
  public int ring(int frameSize, int frames, int queueBytes) {
    require(PACKET_VERSION, TPACKET_V2, "PACKET_VERSION");
    require(PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
    require(PACKET_COPY_THRESH, 1, "PACKET_COPY_THRESH");
    set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1); // Linux 4.20; before, who reads the ring skips them
    if (set(SOL_SOCKET, SO_RCVBUFFORCE, queueBytes) != 0) { // CAP_NET_ADMIN
      set(SOL_SOCKET, SO_RCVBUF, queueBytes);
    }
    int perBlock = Math.max(1, Machine.PAGE_SIZE / FRAME_ALIGNMENT);
    int blocks = (frames + perBlock - 1) / perBlock;
    Mem.putInt(scratch, frameSize * perBlock);
    Mem.putInt(scratch + 4, blocks);
    Mem.putInt(scratch + 8, frameSize);
    Mem.putInt(scratch + 12, blocks * perBlock);
    long bytes = (long) frameSize * perBlock * blocks;
    if (Libc.setsockopt(fd, SOL_PACKET, PACKET_RX_RING, scratch, 16) != 0) {
      throw failed(
          "PACKET_RX_RING of " + (bytes >> 10) + " KiB",
          Native.getLastError(),
          "fewer slots or a smaller MTU need less of the kernel's memory");
    }
    ring =
        Libc.mmap(
            bytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, fd, 0, "is memory short?");
    ringBytes = bytes;
    return blocks * perBlock;
  }

  /** Address of the ring's first frame. */
  public long ringAddress() {
    return ring;
  }

  /** Receives from now on. */
  public void start() {
    bind(ETH_P_ALL);
  }

  /**
   * Shares what the interface receives with other sockets, by a hash of the flow. After {@link
   * #start}.
   *
   * @param group of the others; −1 begins one
   * @return the group
   */
  public int fanOut(int group) {
    int type = FANOUT_HASH | (group < 0 ? FANOUT_UNIQUE_ID : 0);
    require(PACKET_FANOUT, type << 16 | Math.max(group, 0), "PACKET_FANOUT");
    return group >= 0 ? group : get(SOL_PACKET, PACKET_FANOUT, 4) & 0xffff;
  }

  private int get(int level, int option, int length) {
    Mem.putLong(scratch, 0);
    Mem.putInt(scratch + 16, length);
    Libc.getsockopt(fd, level, option, scratch, scratch + 16);
    return Mem.getInt(scratch);
  }

  /** Hands frames to the driver without the interface's queueing discipline. Linux 3.14. */
  public void bypassQdisc() {
    require(PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
  }

  /**
   * Joins or leaves what the interface receives; all of it is left when the socket is closed.
   *
   * @param type {@link #PROMISCUOUS} and so on
   * @param mac 6 bytes, for {@link #MULTICAST} and {@link #UNICAST}; else null
   * @throws LinuxException EIO when the socket is closed; the errno of setsockopt(2)
   */
  public synchronized void membership(boolean join, int type, byte[] mac) {
    if (closed) {
      throw failed("membership " + type, Libc.EIO, "it is closed"); // others may have its number
    }
    Mem.set(scratch, SCRATCH, (byte) 0);
    Mem.putInt(scratch, index);
    Mem.putShort(scratch + 4, (short) type);
    if (mac != null) {
      Mem.putShort(scratch + 6, (short) mac.length);
      Mem.copyIn(mac, 0, scratch + 8, mac.length);
    }
    int option = join ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP;
    if (Libc.setsockopt(fd, SOL_PACKET, option, scratch, 16) != 0) {
      throw failed("membership " + type, Native.getLastError(), "");
    }
  }

  /**
   * Takes the frame that is queued first, with its {@link #OFFLOADS} in front. That the interface
   * went down is forgotten: the kernel tells it once, in place of a frame, and the frame stays.
   *
   * @return bytes that it has, also when fewer fit; or −errno
   */
  public long receive(long address, int most) {
    long bytes = receiveOnce(address, most);
    return bytes == -Libc.ENETDOWN ? receiveOnce(address, most) : bytes;
  }

  private long receiveOnce(long address, int most) {
    long bytes = Libc.recv(fd, address, most, MSG_DONTWAIT | MSG_TRUNC);
    return bytes < 0 ? -Native.getLastError() : bytes;
  }

  /**
   * Forgets that the interface went down, so that the descriptor is not readable because of that.
   */
  public synchronized void clearError() {
    if (!closed) {
      get(SOL_SOCKET, SO_ERROR, 4);
    }
  }

  /** Makes {@code messages} of {@link #MESSAGE} bytes ready for {@link #message}. */
  public static long messages(int count) {
    return Mem.allocate((long) MESSAGE * count);
  }

  /** Message {@code i} is the bytes of so many parts, structs iovec. */
  public static void message(long messages, int i, long iov, int parts) {
    long message = messages + (long) i * MESSAGE;
    Mem.putLong(message + MESSAGE_IOV, iov);
    Mem.putLong(message + MESSAGE_IOVLEN, parts);
  }

  /** How many parts message {@code i} has. */
  public static int parts(long messages, int i) {
    return (int) Mem.getLong(messages + (long) i * MESSAGE + MESSAGE_IOVLEN);
  }

  /**
   * Sends messages [first, end), each one frame, as many as are taken. Never waits.
   *
   * @return how many, at least one; or −errno of the first: EAGAIN when too much of what was sent
   *     is in the interface's queue, ENOBUFS when that is full, ENETDOWN when the interface is
   *     down, ENXIO when it is gone, EMSGSIZE for a frame that is too long
   */
  public int send(long messages, int first, int end) {
    int sent = Libc.sendmmsg(fd, messages + (long) first * MESSAGE, end - first, MSG_DONTWAIT);
    return sent < 0 ? -Native.getLastError() : sent;
  }

  /**
   * A descriptor that is readable while {@link #send} is not EAGAIN. The caller closes it.
   *
   * @throws LinuxException EMFILE and others
   */
  public int roomFd() {
    int epoll = Libc.epoll_create1(EPOLL_CLOEXEC);
    Mem.set(scratch, SCRATCH, (byte) 0);
    Mem.putInt(scratch, EPOLLOUT);
    if (epoll < 0 || Libc.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, scratch) != 0) {
      int errno = Native.getLastError();
      if (epoll >= 0) {
        Libc.closeFd(epoll);
      }
      throw failed("epoll", errno, "raise the limit of open files: ulimit -n");
    }
    return epoll;
  }

  /**
   * Frames for this socket since it was opened.
   *
   * @param seen those that it had room for, and the others
   * @param dropped the others
   */
  public record Statistics(long seen, long dropped) {}

  /** The kernel forgets its counts when they are read: these are the sums. */
  public synchronized Statistics statistics() {
    if (!closed) {
      Mem.putLong(scratch, 0);
      Mem.putInt(scratch + 16, 8);
      if (Libc.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, scratch, scratch + 16) == 0) {
        packets += Mem.getInt(scratch) & 0xffffffffL;
        drops += Mem.getInt(scratch + 4) & 0xffffffffL;
      }
    }
    return new Statistics(packets, drops);
  }

  /** Idempotent. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (ring != 0) {
      Libc.unmap(ring, ringBytes);
    }
    Libc.closeFd(fd);
    Mem.free(scratch);
  }
}
