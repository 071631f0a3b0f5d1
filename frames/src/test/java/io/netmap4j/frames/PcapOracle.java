package io.netmap4j.frames;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Captures of every kind, whole and damaged, and what is in them by a second reading of the format:
 * slow, from one array, written without regard to {@link PcapReader}.
 */
public final class PcapOracle {
  /** Offsets of the file header's fields, and their sizes. */
  static final int[][] HEADER_FIELDS = {{0, 4}, {4, 2}, {6, 2}, {8, 4}, {12, 4}, {16, 4}, {20, 4}};

  /** Offsets of a record header's fields; all have four bytes. */
  static final int[] RECORD_FIELDS = {0, 4, 8, 12};

  static final long[] NASTY = {
    0,
    1,
    2,
    4,
    13,
    14,
    15,
    16,
    59,
    60,
    0x7F,
    0x80,
    0xFF,
    0x100,
    1499,
    1514,
    1518,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x3FFFF,
    0x40000,
    0x40001,
    0xFFFFF,
    0x100000,
    999_999,
    1_000_000,
    999_999_999,
    1_000_000_000,
    0x7FFFFFFF,
    0x80000000L,
    0xFFFFFFFEL,
    0xFFFFFFFFL,
    0x14000001,
    0x24000001,
    0xF4000001L,
    0xF0000001L,
    0x08000001,
    0x01000001,
    0x02030405,
    0xA1B2C3D4L,
    0xD4C3B2A1L,
    0xA1B23C4DL,
    0x4D3CB2A1L,
    0xA1B2CD34L,
    0x34CDB2A1L,
    0x0A0D0D0A,
    0x00088B1F
  };

  /** A frame as it should be read. */
  public static final class Frame {
    private final long nanos;
    private final byte[] bytes;
    private final int original;

    Frame(long nanos, byte[] bytes, int original) {
      this.nanos = nanos;
      this.bytes = bytes;
      this.original = original;
    }

    long nanos() {
      return nanos;
    }

    /** Not to be changed. */
    public byte[] bytes() {
      return bytes;
    }

    int original() {
      return original;
    }
  }

  /**
   * @param opens the file's header is accepted
   * @param frames the whole ones before the end or the damage
   * @param ends after them the file ends as it should
   */
  public record Content(boolean opens, List<Frame> frames, boolean ends) {}

  private PcapOracle() {}

  /** What {@link PcapReader} should make of a file. */
  public static Content read(byte[] file) {
    List<Frame> frames = new ArrayList<>();
    if (file.length < 24) {
      return new Content(false, frames, false);
    }
    ByteBuffer in = ByteBuffer.wrap(file);
    long magic = in.getInt(0) & 0xFFFFFFFFL;
    boolean nanos = magic == 0xA1B23C4DL || magic == 0x4D3CB2A1L;
    if (magic == 0xD4C3B2A1L || magic == 0x4D3CB2A1L) {
      in.order(ByteOrder.LITTLE_ENDIAN);
    } else if (magic != 0xA1B2C3D4L && magic != 0xA1B23C4DL) {
      return new Content(false, frames, false);
    }
    int network = in.getInt(20);
    if (in.getShort(4) != 2 || in.getShort(6) != 4 || (network & 0xFFFF) != 1) {
      return new Content(false, frames, false);
    }
    int fcs = (network >> 26 & 1) * (network >> 28 & 15) * 2;
    int at = 24;
    while (file.length - at >= 16) {
      long captured = in.getInt(at + 8) & 0xFFFFFFFFL;
      if (captured > 262_144 || captured > file.length - at - 16) {
        return new Content(true, frames, false);
      }
      long wire = Math.max(in.getInt(at + 12) & 0xFFFFFFFFL, captured) - fcs;
      int original = (int) Math.min(Math.max(wire, 0), 0x7FFFFFFF);
      long time =
          (in.getInt(at) & 0xFFFFFFFFL) * 1_000_000_000
              + (in.getInt(at + 4) & 0xFFFFFFFFL) * (nanos ? 1 : 1000);
      int length = (int) Math.min(captured, original);
      frames.add(new Frame(time, Arrays.copyOfRange(file, at + 16, at + 16 + length), original));
      at += 16 + (int) captured;
    }
    return new Content(true, frames, at == file.length);
  }

  /** A whole capture: any byte order and unit, sometimes with an FCS length and cut frames. */
  public static byte[] capture(SplittableRandom random, int mostRecords, int longest) {
    ByteOrder order = random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    boolean nanos = random.nextBoolean();
    int network = random.nextInt(4) == 0 ? 1 | 0x0400_0000 | random.nextInt(16) << 28 : 1;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteBuffer head = ByteBuffer.allocate(24).order(order);
    head.putInt(nanos ? 0xA1B23C4D : 0xA1B2C3D4).putShort((short) 2).putShort((short) 4);
    head.putInt(0).putInt(0).putInt(65535).putInt(network);
    out.writeBytes(head.array());
    int time = random.nextInt();
    for (int left = random.nextInt(mostRecords + 1); left > 0; left--) {
      int length = random.nextInt(3) == 0 ? random.nextInt(20) : random.nextInt(longest + 1);
      int more = random.nextInt(4) == 0 ? random.nextInt(2000) : 0;
      ByteBuffer record = ByteBuffer.allocate(16 + length).order(order);
      record.putInt(time).putInt(random.nextInt(nanos ? 1_000_000_000 : 1_000_000));
      record.putInt(length).putInt(length + more);
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      record.put(bytes);
      out.writeBytes(record.array());
      time += random.nextInt(3) - 1;
    }
    return out.toByteArray();
  }

  /** Cuts, flips, or puts a nasty value into a field; several of that now and then. */
  public static byte[] damage(SplittableRandom random, byte[] capture) {
    byte[] bytes = capture.clone();
    do {
      switch (random.nextInt(4)) {
        case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
        case 1 -> {
          for (int n = 1 + random.nextInt(8); n > 0 && bytes.length > 0; n--) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
          }
        }
        case 2 -> {
          int[] field = HEADER_FIELDS[random.nextInt(HEADER_FIELDS.length)];
          put(random, bytes, field[0], field[1]);
        }
        default -> putIntoRecord(random, bytes);
      }
    } while (random.nextInt(4) == 0);
    return bytes;
  }

  private static void putIntoRecord(SplittableRandom random, byte[] bytes) {
    int at = 24;
    if (bytes.length < 24) {
      return;
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    in.order(bytes[0] == (byte) 0xA1 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    for (int skip = random.nextInt(5); skip > 0 && at + 16 <= bytes.length; skip--) {
      long next = at + 16L + (in.getInt(at + 8) & 0xFFFFFFFFL);
      if (next + 16 > bytes.length) {
        break;
      }
      at = (int) next;
    }
    put(random, bytes, at + RECORD_FIELDS[random.nextInt(RECORD_FIELDS.length)], 4);
  }

  private static void put(SplittableRandom random, byte[] bytes, int at, int size) {
    put(bytes, at, size, NASTY[random.nextInt(NASTY.length)], random.nextBoolean());
  }

  /** Puts a field in, in one byte order or the other, as far as the file goes. */
  public static void put(byte[] bytes, int at, int size, long value, boolean bigEndian) {
    for (int i = 0; i < size && at + i < bytes.length; i++) {
      bytes[at + i] = (byte) (value >>> 8 * (bigEndian ? size - 1 - i : i));
    }
  }
}
