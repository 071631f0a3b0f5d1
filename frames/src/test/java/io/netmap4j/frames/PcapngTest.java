package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** pcapng, and every variant of capture files against Wireshark's editcap, mergecap and tshark. */
@Timeout(60)
class PcapngTest {
  private static final Path SAMPLE = Path.of("../samples/mixed.pcap");

  @TempDir Path folder;

  /** A frame as it was read. */
  private record Frame(long nanos, int original, String bytes) {
    Frame micros() {
      return new Frame(nanos / 1000 * 1000, original, bytes);
    }
  }

  private static List<Frame> read(Path file) throws IOException {
    List<Frame> frames = new ArrayList<>();
    try (PcapReader reader = PcapReader.open(file)) {
      while (reader.next()) {
        frames.add(
            new Frame(
                reader.timestampNanos(),
                reader.originalLength(),
                new String(reader.bytes(), StandardCharsets.ISO_8859_1)));
      }
    }
    return frames;
  }

  private static void wireshark(Object... command) throws IOException {
    String[] words = Arrays.stream(command).map(Object::toString).toArray(String[]::new);
    try {
      Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(said).isZero();
    } catch (IOException e) {
      Assumptions.abort("no " + words[0] + ": install tshark (" + e.getMessage() + ")");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private Path zipped(Path file) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    byte[] bytes = Files.readAllBytes(file);
    int half = bytes.length / 2;
    for (int part = 0; part < 2; part++) { // gzip's files may follow each other
      try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
        gzip.write(bytes, part * half, part == 0 ? half : bytes.length - half);
      }
    }
    return Files.write(folder.resolve("zipped"), packed.toByteArray());
  }

  @ParameterizedTest
  @ValueSource(strings = {"pcap", "nsecpcap", "pcapng"})
  void whatEditcapWritesIsRead(String format) throws IOException {
    Path file = folder.resolve("file");
    wireshark("editcap", "-F", format, SAMPLE, file);
    List<Frame> expected = read(SAMPLE);
    assertThat(expected).hasSize(1748);
    assertThat(read(file)).isEqualTo(expected);
    assertThat(read(zipped(file))).isEqualTo(expected);
  }

  @Test
  void severalInterfacesOfMergecapAreRead() throws IOException {
    Path file = folder.resolve("file");
    wireshark("mergecap", "-a", "-F", "pcapng", "-I", "none", "-w", file, SAMPLE, SAMPLE);
    List<Frame> twice = new ArrayList<>(read(SAMPLE));
    twice.addAll(read(SAMPLE));
    assertThat(read(file)).isEqualTo(twice);
  }

  @ParameterizedTest
  @EnumSource(PcapWriter.Format.class)
  void whatIsWrittenIsReadByUsAndByTshark(PcapWriter.Format format) throws IOException {
    Path file = folder.resolve("file");
    SplittableRandom random = new SplittableRandom(1);
    List<Frame> expected = new ArrayList<>();
    try (PcapWriter writer = PcapWriter.create(file, format)) {
      for (int i = 0; i < 3000; i++) {
        byte[] bytes = new byte[14 + random.nextInt(i % 100 == 0 ? 9000 : 300)];
        random.nextBytes(bytes);
        long nanos = 1_700_000_000_000_000_000L + random.nextLong(1L << 50);
        int original = bytes.length + random.nextInt(2) * random.nextInt(1000);
        writer.write(nanos, bytes, bytes.length, original);
        Frame frame = new Frame(nanos, original, new String(bytes, StandardCharsets.ISO_8859_1));
        expected.add(format == PcapWriter.Format.PCAP ? frame.micros() : frame);
      }
      writer.flush();
      assertThat(writer.frames()).isEqualTo(3000);
    }
    assertThat(read(file)).isEqualTo(expected);
    Path copy = folder.resolve("copy");
    wireshark("tshark", "-r", file, "-F", "nsecpcap", "-w", copy);
    assertThat(read(copy)).isEqualTo(expected);
    wireshark("capinfos", file);
  }

  /** Writes blocks by the format's description, without regard to {@link PcapngFile}. */
  private static final class Blocks {
    final ByteBuffer out = ByteBuffer.allocate(1 << 16);

    /** Where blocks end. */
    final List<Integer> ends = new ArrayList<>();

