package io.netmap4j.frames;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes a capture file of Ethernet frames, buffered. The file's header is written at once; frames
 * that are not flushed may not be in the file. For one thread.
 *
 * <p>Times are nanoseconds since 1970. One that the file cannot hold is kept as the nearest that it
 * can: from 1970 on, and in the classic formats up to 2106, as they have 32 bits for seconds.
 *
 * <p>A file whose writing has failed, such as for a full disk, is cut behind its last whole frame
 * and takes no more: {@link #write} throws from then on.
 */
public final class PcapWriter implements AutoCloseable {
  /** Bytes of the longest frame that is written, and that libpcap reads (MAXIMUM_SNAPLEN). */
  public static final int LONGEST_FRAME = 1 << 18;

  private static final int RECORD_HEADER = 16;
  private static final int PACKET_BLOCK = 32; // without the frame
  private static final int BUFFER = 1 << 20;
  private static final int FULL_PIPE_NANOS = 1_000_000;
  private static final int MODE = 0666;

  /** The latest time of the classic formats, whose seconds have 32 bits. */
  private static final long LAST_NANOS = (1L << 32) * 1_000_000_000 - 1;

  /** Layouts of a capture file. */
  public enum Format {
    /** Classic pcap with microseconds, which every tool reads. */
    PCAP,
    /** Classic pcap with nanoseconds, which tcpdump and Wireshark read. */
    NSECPCAP,
    /** Wireshark's, with nanoseconds. */
    PCAPNG
  }

  private final String name;
  private final int fd;
  private final boolean own;
  private final Format format;
  private long buffer = Mem.allocate(BUFFER);
  private int filled;
  private long frames;

  /** Bytes of the file, from where it was begun to the end of its last whole frame. */
  private long whole;

  private boolean readerGone;

  /** Why the file takes no more frames; null while it does. */
  private @Nullable IOException failure;

  private PcapWriter(int fd, boolean own, String name, Format format) throws IOException {
    this.fd = fd;
    this.own = own;
    this.name = name;
    this.format = format;
    if (format == Format.PCAPNG) {
      putSection();
    } else {
      putHeader();
    }
    try {
      drain(filled);
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private void putHeader() {
    put32(format == Format.NSECPCAP ? PcapFormat.NANOSECONDS : PcapFormat.MICROSECONDS);
    put32(4 << 16 | 2); // version
    put32(0);
    put32(0); // time zone and accuracy, zero everywhere
    put32(LONGEST_FRAME);
    put32(PcapFormat.ETHERNET);
  }

  /** A section of unknown length, version 1.0, and its one interface. */
  private void putSection() {
    put32(PcapngFile.SECTION);
    put32(28);
    put32(PcapngFile.BYTE_ORDER);
    put32(1);
    put32(-1);
    put32(-1);
    put32(28);
    put32(PcapngFile.INTERFACE);
    put32(32);
    put32(PcapFormat.ETHERNET);
    put32(LONGEST_FRAME);
    put32(1 << 16 | PcapngFile.TIME_RESOLUTION);
    put32(9); // nanoseconds
    put32(0); // the end of its options
    put32(32);
  }

  /** Starts a file in the classic format with microseconds. An existing one is replaced. */
  public static PcapWriter create(Path file) throws IOException {
    return create(file, Format.PCAP);
  }

  /** Starts a file. An existing one is replaced. */
  public static PcapWriter create(Path file, Format format) throws IOException {
    int flags = Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC;
    int fd = Libc.tryOpen(file.toString(), flags, MODE);
    if (fd < 0) {
      throw PcapFormat.failed(file.toString(), -fd);
    }
    return new PcapWriter(fd, true, file.toString(), format);
  }

  /**
   * Starts a file at an open descriptor's position. The descriptor stays open.
   *
   * @param name what errors call it
   */
  public static PcapWriter of(int fd, String name, Format format) throws IOException {
    return new PcapWriter(fd, false, name, format);
  }

  /** Appends a frame, without FCS, from raw memory. */
  public void write(long timestampNanos, long address, int length) throws IOException {
    write(timestampNanos, address, length, length);
  }

  /**
   * Appends the first bytes of a frame from raw memory.
   *
   * @param length bytes to keep, 0 to {@value #LONGEST_FRAME}
   * @param originalLength bytes that the frame had, without FCS
   */
  public void write(long timestampNanos, long address, int length, int originalLength)
      throws IOException {
    header(timestampNanos, length, originalLength);
    Mem.copy(address, buffer + filled, length);
    end(length);
  }

  /** Appends a frame, without FCS. */
  public void write(long timestampNanos, byte[] frame) throws IOException {
    write(timestampNanos, frame, frame.length, frame.length);
  }

  /**
   * Appends the first bytes of a frame.
   *
   * @param frame holds {@code length} bytes at its beginning
   * @param length bytes to keep, 0 to {@value #LONGEST_FRAME}
   * @param originalLength bytes that the frame had, without FCS
   */
  public void write(long timestampNanos, byte[] frame, int length, int originalLength)
      throws IOException {
    Objects.checkFromIndexSize(0, length, frame.length);
    header(timestampNanos, length, originalLength);
    Mem.copyIn(frame, 0, buffer + filled, length);
    end(length);
  }

  private void header(long time, int length, int originalLength) throws IOException {
    if (length < 0 || length > LONGEST_FRAME || originalLength < length) {
      throw new IllegalArgumentException(
          length + " bytes of a frame of " + originalLength + "; 0 to " + LONGEST_FRAME + " fit");
    }
    if (buffer == 0) {
      throw new IllegalStateException(name + " is closed");
    }
    if (failure != null) {
      throw new IOException(
          name
              + " takes no more frames, as writing it failed before ("
              + failure.getMessage()
              + "); start another file",
          failure);
    }
    if (BUFFER - filled < PACKET_BLOCK + PcapngFile.padded(length)) {
      flush();
    }
    long nanos = Math.max(0, format == Format.PCAPNG ? time : Math.min(time, LAST_NANOS));
    if (format == Format.PCAPNG) {
      put32(PcapngFile.ENHANCED_PACKET);
      put32(PACKET_BLOCK + PcapngFile.padded(length));
      put32(0); // the interface
      put32((int) (nanos >>> Integer.SIZE));
      put32((int) nanos);
    } else {
      put32((int) (nanos / 1_000_000_000));
      int fraction = (int) (nanos % 1_000_000_000);
      put32(format == Format.NSECPCAP ? fraction : fraction / 1000);
    }
    put32(length);
    put32(originalLength);
  }

  private void end(int length) {
    filled += length;
    if (format == Format.PCAPNG) {
      int padding = PcapngFile.padded(length) - length;
      Mem.set(buffer + filled, padding, (byte) 0);
      filled += padding;
      put32(PACKET_BLOCK + length + padding);
    }
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
   *
   * @throws IOException when it did not take everything. The file takes no more then, and a file
   *     that {@link #create} has made ends behind its last whole frame
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
          failure = PcapFormat.failed(name, (int) -n);
          throw failure;
        }
      }
    } finally {
      countWhole(header, done);
      if (failure != null && own) {
        Libc.tryTruncate(fd, whole); // not of a pipe, whose reader sees where it ends
      }
    }
  }

  private void countWhole(int from, int to) {
    int end = Math.min(from, to);
    int next = from;
    while (next + RECORD_HEADER <= to) {
      next +=
          format == Format.PCAPNG
              ? Mem.getInt(buffer + next + 4)
              : RECORD_HEADER + Mem.getInt(buffer + next + 8);
      if (next <= to) {
        end = next;
        frames++;
      }
    }
    whole += end;
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
