package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.linux.Mem;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class FlowHashTest {
  private final FlowHash hash = new FlowHash();
  private final Packet packet = new Packet();
  private final Random random = new Random(2);

  private int of(byte[] frame) {
    long memory = Mem.allocate(Math.max(1, frame.length));
    Mem.copyIn(frame, 0, memory, frame.length);
    int of = hash.of(packet.wrap(memory, frame.length));
    Mem.free(memory);
    return of;
  }

  /** Behind so many VLAN tags, with addresses of 4 or 16 bytes. */
  private static byte[] frame(
      int tags, int protocol, byte[] src, byte[] dst, int sport, int dport) {
    ByteBuffer frame = ByteBuffer.allocate(14 + 4 * tags + (src.length == 4 ? 20 : 40) + 20);
    frame.put(src, 0, 4).putShort((short) 9).put(dst, 0, 4).putShort((short) 9);
    for (int i = tags; i > 0; i--) {
      frame.putShort((short) (i == 2 ? 0x88a8 : 0x8100)).putShort((short) (100 + i));
    }
    int l3 = frame.position() + 2;
    if (src.length == 4) {
      frame.putShort((short) 0x0800).put((byte) 0x45);
      frame.put(l3 + 9, (byte) protocol).position(l3 + 12);
    } else {
      frame.putShort((short) 0x86dd).put((byte) 0x60);
      frame.putShort(l3 + 4, (short) 20).put(l3 + 6, (byte) protocol).position(l3 + 8);
    }
    return frame.put(src).put(dst).putShort((short) sport).putShort((short) dport).array();
  }

  private byte[] address(int bytes) {
    byte[] address = new byte[bytes];
    random.nextBytes(address);
    return address;
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 16})
  void bothDirectionsAreOneConnectionAndPortsCount(int bytes) {
    for (int i = 0; i < 200; i++) {
      byte[] a = address(bytes);
      byte[] b = address(bytes);
      int p = random.nextInt(65536);
      int q = random.nextInt(65536);
      for (int protocol : new int[] {6, 17, 132}) {
        int there = of(frame(0, protocol, a, b, p, q));
        assertThat(packet.protocol()).isEqualTo(protocol);
        assertThat(of(frame(0, protocol, b, a, q, p))).isEqualTo(there);
        assertThat(of(frame(1, protocol, a, b, p, q))).as("behind a tag").isEqualTo(there);
        assertThat(of(frame(2, protocol, b, a, q, p))).as("behind two").isEqualTo(there);
        assertThat(of(frame(0, protocol, a, b, p ^ 1, q))).isNotEqualTo(there);
        assertThat(of(frame(0, protocol, a, b, q, p))).isNotEqualTo(there);
      }
      assertThat(of(frame(0, 1, a, b, p, q)))
          .as("ICMP has no ports")
          .isEqualTo(of(frame(0, 1, b, a, p ^ 7, q ^ 7)));
    }
  }

  @Test
  void fragmentsOfAPacketStayTogether() {
    byte[] a = address(4);
    byte[] b = address(4);
    byte[] first = frame(0, 17, a, b, 1, 2);
    first[20] = 0x20; // more fragments
    byte[] second = frame(0, 17, a, b, 3, 4);
    second[21] = 10;
    assertThat(of(first)).isEqualTo(of(second));
  }

  /** An IP packet that ends before the ports: what is behind it is no part of it. */
  @ParameterizedTest
  @ValueSource(ints = {4, 16})
  void paddingDoesNotCount(int bytes) {
    byte[] a = address(bytes);
    byte[] b = address(bytes);
    for (int payload = 0; payload <= 4; payload++) {
      byte[] one = frame(0, 17, a, b, 1, 2);
      if (bytes == 4) {
        one[17] = (byte) (20 + payload); // its total length
      } else {
        one[19] = (byte) payload;
      }
      byte[] other = one.clone();
      Arrays.fill(other, one.length - 20 + payload, one.length, (byte) 0xA5);
      assertThat(of(other)).as("%d bytes behind the header", payload).isEqualTo(of(one));
    }
  }

  @Test
  void whatIsNotIpGoesByMacAddresses() {
    byte[] arp = frame(0, 0, address(4), address(4), 0, 0);
    arp[12] = 8;
    arp[13] = 6;
    byte[] back = arp.clone();
    System.arraycopy(arp, 0, back, 6, 6);
    System.arraycopy(arp, 6, back, 0, 6);
    int there = of(arp);
    assertThat(packet.ipv4()).isNull();
    assertThat(of(back)).isEqualTo(there);
    back[3] ^= 1;
    assertThat(of(back)).isNotEqualTo(there);
  }

  /** Addresses and ports that count up together, as of one client after the other. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 7, 16})
  void connectionsSpreadEvenly(int pipes) {
    int[] each = new int[pipes];
    for (int i = 0; i < 8000; i++) {
      byte[] client = {10, 0, (byte) (i >> 8), (byte) i};
      int of = of(frame(0, 6, client, new byte[] {10, 1, 0, 1}, 1000 + i, 80));
      each[Integer.remainderUnsigned(of, pipes)]++;
    }
    double most = 5 * Math.sqrt(8000.0 / pipes); // five standard deviations
    assertThat(Arrays.stream(each)).allMatch(n -> Math.abs(n - 8000.0 / pipes) < most);
  }

  @Test
  void cutFramesDoNoHarm() {
    byte[] whole = frame(2, 6, address(16), address(16), 1, 2);
    for (int length = 0; length <= whole.length; length++) {
      of(Arrays.copyOf(whole, length));
    }
    assertThat(of(new byte[13])).isZero();
  }
}