    Blocks section(ByteOrder order) {
      out.order(order);
      return block(0x0A0D0D0A, body(16).putInt(0x1A2B3C4D).putInt(order(1, 0)).putLong(-1));
    }

    private int order(int first, int second) {
      return out.order() == ByteOrder.BIG_ENDIAN ? first << 16 | second : second << 16 | first;
    }

    Blocks source(int linkType, int snap, byte[]... options) {
      ByteBuffer body = body(500).putShort((short) linkType).putShort((short) 0).putInt(snap);
      return block(1, options(body, options).flip());
    }

    Blocks packet(int source, long units, byte[] frame, int original, byte[]... options) {
      ByteBuffer body = body(2000).putInt(source).putInt((int) (units >>> 32)).putInt((int) units);
      return block(6, options(frame(body, frame, original), options).flip());
    }

    Blocks obsolete(int source, long units, byte[] frame, int original) {
      ByteBuffer body = body(2000).putShort((short) source).putShort((short) 3);
      body.putInt((int) (units >>> 32)).putInt((int) units);
      return block(2, frame(body, frame, original).flip());
    }

    Blocks simple(byte[] frame, int original) {
      ByteBuffer body = body(2000).putInt(original).put(frame);
      return block(3, pad(body).flip());
    }

    Blocks block(int type, ByteBuffer body) {
      body.rewind();
      int length = 12 + body.remaining();
      out.putInt(type).putInt(length).put(body).putInt(length);
      ends.add(out.position());
      return this;
    }

    ByteBuffer body(int size) {
      return ByteBuffer.allocate(size).order(out.order());
    }

    private static ByteBuffer frame(ByteBuffer body, byte[] frame, int original) {
      return pad(body.putInt(frame.length).putInt(original).put(frame));
    }

    private static ByteBuffer pad(ByteBuffer body) {
      while (body.position() % 4 != 0) {
        body.put((byte) 0);
      }
      return body;
    }

    /** Options, each with its code in its first byte; none at all without any. */
    private static ByteBuffer options(ByteBuffer body, byte[]... options) {
      for (byte[] option : options) {
        body.putShort(option[0]).putShort((short) (option.length - 1));
        pad(body.put(option, 1, option.length - 1));
      }
      return options.length == 0 ? body : body.putInt(0);
    }

    byte[] bytes() {
      return Arrays.copyOf(out.array(), out.position());
    }
  }

  private static byte[] frame(int length) {
    byte[] frame = new byte[length];
    Arrays.fill(frame, (byte) length);
    frame[12] = (byte) 0x88;
    frame[13] = (byte) 0xB5;
    return frame;
  }

  private static Frame expected(long nanos, int length, int original) {
    return new Frame(nanos, original, new String(frame(length), StandardCharsets.ISO_8859_1));
  }

  private static Blocks everything(ByteOrder order) {
    Blocks blocks = new Blocks();
    return blocks
        .section(order)
        .source(1, 0)
        .source(1, 100, new byte[] {2, 'e', 't', 'h', '1'}, new byte[] {9, 9})
        .packet(0, 1_000_002, frame(61), 61, new byte[] {1, 'h', 'i', '!'})
        .block(5, blocks.body(16)) // interface statistics
        .block(0x80001234, blocks.body(40)) // somebody's own
        .packet(1, 5_000_000_007L, frame(100), 1514)
        .obsolete(0, 3_000_000, frame(60), 60)
        .section(order == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN)
        .source(1, 0, new byte[] {9, (byte) 0x8A}) // 1024 in a second
        .packet(0, 1024 * 9 + 512, frame(62), 62);
  }

