package io.netmap4j.model.vfiouser;

import static io.netmap4j.model.vfiouser.VfioUser.*;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import io.netmap4j.linux.UnixSocket;
import io.netmap4j.model.ModelViolation;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.ForeignMemory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One client's connection: takes its messages in order and answers them. A message that asks for
 * what can't be done gets an error reply; a malformed one ends the connection.
 */
final class VfioUserSession implements ForeignMemory {
  /** Most bytes that one access moves; advertised as max_data_xfer_size. */
  private static final int MOST_DATA = 1 << 16;

  private static final int ACCESS = 16;
  private static final int LONGEST = HEADER + ACCESS + MOST_DATA;

  /** A message that has begun must be complete after this time, and a reply be read. */
  private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A client that has not sent VERSION by then is disconnected. */
  private static final long GREETING_NANOS = TimeUnit.SECONDS.toNanos(3);

  private static final String[] CAPABILITIES = {
    "{\"capabilities\":{\"max_msg_fds\":"
        + UnixSocket.MOST_FDS
        + ",\"max_data_xfer_size\":"
        + MOST_DATA
        + ",\"max_dma_maps\":"
        + VfioUserMemory.MOST_MAPS
        + ",\"pgsizes\":"
        + DeviceMemory.PAGE
        + "}}",
    "{\"capabilities\":{\"max_msg_fds\":"
        + UnixSocket.MOST_FDS
        + ",\"max_data_xfer_size\":"
        + MOST_DATA
        + "}}",
    "{}"
  };

  private static final int[] NO_FDS = {};

  /** Of what we ask the client. */
  private static final int ASK_ID = 0x4D41;

  private static final int MOST_ASKED = 4096;

  private final Nic82599 card;
  private final MappedBar bar;
  private final Warnings warnings;
  private final UnixSocket socket;
  private final VfioUserMemory memory;
  private final VfioUserIrqs irqs;
  private final VfioUserRegions regions;
  private final ArrayDeque<Integer> fds = new ArrayDeque<>();
  private final long in = Mem.allocate(LONGEST);
  private final long out = Mem.allocate(LONGEST);
  private final AtomicReference<Refused> refused = new AtomicReference<>();
  private int[] replyFds = NO_FDS;
  private volatile boolean asking;
  private volatile boolean greeted;
  private volatile boolean ended;

  /**
   * @param bar null: every access to BAR 0 is a message
   */
  VfioUserSession(Nic82599 card, MappedBar bar, Warnings warnings, UnixSocket socket) {
    this.card = card;
    this.bar = bar;
    this.warnings = warnings;
    this.socket = socket;
    this.memory = new VfioUserMemory(card.memory());
    this.irqs = new VfioUserIrqs(card);
    this.regions = new VfioUserRegions(card, irqs);
    forget();
    card.foreignMemory(this);
  }

  private void forget() {
    regions.forget();
    refresh();
  }

  private void refresh() {
    if (bar != null) {
      bar.refresh();
    }
  }

  /** A DMA access that found no mapping. */
  private record Refused(boolean write, long iova, byte[] data, int count) {}

  /** Serves until the client goes or breaks the protocol. */
  void serve() {
    long greeting = System.nanoTime() + GREETING_NANOS;
    boolean more = true;
    while (more) {
      try {
        more = next(greeted ? Long.MAX_VALUE : greeting);
      } catch (LinuxException e) {
        if (e.errno() != Libc.ECONNRESET && e.errno() != Libc.EPIPE) {
          warnings.warn("client disconnected: " + e.getMessage());
        }
        more = false;
      } catch (InternalError e) {
        // An earlier access to memory that is gone, reported only now.
        more = !card.memoryFault();
      }
    }
  }

  /** Any thread: ends {@link #serve}. */
  synchronized void shutdown() {
    if (!ended) {
      // Not the other half: the client may see the end only when its memory is released.
      socket.shutdownInput();
    }
  }

  /** True when the client has gone, though {@link #serve} may not know yet. For any thread. */
  synchronized boolean hungUp() {
    return ended || Libc.hungUp(socket.fd());
  }

  /** Now and then, always by the same thread. */
  void watch() {
    if (irqs.unblock()) {
      warnings.warn("client disconnected: one of its eventfds could not be signalled");
      shutdown();
    }
    card.memoryFault();
    ask();
  }

