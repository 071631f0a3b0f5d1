package io.netmap4j.vfio;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.UnixListener;
import io.netmap4j.linux.UnixSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A vfio-user server for tests: a PCI function with a few registers, on a thread. What it would
 * reply can be changed before it is sent.
 */
final class FakeServer implements AutoCloseable {
  static final int HEADER = 16;
  static final int BUFFER = 1 << 16;

  /** What to do with a reply: change it where it stands, or send something else. */
  interface Lie {
    /**
     * @param command of the request
     * @param reply header and payload, {@code size} bytes of {@link #BUFFER}
     * @return how many bytes to send; 0 for none, −1 to hang up
     */
    int tell(int command, long reply, int size);
  }

  record Mapping(long iova, long size, long address) {}

  final Path path;
  final byte[] config = new byte[256];
  final int[] registers = new int[1024];

  /** Of an I/O BAR, region 2: a window to the registers, address at 0 and data at 4. */
  volatile int ioBytes;

  private int ioAddress;
  final ConcurrentHashMap<Long, Mapping> mappings = new ConcurrentHashMap<>();
  final List<Integer> eventFds = new CopyOnWriteArrayList<>();
  final List<String> unexpected = new CopyOnWriteArrayList<>();
  volatile int messageFds = 8;
  volatile int setIrqs;
  volatile int resets;
  volatile Lie lie = (command, reply, size) -> size;

  /** Hangs up after the next reply. */
  volatile boolean onlyOneMore;

  /** Sent with the next reply. */
  volatile int[] fdsWithReply = {};

  private final UnixListener listener;
  private final Thread thread;
  private final long request = Mem.allocate(BUFFER);
  private final long reply = Mem.allocate(BUFFER);
  private volatile UnixSocket client;

  FakeServer(Path path) {
    this.path = path;
    this.listener = UnixListener.listen(path);
    config[0] = (byte) 0x86;
    config[1] = (byte) 0x80;
    config[2] = (byte) 0xfb;
    config[3] = 0x10;
    thread = new Thread(this::serve, "fake-server");
    thread.start();
  }

  private void serve() {
    for (UnixSocket next = listener.accept(); next != null; next = listener.accept()) {
      client = next;
      Deque<Integer> fds = new ArrayDeque<>();
      try {
        while (answerOne(next, fds)) {
          fds.forEach(Libc::closeFd);
          fds.clear();
        }
      } catch (LinuxException e) {
        // The client is gone.
      }
      fds.forEach(Libc::closeFd);
      forget();
      next.close();
    }
  }

  private void forget() {
    mappings.values().forEach(m -> Libc.unmap(m.address, m.size));
    mappings.clear();
    eventFds.forEach(Libc::closeFd);
    eventFds.clear();
  }

  private boolean answerOne(UnixSocket socket, Deque<Integer> fds) {
    int first = socket.receive(request, HEADER, fds, Long.MAX_VALUE);
    if (first == 0) {
      return false;
    }
    long soon = System.nanoTime() + 1_000_000_000L;
    socket.receiveFully(request + first, HEADER - first, fds, soon);
    int size = Mem.getInt(request + 4);
    socket.receiveFully(request + HEADER, size - HEADER, fds, soon);
    if ((Mem.getInt(request + 8) & 0xf) != 0) {
      return true; // an answer to what a lie asked
    }
    int command = Mem.getShort(request + 2);
    Mem.copy(request, reply, HEADER);
    int length = HEADER + payload(command, size - HEADER, fds);
    boolean wanted = (Mem.getInt(request + 8) & 0x10) == 0;
    if (wanted) {
      Mem.putInt(reply + 4, length);
      Mem.putInt(reply + 8, 1);
      int send = lie.tell(command, reply, length);
      if (send < 0) {
        return false;
      }
      socket.send(reply, send, fdsWithReply, soon);
      if (onlyOneMore) {
        return false;
      }
    }
    return true;
  }

