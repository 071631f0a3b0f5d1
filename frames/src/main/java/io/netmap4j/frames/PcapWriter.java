package io.netmap4j.frames;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes a classic pcap file of Ethernet frames, buffered. The file's header is written at once;
 * frames that are not flushed may not be in the file. For one thread.
 */
public final class PcapWriter implements AutoCloseable {
  private static final int FILE_HEADER = 24;
  private static final int RECORD_HEADER = 16;
  private static final int MOST = 1 << 18;
  private static final int BUFFER = 1 << 20;
  private static final int FULL_PIPE_NANOS = 1_000_000;
  private static final int MODE = 0666;

  private final String name;
  private final int fd;
  private final boolean own;
  private final int nanosPerUnit;
  private long buffer = Mem.allocate(BUFFER);
  private int filled;
  private long frames;
  private boolean readerGone;

  private PcapWriter(int fd, boolean own, String name, boolean nanoseconds) throws IOException {
    this.fd = fd;
    this.own = own;
    this.name = name;
    this.nanosPerUnit = nanoseconds ? 1 : 1000;
    put32(nanoseconds ? PcapFormat.NANOSECONDS : PcapFormat.MICROSECONDS);
    put32(4 << 16 | 2); // version
    put32(0);
    put32(0); // time zone and accuracy, zero everywhere
    put32(MOST);
    put32(PcapFormat.ETHERNET);
    try {
      drain(FILE_HEADER);
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Starts a file with microseconds, which every tool reads. An existing one is replaced. */
  public static PcapWriter create(Path file) throws IOException {
    return create(file, false);
  }

  /** Starts a file with nanoseconds, which tcpdump, Wireshark and {@link PcapReader} read. */
  public static PcapWriter createNanos(Path file) throws IOException {
    return create(file, true);
  }

  private static PcapWriter create(Path file, boolean nanoseconds) throws IOException {
    int flags = Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC;
    int fd = Libc.tryOpen(file.toString(), flags, MODE);
    if (fd < 0) {
      throw PcapFormat.failed(file.toString(), -fd);
    }
    return new PcapWriter(fd, true, file.toString(), nanoseconds);
  }

  /**
   * Starts a file with microseconds at an open descriptor's position. The descriptor stays open.
   *
   * @param name what errors call it
   */
  public static PcapWriter of(int fd, String name) throws IOException {
    return new PcapWriter(fd, false, name, false);
  }

  /** Appends a frame, without FCS, from raw memory. */
  public void write(long timestampNanos, long address, int length) throws IOException {
    write(timestampNanos, address, length, length);
  }

  /**
   * Appends the first bytes of a frame from raw memory.
   *
   * @param length bytes to keep, 0 to 262144
   * @param originalLength bytes that the frame had, without FCS
   */
  public void write(long timestampNanos, long address, int length, int originalLength)
      throws IOException {
    header(timestampNanos, length, originalLength);
    Mem.copy(address, buffer + filled, length);
    filled += length;
  }

  /** Appends a frame, without FCS. */
  public void write(long timestampNanos, byte[] frame) throws IOException {
    write(timestampNanos, frame, frame.length, frame.length);
  }

  /**
   * Appends the first bytes of a frame.
   *
   * @param frame holds {@code length} bytes at its beginning
   * @param length bytes to keep, 0 to 262144
   * @param originalLength bytes that the frame had, without FCS
   */
  public void write(long timestampNanos, byte[] frame, int length, int originalLength)
      throws IOException {
    Objects.checkFromIndexSize(0, length, frame.length);
    header(timestampNanos, length, originalLength);
    Mem.copyIn(frame, 0, buffer + filled, length);
    filled += length;
  }

  private void header(long nanos, int length, int originalLength) throws IOException {
    if (length < 0 || length > MOST || originalLength < length) {
      throw new IllegalArgumentException(
          length + " bytes of a frame of " + originalLength + "; 0 to " + MOST + " fit");
    }
    if (buffer == 0) {
      throw new IllegalStateException(name + " is closed");
    }
    if (BUFFER - filled < RECORD_HEADER + length) {
      flush();
    }
    put32((int) Math.floorDiv(nanos, 1_000_000_000L));
    put32((int) Math.floorMod(nanos, 1_000_000_000L) / nanosPerUnit);
    put32(length);
    put32(originalLength);
  }

  private void put32(int value) {
    Mem.putInt(buffer + filled, value); // x86 and arm64 Linux: little endian, as the magic tells
    filled += Integer.BYTES;
  }

  /** True when there are frames that only {@link #flush} or {@link #close} hands on. */
  public boolean pending() {
    return filled > 0;
  }

  /** Frames that the operating system has taken, whole. */
  public long frames() {
    return frames;
  }

  /** True when this is a pipe or socket that nobody reads any more. */
  public boolean readerGone() {
    return readerGone || buffer != 0 && Libc.hungUp(fd);
  }

  /**
   * Hands everything written so far to the operating system, which keeps it when this process is
   * killed. What it does not take is dropped.
   */
  public void flush() throws IOException {
    drain(0);
  }

  /**
   * @param header bytes at the beginning that are no frame
   */
  private void drain(int header) throws IOException {
    int bytes = filled;
    filled = 0;
    int done = 0;
    try {
      while (done < bytes) {
        long n = Libc.tryWrite(fd, buffer + done, bytes - done);
        if (n >= 0) {
          done += (int) n;
        } else if (n == -Libc.EAGAIN) {
          LockSupport.parkNanos(FULL_PIPE_NANOS); // somebody made our standard output non-blocking
        } else if (n != -Libc.EINTR) {
          readerGone = n == -Libc.EPIPE;
          throw PcapFormat.failed(name, (int) -n);
        }
      }
    } finally {
      frames += whole(header, done);
    }
  }

  private int whole(int from, int to) {
    int count = 0;
    int next = from;
    while (next + RECORD_HEADER <= to) {
      next += RECORD_HEADER + Mem.getInt(buffer + next + 8);
      count += next <= to ? 1 : 0;
    }
    return count;
  }

  /** Flushes and closes. Idempotent. */
  @Override
  public void close() throws IOException {
    if (buffer == 0) {
      return;
    }
    try {
      flush();
    } finally {
      Mem.free(buffer);
      buffer = 0;
      if (own) {
        Libc.closeFd(fd);
      }
    }
  }
}
