package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(30)
class PcapTest {
  private static final long TIME = 1_700_000_000_123_456_789L;

  @TempDir Path folder;

  @Test
  void microsecondsAreCutAndNanosecondsKept() throws IOException {
    byte[] frame = {1, 2, 3};
    Path micro = folder.resolve("micro.pcap");
    try (PcapWriter writer = PcapWriter.create(micro)) {
      writer.write(TIME, frame);
    }
    Path nano = folder.resolve("nano.pcap");
    try (PcapWriter writer = PcapWriter.create(nano, PcapWriter.Format.NSECPCAP)) {
      writer.write(TIME, frame);
    }
    try (PcapReader a = PcapReader.open(micro);
        PcapReader b = PcapReader.open(nano)) {
      assertThat(a.next()).isTrue();
      assertThat(b.next()).isTrue();
      assertThat(a.timestampNanos()).isEqualTo(TIME - 789);
      assertThat(b.timestampNanos()).isEqualTo(TIME);
      assertThat(b.bytes()).isEqualTo(frame);
      assertThat(b.originalLength()).isEqualTo(3);
      assertThat(a.next()).isFalse();
      assertThat(a.next()).as("the end stays the end").isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "PCAP, -1, 0",
    "NSECPCAP, -1, 0",
    "PCAPNG, -1, 0",
    "PCAP, -9223372036854775808, 0",
    "NSECPCAP, 4294967295999999999, 4294967295999999999",
    "NSECPCAP, 4294967296000000000, 4294967295999999999",
    "PCAP, 4294967296000000000, 4294967295999999000",
    "PCAP, 9223372036854775807, 4294967295999999000",
    "PCAPNG, 9223372036854775807, 9223372036854775807"
  })
  void aTimeThatTheFileCannotHoldIsTheNearest(PcapWriter.Format format, long time, long kept)
      throws IOException {
    Path file = folder.resolve("time.pcap");
    try (PcapWriter writer = PcapWriter.create(file, format)) {
      writer.write(time, new byte[60]);
    }
    try (PcapReader reader = PcapReader.open(file)) {
      assertThat(reader.next()).isTrue();
      assertThat(reader.timestampNanos()).isEqualTo(kept);
    }
  }

  @Test
  void manyFramesPassTheBuffersEdgeUnchanged() throws IOException {
    Path file = folder.resolve("many.pcap");
    long memory = Mem.allocate(65_536);
    Random random = new Random(1);
    try (PcapWriter writer = PcapWriter.create(file)) {
      for (int i = 0; i < 500; i++) {
        byte[] frame = new byte[random.nextInt(20_000)];
        random.nextBytes(frame);
        Mem.copyIn(frame, 0, memory, frame.length);
        writer.write(i * 1000L, memory, frame.length);
      }
    }
    random = new Random(1);
    try (PcapReader reader = PcapReader.open(file)) {
      for (int i = 0; i < 500; i++) {
        byte[] frame = new byte[random.nextInt(20_000)];
        random.nextBytes(frame);
        assertThat(reader.next()).isTrue();
        assertThat(reader.timestampNanos()).isEqualTo(i * 1000L);
        byte[] copied = new byte[reader.length()];
        reader.copyTo(memory);
        Mem.copyOut(memory, copied, 0, copied.length);
        assertThat(Arrays.equals(copied, frame)).isTrue();
      }
      assertThat(reader.next()).isFalse();
    } finally {
      Mem.free(memory);
    }
  }

  @Test
  void theHeaderIsThatOfThePublishedFormat() throws IOException {
    Path file = folder.resolve("a.pcap");
    try (PcapWriter writer = PcapWriter.create(file)) {
      writer.write(3_000_004_999L, new byte[] {9});
    }
    assertThat(Files.readAllBytes(file))
        .startsWith(0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0)
        .hasSize(24 + 16 + 1)
        .endsWith(3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9);
  }

