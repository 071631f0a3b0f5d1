package io.netmap4j.model.vfiouser;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.UnixSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * A vfio-user client that says whatever a test wants, written from the specification. Numbers are
 * those of the specification, on purpose not the server's constants.
 */
final class RawVfioUser implements AutoCloseable {
  static final int[] NONE = {};
  private static final long WAIT = 5_000_000_000L;
  private static final int BUFFER = 1 << 18;

  final UnixSocket socket;
  private final long memory = Mem.allocate(BUFFER);
  private final ArrayDeque<Integer> received = new ArrayDeque<>();

  /** What the server asked in between. */
  final List<Reply> asked = new ArrayList<>();

  private int id = 100;
  private boolean closed;

  /** What came back. */
  record Reply(int id, int command, int flags, int errno, byte[] payload) {
    int int32(int at) {
      return buffer().getInt(at);
    }

    long int64(int at) {
      return buffer().getLong(at);
    }

    private ByteBuffer buffer() {
      return ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  /** The server has refused. */
  static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    final int errno;

    Refused(int command, int errno) {
      super("command " + command + ": errno " + errno);
      this.errno = errno;
    }
  }

  private RawVfioUser(UnixSocket socket) {
    this.socket = socket;
  }

  /** Connected, and nothing said. */
  static RawVfioUser connect(Path path) {
    return new RawVfioUser(UnixSocket.connect(path));
  }

  /** Connected, and the version agreed on. */
  static RawVfioUser open(Path path) {
    RawVfioUser client = connect(path);
    try {
      client.call(1, version(0, 0, PROPOSAL));
      return client;
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  static final String PROPOSAL =
      "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,\"max_dma_maps\":65535,"
          + "\"pgsizes\":4096}}\0";

  static byte[] version(int major, int minor, String json) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    return bytes(4 + text.length).putShort((short) major).putShort((short) minor).put(text).array();
  }

  static ByteBuffer bytes(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Sends any header and payload. */
  void raw(int msgId, int command, int size, int flags, byte[] payload, int... fds) {
    Mem.putShort(memory, (short) msgId);
    Mem.putShort(memory + 2, (short) command);
    Mem.putInt(memory + 4, size);
    Mem.putInt(memory + 8, flags);
    Mem.putInt(memory + 12, 0);
    Mem.copyIn(payload, 0, memory + 16, payload.length);
    socket.send(memory, 16 + payload.length, fds, System.nanoTime() + WAIT);
  }

  /** Sends any bytes. */
  void rawBytes(byte[] bytes, int... fds) {
    Mem.copyIn(bytes, 0, memory, bytes.length);
    socket.send(memory, bytes.length, fds, System.nanoTime() + WAIT);
  }

  void post(int command, byte[] payload, int... fds) {
    raw(++id, command, 16 + payload.length, 0x10, payload, fds);
  }

  /** Asks and waits. @throws Refused the server's errno */
  Reply call(int command, byte[] payload, int... fds) {
    int mine = ++id & 0xFFFF;
    raw(mine, command, 16 + payload.length, 0, payload, fds);
    Reply reply = receive();
    for (; (reply.flags & 0xF) == 0; reply = receive()) {
      asked.add(reply);
    }
    if (reply.id != mine || reply.command != command || (reply.flags & 0xF) != 1) {
      throw new IllegalStateException("a reply to something else: " + reply);
    }
    if ((reply.flags & 0x20) != 0) {
      throw new Refused(command, reply.errno);
    }
    return reply;
  }

  Reply receive() {
    socket.receiveFully(memory, 16, received, System.nanoTime() + WAIT);
    int size = Mem.getInt(memory + 4);
    socket.receiveFully(memory + 16, size - 16, received, System.nanoTime() + WAIT);
    byte[] payload = new byte[size - 16];
    Mem.copyOut(memory + 16, payload, 0, payload.length);
    return new Reply(
        Mem.getShort(memory) & 0xFFFF,
        Mem.getShort(memory + 2) & 0xFFFF,
        Mem.getInt(memory + 8),
        Mem.getInt(memory + 12),
        payload);
  }

  /** Takes what replies there are. */
  void discard() {
    while (Libc.pollIn(new int[] {socket.fd()}, 0) > 0
        && socket.receive(memory, BUFFER, received, System.nanoTime() + WAIT) > 0) {}
  }

  /** True when the server has ended the connection. */
  boolean ended(long nanos) {
    try {
      return socket.receive(memory, 1, received, System.nanoTime() + nanos) == 0;
    } catch (LinuxException e) {
      return e.errno() == Libc.ECONNRESET;
    }
  }

  // What a driver would say.

  static byte[] access(int region, long offset, int count) {
    return bytes(16).putLong(offset).putInt(region).putInt(count).array();
  }

  static byte[] access(int region, long offset, byte[] data) {
    return bytes(16 + data.length)
        .putLong(offset)
        .putInt(region)
        .putInt(data.length)
        .put(data)
        .array();
  }

  byte[] read(int region, long offset, int count) {
    byte[] payload = call(9, access(region, offset, count)).payload;
    byte[] data = new byte[payload.length - 16];
    System.arraycopy(payload, 16, data, 0, data.length);
    return data;
  }

  void write(int region, long offset, byte[] data) {
    call(10, access(region, offset, data));
  }

  int read32(int register) {
    return ByteBuffer.wrap(read(0, register, 4)).order(ByteOrder.LITTLE_ENDIAN).getInt();
  }

  void write32(int register, int value) {
    write(0, register, word(value));
  }

  static byte[] word(int value) {
    return bytes(4).putInt(value).array();
  }

  int readConfig(int offset, int count) {
    byte[] data = read(7, offset, count);
    int value = 0;
    for (int i = 0; i < count; i++) {
      value |= (data[i] & 0xFF) << 8 * i;
    }
    return value;
  }

  void writeConfig(int offset, int count, int value) {
    byte[] data = new byte[count];
    for (int i = 0; i < count; i++) {
      data[i] = (byte) (value >>> 8 * i);
    }
    write(7, offset, data);
  }

  static byte[] mapping(int flags, long offset, long iova, long size) {
    return bytes(32).putInt(32).putInt(flags).putLong(offset).putLong(iova).putLong(size).array();
  }

  void map(int fd, long offset, long iova, long size) {
    call(2, mapping(3, offset, iova, size), fd);
  }

  static byte[] unmapping(int flags, long iova, long size) {
    return bytes(24).putInt(24).putInt(flags).putLong(iova).putLong(size).array();
  }

  void unmap(long iova, long size) {
    call(3, unmapping(0, iova, size));
  }

  static byte[] irqs(int flags, int index, int start, int count, int... bools) {
    ByteBuffer payload = bytes(20 + bools.length);
    payload.putInt(20 + bools.length).putInt(flags).putInt(index).putInt(start).putInt(count);
    for (int b : bools) {
      payload.put((byte) b);
    }
    return payload.array();
  }

  /** DATA_EVENTFD and ACTION_TRIGGER. */
  void eventFds(int index, int start, int count, int... fds) {
    call(8, irqs(0x24, index, start, count), fds);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    received.forEach(Libc::closeFd);
    socket.close();
    Mem.free(memory);
  }
}