  @Override
  public void refused(boolean write, long iova, long length, long from) {
    // A descriptor's write is not known here.
    if (!asking && refused.get() == null && (!write || from != 0)) {
      int count = (int) Math.min(length, MOST_ASKED);
      byte[] data = new byte[write ? count : 0];
      Mem.copyOut(from, data, 0, data.length);
      refused.set(new Refused(write, iova, data, count));
    }
  }

  /**
   * What no mapping of the client's covers may still mean something to it: QEMU's answer is the
   * guest's IOMMU, which reports a fault. One at a time; a client that never answers is not asked
   * again.
   */
  private void ask() {
    Refused access = refused.getAndSet(null);
    if (access == null || !greeted) {
      return;
    }
    int size = HEADER + 16 + access.data.length;
    long message = Mem.allocate(size);
    try {
      Mem.putShort(message, (short) ASK_ID);
      Mem.putShort(message + COMMAND_AT, (short) (access.write ? DMA_WRITE : DMA_READ));
      Mem.putInt(message + SIZE_AT, size);
      Mem.putInt(message + FLAGS_AT, 0);
      Mem.putInt(message + ERROR_AT, 0);
      Mem.putLong(message + HEADER, access.iova);
      Mem.putLong(message + HEADER + 8, access.count);
      Mem.copyIn(access.data, 0, message + HEADER + 16, access.data.length);
      asking = true;
      send(message, size);
    } catch (LinuxException e) {
      shutdown(); // serve() finds out why
    } finally {
      Mem.free(message);
    }
  }

  /** The session's thread replies, the watch asks, even when the session has just ended. */
  private void send(long message, int size) {
    send(message, size, NO_FDS);
  }

  private void send(long message, int size, int[] with) {
    synchronized (socket) {
      if (!ended) {
        socket.send(message, size, with, System.nanoTime() + STALL_NANOS);
      }
    }
  }

  @Override
  public boolean intact() {
    return memory.intact();
  }

  @Override
  public void gone() {
    warnings.warn("client disconnected: a file that it had mapped for DMA has become shorter");
    shutdown();
  }

  /**
   * Takes everything back. The client's memory is out of the card's reach and of our address space
   * before its connection is closed: once it sees the end, nothing touches what it had.
   */
  void end() {
    for (Runnable step :
        List.<Runnable>of(this::forget, irqs::close, memory::close, this::closeFds)) {
      try {
        step.run();
      } catch (InternalError e) {
        // An earlier access to memory that is gone, reported only now. Every step may be taken
        // twice.
        step.run();
      }
    }
    card.foreignMemory(null);
    synchronized (this) {
      synchronized (socket) {
        ended = true;
        socket.close();
      }
    }
    Mem.free(in);
    Mem.free(out);
  }

  private boolean next(long deadline) {
    waitForUnmaskOrMessage();
    int got = socket.receive(in, HEADER, fds, deadline);
    if (got == 0) {
      return false;
    }
    long stalled = System.nanoTime() + STALL_NANOS;
    socket.receiveFully(in + got, HEADER - got, fds, stalled);
    int size = Mem.getInt(in + SIZE_AT);
    int flags = Mem.getInt(in + FLAGS_AT);
    boolean answer = asking && (flags & ~ERROR) == REPLY;
    if (size < HEADER || size > LONGEST || ((flags & ~NO_REPLY) != 0 && !answer)) {
      warnings.warn(
          "client disconnected: a message of "
              + size
              + " bytes, flags 0x"
              + Integer.toHexString(flags));
      return false;
    }
    socket.receiveFully(in + HEADER, size - HEADER, fds, stalled);
    if (answer) {
      asking = false;
      closeFds();
      return true;
    }
    int command = Mem.getShort(in + COMMAND_AT) & 0xFFFF;
    int result = handle(command, size - HEADER);
    closeFds();
    if ((flags & NO_REPLY) == 0) {
      reply(result);
    } else if (result < 0) {
      warnings.warn("a posted command " + command + " failed: errno " + -result);
    }
    return true;
  }

