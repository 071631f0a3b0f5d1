package io.netmap4j.frames;

import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Wireshark's layout (draft-ietf-opsawg-pcapng): sections of either byte order, each with
 * interfaces and blocks of several kinds. What holds no frame is skipped.
 */
final class PcapngFile extends CaptureFormat {
  /** The same in either byte order. */
  static final int SECTION = 0x0A0D0D0A;

  static final int INTERFACE = 1;
  static final int ENHANCED_PACKET = 6;
  static final int BYTE_ORDER = 0x1A2B3C4D;

  private static final int OBSOLETE_PACKET = 2;
  private static final int SIMPLE_PACKET = 3;

  // Bytes before the options, or the frame; the length at a block's end is not counted.
  private static final int BLOCK_HEADER = 8;
  private static final int SECTION_HEADER = 24;
  private static final int INTERFACE_HEADER = 16;
  private static final int PACKET_HEADER = 28;
  private static final int SIMPLE_HEADER = 12;
  private static final int TRAILER = 4;

  // Options.
  private static final int END_OF_OPTIONS = 0;
  private static final int PACKET_FLAGS = 2;
  static final int TIME_RESOLUTION = 9;
  private static final int FCS_LENGTH = 13;
  private static final int TIME_OFFSET = 14;

  /** epb_flags: bytes of FCS, 0 for unknown. */
  private static final int FLAGS_FCS_SHIFT = 5;

  private static final int FLAGS_FCS = 0xF;

  /** if_fcslen is a number of bits; some writers take it for bytes. */
  private static final int FEWEST_FCS_BITS = 16;

  /** Most interfaces of a section: a small file that is packed could fill the memory with them. */
  private static final int MOST_SOURCES = 1 << 16;

  /** What frames of one interface have in common. */
  private record Source(int linkType, long snap, Resolution resolution, long offset, int fcs) {}

  /** Of the section. */
  private final List<Source> sources = new ArrayList<>();

  /** Reads the first section's header; the input has its first 4 bytes. */
  PcapngFile(CaptureInput in) throws IOException {
    super(in);
    if (!in.has(SECTION_HEADER + TRAILER)) {
      in.requireGoing();
      throw new IOException(
          in.name
              + " is not a pcapng file: "
              + in.available()
              + " bytes, its header alone has "
              + (SECTION_HEADER + TRAILER));
    }
    section();
  }

  @Override
  boolean find() throws IOException {
    while (in.has(BLOCK_HEADER)) {
      boolean found =
          switch (in.int32(0)) {
            case SECTION -> section();
            case INTERFACE -> source();
            case ENHANCED_PACKET, OBSOLETE_PACKET -> packet();
            case SIMPLE_PACKET -> simplePacket();
            default -> other();
          };
      if (found) {
        return true;
      }
      if (in.stopped()) {
        return false;
      }
    }
    if (in.available() > 0 && !in.stopped()) {
      throw truncated(BLOCK_HEADER, "the 8 bytes of its block's header");
    }
    return false;
  }

  /** A new section: its byte order, and no interface yet. */
  private boolean section() throws IOException {
    if (!in.has(SECTION_HEADER + TRAILER)) {
      return ended(SECTION_HEADER + TRAILER, "a section's header");
    }
    in.swapped(false);
    int order = in.int32(8);
    if (order != BYTE_ORDER && Integer.reverseBytes(order) != BYTE_ORDER) {
      throw broken(String.format(Locale.ROOT, "a section's byte order is 0x%08x", order));
    }
    in.swapped(order != BYTE_ORDER);
    int major = in.int16(12);
    int minor = in.int16(14);
    if (major != 1 || minor != 0 && minor != 2) {
      throw new IOException(
          in.name + " is a pcapng file of version " + major + "." + minor + ", only 1.0 is known");
    }
    sources.clear();
    return wholeBlock(SECTION_HEADER) && passed();
  }

  private boolean source() throws IOException {
    if (!wholeBlock(INTERFACE_HEADER)) {
      return false;
    }
    if (sources.size() == MOST_SOURCES) {
      throw broken("its section tells of more than " + MOST_SOURCES + " interfaces");
    }
    Resolution resolution = Resolution.MICROSECONDS;
    long offset = 0;
    int fcs = 0;
    int end = in.int32(4) - TRAILER;
    for (int at = INTERFACE_HEADER; hasOption(at, end); at = next(at)) {
      int length = in.int16(at + 2);
      switch (in.int16(at)) {
        case TIME_RESOLUTION -> {
          if (length == 1) {
            resolution = new Resolution(Mem.getByte(in.address() + at + 4));
          }
        }
        case FCS_LENGTH -> {
          if (length == 1) {
            int value = Mem.getByte(in.address() + at + 4) & 0xFF;
            fcs = value >= FEWEST_FCS_BITS ? value / Byte.SIZE : value;
          }
        }
        case TIME_OFFSET -> {
          if (length == Long.BYTES) {
            offset = in.int64(at + 4);
          }
        }
        default -> {}
      }
    }
    sources.add(new Source(in.int16(8), in.uint32(12), resolution, offset, fcs));
    return passed();
  }

