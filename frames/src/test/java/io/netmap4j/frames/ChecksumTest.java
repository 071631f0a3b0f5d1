package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.linux.Mem;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChecksumTest {
  private final long memory = Mem.allocate(512);

  @AfterEach
  void free() {
    Mem.free(memory);
  }

  @Test
  void crc32IsTheFrameCheckSequence() {
    byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
    Mem.copyIn(digits, 0, memory, 9);
    assertThat(Checksum.crc32(memory, 9)).isEqualTo(0xCBF43926);
  }

  @Test
  void sctpTakesItsOwnFieldAsZero() {
    byte[] packet = new byte[101];
    new Random(1).nextBytes(packet);
    Mem.copyIn(packet, 0, memory, packet.length);
    CRC32C crc = new CRC32C();
    crc.update(packet, 0, 8);
    crc.update(new byte[4]);
    crc.update(packet, 12, packet.length - 12);
    assertThat(Checksum.sctp(memory, packet.length)).isEqualTo((int) crc.getValue());
  }

  @Test
  void sumsOfEveryLengthAgreeWithPlainArithmetic() {
    byte[] bytes = new byte[300];
    new Random(2).nextBytes(bytes);
    Mem.copyIn(bytes, 0, memory, 300);
    for (int length = 0; length <= 300; length++) {
      int plain = sum(bytes, length, 0x1FFFE);
      assertThat(Checksum.sum(memory, length, 0x1FFFE)).isEqualTo(plain);
      byte[] within = new byte[length + 6];
      System.arraycopy(bytes, 0, within, 3, length);
      assertThat(Checksum.sum(within, 3, length, 0x1FFFE)).isEqualTo(plain);
    }
    Mem.set(memory, 300, (byte) 0xFF);
    assertThat(Checksum.sum(memory, 300, 0xFFFF)).isEqualTo(0xFFFF);
  }

  @Test
  void thePseudoHeaderCompletesTheSumOfUdp() {
    byte[] v4 = {
      0x45, 0, 0, 30, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 0, 53, 0, 10, 0,
      0, 'h', 'i'
    };
    assertThat(udpSum(v4, false, 20)).isEqualTo(plainUdpSum(v4, 12, 8, 20));
    byte[] v6 = new byte[50];
    new Random(3).nextBytes(v6);
    v6[45] = 10;
    assertThat(udpSum(v6, true, 40)).isEqualTo(plainUdpSum(v6, 8, 32, 40));
  }

  private int udpSum(byte[] packet, boolean ipv6, int header) {
    Mem.copyIn(packet, 0, memory, packet.length);
    int pseudo = Checksum.pseudoHeader(memory, ipv6, 17, 10);
    return Checksum.sum(memory + header, 10, pseudo);
  }

  private static int plainUdpSum(byte[] packet, int addresses, int addressBytes, int header) {
    byte[] covered = new byte[addressBytes + 4 + 10];
    System.arraycopy(packet, addresses, covered, 0, addressBytes);
    covered[addressBytes + 1] = 17;
    covered[addressBytes + 3] = 10;
    System.arraycopy(packet, header, covered, addressBytes + 4, 10);
    return sum(covered, covered.length, 0);
  }

  private static int sum(byte[] bytes, int length, int start) {
    int sum = start;
    for (int i = 0; i < length; i++) {
      sum += (bytes[i] & 0xFF) << ((i & 1) == 0 ? 8 : 0);
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xFFFF) + (sum >>> 16);
    }
    return sum;
  }
}