  /** Only with an eventfd that unmasks INTx are there two things to wait for. */
  private void waitForUnmaskOrMessage() {
    while (irqs.unmaskFd() >= 0) {
      Libc.pollIn(new int[] {socket.fd(), irqs.unmaskFd()}, -1);
      irqs.unmaskLine();
      if (Libc.pollIn(new int[] {socket.fd()}, 0) > 0) {
        return;
      }
    }
  }

  private void closeFds() {
    while (!fds.isEmpty()) {
      Libc.closeFd(fds.removeFirst());
    }
  }

  /**
   * @param result bytes of the reply's payload, which are in place, or a negative errno
   */
  private void reply(int result) {
    int payload = Math.max(0, result);
    Mem.putInt(out, Mem.getInt(in));
    Mem.putInt(out + SIZE_AT, HEADER + payload);
    Mem.putInt(out + FLAGS_AT, result < 0 ? REPLY | ERROR : REPLY);
    Mem.putInt(out + ERROR_AT, Math.max(0, -result));
    send(out, HEADER + payload, replyFds);
    replyFds = NO_FDS;
  }

  /**
   * @return bytes of the reply's payload or a negative errno
   */
  private int handle(int command, int length) {
    try {
      if (!greeted) {
        return command == VERSION ? version(length) : -Libc.EINVAL;
      }
      return switch (command) {
        case REGION_WRITE -> regionWrite(length);
        case REGION_READ -> regionRead(length);
        case DMA_MAP -> dmaMap(length);
        case DMA_UNMAP -> dmaUnmap(length);
        case DEVICE_GET_INFO -> deviceInfo(length);
        case DEVICE_GET_REGION_INFO -> regionInfo(length);
        case DEVICE_GET_REGION_IO_FDS -> regionIoFds(length);
        case DEVICE_GET_IRQ_INFO -> irqInfo(length);
        case DEVICE_SET_IRQS -> setIrqs(length);
        case DEVICE_RESET -> reset(length);
        case DIRTY_PAGES, REGION_WRITE_MULTI, DEVICE_FEATURE, MIG_DATA_READ, MIG_DATA_WRITE ->
            -Libc.EOPNOTSUPP;
        default -> -Libc.EINVAL;
      };
    } catch (ModelViolation e) {
      warnings.warn(e.getMessage());
      return -Libc.EIO;
    } catch (RuntimeException e) {
      warnings.warn("command " + command + ": " + e);
      return -Libc.EIO;
    } catch (InternalError e) {
      card.memoryFault();
      return -Libc.EIO;
    }
  }

  private int int32(int at) {
    return Mem.getInt(in + HEADER + at);
  }

  private long int64(int at) {
    return Mem.getLong(in + HEADER + at);
  }

  private void answer(int at, int value) {
    Mem.putInt(out + HEADER + at, value);
  }

  private void answer(int at, long value) {
    Mem.putLong(out + HEADER + at, value);
  }

  /** Major 2, minor 2, JSON with a NUL at its end or nothing; the reply may not be longer. */
  private int version(int length) {
    int major = length < 4 ? -1 : Mem.getShort(in + HEADER);
    boolean terminated = length == 4 || Mem.getByte(in + HEADER + length - 1) == 0;
    if (length < 4 || !terminated) {
      return -Libc.EINVAL;
    }
    if (major != 0) {
      return -Libc.EOPNOTSUPP;
    }
    greeted = true;
    answer(0, 0);
    for (String json : CAPABILITIES) {
      byte[] bytes = json.getBytes(StandardCharsets.US_ASCII);
      if (4 + bytes.length + 1 <= length) {
        Mem.copyIn(bytes, 0, out + HEADER + 4, bytes.length);
        Mem.putByte(out + HEADER + 4 + bytes.length, (byte) 0);
        return 4 + bytes.length + 1;
      }
    }
    return 4;
  }

  /** argsz, flags, offset 8, address 8, size 8. */
  private int dmaMap(int length) {
    int flags = int32(4);
    if (length != 32 || int32(0) < 32 || (flags & ~(DMA_FLAG_READ | DMA_FLAG_WRITE)) != 0) {
      return -Libc.EINVAL;
    }
    return memory.map(
        fds,
        int64(8),
        int64(16),
        int64(24),
        (flags & DMA_FLAG_READ) != 0,
        (flags & DMA_FLAG_WRITE) != 0);
  }

