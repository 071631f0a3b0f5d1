package io.netmap4j.frames;

import java.io.IOException;

/** The classic layout, of either byte order, with micro- or nanoseconds. */
final class PcapFile extends CaptureFormat {
  private static final int HEADER = 24;
  private static final int RECORD_HEADER = 16;
  private static final int MAJOR = 2;
  private static final int MINOR = 4;

  // The last word of the header: draft-ietf-opsawg-pcap, "LinkType and additional information".
  private static final int LINK_TYPE = 0xFFFF;
  private static final int FCS_PRESENT = 0x0400_0000;
  private static final int FCS_WORDS_SHIFT = 28;

  private final int nanosPerUnit;
  private final int fcsBytes;

  /** Reads the header; the input has its first 4 bytes, or all there is. */
  PcapFile(CaptureInput in) throws IOException {
    super(in);
    boolean whole = in.has(HEADER);
    in.requireGoing();
    if (in.available() >= Integer.BYTES) {
      int magic = in.int32(0);
      boolean swapped = PcapFormat.known(Integer.reverseBytes(magic));
      if (!swapped && !PcapFormat.known(magic)) {
        throw new IOException(PcapFormat.describe(in.name, magic));
      }
      in.swapped(swapped);
    }
    if (!whole) {
      throw new IOException(
          in.name
              + " is not a pcap file: "
              + in.available()
              + " bytes, its header alone has "
              + HEADER
              + "; an empty capture has that too");
    }
    nanosPerUnit = in.int32(0) == PcapFormat.NANOSECONDS ? 1 : 1000;
    int major = in.int16(4);
    int minor = in.int16(6);
    if (major != MAJOR || minor != MINOR) {
      throw new IOException(
          in.name + " is a pcap file of version " + major + "." + minor + ", only 2.4 is known");
    }
    int network = in.int32(20);
    PcapFormat.requireEthernet(in.name, network & LINK_TYPE);
    fcsBytes = (network & FCS_PRESENT) == 0 ? 0 : (network >>> FCS_WORDS_SHIFT) * Short.BYTES;
    in.skip(HEADER);
  }

  @Override
  boolean find() throws IOException {
    if (!in.has(RECORD_HEADER)) {
      if (in.available() > 0 && !in.stopped()) {
        throw truncated(RECORD_HEADER, "the 16 bytes of its header");
      }
      return false;
    }
    int captured = in.int32(8);
    if (captured < 0 || captured > PcapWriter.LONGEST_FRAME) {
      throw damaged(
          "claims "
              + Integer.toUnsignedString(captured)
              + " bytes, "
              + PcapWriter.LONGEST_FRAME
              + " is the most");
    }
    if (!in.has(RECORD_HEADER + captured)) {
      if (in.stopped()) {
        return false;
      }
      throw truncated(RECORD_HEADER + captured, "its " + captured + " bytes");
    }
    long nanos = in.uint32(0) * 1_000_000_000L + in.uint32(4) * nanosPerUnit;
    found(nanos, RECORD_HEADER + captured, RECORD_HEADER, captured, in.uint32(12), fcsBytes);
    return true;
  }
}