  private boolean packet() throws IOException {
    if (!wholeBlock(PACKET_HEADER)) {
      return false;
    }
    int blockLength = in.int32(4);
    boolean enhanced = in.int32(0) == ENHANCED_PACKET;
    Source source = source(enhanced ? in.uint32(8) : in.int16(8));
    long captured = in.uint32(20);
    requireFits(captured, blockLength - PACKET_HEADER - TRAILER);
    long units = in.uint32(12) << 32 | in.uint32(16);
    long nanos = source.resolution.nanos(units) + source.offset * 1_000_000_000L;
    int options = PACKET_HEADER + padded((int) captured);
    int fcs = source.fcs;
    for (int at = options; hasOption(at, blockLength - TRAILER); at = next(at)) {
      if (in.int16(at) == PACKET_FLAGS && in.int16(at + 2) == Integer.BYTES) {
        int told = in.int32(at + 4) >> FLAGS_FCS_SHIFT & FLAGS_FCS;
        fcs = told == 0 ? fcs : told;
      }
    }
    found(nanos, blockLength, PACKET_HEADER, (int) captured, in.uint32(24), fcs);
    return true;
  }

  /** It has no time: that of the frame before it. */
  private boolean simplePacket() throws IOException {
    if (!wholeBlock(SIMPLE_HEADER)) {
      return false;
    }
    int blockLength = in.int32(4);
    Source source = source(0);
    long original = in.uint32(8);
    long captured = Math.min(original, blockLength - SIMPLE_HEADER - TRAILER);
    captured = source.snap == 0 ? captured : Math.min(captured, source.snap);
    requireFits(captured, blockLength - SIMPLE_HEADER - TRAILER);
    found(timestamp(), blockLength, SIMPLE_HEADER, (int) captured, original, source.fcs);
    return true;
  }

  /** A block that is of no use here, however long it is. */
  private boolean other() throws IOException {
    long length = length(BLOCK_HEADER);
    in.skip(length - TRAILER);
    if (!in.has(TRAILER)) {
      return ended(TRAILER, "the block before it");
    }
    requireSame(length, 0);
    in.skip(TRAILER);
    return false;
  }

  private Source source(long index) throws IOException {
    if (index >= sources.size()) {
      throw damaged(
          "is of interface " + index + ", and its section tells of " + sources.size() + " so far");
    }
    Source source = sources.get((int) index);
    PcapFormat.requireEthernet(in.name, source.linkType);
    return source;
  }

  private void requireFits(long captured, long room) throws IOException {
    if (captured > room || captured > PcapWriter.LONGEST_FRAME) {
      throw damaged(
          "claims "
              + captured
              + " bytes, "
              + Math.min(room, PcapWriter.LONGEST_FRAME)
              + " is the most");
    }
  }

  /** Has a whole block in the window, and the two lengths equal. */
  private boolean wholeBlock(int header) throws IOException {
    long length = length(header);
    if (length > CaptureInput.WINDOW) {
      throw broken("a block claims " + length + " bytes, " + CaptureInput.WINDOW + " is the most");
    }
    if (!in.has((int) length)) {
      return ended(length, "its block's " + length + " bytes");
    }
    requireSame(length, (int) length - TRAILER);
    return true;
  }

  private long length(int header) throws IOException {
    long length = in.uint32(4);
    if (length % 4 != 0 || length < header + TRAILER) {
      throw broken("a block claims " + length + " bytes");
    }
    return length;
  }

  private void requireSame(long length, int at) throws IOException {
    if (in.uint32(at) != length) {
      throw broken(
          "a block has "
              + length
              + " bytes by its first length, "
              + in.uint32(at)
              + " by its last");
    }
  }

  private boolean ended(long wanted, String what) throws IOException {
    if (in.stopped()) {
      return false;
    }
    throw truncated(wanted, what);
  }

  private IOException broken(String what) {
    return new IOException(
        in.name
            + " is damaged at byte "
            + in.position()
            + ": "
            + what
            + "; "
            + records()
            + " frames before it are whole");
  }

  /** The block is done with, and held no frame. */
  private boolean passed() throws IOException {
    in.skip(in.uint32(4));
    return false;
  }

  /** There is an option at {@code at}, whole. */
  private boolean hasOption(int at, int end) {
    return end - at >= Integer.BYTES
        && in.int16(at) != END_OF_OPTIONS
        && in.int16(at + 2) <= end - at - Integer.BYTES;
  }

  private int next(int option) {
    return option + Integer.BYTES + padded(in.int16(option + 2));
  }

  static int padded(int bytes) {
    return bytes + 3 & ~3;
  }

  /**
   * if_tsresol: what a timestamp counts.
   *
   * @param code the exponent of 10, or with the top bit that of 2, of the units in a second
   */
  record Resolution(byte code) {
    static final Resolution MICROSECONDS = new Resolution((byte) 6);

    private static final int NANO = 9;
    private static final long BILLION = 1_000_000_000;

    /** Largest power of ten that a long holds. */
    private static final int MOST_DIGITS = 18;

    /** Nanoseconds, cut to whole ones; {@code units} is unsigned. */
    long nanos(long units) {
      return code < 0 ? binary(units, code & 0x7F) : decimal(units, code);
    }

    private static long decimal(long units, int digits) {
      if (digits > NANO) {
        int cut = digits - NANO;
        return cut > MOST_DIGITS ? 0 : Long.divideUnsigned(units, power(cut));
      }
      long perSecond = power(digits);
      long seconds = Long.divideUnsigned(units, perSecond);
      return seconds * BILLION + (units - seconds * perSecond) * power(NANO - digits);
    }

    /** The product has up to 94 bits. */
    private static long binary(long units, int bits) {
      long low = units * BILLION;
      long high = Math.multiplyHigh(units, BILLION) + (units < 0 ? BILLION : 0); // as of unsigned
      if (bits >= Long.SIZE) {
        return high >>> bits - Long.SIZE;
      }
      return bits == 0 ? low : high << -bits | low >>> bits;
    }

    private static long power(int digits) {
      long result = 1;
      for (int i = 0; i < digits; i++) {
        result *= 10;
      }
      return result;
    }
  }
}