  @ParameterizedTest
  @ValueSource(strings = {"LITTLE", "BIG"})
  void blocksOfEveryKindAreReadAsWiresharkReadsThem(String order) throws IOException {
    Blocks blocks =
        everything(order.equals("BIG") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    Path file = Files.write(folder.resolve("file"), blocks.bytes());
    List<Frame> frames =
        List.of(
            expected(1_000_002_000, 61, 61),
            expected(5_000_000_007L, 100, 1514),
            expected(3_000_000_000L, 60, 60),
            expected(9_500_000_000L, 62, 62));
    assertThat(read(file)).isEqualTo(frames);
    assertThat(read(zipped(file))).isEqualTo(frames);
    Path copy = folder.resolve("copy");
    wireshark("editcap", "-F", "nsecpcap", file, copy);
    assertThat(read(copy)).isEqualTo(frames);
  }

  @Test
  void simplePacketsHaveTheTimeOfTheFrameBeforeThem() throws IOException {
    Blocks blocks =
        new Blocks()
            .section(ByteOrder.LITTLE_ENDIAN)
            .source(1, 80)
            .packet(0, 7, frame(60), 60)
            .simple(frame(64), 64)
            .simple(Arrays.copyOf(frame(90), 80), 90);
    List<Frame> frames = read(Files.write(folder.resolve("file"), blocks.bytes()));
    assertThat(frames.subList(0, 2))
        .containsExactly(expected(7_000, 60, 60), expected(7_000, 64, 64));
    assertThat(frames.get(2).original()).isEqualTo(90);
    assertThat(frames.get(2).bytes()).hasSize(80);
  }

  /** if_fcslen in bits or, as some write it, bytes; epb_flags is of the packet and wins. */
  @ParameterizedTest
  @CsvSource({"32, 0, 4", "4, 0, 4", "16, 0, 2", "0, 4, 4", "32, 2, 2", "0, 0, 0"})
  void theFcsIsStripped(int option, int flags, int fcs) throws IOException {
    Blocks blocks =
        new Blocks()
            .section(ByteOrder.LITTLE_ENDIAN)
            .source(1, 0, new byte[] {13, (byte) option})
            .packet(0, 0, frame(64), 64, new byte[] {2, (byte) (flags << 5), 0, 0, 0});
    List<Frame> frames = read(Files.write(folder.resolve("file"), blocks.bytes()));
    assertThat(frames).singleElement().extracting(Frame::original).isEqualTo(64 - fcs);
  }

  @Test
  void anInterfacesTimeOffsetCounts() throws IOException {
    for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
      byte[] option = new byte[9];
      option[0] = 14;
      option[order == ByteOrder.BIG_ENDIAN ? 8 : 1] = 100;
      Blocks blocks = new Blocks().section(order).source(1, 0, option).packet(0, 1, frame(60), 60);
      assertThat(read(Files.write(folder.resolve("file"), blocks.bytes())))
          .containsExactly(expected(100_000_001_000L, 60, 60));
    }
  }

  @Test
  void resolutionsAgreeWithExactArithmetic() {
    SplittableRandom random = new SplittableRandom(1);
    BigInteger billion = BigInteger.valueOf(1_000_000_000);
    for (int code = 0; code < 256; code++) {
      BigInteger perSecond = code < 128 ? BigInteger.TEN.pow(code) : BigInteger.TWO.pow(code - 128);
      for (int i = 0; i < 200; i++) {
        long units = random.nextLong() >>> random.nextInt(64);
        BigInteger unsigned = new BigInteger(Long.toUnsignedString(units));
        BigInteger exact = unsigned.multiply(billion).divide(perSecond);
        if (exact.bitLength() < 63) {
          assertThat(new PcapngFile.Resolution((byte) code).nanos(units))
              .as("%d units, code %d", units, code)
              .isEqualTo(exact.longValue());
        }
      }
    }
  }

  @Test
  void aFileThatEndsAnywhereIsReadAsFarAsItIsWhole() throws IOException {
    Blocks blocks = everything(ByteOrder.LITTLE_ENDIAN);
    byte[] whole = blocks.bytes();
    for (int length = 0; length < whole.length; length++) {
      Path file = Files.write(folder.resolve("cut"), Arrays.copyOf(whole, length));
      Throwable thrown = catchThrowable(() -> read(file));
      if (blocks.ends.contains(length)) {
        assertThat(thrown).as("%d bytes", length).isNull();
      } else if (length < blocks.ends.get(0)) {
        assertThat(thrown).isInstanceOf(IOException.class).hasMessageContaining(file + " is not a");
      } else {
        assertThat(thrown)
            .isInstanceOf(EOFException.class)
            .hasMessageContaining(file + " is truncated: frame ")
            .hasMessageContaining(" at byte " + length + ";");
      }
    }
  }

