package io.netmap4j.pcap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Mem;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
    try (PcapWriter writer = PcapWriter.createNanos(nano)) {
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
            .hasMessageContaining("truncated: frame 0 needs");
      }
    }
  }

  @Test
  void otherFormatsAreNamed() throws IOException {
    Path pcapng = Files.write(folder.resolve("ng"), Arrays.copyOf(new byte[] {10, 13, 13, 10}, 64));
    assertThatThrownBy(() -> PcapReader.open(pcapng)).hasMessageContaining("editcap -F pcap");
    Path text = Files.writeString(folder.resolve("text"), "hello, this is no pcap file at all");
    assertThatThrownBy(() -> PcapReader.open(text))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not a pcap file: it starts with 0x6c6c6568");
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
      assertThatThrownBy(reader::next).hasMessageContaining("damaged: frame 0 claims");
    }
  }
}
