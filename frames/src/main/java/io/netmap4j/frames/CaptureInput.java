package io.netmap4j.frames;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.function.BooleanSupplier;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a capture file, a window of them at a time: from a file or a pipe, unpacked if they
 * are gzip's. Numbers are read at offsets from the window's first byte. For one thread.
 */
final class CaptureInput implements AutoCloseable {
  /** Most bytes that {@link #has} can be asked for. */
  static final int WINDOW = 1 << 20;

  private static final int CHUNK = 1 << 16;

  /** How long a wait for a pipe lasts before its reader is asked whether to go on. */
  private static final int STEP_MILLIS = 100;

  final String name;
  private final int fd;
  private final boolean own;
  private final BooleanSupplier goOn;
  private long buffer = Mem.allocate(WINDOW);
  private int start;
  private int end;

  /** Where the window begins in the file, unpacked. */
  private long position;

  private boolean stopped;
  private boolean swapped;

  /** Null when the file is not compressed. */
  private @Nullable Gunzip unpacked;

  private byte[] chunk = {};

  /** Of {@link #CHUNK} bytes; 0 when the file is not compressed. */
  private long packed;

  CaptureInput(int fd, boolean own, String name, BooleanSupplier goOn) {
    this.fd = fd;
    this.own = own;
    this.name = name;
    this.goOn = goOn;
  }

  /** Unpacks what follows if it begins as gzip's files do. */
  void unpackIfGzip() throws IOException {
    if (!has(Short.BYTES) || (Mem.getShort(address()) & 0xFFFF) != Gunzip.MAGIC) {
      return;
    }
    byte[] first = new byte[Math.max(available(), CHUNK)];
    Mem.copyOut(address(), first, 0, available());
    unpacked = new Gunzip(first, available(), this::readPacked);
    start = end = 0;
    chunk = new byte[CHUNK];
    packed = Mem.allocate(CHUNK);
  }

  private int readPacked(byte[] to) throws IOException {
    int n = readFile(packed, Math.min(to.length, CHUNK));
    Mem.copyOut(packed, to, 0, n);
    return n;
  }

  private IOException damagedGzip(IOException cause) {
    String reason = cause instanceof EOFException ? "it ends too early" : cause.getMessage();
    return new IOException(
        name
            + " is damaged: its gzip data break behind "
            + (position + end)
            + " unpacked bytes: "
            + reason,
        cause);
  }

  /**
   * For who needs a file's header.
   *
   * @throws InterruptedIOException when the wait for it was ended
   */
  void requireGoing() throws InterruptedIOException {
    if (stopped) {
      throw new InterruptedIOException(name + ": nothing came");
    }
  }

  /** The wait for more was ended by whoever reads. */
  boolean stopped() {
    return stopped;
  }

  /** Numbers have the other byte order than this machine's. */
  void swapped(boolean other) {
    swapped = other;
  }

  /** Where the window begins in the file, unpacked; bytes. */
  long position() {
    return position;
  }

  /** Bytes of the file that have been used, as it is: packed ones of a packed file. */
  long consumed() {
    return unpacked == null ? position : unpacked.consumed();
  }

  /** Bytes in the window. */
  int available() {
    return end - start;
  }

  /** Of the window's first byte; moves with {@link #has} and {@link #skip}. */
  long address() {
    return memory() + start;
  }

  int int16(int at) {
    short value = Mem.getShort(address() + at);
    return (swapped ? Short.reverseBytes(value) : value) & 0xFFFF;
  }

  int int32(int at) {
    int value = Mem.getInt(address() + at);
    return swapped ? Integer.reverseBytes(value) : value;
  }

  long int64(int at) {
    long value = Mem.getLong(address() + at);
    return swapped ? Long.reverseBytes(value) : value;
  }

  long uint32(int at) {
    return Integer.toUnsignedLong(int32(at));
  }

  /**
   * Waits until the window has that many bytes.
   *
   * @param bytes 0 to {@link #WINDOW}
   * @return false at the end of the file, or when the wait was ended: the window has what there is
   */
  boolean has(int bytes) throws IOException {
    long memory = memory();
    if (end - start >= bytes) {
      return true;
    }
    Mem.copy(memory + start, memory, end - start);
    end -= start;
    start = 0;
    while (end < bytes) {
      int n = read(memory + end, WINDOW - end);
      if (n == 0) {
        return false;
      }
      end += n;
    }
    return true;
  }

  /**
   * Moves the window on.
   *
   * @return false when the file ends before, or the wait was ended
   */
  boolean skip(long bytes) throws IOException {
    long left = bytes;
    while (left > 0) {
      if (start == end && !has(1)) {
        return false;
      }
      int n = (int) Math.min(left, end - start);
      start += n;
      position += n;
      left -= n;
    }
    return true;
  }

  /** Waits for a byte at least. @return 0 at the end */
  private int read(long to, int most) throws IOException {
    if (unpacked == null) {
      return readFile(to, most);
    }
    try {
      int n = unpacked.read(chunk, Math.min(most, chunk.length));
      Mem.copyIn(chunk, 0, to, n);
      return n;
    } catch (EOFException | ZipException e) {
      if (stopped) {
        return 0;
      }
      throw damagedGzip(e);
    }
  }

  private int readFile(long to, int most) throws IOException {
    int[] input = {fd};
    boolean ready = Libc.pollIn(input, 0) > 0;
    while (!stopped) {
      if (!ready) {
        stopped = !goOn.getAsBoolean();
        ready = !stopped && Libc.pollIn(input, STEP_MILLIS) > 0;
        continue;
      }
      long n = Libc.tryRead(fd, to, most);
      if (n >= 0) {
        return (int) n;
      }
      if (n != -Libc.EINTR && n != -Libc.EAGAIN) {
        throw PcapFormat.failed(name, (int) -n);
      }
      ready = false;
    }
    return 0;
  }

  private long memory() {
    if (buffer == 0) {
      throw new IllegalStateException(name + " is closed");
    }
    return buffer;
  }

  /** Idempotent. */
  @Override
  public void close() {
    if (buffer == 0) {
      return;
    }
    Mem.free(buffer);
    buffer = 0;
    if (packed != 0) {
      Mem.free(packed);
    }
    if (own) {
      Libc.closeFd(fd);
    }
    if (unpacked != null) {
      unpacked.close();
    }
  }
}
