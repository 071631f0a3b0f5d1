package io.netmap4j.vfio;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.linux.UnixSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The client of the vfio-user protocol 0.0: VFIO over a Unix socket, provided by another process.
 *
 * <p>One request at a time, answered within {@link #PATIENCE_PROPERTY}: a server that stops for a
 * while is waited for. A reply that is not exactly what was asked for ends the connection, and
 * every later call says why. Register writes are posted (no reply), as on PCIe, and wait only when
 * 1 MiB of them is kept for a slow server; a read after them finds them done.
 */
final class VfioUser implements Vfio, VfioIommu {
  private static final int VERSION = 1;
  private static final int DMA_MAP = 2;
  private static final int DMA_UNMAP = 3;
  private static final int DEVICE_GET_INFO = 4;
  private static final int DEVICE_GET_REGION_INFO = 5;
  private static final int DEVICE_GET_IRQ_INFO = 7;
  private static final int DEVICE_SET_IRQS = 8;
  private static final int REGION_READ = 9;
  private static final int REGION_WRITE = 10;
  private static final int DEVICE_RESET_COMMAND = 13;
  private static final int REGION_FLAG_MMAP = 1 << 2;

  /**
   * A system property: how many milliseconds a server may take to answer before the connection is
   * given up.
   */
  static final String PATIENCE_PROPERTY = "netmap4j.vfio-user.patience";

  private static final int PATIENCE_MILLIS = Integer.getInteger(PATIENCE_PROPERTY, 30_000);

  private final VfioUserConnection server;
  private DeviceInfo info;
  private int messageFds = 1;
  private volatile long bar;
  private long barSize;

  private VfioUser(VfioUserConnection server) {
    this.server = server;
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
      socket = UnixSocket.connect(path, System.nanoTime() + patienceMillis * 1_000_000L);
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
    VfioUser user = new VfioUser(new VfioUserConnection(name, socket, patienceMillis));
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
      Mem.putShort(server.payload(), (short) 0);
      Mem.putShort(server.payload() + 2, (short) 0);
      Mem.copyIn(offer, 0, server.payload() + 4, offer.length);
      size = server.request(VERSION, 4 + offer.length);
      server.check(size >= 4, "a version of %d bytes", size);
      int major = Mem.getShort(server.answer()) & 0xffff;
      server.check(major == 0, "version %d, this client speaks 0", major);
      byte[] text = new byte[size - 4];
      Mem.copyOut(server.answer() + 4, text, 0, text.length);
      takeCapabilities(text);
    }
  }

  private void takeCapabilities(byte[] text) {
    if (text.length == 0) {
      return;
    }
    server.check(text[text.length - 1] == 0, "capabilities that do not end in a NUL");
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
      throw server.fail(Libc.EIO, "capabilities that are no JSON object: " + e.getMessage(), e);
    }
    server.check(messageFds > 0, "max_msg_fds of %d: memory is passed by descriptor", messageFds);
  }

  private synchronized DeviceInfo askInfo() {
    putInts(16, 0, 0, 0);
    int size = server.request(DEVICE_GET_INFO, 16);
    server.check(size >= 16, "device info of %d bytes, not 16", size);
    return new DeviceInfo(
        Mem.getInt(server.answer() + 4),
        Mem.getInt(server.answer() + 8),
        Mem.getInt(server.answer() + 12));
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public synchronized long regionSize(int region) {
    putInts(32, 0, region, 0, 0, 0, 0, 0);
    int size = server.requestFd(DEVICE_GET_REGION_INFO, 32);
    int fd = server.takeFd();
    try {
      return regionInfo(region, size, fd);
    } finally {
      if (fd >= 0) {
        Libc.closeFd(fd);
      }
    }
  }

  private long regionInfo(int region, int size, int fd) {
    server.check(size >= 32, "region info of %d bytes, not 32", size);
    server.check(
        Mem.getInt(server.answer() + 8) == region, "info of another region than %d", region);
    long bytes = Mem.getLong(server.answer() + 16);
    server.check(bytes >= 0, "a region of %s bytes", Long.toUnsignedString(bytes));
    boolean mappable = (Mem.getInt(server.answer() + 4) & REGION_FLAG_MMAP) != 0;
    if (region == BAR0 && mappable && fd >= 0 && bytes > 0 && bar == 0) {
      map(fd, Mem.getLong(server.answer() + 24), bytes);
    }
    return bytes;
  }

  /** The server offers BAR 0 as a file: our loads and stores go there, as with a real card. */
  private void map(int fd, long offset, long bytes) {
    Libc.FileState file = Libc.stat(fd);
    server.check(
        file.regular() && offset >= 0 && offset <= file.size() - bytes,
        "a file of %d bytes for %d of BAR 0 at %d",
        file.size(),
        bytes,
        offset);
    bar =
        Libc.mmap(
            bytes,
            Libc.PROT_READ | Libc.PROT_WRITE,
            Libc.MAP_SHARED,
            fd,
            offset,
            server.name + ": BAR 0");
    barSize = bytes;
  }

  @Override
  public synchronized int irqCount(int index) {
    putInts(16, 0, index, 0);
    int size = server.request(DEVICE_GET_IRQ_INFO, 16);
    server.check(size >= 16, "irq info of %d bytes, not 16", size);
    server.check(
        Mem.getInt(server.answer() + 8) == index, "info of another interrupt index than %d", index);
    int count = Mem.getInt(server.answer() + 12);
    server.check(count >= 0 && count <= 2048, "%d interrupt vectors", count);
    return count;
  }

  @Override
  public synchronized int read(int region, long offset, int bytes) {
    if (region == BAR0 && bar != 0 && bytes == 4) {
      server.checkAlive();
      return Order.readRegister(bar + offset);
    }
    putAccess(region, offset, bytes);
    int size = server.request(REGION_READ, 16);
    server.check(size == 16 + bytes, "a read of %d bytes with a reply of %d", bytes, size);
    checkAccess(region, offset, bytes);
    long data = server.answer() + 16;
    return switch (bytes) {
      case 1 -> Mem.getByte(data) & 0xff;
      case 2 -> Mem.getShort(data) & 0xffff;
      default -> Mem.getInt(data);
    };
  }

  @Override
  public synchronized void write(int region, long offset, int bytes, int value) {
    putAccess(region, offset, bytes);
    Mem.putInt(server.payload() + 16, value);
    int size = server.request(REGION_WRITE, 16 + bytes);
    server.check(size == 16, "a write with a reply of %d bytes, not 16", size);
    checkAccess(region, offset, bytes);
  }

  /** Does not wait for a request under way. */
  @Override
  public void post(int region, long offset, int value) {
    if (region == BAR0 && bar != 0) {
      server.checkAlive();
      Order.writeRegister(bar + offset, value);
      return;
    }
    server.post(REGION_WRITE, offset, region, 4, value);
  }

  @Override
  public void part() {
    server.part();
  }

  private void putAccess(int region, long offset, int bytes) {
    Mem.putLong(server.payload(), offset);
    Mem.putInt(server.payload() + 8, region);
    Mem.putInt(server.payload() + 12, bytes);
  }

  private void checkAccess(int region, long offset, int bytes) {
    int gotRegion = Mem.getInt(server.answer() + 8);
    int gotBytes = Mem.getInt(server.answer() + 12);
    long gotOffset = Mem.getLong(server.answer());
    server.check(
        gotOffset == offset && gotRegion == region && gotBytes == bytes,
        "a reply for %d bytes at 0x%x of region %d, %d at 0x%x of %d were asked for",
        gotBytes,
        gotOffset,
        gotRegion,
        bytes,
        offset,
        region);
  }

  @Override
  public long mapped(int region) {
    return region == BAR0 ? bar : 0;
  }

  @Override
  public Window[] windows() {
    return new Window[] {new Window(0, Long.MAX_VALUE)};
  }

  @Override
  public synchronized void mapDma(long iova, long size, long address, int fd, long offset) {
    putInts(32, DMA_READ_WRITE);
    Mem.putLong(server.payload() + 8, offset);
    Mem.putLong(server.payload() + 16, iova);
    Mem.putLong(server.payload() + 24, size);
    server.request(DMA_MAP, 32, fd);
  }

  @Override
  public synchronized void unmapDma(long iova, long size, long address) {
    if (server.usable()) {
      try {
        putInts(24, 0);
        Mem.putLong(server.payload() + 8, iova);
        Mem.putLong(server.payload() + 16, size);
        int got = server.request(DMA_UNMAP, 24);
        server.check(
            got < 24
                || Mem.getLong(server.answer() + 8) == iova
                    && Mem.getLong(server.answer() + 16) == size,
            "another range than was to be unmapped");
        return;
      } catch (NetmapException e) {
        server.broken(e); // a failed unmap is handled as a lost connection
      }
    }
    if (!server.released()) {
      throw new NetmapException(
          Libc.EIO,
          server.name
              + ": the server has not let go of the memory that it was given, and is still there; it stays unused"
              + " until this process ends; end the server",
          server.broken());
    }
  }

  @Override
  public synchronized void setIrqs(int index, int[] eventFds) {
    if (eventFds.length == 0) {
      putInts(20, IRQ_DATA_NONE | IRQ_ACTION_TRIGGER, index, 0, 0);
      server.request(DEVICE_SET_IRQS, 20);
    }
    for (int start = 0; start < eventFds.length; start += messageFds) {
      int[] some =
          Arrays.copyOfRange(eventFds, start, Math.min(start + messageFds, eventFds.length));
      putInts(20, IRQ_DATA_EVENTFD | IRQ_ACTION_TRIGGER, index, start, some.length);
      server.request(DEVICE_SET_IRQS, 20, some);
    }
  }

  @Override
  public synchronized void unmaskIntx() {
    putInts(20, IRQ_DATA_NONE | IRQ_ACTION_UNMASK, INTX, 0, 1);
    server.request(DEVICE_SET_IRQS, 20);
  }

  @Override
  public synchronized void reset() {
    server.request(DEVICE_RESET_COMMAND, 0);
  }

  /** Waits until the server has closed its end, so that the next client can connect. */
  @Override
  public synchronized void close() {
    server.close();
    if (bar != 0) {
      Libc.unmap(bar, barSize);
      bar = 0;
    }
  }

  private void putInts(int... values) {
    for (int i = 0; i < values.length; i++) {
      Mem.putInt(server.payload() + 4L * i, values[i]);
    }
  }
}
