package io.netmap4j.vfio;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.netmap4j.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.UnixSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VFIO as spoken to another process over a Unix socket: the client of the vfio-user protocol 0.0.
 *
 * <p>One request at a time, answered within {@link #PATIENCE_MILLIS}. A reply that is not exactly
 * what was asked for ends the connection, and every later call says why. Register writes are posted
 * (no reply), as on PCIe; a read after them finds them done.
 */
final class VfioUser implements Vfio, VfioIommu {
  private static final Logger LOG = LoggerFactory.getLogger(VfioUser.class);
  private static final int VERSION = 1;
  private static final int DMA_MAP = 2;
  private static final int DMA_UNMAP = 3;
  private static final int DEVICE_GET_INFO = 4;
  private static final int DEVICE_GET_REGION_INFO = 5;
  private static final int DEVICE_GET_IRQ_INFO = 7;
  private static final int DEVICE_SET_IRQS = 8;
  private static final int REGION_READ = 9;
  private static final int REGION_WRITE = 10;
  private static final int DMA_READ = 11;
  private static final int DMA_WRITE = 12;
  private static final int DEVICE_RESET_COMMAND = 13;

  private static final int TYPE_MASK = 0xf;
  private static final int TYPE_REPLY = 1;
  private static final int NO_REPLY = 1 << 4;
  private static final int ERROR = 1 << 5;

  private static final int DMA_READ_WRITE = 3;
  private static final int IRQ_DATA_NONE = 1;
  private static final int IRQ_DATA_EVENTFD = 1 << 2;
  private static final int IRQ_ACTION_UNMASK = 1 << 4;
  private static final int IRQ_ACTION_TRIGGER = 1 << 5;

  /** Message id, command, size, flags, error: 16 bytes before every payload. */
  private static final int HEADER = 16;

  private static final int BUFFER = 8192;
  private static final int PATIENCE_MILLIS = 900;
  private static final int[] NO_FDS = {};

  private final String name;
  private final UnixSocket socket;
  private final int patienceMillis;
  private final long out = Mem.allocate(BUFFER);
  private final long in = Mem.allocate(BUFFER);
  private final Deque<Integer> fds = new ArrayDeque<>();
  private DeviceInfo info;
  private int messageFds = 1;
  private int lastId;
  private NetmapException broken;
  private Boolean released;
  private boolean closed;

  private VfioUser(String name, UnixSocket socket, int patienceMillis) {
    this.name = name;
    this.socket = socket;
    this.patienceMillis = patienceMillis;
  }

  /**
   * Connects and negotiates.
   *
   * @throws NetmapException ENXIO nobody serves the socket, EBUSY another client has it, EIO what
   *     answers does not speak vfio-user 0.0
   */
  static VfioUser connect(Path path) {
    return connect(path, PATIENCE_MILLIS);
  }

  static VfioUser connect(Path path, int patienceMillis) {
    String name = "vfio-user:" + path;
    UnixSocket socket;
    try {
      socket = UnixSocket.connect(path);
    } catch (LinuxException e) {
      throw new NetmapException(
          Libc.ENXIO,
          name
              + ": "
              + e.getMessage()
              + "; a modelled card is served by: netmap4j nic-model -s "
              + path,
          e);
    }
    VfioUser user = new VfioUser(name, socket, patienceMillis);
    try {
      user.negotiate();
      user.info = user.askInfo();
      return user;
    } catch (RuntimeException e) {
      user.close();
      throw e;
    }
  }

  private void negotiate() {
    byte[] offer =
        ("{\"capabilities\":{\"max_msg_fds\":"
                + UnixSocket.MOST_FDS
                + ",\"max_data_xfer_size\":1048576}}\0")
            .getBytes(StandardCharsets.US_ASCII);
    int size;
    synchronized (this) {
      Mem.putShort(payload(), (short) 0);
      Mem.putShort(payload() + 2, (short) 0);
      Mem.copyIn(offer, 0, payload() + 4, offer.length);
      size = request(VERSION, 4 + offer.length, NO_FDS);
      check(size >= 4, "a version of " + size + " bytes");
      int major = Mem.getShort(answer()) & 0xffff;
      check(major == 0, "version " + major + ", this client speaks 0");
      byte[] text = new byte[size - 4];
      Mem.copyOut(answer() + 4, text, 0, text.length);
      takeCapabilities(text);
    }
  }

  private void takeCapabilities(byte[] text) {
    if (text.length == 0) {
      return;
    }
    check(text[text.length - 1] == 0, "capabilities that do not end in a NUL");
    String json = new String(text, 0, text.length - 1, StandardCharsets.UTF_8);
    try {
      JsonObject all = JsonParser.parseString(json).getAsJsonObject();
      JsonElement capabilities = all.get("capabilities");
      JsonElement most =
          capabilities == null ? null : capabilities.getAsJsonObject().get("max_msg_fds");
      if (most != null) {
        messageFds = Math.min(most.getAsInt(), UnixSocket.MOST_FDS);
      }
    } catch (JsonParseException | IllegalStateException | NumberFormatException e) {
      throw fail(Libc.EIO, "capabilities that are no JSON object: " + e.getMessage(), e);
    }
    check(messageFds > 0, "max_msg_fds of " + messageFds + ": memory is passed by descriptor");
  }

  private synchronized DeviceInfo askInfo() {
    putInts(16, 0, 0, 0);
    int size = request(DEVICE_GET_INFO, 16, NO_FDS);
    check(size >= 16, "device info of " + size + " bytes, not 16");
    return new DeviceInfo(
        Mem.getInt(answer() + 4), Mem.getInt(answer() + 8), Mem.getInt(answer() + 12));
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public synchronized long regionSize(int region) {
    putInts(32, 0, region, 0, 0, 0, 0, 0);
    int size = request(DEVICE_GET_REGION_INFO, 32, NO_FDS);
    check(size >= 32, "region info of " + size + " bytes, not 32");
    check(Mem.getInt(answer() + 8) == region, "info of another region than " + region);
    long bytes = Mem.getLong(answer() + 16);
    check(bytes >= 0, "a region of " + Long.toUnsignedString(bytes) + " bytes");
    return bytes;
  }

  @Override
  public synchronized int irqCount(int index) {
    putInts(16, 0, index, 0);
    int size = request(DEVICE_GET_IRQ_INFO, 16, NO_FDS);
    check(size >= 16, "irq info of " + size + " bytes, not 16");
    check(Mem.getInt(answer() + 8) == index, "info of another interrupt index than " + index);
    int count = Mem.getInt(answer() + 12);
    check(count >= 0 && count <= 2048, count + " interrupt vectors");
    return count;
  }

  @Override
  public synchronized int read(int region, long offset, int bytes) {
    putAccess(region, offset, bytes);
    int size = request(REGION_READ, 16, NO_FDS);
    check(size == 16 + bytes, "a read of " + bytes + " bytes with a reply of " + size);
    checkAccess(region, offset, bytes);
    long data = answer() + 16;
    return switch (bytes) {
      case 1 -> Mem.getByte(data) & 0xff;
      case 2 -> Mem.getShort(data) & 0xffff;
      default -> Mem.getInt(data);
    };
  }

  @Override
  public synchronized void write(int region, long offset, int bytes, int value) {
    putAccess(region, offset, bytes);
    Mem.putInt(payload() + 16, value);
    int size = request(REGION_WRITE, 16 + bytes, NO_FDS);
    check(size == 16, "a write with a reply of " + size + " bytes, not 16");
    checkAccess(region, offset, bytes);
  }

  @Override
  public synchronized void post(int region, long offset, int value) {
    putAccess(region, offset, 4);
    Mem.putInt(payload() + 16, value);
    send(REGION_WRITE, 20, NO_REPLY, NO_FDS, deadline());
  }

  private void putAccess(int region, long offset, int bytes) {
    Mem.putLong(payload(), offset);
    Mem.putInt(payload() + 8, region);
    Mem.putInt(payload() + 12, bytes);
  }

  private void checkAccess(int region, long offset, int bytes) {
    boolean same =
        Mem.getLong(answer()) == offset
            && Mem.getInt(answer() + 8) == region
            && Mem.getInt(answer() + 12) == bytes;
    if (!same) {
      check(
          false,
          String.format(
              "a reply for %d bytes at 0x%x of region %d, %d at 0x%x of %d were asked for",
              Mem.getInt(answer() + 12),
              Mem.getLong(answer()),
              Mem.getInt(answer() + 8),
              bytes,
              offset,
              region));
    }
  }

  @Override
  public long mapped(int region) {
    return 0;
  }

  @Override
  public Window[] windows() {
    return new Window[] {new Window(0, Long.MAX_VALUE)};
  }

  @Override
  public synchronized void mapDma(long iova, long size, long address, int fd, long offset) {
    putInts(32, DMA_READ_WRITE);
    Mem.putLong(payload() + 8, offset);
    Mem.putLong(payload() + 16, iova);
    Mem.putLong(payload() + 24, size);
    request(DMA_MAP, 32, new int[] {fd});
  }

  @Override
  public synchronized void unmapDma(long iova, long size) {
    if (!closed && broken == null) {
      try {
        putInts(24, 0);
        Mem.putLong(payload() + 8, iova);
        Mem.putLong(payload() + 16, size);
        int got = request(DMA_UNMAP, 24, NO_FDS);
        check(
            got < 24 || Mem.getLong(answer() + 8) == iova && Mem.getLong(answer() + 16) == size,
            "another range than was to be unmapped");
        return;
      } catch (NetmapException e) {
        broken = e; // a mapping that is not taken back is as bad as a lost connection
      }
    }
    if (!released()) {
      throw new NetmapException(
          Libc.EIO,
          name
              + ": the server has not let go of the memory that it was given, and is still there; it stays unused"
              + " until this process ends; end the server",
          broken);
    }
  }

  /**
   * A server that has closed its end has no mapping any more: one that is dead has none, and one
   * that lives takes them back first. Asked once, waits up to a second.
   */
  private boolean released() {
    if (released == null && closed) {
      return false;
    }
    if (released == null) {
      socket.shutdownOutput();
      long deadline = deadline();
      try {
        while (socket.receive(in, BUFFER, fds, deadline) > 0) {
          closeFds();
        }
        released = true;
      } catch (LinuxException e) {
        released = e.errno() == Libc.ECONNRESET;
      }
      closeFds();
    }
    return released;
  }

  @Override
  public synchronized void setIrqs(int index, int[] eventFds) {
    if (eventFds.length == 0) {
      putInts(20, IRQ_DATA_NONE | IRQ_ACTION_TRIGGER, index, 0, 0);
      request(DEVICE_SET_IRQS, 20, NO_FDS);
    }
    for (int start = 0; start < eventFds.length; start += messageFds) {
      int[] some =
          Arrays.copyOfRange(eventFds, start, Math.min(start + messageFds, eventFds.length));
      putInts(20, IRQ_DATA_EVENTFD | IRQ_ACTION_TRIGGER, index, start, some.length);
      request(DEVICE_SET_IRQS, 20, some);
    }
  }

  @Override
  public synchronized void unmaskIntx() {
    putInts(20, IRQ_DATA_NONE | IRQ_ACTION_UNMASK, INTX, 0, 1);
    request(DEVICE_SET_IRQS, 20, NO_FDS);
  }

  @Override
  public synchronized void reset() {
    request(DEVICE_RESET_COMMAND, 0, NO_FDS);
  }

  /** Where a request is written, while requests are possible. */
  private long payload() {
    checkUsable();
    return out + HEADER;
  }

  private long answer() {
    return in + HEADER;
  }

  private long deadline() {
    return System.nanoTime() + patienceMillis * 1_000_000L;
  }

  private void putInts(int... values) {
    for (int i = 0; i < values.length; i++) {
      Mem.putInt(payload() + 4L * i, values[i]);
    }
  }

  /** Sends what stands at {@link #payload} and waits for the reply. @return its payload's size */
  private int request(int command, int size, int[] with) {
    long deadline = deadline();
    send(command, size, 0, with, deadline);
    try {
      int replySize = receiveMessage(deadline);
      while ((Mem.getInt(in + 8) & TYPE_MASK) != TYPE_REPLY) {
        refuse(deadline);
        replySize = receiveMessage(deadline);
      }
      return checkReply(command, replySize);
    } catch (LinuxException e) {
      throw fail(e);
    } finally {
      closeFds(); // none is ever wanted
    }
  }

  private void send(int command, int size, int flags, int[] with, long deadline) {
    checkUsable();
    lastId = lastId + 1 & 0xffff;
    putHeader(lastId, command, HEADER + size, flags, 0);
    try {
      socket.send(out, HEADER + size, with, deadline);
    } catch (LinuxException e) {
      throw fail(e);
    }
  }

  private void putHeader(int id, int command, int size, int flags, int error) {
    Mem.putShort(out, (short) id);
    Mem.putShort(out + 2, (short) command);
    Mem.putInt(out + 4, size);
    Mem.putInt(out + 8, flags);
    Mem.putInt(out + 12, error);
  }

  /**
   * @return the size of the payload
   */
  private int receiveMessage(long deadline) {
    socket.receiveFully(in, HEADER, fds, deadline);
    int size = Mem.getInt(in + 4);
    check(size >= HEADER && size <= BUFFER, "a message of " + Integer.toUnsignedString(size));
    socket.receiveFully(answer(), size - HEADER, fds, deadline);
    return size - HEADER;
  }

  /**
   * The server asks something of us. All our memory is passed by descriptor: an access that asks is
   * one that found none.
   */
  private void refuse(long deadline) {
    int flags = Mem.getInt(in + 8);
    check((flags & TYPE_MASK) == 0, "a message of unknown type " + (flags & TYPE_MASK));
    int command = Mem.getShort(in + 2) & 0xffff;
    boolean dma = command == DMA_READ || command == DMA_WRITE;
    if (dma && Mem.getInt(in + 4) >= HEADER + 16) {
      LOG.error(
          "{}: the card was refused {} of {} bytes at 0x{}: this process has not mapped that for it",
          name,
          command == DMA_READ ? "a read" : "a write",
          Long.toUnsignedString(Mem.getLong(answer() + 8)),
          Long.toHexString(Mem.getLong(answer())));
    }
    if ((flags & NO_REPLY) == 0) {
      int errno = dma ? Libc.EFAULT : Libc.EOPNOTSUPP;
      putHeader(Mem.getShort(in) & 0xffff, command, HEADER, TYPE_REPLY | ERROR, errno);
      socket.send(out, HEADER, NO_FDS, deadline);
    }
  }

  private int checkReply(int command, int size) {
    int id = Mem.getShort(in) & 0xffff;
    int answered = Mem.getShort(in + 2) & 0xffff;
    check(
        id == lastId && answered == command,
        "reply "
            + id
            + " to command "
            + answered
            + " when "
            + lastId
            + " to "
            + command
            + " was due");
    if ((Mem.getInt(in + 8) & ERROR) != 0) {
      int errno = Mem.getInt(in + 12);
      throw new NetmapException(
          errno == Libc.EBUSY ? Libc.EBUSY : Libc.EIO,
          name
              + ": the server refuses command "
              + command
              + ": "
              + new LinuxException("error", errno, "").getMessage());
    }
    return size;
  }

  private void checkUsable() {
    if (closed) {
      throw new NetmapException(Libc.ENXIO, name + " is closed");
    }
    if (broken != null) {
      throw new NetmapException(broken.errno(), broken.getMessage(), broken);
    }
  }

  private void check(boolean good, String what) {
    if (!good) {
      throw fail(Libc.EIO, "the server sent " + what, null);
    }
  }

  private NetmapException fail(LinuxException e) {
    return fail(
        e.errno() == Libc.ETIMEDOUT ? Libc.EIO : Libc.ENXIO,
        e.errno() == Libc.ETIMEDOUT
            ? "the server has not answered for " + patienceMillis + " ms: is it stopped?"
            : "the server is gone: " + e.getMessage(),
        e);
  }

  /** Ends the conversation; what is mapped stays mapped until {@link #released}. */
  private NetmapException fail(int errno, String what, Throwable cause) {
    broken = new NetmapException(errno, name + ": " + what, cause);
    socket.shutdownOutput();
    return broken;
  }

  private void closeFds() {
    while (!fds.isEmpty()) {
      Libc.closeFd(fds.poll());
    }
  }

  /** Waits for the server's end, so that it is free for the next client. */
  @Override
  public synchronized void close() {
    if (!closed) {
      if (broken == null) {
        released();
      }
      closed = true;
      socket.close();
      closeFds();
      Mem.free(out);
      Mem.free(in);
    }
  }
}
