package io.netmap4j.pcap;

import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Writes a classic pcap file of Ethernet frames, buffered. What is not flushed or closed may not be in the file. */
public final class PcapWriter implements AutoCloseable {
  private static final int RECORD_HEADER = 16;
  private static final int MOST = 1 << 18;

  private final FileChannel channel;
  private final byte[] buffer = new byte[1 << 20];
  private final ByteBuffer view = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
  private final int nanosPerUnit;

  private PcapWriter(Path file, boolean nanoseconds) throws IOException {
    this.nanosPerUnit = nanoseconds ? 1 : 1000;
    this.channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING);
    view.putInt(nanoseconds ? 0xA1B23C4D : 0xA1B2C3D4);
    view.putShort((short) 2).putShort((short) 4); // version
    view.putInt(0).putInt(0); // time zone and accuracy, zero everywhere
    view.putInt(MOST).putInt(1); // longest frame, Ethernet
  }

  /** Starts a file with microseconds, which every tool reads. An existing one is replaced. */
  public static PcapWriter create(Path file) throws IOException {
    return new PcapWriter(file, false);
  }

  /** Starts a file with nanoseconds, which tcpdump, Wireshark and {@link PcapReader} read. */
  public static PcapWriter createNanos(Path file) throws IOException {
    return new PcapWriter(file, true);
  }

  /** Appends a frame, without CRC, from raw memory. */
  public void write(long timestampNanos, long address, int length) throws IOException {
    header(timestampNanos, length);
    Mem.copyOut(address, buffer, view.position(), length);
    view.position(view.position() + length);
  }

  /** Appends a frame, without CRC. */
  public void write(long timestampNanos, byte[] frame) throws IOException {
    header(timestampNanos, frame.length);
    view.put(frame);
  }

  private void header(long nanos, int length) throws IOException {
    if (length < 0 || length > MOST) {
      throw new IllegalArgumentException("a frame of " + length + " bytes; 0 to " + MOST + " fit");
    }
    if (view.remaining() < RECORD_HEADER + length) {
      flush();
    }
    view.putInt((int) Math.floorDiv(nanos, 1_000_000_000L));
    view.putInt((int) Math.floorMod(nanos, 1_000_000_000L) / nanosPerUnit);
    view.putInt(length).putInt(length);
  }

  /** Hands everything written so far to the operating system. */
  public void flush() throws IOException {
    view.flip();
    while (view.hasRemaining()) {
      channel.write(view);
    }
    view.clear();
  }

  /** Flushes and closes. Idempotent. */
  @Override
  public void close() throws IOException {
    if (channel.isOpen()) {
      try (channel) {
        flush();
      }
    }
  }
}
