package io.netmap4j.frames;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * Reads a classic pcap file of Ethernet frames: either byte order, micro- or nanoseconds. One frame
 * at a time is current, and everything but {@link #next} is about it. For one thread.
 *
 * <p>Frames come without their frame check sequence: where the file's header says that it holds
 * them, they are left out.
 */
public final class PcapReader implements AutoCloseable {
  private static final int FILE_HEADER = 24;
  private static final int RECORD_HEADER = 16;
  private static final int MAJOR = 2;
  private static final int MINOR = 4;

  // The last word of the header: draft-ietf-opsawg-pcap, "LinkType and additional information".
  private static final int LINK_TYPE = 0xFFFF;
  private static final int FCS_PRESENT = 0x0400_0000;
  private static final int FCS_WORDS_SHIFT = 28;

  /** Longest record that libpcap reads, and that {@link PcapWriter} writes. */
  private static final int MOST = 1 << 18;

  private static final int BUFFER = 1 << 20;

  /** How long a wait for a pipe lasts before its reader is asked whether to go on. */
  private static final int STEP_MILLIS = 100;

  private final String name;
  private final int fd;
  private final boolean own;
  private final BooleanSupplier goOn;
  private long buffer = Mem.allocate(BUFFER);
  private int start;
  private int end;
  private boolean stopped;
  private boolean swapped;
  private int nanosPerUnit;
  private int fcsBytes;
  private long records;
  private long timestamp;
  private int stored;
  private int length;
  private int originalLength;

  private PcapReader(int fd, boolean own, String name, BooleanSupplier goOn) throws IOException {
    this.fd = fd;
    this.own = own;
    this.name = name;
    this.goOn = goOn;
    try {
      readFileHeader();
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws IOException when the file cannot be read or is no pcap file of Ethernet frames
   */
  public static PcapReader open(Path file) throws IOException {
    return open(file, () -> true);
  }

  /**
   * Opens a file, perhaps a named pipe, and checks its header.
   *
   * @param goOn asked before each wait for somebody to write to a pipe, every 100 ms while there is
   *     nothing; false ends the reading
   * @throws InterruptedIOException when {@code goOn} said so before the header was there
   * @throws IOException when the file cannot be read or is no pcap file of Ethernet frames
   */
  public static PcapReader open(Path file, BooleanSupplier goOn) throws IOException {
    // O_NONBLOCK: a named pipe opens before somebody writes to it, and the wait is below.
    int fd = Libc.tryOpen(file.toString(), Libc.O_RDONLY | Libc.O_NONBLOCK, 0);
    if (fd < 0) {
      throw PcapFormat.failed(file.toString(), -fd);
    }
    return new PcapReader(fd, true, file.toString(), goOn);
  }

  /**
   * Reads from an open descriptor, which stays open.
   *
   * @param name what errors call it
   * @param goOn as in {@link #open(Path, BooleanSupplier)}
   */
  public static PcapReader of(int fd, String name, BooleanSupplier goOn) throws IOException {
    return new PcapReader(fd, false, name, goOn);
  }

  private void readFileHeader() throws IOException {
    boolean whole = fill(FILE_HEADER);
    if (stopped) {
      throw new InterruptedIOException(name + ": nothing came");
    }
    if (end >= Integer.BYTES) {
      setFormat();
    }
    if (!whole) {
      throw new IOException(
          name
              + " is not a pcap file: "
              + end
              + " bytes, its header alone has "
              + FILE_HEADER
              + "; an empty capture has that too");
    }
    int major = int16(4);
    int minor = int16(6);
    if (major != MAJOR || minor != MINOR) {
      throw new IOException(
          name + " is a pcap file of version " + major + "." + minor + ", only 2.4 is known");
    }
    int network = int32(20);
    if ((network & LINK_TYPE) != PcapFormat.ETHERNET) {
      throw new IOException(
          name
              + " has frames of link type "
              + PcapFormat.linkType(network & LINK_TYPE)
              + ", only 1 (Ethernet) is known");
    }
    fcsBytes = (network & FCS_PRESENT) == 0 ? 0 : (network >>> FCS_WORDS_SHIFT) * Short.BYTES;
    start = FILE_HEADER;
  }

  private void setFormat() throws IOException {
    int magic = Mem.getInt(buffer);
    swapped = PcapFormat.known(Integer.reverseBytes(magic));
    if (!swapped && !PcapFormat.known(magic)) {
      throw new IOException(PcapFormat.describe(name, magic));
    }
    nanosPerUnit = int32(0) == PcapFormat.NANOSECONDS ? 1 : 1000;
  }

  /**
   * Makes the next frame the current one.
   *
   * @return false at the end of the file, or when the wait for more was ended
   * @throws EOFException when the file ends within a frame; those before it are whole
   */
  public boolean next() throws IOException {
    start += stored;
    stored = length = originalLength = 0;
    if (!fill(RECORD_HEADER)) {
      if (end != start && !stopped) {
        throw truncated(RECORD_HEADER, "the 16 bytes of its header");
      }
      return false;
    }
    int captured = int32(start + 8);
    if (captured < 0 || captured > MOST) {
      throw new IOException(
          name
              + " is damaged: frame "
              + (records + 1)
              + " claims "
              + Integer.toUnsignedString(captured)
              + " bytes, "
              + MOST
              + " is the most");
    }
    long seconds = Integer.toUnsignedLong(int32(start));
    long fraction = Integer.toUnsignedLong(int32(start + 4)) * nanosPerUnit;
    long original = Math.max(captured, Integer.toUnsignedLong(int32(start + 12)));
    if (!fill(RECORD_HEADER + captured)) {
      if (stopped) {
        return false;
      }
      throw truncated(RECORD_HEADER + captured, "its " + captured + " bytes");
    }
    start += RECORD_HEADER;
    stored = captured;
    timestamp = seconds * 1_000_000_000L + fraction;
    originalLength = (int) Math.min(Integer.MAX_VALUE, Math.max(0, original - fcsBytes));
    length = Math.min(captured, originalLength);
    records++;
    return true;
  }

  private EOFException truncated(int wanted, String what) {
    int missing = wanted - (end - start);
    return new EOFException(
        name
            + " is truncated: frame "
            + (records + 1)
            + " lacks "
            + missing
            + " of "
            + what
            + "; "
            + records
            + " before it are whole");
  }

  private int int16(int at) {
    short value = Mem.getShort(buffer + at);
    return (swapped ? Short.reverseBytes(value) : value) & 0xFFFF;
  }

  private int int32(int at) {
    int value = Mem.getInt(buffer + at);
    return swapped ? Integer.reverseBytes(value) : value;
  }

  /** Has {@code bytes} at {@code start}, or all there is. */
  private boolean fill(int bytes) throws IOException {
    long memory = memory();
    if (end - start >= bytes) {
      return true;
    }
    Mem.copy(memory + start, memory, end - start);
    end -= start;
    start = 0;
    while (end < bytes) {
      int n = read(memory + end, BUFFER - end);
      if (n == 0) {
        return false;
      }
      end += n;
    }
    return true;
  }

  /** Waits for a byte at least. @return 0 at the end */
  private int read(long to, int most) throws IOException {
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

  /** When the frame was captured, since 1970. */
  public long timestampNanos() {
    return timestamp;
  }

  /** How many the frame is, from 1; 0 before the first. */
  public long number() {
    return records;
  }

  /** Bytes of the frame in the file, without FCS. */
  public int length() {
    return length;
  }

  /**
   * Bytes the frame had on the wire, without FCS: more than {@link #length} when the capture cut
   * it.
   */
  public int originalLength() {
    return originalLength;
  }

  /**
   * Copies the frame's {@link #length} bytes to memory at {@code address}, which is not checked.
   */
  public void copyTo(long address) {
    copyTo(0, address, length);
  }

  /**
   * Copies a part of the frame to memory.
   *
   * @param from the offset of its first byte in the frame
   * @param address where to, which is not checked
   * @param bytes how many
   * @throws IndexOutOfBoundsException when the part is not inside the frame's {@link #length}
   */
  public void copyTo(int from, long address, int bytes) {
    Objects.checkFromIndexSize(from, bytes, length);
    Mem.copy(memory() + start + from, address, bytes);
  }

  /** The frame, copied. */
  public byte[] bytes() {
    byte[] frame = new byte[length];
    Mem.copyOut(memory() + start, frame, 0, length);
    return frame;
  }

  /** Idempotent. */
  @Override
  public void close() {
    if (buffer != 0) {
      Mem.free(buffer);
      buffer = 0;
      if (own) {
        Libc.closeFd(fd);
      }
    }
  }
}
