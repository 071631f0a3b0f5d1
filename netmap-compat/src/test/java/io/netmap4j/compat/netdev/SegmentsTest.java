package io.netmap4j.compat.netdev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.linux.Mem;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Large packets, cut up. */
class SegmentsTest {
  private static final int ROOM = 1 << 17;
  private static final int TCPV4 = 1;
  private static final int TCPV6 = 4;
  private static final int UDP_L4 = 5;

  private final long packet = Mem.allocate(ROOM);
  private final long out = Mem.allocate(ROOM);
  private final Segments segments = new Segments(out, ROOM);

  @AfterEach
  void free() {
    Mem.free(packet);
    Mem.free(out);
  }

  /** Headers as the kernel leaves them, without checksums; and random payload. */
  private static byte[] large(boolean tagged, boolean six, boolean udp, int payload) {
    int l4 = udp ? 8 : 32; // TCP with options
    ByteBuffer b = ByteBuffer.allocate((tagged ? 18 : 14) + (six ? 40 : 24) + l4 + payload);
    b.put(new byte[] {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2});
    if (tagged) {
      b.putShort((short) 0x8100).putShort((short) 5);
    }
    byte[] address = new byte[16];
    new Random(1).nextBytes(address);
    if (six) {
      b.putShort((short) 0x86dd).putInt(0x60000000).putShort((short) (l4 + payload));
      b.put((byte) (udp ? 17 : 6)).put((byte) 64).put(address).put(address);
    } else {
      b.putShort((short) 0x0800).put((byte) 0x46).put((byte) 0);
      b.putShort((short) (24 + l4 + payload)).putShort((short) 0xfffe).putShort((short) 0x4000);
      b.put((byte) 64).put((byte) (udp ? 17 : 6)).putShort((short) 0);
      b.put(address, 0, 8).putInt(0x94040000); // router alert
    }
    b.putShort((short) 1000).putShort((short) 2000);
    if (udp) {
      b.putShort((short) (8 + payload)).putShort((short) 0);
    } else {
      b.putInt(0xffffff00).putInt(7).put((byte) 0x80).put((byte) 0x99); // CWR ACK PSH FIN
      b.putShort((short) 100).putInt(0x1234).putInt(0x01010101).putInt(0).putInt(0);
    }
    byte[] rest = new byte[payload];
    new Random(2).nextBytes(rest);
    return b.put(rest).array();
  }

  @ParameterizedTest
  @CsvSource({
    "false, false, false, 1, 10000, 1448",
    "true, false, false, 129, 64000, 1444",
    "false, true, false, 4, 2897, 1428",
    "true, true, false, 132, 5000, 2500",
    "false, false, true, 5, 4001, 1000",
    "false, true, true, 5, 999, 1000",
  })
  void eachSegmentIsAPacketOfItsOwn(
      boolean tagged, boolean six, boolean udp, int type, int payload, int mss) {
    byte[] whole = large(tagged, six, udp, payload);
    int l3 = tagged ? 18 : 14;
    int l4 = l3 + (six ? 40 : 24);
    int headers = l4 + (udp ? 8 : 32);
    Mem.copyIn(whole, 0, packet, whole.length);
    assertTrue(segments.begin(packet, whole.length, type, mss, l4));
    int at = 0;
    for (int i = 0; segments.active(); i++) {
      assertEquals(segments.build(), segments.build(), "again, for a ring that was full");
      byte[] got = new byte[segments.build()];
      Mem.copyOut(out, got, 0, got.length);
      int n = Math.min(mss, payload - at);
      assertEquals(headers + n, got.length);
      assertArrayEquals(
          Arrays.copyOfRange(whole, headers + at, headers + at + n),
          Arrays.copyOfRange(got, headers, got.length));
      ByteBuffer b = ByteBuffer.wrap(got);
      if (!six) {
        assertEquals((short) (0xfffe + i), b.getShort(l3 + 4), "IP identification");
      }
      if (!udp) {
        boolean last = at + n == payload;
        assertEquals(0xffffff00 + at, b.getInt(l4 + 4), "sequence number");
        assertEquals(0x10 | (last ? 9 : 0) | (at == 0 ? 0x80 : 0), got[l4 + 13] & 0xff, "flags");
      }
      byte[] untagged = got;
      if (tagged) {
        untagged = Arrays.copyOfRange(got, 4, got.length);
        System.arraycopy(got, 0, untagged, 0, 12);
      }
      assertTrue(NetdevTest.Packet.checksumsAreRight(untagged), "checksums of segment " + i);
      segments.next();
      at += n;
    }
    assertEquals(payload, at);
  }

  @Test
  void whatIsNotWhatItSaysIsRefused() {
    byte[] four = large(false, false, false, 3000);
    Mem.copyIn(four, 0, packet, four.length);
    int l4 = 38;
    assertTrue(segments.begin(packet, four.length, TCPV4, 1000, l4));
    assertFalse(segments.begin(packet, four.length, TCPV6, 1000, l4), "IPv4");
    assertFalse(segments.begin(packet, four.length, 3, 1000, l4), "UFO");
    assertFalse(segments.begin(packet, four.length, TCPV4, 0, l4), "no size");
    assertFalse(segments.begin(packet, l4 + 19, TCPV4, 1000, l4), "header cut off");
    assertFalse(segments.begin(packet, l4 + 7, UDP_L4, 1000, l4), "header cut off");
    assertFalse(segments.begin(packet, four.length, TCPV4, 1000, 20), "inside the IP header");
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      int at = 12 + random.nextInt(60);
      Mem.putByte(packet + at, (byte) random.nextInt());
      int length = random.nextInt(four.length + 1);
      int type = new int[] {TCPV4, TCPV6, UDP_L4}[random.nextInt(3)];
      if (segments.begin(packet, length, type, random.nextInt(3000), random.nextInt(0x10000))) {
        for (; segments.active(); segments.next()) {
          assertThat(segments.build()).isBetween(1, ROOM);
        }
      }
      Mem.copyIn(four, 0, packet, four.length);
    }
  }
}