  private int payload(int command, int size, Deque<Integer> fds) {
    long in = request + HEADER;
    long out = reply + HEADER;
    Mem.copy(in, out, size);
    switch (command) {
      case 1 -> {
        byte[] text =
            ("{\"capabilities\":{\"max_msg_fds\":" + messageFds + "}}\0")
                .getBytes(StandardCharsets.US_ASCII);
        Mem.putInt(out, 0);
        Mem.copyIn(text, 0, out + 4, text.length);
        return 4 + text.length;
      }
      case 2 -> {
        long bytes = Mem.getLong(in + 24);
        long address = Libc.mmap(bytes, 3, Libc.MAP_SHARED, fds.peek(), Mem.getLong(in + 8), "");
        mappings.put(Mem.getLong(in + 16), new Mapping(Mem.getLong(in + 16), bytes, address));
        return 0;
      }
      case 3 -> {
        Mapping gone = mappings.remove(Mem.getLong(in + 8));
        if (gone == null || gone.size != Mem.getLong(in + 16)) {
          unexpected.add("unmap of what is not mapped");
        } else {
          Libc.unmap(gone.address, gone.size);
        }
        return 24;
      }
      case 4 -> {
        Mem.putInt(out + 4, 3);
        Mem.putInt(out + 8, 9);
        Mem.putInt(out + 12, 5);
        return 16;
      }
      case 5 -> {
        int region = Mem.getInt(in + 8);
        Mem.putInt(out + 4, 3);
        Mem.putLong(
            out + 16,
            region == 0 ? 4L * registers.length : region == 2 ? ioBytes : region == 7 ? 256 : 0);
        return 32;
      }
      case 7 -> {
        Mem.putInt(out + 4, 1);
        Mem.putInt(out + 12, Mem.getInt(in + 8) == 2 ? 64 : 1);
        return 16;
      }
      case 8 -> {
        setIrqs++;
        if (Mem.getInt(in + 16) != fds.size() || fds.size() > messageFds) {
          unexpected.add(fds.size() + " descriptors for " + Mem.getInt(in + 16) + " vectors");
        }
        if (fds.isEmpty()) {
          eventFds.forEach(Libc::closeFd);
          eventFds.clear();
        }
        eventFds.addAll(new ArrayList<>(fds));
        fds.clear();
        return 0;
      }
      case 9, 10 -> {
        return access(command == 9, in, out);
      }
      case 13 -> {
        resets++;
        return 0;
      }
      default -> {
        unexpected.add("command " + command);
        return 0;
      }
    }
  }

  private int access(boolean read, long in, long out) {
    int at = (int) Mem.getLong(in);
    int bytes = Mem.getInt(in + 12);
    long data = (read ? out : in) + 16;
    for (int i = 0; i < bytes; i++) {
      if (Mem.getInt(in + 8) == 7) {
        if (read) {
          Mem.putByte(data + i, config[at + i]);
        } else {
          config[at + i] = Mem.getByte(data + i);
        }
      }
    }
    if (Mem.getInt(in + 8) == 0) {
      if (read) {
        Mem.putInt(data, registers[at / 4]);
      } else {
        registers[at / 4] = Mem.getInt(data);
      }
    }
    if (Mem.getInt(in + 8) == 2 && at == 0) {
      ioAddress = read ? ioAddress : Mem.getInt(data);
    } else if (Mem.getInt(in + 8) == 2 && read) {
      Mem.putInt(data, registers[ioAddress / 4]);
    }
    return read ? 16 + bytes : 16;
  }

  /** Hangs up, as a server that dies does. */
  void hangUp() {
    client.shutdown();
  }

  @Override
  public void close() throws InterruptedException {
    listener.shutdown();
    if (client != null) {
      hangUp();
    }
    thread.join();
    listener.close();
    Mem.free(request);
    Mem.free(reply);
  }
}
