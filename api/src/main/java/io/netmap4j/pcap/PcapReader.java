package io.netmap4j.pcap;

import io.netmap4j.linux.Mem;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Reads a classic pcap file of Ethernet frames: either byte order, micro- or nanoseconds. One frame at a time is
 * current, and everything but {@link #next} is about it.
 */
public final class PcapReader implements AutoCloseable {
  private static final VarHandle BIG =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LITTLE =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int PCAPNG_MAGIC = 0x0A0D0D0A;
  private static final int FILE_HEADER = 24;
  private static final int RECORD_HEADER = 16;
  private static final int ETHERNET = 1;
  private static final int MOST = 1 << 18;

  private final Path file;
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 20];
  private int start;
  private int end;
  private long frames;
  private VarHandle order;
  private int nanosPerUnit;
  private long timestamp;
  private int length;
  private int originalLength;

  private PcapReader(Path file) throws IOException {
    this.file = file;
    this.in = Files.newInputStream(file);
    try {
      readFileHeader();
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws IOException when the file cannot be read or is no pcap file of Ethernet frames
   */
  public static PcapReader open(Path file) throws IOException {
    return new PcapReader(file);
  }

  private void readFileHeader() throws IOException {
    if (!fill(FILE_HEADER)) {
      throw new IOException(
          file + " is not a pcap file: " + (end - start) + " bytes, its header alone has 24");
    }
    int magic = (int) LITTLE.get(buffer, 0);
    switch (magic) {
      case 0xA1B2C3D4 -> setFormat(LITTLE, 1000);
      case 0xA1B23C4D -> setFormat(LITTLE, 1);
      case 0xD4C3B2A1 -> setFormat(BIG, 1000);
      case 0x4D3CB2A1 -> setFormat(BIG, 1);
      case PCAPNG_MAGIC ->
          throw new IOException(
              file + " is a pcapng file; convert it: editcap -F pcap " + file + " out.pcap");
      default ->
          throw new IOException(
              String.format("%s is not a pcap file: it starts with 0x%08x", file, magic));
    }
    int linkType = int32(20) & 0xFFFF;
    if (linkType != ETHERNET) {
      throw new IOException(
          file + " has frames of link type " + linkType + ", only 1 (Ethernet) is known");
    }
    start = FILE_HEADER;
  }

  private void setFormat(VarHandle order, int nanosPerUnit) {
    this.order = order;
    this.nanosPerUnit = nanosPerUnit;
  }

  /**
   * Makes the next frame the current one.
   *
   * @return false at the end of the file
   * @throws EOFException when the file ends within a frame
   */
  public boolean next() throws IOException {
    start += length;
    length = 0;
    if (!fill(RECORD_HEADER)) {
      if (end != start) {
        throw truncated(RECORD_HEADER);
      }
      return false;
    }
    int captured = int32(start + 8);
    if (captured < 0 || captured > MOST) {
      throw new IOException(
          file + " is damaged: frame " + frames + " claims " + (captured & 0xFFFFFFFFL) + " bytes");
    }
    timestamp =
        (int32(start) & 0xFFFFFFFFL) * 1_000_000_000L
            + (int32(start + 4) & 0xFFFFFFFFL) * nanosPerUnit;
    originalLength = int32(start + 12);
    start += RECORD_HEADER;
    if (!fill(captured)) {
      throw truncated(captured);
    }
    length = captured;
    frames++;
    return true;
  }

  private EOFException truncated(int wanted) {
    return new EOFException(
        file + " is truncated: frame " + frames + " needs " + wanted + " bytes, " + (end - start)
            + " are left");
  }

  private int int32(int at) {
    return (int) order.get(buffer, at);
  }

  /** Has {@code bytes} at {@code start}, or all there is. */
  private boolean fill(int bytes) throws IOException {
    if (end - start >= bytes) {
      return true;
    }
    System.arraycopy(buffer, start, buffer, 0, end - start);
    end -= start;
    start = 0;
    while (end < bytes) {
      int n = in.read(buffer, end, buffer.length - end);
      if (n < 0) {
        return false;
      }
      end += n;
    }
    return true;
  }

  /** When the frame was captured, since 1970. */
  public long timestampNanos() {
    return timestamp;
  }

  /** Bytes of the frame in the file. */
  public int length() {
    return length;
  }

  /** Bytes the frame had on the wire, without CRC: more than {@link #length} when the capture cut it. */
  public int originalLength() {
    return originalLength;
  }

  /** Copies the frame's {@link #length} bytes to raw memory. */
  public void copyTo(long address) {
    Mem.copyIn(buffer, start, address, length);
  }

  /** The frame, copied. */
  public byte[] bytes() {
    return Arrays.copyOfRange(buffer, start, start + length);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