  @Test
  void bigEndianFilesWithCutFramesAreRead() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(24 + 16 + 2).order(ByteOrder.BIG_ENDIAN);
    bytes.putInt(0xA1B23C4D).putShort((short) 2).putShort((short) 4);
    bytes.putInt(0).putInt(0).putInt(65535).putInt(1);
    bytes.putInt(5).putInt(6).putInt(2).putInt(1500).put((byte) 7).put((byte) 8);
    Path file = Files.write(folder.resolve("big.pcap"), bytes.array());
    try (PcapReader reader = PcapReader.open(file)) {
      assertThat(reader.next()).isTrue();
      assertThat(reader.timestampNanos()).isEqualTo(5_000_000_006L);
      assertThat(reader.length()).isEqualTo(2);
      assertThat(reader.originalLength()).isEqualTo(1500);
      assertThat(reader.bytes()).containsExactly(7, 8);
    }
  }

  @Test
  void aTruncatedFileIsToldAndNotTakenForItsEnd() throws IOException {
    Path whole = folder.resolve("whole.pcap");
    try (PcapWriter writer = PcapWriter.create(whole)) {
      writer.write(0, new byte[100]);
    }
    byte[] bytes = Files.readAllBytes(whole);
    for (int length : new int[] {bytes.length - 1, 30}) {
      Path cut = Files.write(folder.resolve("cut.pcap"), Arrays.copyOf(bytes, length));
      try (PcapReader reader = PcapReader.open(cut)) {
        assertThatThrownBy(reader::next)
            .isInstanceOf(EOFException.class)
            .hasMessageContaining("truncated: frame 1 lacks ")
            .hasMessageContaining("0 before it are whole");
      }
    }
  }

  @Test
  void otherFormatsAreNamed() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "hello, this is no pcap file at all");
    assertThatThrownBy(() -> PcapReader.open(text))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no pcap or pcapng file: it starts with 0x6c6c6568");
    Path empty = Files.write(folder.resolve("empty"), new byte[0]);
    assertThatThrownBy(() -> PcapReader.open(empty)).hasMessageContaining("0 bytes");
  }

  @Test
  void aDamagedLengthIsRefused() throws IOException {
    Path file = folder.resolve("damaged.pcap");
    try (PcapWriter writer = PcapWriter.create(file)) {
      writer.write(0, new byte[100]);
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[24 + 11] = (byte) 0xFF;
    Files.write(file, bytes);
    try (PcapReader reader = PcapReader.open(file)) {
      assertThatThrownBy(reader::next).hasMessageContaining("damaged at byte 24: frame 1 claims");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "425A6839 | compressed (bzip2): unpack it: bzcat",
        "FD377A58 | compressed (xz): unpack it: xzcat",
        "28B52FFD | compressed (zstd): unpack it: zstdcat",
        "04224D18 | compressed (lz4): unpack it: lz4cat",
        "34CDB2A1 | a modified (Kuznetsov's) pcap; convert it: editcap -F pcap",
        "A1B2CD34 | a modified (Kuznetsov's) pcap; convert it: editcap -F pcap",
        "A1B234CD | a modified (Mesquita's) pcap",
        "A12B3C4D | a modified (Navtel's) pcap",
        "736E6F6F | a snoop file; convert it: editcap -F pcap",
      })
  void filesThatAreNearlyCapturesAreNamedWithTheWayOut(String magic, String message)
      throws IOException {
    byte[] bytes = Arrays.copyOf(HexFormat.of().parseHex(magic), 64);
    Path file = Files.write(folder.resolve("x"), bytes);
    assertThatThrownBy(() -> PcapReader.open(file)).hasMessageContaining(file + " is " + message);
  }

  @Test
  void gzipDataThatBreakAreTold() throws IOException {
    Path header = Files.write(folder.resolve("x"), HexFormat.of().parseHex("1F8B080000"));
    assertThatThrownBy(() -> PcapReader.open(header))
        .hasMessage(
            header + " is damaged: its gzip data break behind 0 unpacked bytes: it ends too early");
    byte[] bytes = Files.readAllBytes(capture(1, new int[][] {{60, 60}}));
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(bytes);
    }
    byte[] damaged = packed.toByteArray();
    damaged[damaged.length - 6] ^= 1; // of the checksum
    Path file = Files.write(folder.resolve("y"), damaged);
    assertThatThrownBy(
            () -> {
              try (PcapReader reader = PcapReader.open(file)) {
                while (reader.next()) {
                  assertThat(reader.length()).isEqualTo(60);
                }
              }
            })
        .hasMessageContaining(file + " is damaged: its gzip data break behind ")
        .hasMessageContaining("GZIP trailer");
  }

  private static byte[] zipped(byte[] bytes, int from, int to) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(bytes, from, to - from);
    }
    return packed.toByteArray();
  }

  /** A capture's two halves as members of gzip's, the second one changed. */
  private Path twoMembers(UnaryOperator<byte[]> change) throws IOException {
    int[][] records = new int[50][];
    Arrays.fill(records, new int[] {60, 60});
    byte[] bytes = Files.readAllBytes(capture(1, records));
    int middle = 24 + 25 * (16 + 60);
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(zipped(bytes, 0, middle));
    both.writeBytes(change.apply(zipped(bytes, middle, bytes.length)));
    return Files.write(folder.resolve("two.pcap.gz"), both.toByteArray());
  }

  private static long count(Path file) throws IOException {
    try (PcapReader reader = PcapReader.open(file)) {
      while (reader.next()) {
        assertThat(reader.length()).isEqualTo(60);
      }
      assertThat(reader.consumed()).isEqualTo(Files.size(file));
      return reader.number();
    }
  }

  @Test
  void aSecondGzipMemberIsWholeOrTold() throws IOException {
    assertThat(count(twoMembers(bytes -> bytes))).isEqualTo(50);
    int whole = zipped(new byte[] {}, 0, 0).length;
    for (int length = 1; length < whole; length++) {
      int cut = length;
      Path file = twoMembers(bytes -> Arrays.copyOf(bytes, cut));
      assertThatThrownBy(() -> count(file))
          .as("cut to %d bytes", cut)
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(file + " is damaged: its gzip data break behind ")
          .hasMessageEndingWith(": it ends too early");
    }
    for (int at : new int[] {0, 1, 2, 3}) {
      Path file = twoMembers(bytes -> flipped(bytes, at));
      assertThatThrownBy(() -> count(file))
          .as("byte %d flipped", at)
          .hasMessageStartingWith(file + " is damaged: its gzip data break behind 1924 unpacked")
          .hasMessageEndingWith(" are not the magic, method and flags of a member of gzip's");
    }
  }

  private static byte[] flipped(byte[] bytes, int at) {
    bytes[at] ^= (byte) 0x80;
    return bytes;
  }

  /** gzip takes zeros for padding too. */
  @Test
  void behindGzipDataZerosArePaddingAndAnythingElseIsDamage() throws IOException {
    assertThat(count(twoMembers(bytes -> new byte[1]))).isEqualTo(25);
    assertThat(count(twoMembers(bytes -> new byte[100_000]))).isEqualTo(25);
    for (int place : new int[] {0, 99_999}) {
      Path file = twoMembers(bytes -> flipped(new byte[100_000], place));
      assertThatThrownBy(() -> count(file)).hasMessageContaining(file + " is damaged: its gzip");
    }
  }

  /** With everything that a header may have: a part of its own, name, comment and checksum. */
  @Test
  void gzipHeadersAreSkipped() throws Exception {
    byte[] packed = zipped(Files.readAllBytes(capture(1, new int[][] {{60, 60}})), 0, 24 + 76);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        HexFormat.of().parseHex("1F8B081E000000000003" + "0300414243" + "6E00" + "6300"));
    CRC32 sum = new CRC32();
    sum.update(out.toByteArray());
    out.write((int) sum.getValue());
    out.write((int) sum.getValue() >> 8);
    out.write(packed, 10, packed.length - 10);
    Path file = Files.write(folder.resolve("named.gz"), out.toByteArray());
    assertThat(new ProcessBuilder("gzip", "-t", file.toString()).start().waitFor()).isZero();
    assertThat(count(file)).isEqualTo(1);
    Path damaged = Files.write(file, flipped(out.toByteArray(), 15));
    assertThatThrownBy(() -> count(damaged)).hasMessageContaining("its header's checksum is 0x");
  }

  @ParameterizedTest
  @CsvSource({
    "113, 113 (Linux cooked capture",
    "127, 127 (IEEE 802.11 with radiotap)",
    "101, 101 (raw IP)",
    "0, 0 (BSD loopback)",
    "4242, 4242"
  })
  void otherLinkTypesAreNamed(int type, String text) throws IOException {
    Path file = capture(type, new int[][] {});
    assertThatThrownBy(() -> PcapReader.open(file))
        .hasMessageContaining("link type " + text)
        .hasMessageContaining("only 1 (Ethernet)");
  }

  @Test
  void anotherVersionIsRefused() throws IOException {
    Path file = capture(1, new int[][] {});
    byte[] bytes = Files.readAllBytes(file);
    bytes[6] = 3;
    Files.write(file, bytes);
    assertThatThrownBy(() -> PcapReader.open(file)).hasMessageContaining("version 2.3");
  }

  /** libpcap's LT_FCS_LENGTH: words of 16 bits, if bit 26 is set. */
  @ParameterizedTest
  @CsvSource({"0x24000001, 4", "0x14000001, 2", "0x20000001, 0", "0x04000001, 0", "0xF4000001, 30"})
  void theFcsThatTheHeaderTellsOfIsStripped(String network, int fcs) throws IOException {
    int[][] records = {{64, 64}, {50, 64}, {62, 64}, {3, 3}};
    try (PcapReader reader = PcapReader.open(capture(Long.decode(network).intValue(), records))) {
      for (int[] record : records) {
        assertThat(reader.next()).isTrue();
        int original = Math.max(0, record[1] - fcs);
        assertThat(reader.originalLength()).isEqualTo(original);
        assertThat(reader.length()).isEqualTo(Math.min(record[0], original));
        assertThat(reader.bytes()).hasSize(reader.length());
      }
      assertThat(reader.next()).isFalse();
    }
  }

  /** A little-endian capture; each record has its captured and its original length. */
  private Path capture(int network, int[][] records) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0xA1B2C3D4).putShort((short) 2).putShort((short) 4);
    bytes.putInt(0).putInt(0).putInt(65535).putInt(network);
    for (int[] record : records) {
      bytes.putInt(0).putInt(0).putInt(record[0]).putInt(record[1]);
      bytes.position(bytes.position() + record[0]);
    }
    return Files.write(folder.resolve("made.pcap"), Arrays.copyOf(bytes.array(), bytes.position()));
  }

  @Test
  void cutFramesKeepTheirTrueLength() throws IOException {
    Path file = folder.resolve("cut.pcap");
    long memory = Mem.allocate(100);
    try (PcapWriter writer = PcapWriter.create(file)) {
      writer.write(0, memory, 64, 1514);
      assertThatThrownBy(() -> writer.write(0, memory, 64, 63))
          .isInstanceOf(IllegalArgumentException.class);
    } finally {
      Mem.free(memory);
    }
    try (PcapReader reader = PcapReader.open(file)) {
      assertThat(reader.next()).isTrue();
      assertThat(reader.length()).isEqualTo(64);
      assertThat(reader.originalLength()).isEqualTo(1514);
    }
  }

  @Test
  void theHeaderIsThereAtOnceAndFramesAfterAFlush() throws IOException {
    Path file = folder.resolve("early.pcap");
    try (PcapWriter writer = PcapWriter.create(file)) {
      assertThat(file).hasSize(24);
      writer.write(0, new byte[60]);
      assertThat(writer.pending()).isTrue();
      assertThat(writer.frames()).isZero();
      writer.flush();
      assertThat(writer.pending()).isFalse();
      assertThat(writer.frames()).isEqualTo(1);
      assertThat(file).hasSize(24 + 16 + 60);
    }
  }

  @Test
  void failuresHaveTheFilesNameAndTheReason() throws IOException {
    assertThatThrownBy(() -> PcapWriter.create(Path.of("/dev/full")))
        .isInstanceOf(IOException.class)
        .hasMessage("/dev/full: No space left on device");
    assertThatThrownBy(() -> PcapWriter.create(folder)).hasMessage(folder + ": Is a directory");
    assertThatThrownBy(() -> PcapReader.open(folder)).hasMessage(folder + ": Is a directory");
    Path file = Files.write(folder.resolve("file"), new byte[0]);
    assertThatThrownBy(() -> PcapWriter.create(file.resolve("x")))
        .hasMessage(file + "/x: Not a directory");
    assertThatThrownBy(() -> PcapReader.open(folder.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }

  /** A limit on files' sizes is like a disk that is full, and then not any more. */
  @ParameterizedTest
  @EnumSource(PcapWriter.Format.class)
  void nothingIsWrittenBehindAFrameThatWasCutByAFailure(PcapWriter.Format format) throws Exception {
    Path file = folder.resolve("full.pcap");
    try (PcapWriter writer = PcapWriter.create(file, format)) {
      for (int i = 0; i < 20; i++) {
        writer.write(i, new byte[60]);
      }
      limitFiles("1000:");
      try {
        assertThatThrownBy(writer::flush).hasMessage(file + ": File too large");
      } finally {
        limitFiles("unlimited:");
      }
      assertThat(writer.pending()).isFalse();
      assertThatThrownBy(() -> writer.write(0, new byte[60]))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file + " takes no more frames")
          .hasMessageContaining("(" + file + ": File too large)");
      writer.flush();
      assertThat(writer.frames()).isBetween(8L, 19L);
      try (PcapReader reader = PcapReader.open(file)) {
        for (int i = 0; i < writer.frames(); i++) {
          assertThat(reader.next()).isTrue();
        }
        assertThat(reader.next()).as("cut behind the last whole frame").isFalse();
      }
    }
  }

  /** Of this process: the soft limit only. */
  private static void limitFiles(String bytes) throws Exception {
    String pid = String.valueOf(ProcessHandle.current().pid());
    try {
      Process process = new ProcessBuilder("prlimit", "--fsize=" + bytes, "--pid", pid).start();
      assertThat(process.waitFor()).isZero();
    } catch (IOException e) {
      Assumptions.abort("no prlimit: install util-linux (" + e.getMessage() + ")");
    }
  }

  @Test
  void nothingIsReadOrWrittenAfterClose() throws IOException {
    Path file = folder.resolve("closed.pcap");
    PcapWriter writer = PcapWriter.create(file);
    writer.write(0, new byte[60]);
    writer.close();
    writer.close();
    assertThatThrownBy(() -> writer.write(0, new byte[1])).hasMessageContaining("is closed");
    writer.flush();
    PcapReader reader = PcapReader.open(file);
    assertThat(reader.next()).isTrue();
    reader.close();
    reader.close();
    assertThatThrownBy(reader::next).hasMessageContaining("is closed");
    assertThatThrownBy(reader::bytes).hasMessageContaining("is closed");
    assertThatThrownBy(() -> reader.copyTo(0)).hasMessageContaining("is closed");
  }

  @Test
  void aNamedPipeIsReadAsItComesAndTheWaitCanBeEnded() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    AtomicInteger asked = new AtomicInteger();
    assertThatThrownBy(() -> PcapReader.open(pipe, () -> asked.incrementAndGet() < 3))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(asked).hasValue(3);
    CountDownLatch read = new CountDownLatch(1);
    Thread sender =
        new Thread(
            () -> {
              try (PcapWriter writer = PcapWriter.create(pipe)) {
                writer.write(0, new byte[] {1, 2, 3});
                writer.flush();
                read.await();
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    sender.start();
    AtomicBoolean goOn = new AtomicBoolean(true);
    try (PcapReader reader = PcapReader.open(pipe, goOn::get)) {
      assertThat(reader.next()).isTrue();
      assertThat(reader.bytes()).containsExactly(1, 2, 3);
      goOn.set(false);
      assertThat(reader.next()).as("ended while it waits").isFalse();
      assertThat(reader.next()).isFalse();
    }
    read.countDown();
    sender.join();
  }

  @Test
  void aPipeWithoutAReaderIsTold() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    int reader = Libc.open(pipe.toString(), Libc.O_RDONLY | Libc.O_NONBLOCK, 0, "");
    try (PcapWriter writer = PcapWriter.create(pipe)) {
      assertThat(writer.readerGone()).isFalse();
      Libc.closeFd(reader);
      assertThat(writer.readerGone()).isTrue();
      writer.write(0, new byte[60]);
      assertThatThrownBy(writer::flush).hasMessage(pipe + ": Broken pipe");
      assertThat(writer.frames()).isZero();
    }
  }
}
