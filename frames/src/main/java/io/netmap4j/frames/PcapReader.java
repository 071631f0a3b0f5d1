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
 * Reads a capture file of Ethernet frames: classic pcap with micro- or nanoseconds, or pcapng, of
 * either byte order, as it is or compressed by gzip. One frame at a time is current, and everything
 * but {@link #next} is about it. For one thread.
 *
 * <p>Frames come without their frame check sequence: where the file says that it holds them, they
 * are left out. Errors name the file and, where it is damaged or ends too early, the byte, counted
 * after unpacking.
 */
public final class PcapReader implements AutoCloseable {
  private final CaptureInput in;
  private final CaptureFormat format;

  private PcapReader(CaptureInput in) throws IOException {
    this.in = in;
    try {
      in.unpackIfGzip();
      format = format(in);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  private static CaptureFormat format(CaptureInput in) throws IOException {
    return in.has(Integer.BYTES) && in.int32(0) == PcapngFile.SECTION
        ? new PcapngFile(in)
        : new PcapFile(in);
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws IOException when the file cannot be read or is no capture of Ethernet frames
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
   * @throws IOException when the file cannot be read or is no capture of Ethernet frames
   */
  public static PcapReader open(Path file, BooleanSupplier goOn) throws IOException {
    // O_NONBLOCK: a named pipe opens before somebody writes to it, and the wait is below.
    int fd = Libc.tryOpen(file.toString(), Libc.O_RDONLY | Libc.O_NONBLOCK, 0);
    if (fd < 0) {
      throw PcapFormat.failed(file.toString(), -fd);
    }
    return new PcapReader(new CaptureInput(fd, true, file.toString(), goOn));
  }

  /**
   * Reads from an open descriptor, which stays open.
   *
   * @param name what errors call it
   * @param goOn as in {@link #open(Path, BooleanSupplier)}
   */
  public static PcapReader of(int fd, String name, BooleanSupplier goOn) throws IOException {
    return new PcapReader(new CaptureInput(fd, false, name, goOn));
  }

  /**
   * Makes the next frame the current one. A pcapng file's simple packets have no time: that of the
   * frame before them is theirs.
   *
   * @return false at the end of the file, or when the wait for more was ended
   * @throws EOFException when the file ends within a frame; those before it are whole
   * @throws IOException when the file is damaged, or the frame is no Ethernet frame
   */
  public boolean next() throws IOException {
    return format.next();
  }

  /** When the frame was captured, since 1970. */
  public long timestampNanos() {
    return format.timestamp();
  }

  /** How many the frame is, from 1; 0 before the first. */
  public long number() {
    return format.records();
  }

  /** Bytes of the file, packed if it is, that have been read: nearly, as they are read ahead. */
  public long consumed() {
    return in.consumed();
  }

  /** Bytes of the frame in the file, without FCS. */
  public int length() {
    return format.length();
  }

  /**
   * Bytes the frame had on the wire, without FCS: more than {@link #length} when the capture cut
   * it.
   */
  public int originalLength() {
    return format.originalLength();
  }

  /**
   * Copies the frame's {@link #length} bytes to memory at {@code address}, which is not checked.
   */
  public void copyTo(long address) {
    copyTo(0, address, length());
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
    Objects.checkFromIndexSize(from, bytes, length());
    Mem.copy(format.address() + from, address, bytes);
  }

  /** The frame, copied. */
  public byte[] bytes() {
    byte[] frame = new byte[length()];
    Mem.copyOut(format.address(), frame, 0, frame.length);
    return frame;
  }

  /** Idempotent. */
  @Override
  public void close() {
    in.close();
  }
}