  /** argsz, flags, address 8, size 8; the reply repeats it. */
  private int dmaUnmap(int length) {
    int flags = int32(4);
    if (length < 24 || int32(0) < 24) {
      return -Libc.EINVAL;
    }
    if (flags == UNMAP_FLAG_ALL && int64(8) == 0 && int64(16) == 0) {
      memory.unmapAll();
    } else {
      int result = flags != 0 ? -Libc.EINVAL : memory.unmap(int64(8), int64(16));
      if (result < 0) {
        return result;
      }
    }
    Mem.copy(in + HEADER, out + HEADER, 24);
    answer(0, 24);
    return 24;
  }

  /** argsz, flags, num_regions, num_irqs. */
  private int deviceInfo(int length) {
    if (length < 16 || int32(0) < 16) {
      return -Libc.EINVAL;
    }
    answer(0, 16);
    answer(4, DEVICE_FLAGS_RESET | DEVICE_FLAGS_PCI);
    answer(8, REGIONS);
    answer(12, IRQS);
    return 16;
  }

  /**
   * argsz, flags, index, cap_offset, size 8, offset 8. Every access is a message, except where BAR
   * 0 is a file: its descriptor comes with the reply.
   */
  private int regionInfo(int length) {
    int index = int32(8);
    if (length < 32 || int32(0) < 32 || index < 0 || index >= REGIONS) {
      return -Libc.EINVAL;
    }
    long size = regions.size(index);
    answer(0, 32);
    boolean mapped = index == BAR0 && bar != null;
    answer(
        4, size == 0 ? 0 : REGION_FLAG_READ | REGION_FLAG_WRITE | (mapped ? REGION_FLAG_MMAP : 0));
    if (mapped) {
      replyFds = new int[] {bar.fd()};
    }
    answer(8, index);
    answer(12, 0);
    answer(16, size);
    answer(24, 0L);
    return 32;
  }

  /** argsz, flags, index, count: no region has such descriptors. */
  private int regionIoFds(int length) {
    int index = int32(8);
    if (length < 16
        || int32(0) < 16
        || int32(4) != 0
        || int32(12) != 0
        || index < 0
        || index >= REGIONS
        || regions.size(index) == 0) {
      return -Libc.EINVAL;
    }
    answer(0, 16);
    answer(4, 0);
    answer(8, index);
    answer(12, 0);
    return 16;
  }

  /** argsz, flags, index, count. */
  private int irqInfo(int length) {
    int index = int32(8);
    if (length < 16 || int32(0) < 16 || index < 0 || index >= IRQS) {
      return -Libc.EINVAL;
    }
    answer(0, 16);
    answer(4, VfioUserIrqs.flags(index));
    answer(8, index);
    answer(12, VfioUserIrqs.count(index));
    return 16;
  }

  /** argsz, flags, index, start, count, data. */
  private int setIrqs(int length) {
    if (length < 20 || int32(0) < 20) {
      return -Libc.EINVAL;
    }
    return irqs.set(int32(4), int32(8), int32(12), int32(16), in + HEADER + 20, length - 20, fds);
  }

  /** offset 8, region, count; the reply adds the data. */
  private int regionRead(int length) {
    int count = int32(12);
    if (length != ACCESS || count < 0 || count > MOST_DATA) {
      return -Libc.EINVAL;
    }
    int result = regions.read(int32(8), int64(0), count, out + HEADER + ACCESS);
    if (result < 0) {
      return result;
    }
    Mem.copy(in + HEADER, out + HEADER, ACCESS);
    return ACCESS + count;
  }

  /** offset 8, region, count, data; the reply is the same without the data. */
  private int regionWrite(int length) {
    int count = int32(12);
    if (length < ACCESS || count != length - ACCESS) {
      return -Libc.EINVAL;
    }
    int result = regions.write(int32(8), int64(0), count, in + HEADER + ACCESS);
    if (result < 0) {
      return result;
    }
    refresh();
    Mem.copy(in + HEADER, out + HEADER, ACCESS);
    return ACCESS;
  }

  private int reset(int length) {
    if (length != 0) {
      return -Libc.EINVAL;
    }
    regions.reset();
    refresh();
    return 0;
  }
}
