package io.netmap4j.frames;

import java.io.EOFException;
import java.io.IOException;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Unpacks gzip's data (RFC 1952): members, one behind the other, and zeros behind them, which gzip
 * takes for a tape's padding. Anything else is damage; {@link java.util.zip.GZIPInputStream} takes
 * a later member with a damaged header for the end of the data. For one thread.
 */
final class Gunzip implements AutoCloseable {
  static final int MAGIC = 0x8B1F;
  private static final int DEFLATE = 8;

  /** Bytes between a header's flags and what they tell of: time, level and system. */
  private static final int UNUSED = 6;

  // Flags of a header.
  private static final int HEADER_SUM = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int RESERVED = 0xE0;

  /** Where the packed bytes are. */
  interface Source {
    /** Waits for a byte at least. @return bytes read; 0 at the end */
    int read(byte[] to) throws IOException;
  }

  private final Source source;
  private final byte[] packed;
  private int at;
  private int end;
  private long taken;

  private final Inflater inflater = new Inflater(true);
  private final CRC32 sum = new CRC32();

  /** A member's header has been read, and its end not yet. */
  private boolean inside;

  /** The data may end here: a member has been read to its end. */
  private boolean whole;

  /**
   * @param first a buffer for what is packed, with its first bytes
   * @param length how many they are
   */
  Gunzip(byte[] first, int length, Source source) {
    this.packed = first;
    this.end = length;
    this.taken = length;
    this.source = source;
  }

  /** Packed bytes that have been used. */
  long consumed() {
    return taken - (end - at);
  }

  /**
   * Unpacks what fits.
   *
   * @param most 1 and more
   * @return how many bytes; 0 at the end of the data
   * @throws EOFException when the data end within a member
   * @throws ZipException when they are damaged; the text says how
   */
  int read(byte[] to, int most) throws IOException {
    while (inside || begin()) {
      int n = inflate(to, most);
      if (n > 0) {
        sum.update(to, 0, n);
        return n;
      }
      if (inflater.finished()) {
        finish();
      } else {
        require();
        inflater.setInput(packed, at, end - at);
      }
    }
    return 0;
  }

  private int inflate(byte[] to, int most) throws ZipException {
    try {
      int n = inflater.inflate(to, 0, most);
      at = end - inflater.getRemaining();
      return n;
    } catch (DataFormatException e) {
      throw new ZipException(e.getMessage());
    }
  }

  /** Reads a member's header. @return false at the end of the data */
  private boolean begin() throws IOException {
    if (whole && !another()) {
      return false;
    }
    whole = false;
    sum.reset();
    int magic = next16();
    int method = next();
    int flags = next();
    if (magic != MAGIC || method != DEFLATE || (flags & RESERVED) != 0) {
      throw new ZipException(
          String.format(
              Locale.ROOT,
              "0x%04x, 0x%02x, 0x%02x are not the magic, method and flags of a member of gzip's",
              magic,
              method,
              flags));
    }
    skip(UNUSED);
    if ((flags & EXTRA) != 0) {
      skip(next16());
    }
    if ((flags & NAME) != 0) {
      skipText();
    }
    if ((flags & COMMENT) != 0) {
      skipText();
    }
    if ((flags & HEADER_SUM) != 0) {
      int right = (int) sum.getValue() & 0xFFFF;
      requireSame("its header's checksum", next16(), right);
    }
    sum.reset();
    inflater.reset();
    inflater.setInput(packed, at, end - at);
    inside = true;
    return true;
  }

  /** Skips padding. @return false when nothing is behind it */
  private boolean another() throws IOException {
    while (at < end || fill()) {
      if (packed[at] != 0) {
        return true;
      }
      at++;
    }
    return false;
  }

  /** Compares what is behind a member's data with them. */
  private void finish() throws IOException {
    inside = false;
    int right = (int) sum.getValue();
    requireSame("the checksum in its GZIP trailer", next16() | next16() << 16, right);
    int length = (int) inflater.getBytesWritten();
    requireSame("the length in its GZIP trailer", next16() | next16() << 16, length);
    whole = true;
  }

  private static void requireSame(String what, int told, int right) throws ZipException {
    if (told != right) {
      throw new ZipException(
          String.format(Locale.ROOT, "%s is 0x%08x, and should be 0x%08x", what, told, right));
    }
  }

  private void skip(int bytes) throws IOException {
    for (int i = 0; i < bytes; i++) {
      next();
    }
  }

  private void skipText() throws IOException {
    while (next() != 0) {}
  }

  private int next16() throws IOException {
    return next() | next() << 8;
  }

  private int next() throws IOException {
    require();
    sum.update(packed[at]);
    return packed[at++] & 0xFF;
  }

  private void require() throws IOException {
    if (at == end && !fill()) {
      throw new EOFException("it ends too early");
    }
  }

  private boolean fill() throws IOException {
    at = 0;
    end = 0;
    end = source.read(packed);
    taken += end;
    return end > 0;
  }

  /** Frees the inflater's memory. */
  @Override
  public void close() {
    inflater.end();
  }
}