  /** The field of a block, counted from the file's start, and what is said of another value. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "8 | 0 | damaged at byte 0: a section's byte order is 0x00000000",
        "12 | 2 | pcapng file of version 2.0, only 1.0 is known",
        "4 | 29 | damaged at byte 0: a block claims 29 bytes",
        "24 | 32 | damaged at byte 0: a block has 28 bytes by its first length, 32 by its last",
        "32 | 16 | damaged at byte 28: a block claims 16 bytes",
        "32 | 2097152 | damaged at byte 28: a block claims 2097152 bytes, 1048576 is the most",
        "36 | 113 | has frames of link type 113 (Linux cooked capture",
        "56 | 1 | damaged at byte 48: frame 1 is of interface 1, and its section tells of 1 so far",
        "68 | 61 | damaged at byte 48: frame 1 claims 61 bytes, 60 is the most",
      })
  void whatCannotBeIsNamedWithItsByte(int at, int value, String message) throws IOException {
    Blocks blocks =
        new Blocks().section(ByteOrder.LITTLE_ENDIAN).source(1, 0).packet(0, 0, frame(60), 60);
    blocks.out.putInt(at, value);
    Path file = Files.write(folder.resolve("file"), blocks.bytes());
    assertThatThrownBy(() -> read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file + " ")
        .hasMessageContaining(message);
  }

  @Test
  void aLongBlockOfNoUseIsSkipped() throws IOException {
    Blocks blocks = new Blocks().section(ByteOrder.LITTLE_ENDIAN).source(1, 0);
    ByteBuffer secrets = ByteBuffer.allocate(3 << 20).order(ByteOrder.LITTLE_ENDIAN);
    secrets.putInt(0xA).putInt(secrets.capacity()).putInt(secrets.capacity() - 4, 3 << 20);
    byte[] head = blocks.bytes();
    blocks.packet(0, 1, frame(60), 60);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(head);
    all.writeBytes(secrets.array());
    all.writeBytes(Arrays.copyOfRange(blocks.bytes(), head.length, blocks.bytes().length));
    assertThat(read(Files.write(folder.resolve("file"), all.toByteArray())))
        .containsExactly(expected(1_000, 60, 60));
  }

  /** A packed file of a few kilobytes could fill any memory with interfaces. */
  @Test
  void interfacesWithoutAnEndAreRefused() throws IOException {
    byte[] one = new Blocks().section(ByteOrder.LITTLE_ENDIAN).source(1, 0).bytes();
    int section = 28;
    int most = 1 << 16;
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(one, 0, section);
    for (int i = 0; i < most; i++) {
      all.write(one, section, one.length - section);
    }
    assertThat(read(Files.write(folder.resolve("most"), all.toByteArray()))).isEmpty();
    all.write(one, section, one.length - section);
    Path file = Files.write(folder.resolve("more"), all.toByteArray());
    assertThatThrownBy(() -> read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("damaged at byte " + (section + most * 20) + ": its section tells of")
        .hasMessageContaining("more than 65536 interfaces");
  }

  @Test
  @Tag("once")
  void damageIsToldAndNeverThrowsAnythingElse() throws IOException {
    SplittableRandom random = new SplittableRandom(Long.getLong("netmap4j.seed", 1));
    byte[] whole = everything(ByteOrder.LITTLE_ENDIAN).bytes();
    int refused = 0;
    int cases = Integer.getInteger("netmap4j.fuzz", 3000);
    for (int i = 0; i < cases; i++) {
      byte[] bytes = whole.clone();
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        if (random.nextBoolean()) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        } else {
          int at = random.nextInt(bytes.length / 4) * 4;
          long value = PcapOracle.NASTY[random.nextInt(PcapOracle.NASTY.length)];
          PcapOracle.put(bytes, at, 4, value, random.nextBoolean());
        }
      }
      Path file = Files.write(folder.resolve("fuzzed"), bytes);
      try {
        assertThat(read(file)).hasSizeLessThanOrEqualTo(20);
      } catch (IOException e) {
        assertThat(e.getMessage()).contains(file.toString());
        refused++;
      } catch (RuntimeException e) {
        throw new AssertionError(String.format(Locale.ROOT, "case %d", i), e);
      }
    }
    assertThat(refused).isBetween(cases / 10, cases - 1);
  }
}
