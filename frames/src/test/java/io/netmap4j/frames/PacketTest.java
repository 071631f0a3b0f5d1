package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.Mem;
import java.lang.management.ManagementFactory;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Views of headers: what they read and write, and that nothing outside the frame is touched. */
class PacketTest {
  private static final int PAGES = 2;

  private final long bytes = (long) PAGES * Machine.PAGE_SIZE;

  /** The page behind it is not mapped: whoever reads there ends the JVM. */
  private final long memory = map();

  private final Packet packet = new Packet();

  private long map() {
    int file = Libc.memfd("netmap4j-frames");
    try {
      Libc.truncate(file, bytes, "");
      long address =
          Libc.mmap(
              bytes + Machine.PAGE_SIZE,
              Libc.PROT_READ | Libc.PROT_WRITE,
              Libc.MAP_SHARED,
              file,
              0,
              "");
      Libc.unmap(address + bytes, Machine.PAGE_SIZE);
      return address;
    } finally {
      Libc.closeFd(file);
    }
  }

  @AfterEach
  void unmap() {
    Libc.unmap(memory, bytes);
  }

  /** Puts a frame at the very end of what is mapped. */
  private Packet wrap(byte[] frame, int length) {
    long address = memory + bytes - length;
    Mem.copyIn(frame, 0, address, length);
    return packet.wrap(address, length);
  }

  private Packet wrap(String hex) {
    byte[] frame = HexFormat.of().parseHex(hex.replace(" ", ""));
    return wrap(frame, frame.length);
  }

  /** Everything that there is to read. */
  private int readAll() {
    int sum = packet.payloadOffset() + packet.payloadLength() + packet.protocol();
    Ethernet ethernet = packet.ethernet();
    if (ethernet != null) {
      sum += (int) ethernet.destination() + (int) ethernet.source() + ethernet.type();
    }
    for (int i = 0; i < packet.vlans(); i++) {
      sum += packet.vlan(i).id() + packet.vlan(i).type() + packet.vlan(i).priority();
    }
    Arp arp = packet.arp();
    if (arp != null && arp.ipv4OverEthernet()) {
      sum += (int) arp.senderMac() + arp.senderIp() + (int) arp.targetMac() + arp.targetIp();
    }
    Ipv4 ipv4 = packet.ipv4();
    if (ipv4 != null) {
      sum += ipv4.destination() + (ipv4.checksumRight() ? 1 : 0);
    }
    Ipv6 ipv6 = packet.ipv6();
    if (ipv6 != null) {
      sum += (int) ipv6.destinationLow();
    }
    Tcp tcp = packet.tcp();
    if (tcp != null) {
      sum += tcp.urgentPointer() + (int) tcp.option(8);
    }
    Udp udp = packet.udp();
    if (udp != null) {
      sum += udp.checksum();
    }
    Icmp icmp = packet.icmp();
    if (icmp != null) {
      sum += icmp.sequence();
    }
    assertThat(packet.payloadLength()).isNotNegative();
    assertThat(packet.payloadOffset() + packet.payloadLength())
        .isLessThanOrEqualTo(packet.length());
    return sum + (packet.transportChecksumRight() ? 1 : 0);
  }

  @Test
  void noByteBehindAFrameIsRead() {
    FrameMaker maker = new FrameMaker(7);
    for (int i = 0; i < 2_000; i++) {
      byte[] frame = i % 2 == 0 ? maker.whole() : maker.next();
      for (int length = 0; length <= frame.length; length++) {
        wrap(frame, length);
        readAll();
      }
    }
  }

  @Test
  void nothingIsAllocated() {
    FrameMaker maker = new FrameMaker(8);
    byte[][] frames = new byte[64][];
    long[] at = new long[frames.length];
    long next = memory;
    for (int i = 0; i < frames.length; i++) {
      frames[i] = maker.next();
      at[i] = next;
      Mem.copyIn(frames[i], 0, next, frames[i].length);
      next += 128;
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int sum = 0;
    long before = 0;
    for (int round = 0; round < 2_000; round++) {
      if (round == 1_000) {
        before = threads.getCurrentThreadAllocatedBytes();
      }
      for (int i = 0; i < frames.length; i++) {
        packet.wrap(at[i], Math.min(128, frames[i].length));
        Tcp tcp = packet.tcp();
        Ipv4 ipv4 = packet.ipv4();
        sum += tcp == null ? 0 : tcp.sourcePort();
        sum += ipv4 == null ? 0 : ipv4.source();
        sum += packet.vlans() == 0 ? 0 : packet.vlan(0).id();
      }
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(sum).isNotZero();
    assertThat(allocated).as("bytes of 64,000 frames").isLessThan(1_000);
  }

  @Test
  void whatIsWrittenIsRead() {
    wrap(
        "ffffffffffff 020000000001 8100 2005 0800"
            + "4500 0030 1234 4000 0206 0000 0a000001 0a000002"
            + "0050 1f90 00000001 00000002 7012 2000 0000 0000 020405b4 01010402");
    assertThat(packet.problem()).isEqualTo(Packet.Problem.NONE);
    packet.ethernet().destination(0x020000000002L);
    packet.ethernet().source(0x0A0B0C0D0E0FL);
    packet.vlan(0).id(0xABC);
    packet.vlan(0).priority(7);
    packet.ipv4().source(0xC0A80001);
    packet.ipv4().destination(0xC0A80002);
    packet.ipv4().updateChecksum();
    packet.tcp().destinationPort(443);
    packet.tcp().flags(Tcp.ACK);
    packet.updateTransportChecksum();
    packet.wrap(packet.address(), packet.length());
    assertThat(packet.ethernet().destination()).isEqualTo(0x020000000002L);
    assertThat(packet.ethernet().source()).isEqualTo(0x0A0B0C0D0E0FL);
    assertThat(packet.vlan(0).id()).isEqualTo(0xABC);
    assertThat(packet.vlan(0).priority()).isEqualTo(7);
    assertThat(packet.ipv4().source()).isEqualTo(0xC0A80001);
    assertThat(packet.ipv4().checksumRight()).isTrue();
    assertThat(packet.tcp().sourcePort()).isEqualTo(80);
    assertThat(packet.tcp().destinationPort()).isEqualTo(443);
    assertThat(packet.tcp().flags()).isEqualTo(Tcp.ACK);
    assertThat(packet.transportChecksumRight()).isTrue();
    long mss = packet.tcp().option(2);
    assertThat(NetOrder.get16(mss + 2)).isEqualTo(1460);
    assertThat(packet.tcp().option(3)).isZero();
  }

  @Test
  void aHopTakesOneFromTheTimeToLiveAndItsShareOfTheChecksum() {
    wrap("ffffffffffff 020000000001 0800 4500 0014 1234 4000 02fd 0000 0a000001 0a000002");
    packet.ipv4().updateChecksum();
    assertThat(packet.ipv4().decrementTimeToLive()).isTrue();
    assertThat(packet.ipv4().checksumRight()).isTrue();
    assertThat(packet.ipv4().timeToLive()).isEqualTo(1);
    for (int left = 1; left >= 0; left--) {
      packet.ipv4().timeToLive(left);
      packet.ipv4().updateChecksum();
      assertThat(packet.ipv4().decrementTimeToLive()).isFalse();
      assertThat(packet.ipv4().timeToLive()).isEqualTo(left);
      assertThat(packet.ipv4().checksumRight()).isTrue();
    }
  }

  /** A spanning tree's message of 38 bytes in a frame of 60, one that was cut, and an ethertype. */
  @ParameterizedTest
  @CsvSource({"0026, 38, NONE", "002e, 46, NONE", "0030, 46, TRUNCATED", "0600, 46, NONE"})
  void aLengthInPlaceOfAnEthertypeEndsThePayload(String type, int bytes, Packet.Problem problem) {
    for (String tag : new String[] {"", "8100 0005"}) {
      wrap("0180c2000000 020000000001" + tag + type + "424203" + "00".repeat(43));
      assertThat(packet.payloadLength()).isEqualTo(bytes);
      assertThat(packet.problem()).isEqualTo(problem);
    }
  }

  /** Of any words, and any replacement: what a full sum would be. */
  @Test
  void anIncrementalChecksumIsTheFullOne() {
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 100_000; i++) {
      for (int at = 0; at < 20; at += 4) {
        NetOrder.put32(memory + at, random.nextInt(4) == 0 ? -1 : random.nextInt());
      }
      int before = ~Checksum.sum(memory, 20, 0) & 0xFFFF;
      int place = random.nextInt(5) * 4;
      int old = NetOrder.get32(memory + place);
      int now = random.nextInt(4) == 0 ? 0 : random.nextInt();
      NetOrder.put32(memory + place, now);
      int full = ~Checksum.sum(memory, 20, 0) & 0xFFFF;
      int updated = Checksum.replace32(before, old, now);
      // 0 and 0xFFFF are the same number; all else must be equal.
      assertThat(updated % 0xFFFF).isEqualTo(full % 0xFFFF);
    }
  }

  @Test
  void aChecksumThatCannotBeComputedIsRefused() {
    wrap(
        "ffffffffffff 020000000001 0800 4500 001c 1234 2000 4011 0000 0a000001 0a000002 00350035 0008 0000");
    assertThat(packet.fragment()).isTrue();
    assertThat(packet.udp().sourcePort()).isEqualTo(53);
    assertThat(packet.transportChecksumComputable()).isFalse();
    assertThatThrownBy(packet::updateTransportChecksum)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("fragment");
    assertThatThrownBy(() -> packet.wrap(memory, -1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> packet.vlan(0)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  /** Of a whole datagram and a first fragment, for whose length more is to come. */
  @ParameterizedTest
  @CsvSource({
    "0000, 0007, false, LENGTH",
    "2000, 0007, false, LENGTH",
    "2000, 0000, false, LENGTH",
    "0000, 0009, true, TRUNCATED",
    "2000, 0009, true, NONE"
  })
  void aUdpLengthIsThatOfAHeaderAtLeast(
      String fragment, String length, boolean view, Packet.Problem problem) {
    wrap(
        "ffffffffffff 020000000001 0800 4500 001c 1234"
            + fragment
            + "4011 0000 0a000001 0a000002 00350035"
            + length
            + "0000");
    assertThat(packet.udp() != null).isEqualTo(view);
    assertThat(packet.problem()).isEqualTo(problem);
  }

  /** More than 65535 bytes: IPv6 and UDP have 0, and padding may follow. */
  @ParameterizedTest
  @CsvSource({
    "00011180, 70008, NONE",
    "00011188, 70016, NONE",
    "00011189, 70016, TRUNCATED",
    "ffffffff, 70016, TRUNCATED"
  })
  void jumbogramsAreAsLongAsTheirOptionSays(String length, int udp, Packet.Problem problem) {
    String hex =
        "ffffffffffff 020000000001 86dd 60000000 0000 00 40"
            + "20010db8000000000000000000000001 20010db8000000000000000000000002"
            + ("1100 c204" + length)
            + "0035 0035 0000 0000";
    byte[] header = HexFormat.of().parseHex(hex.replace(" ", ""));
    int bytes = 14 + 40 + 8 + 70016;
    long frame = Mem.allocate(bytes);
    Mem.set(frame, bytes, (byte) 0x5A);
    Mem.copyIn(header, 0, frame, header.length);
    try {
      packet.wrap(frame, bytes);
      assertThat(packet.problem()).isEqualTo(problem);
      assertThat(packet.udp().sourcePort()).isEqualTo(53);
      assertThat(packet.payloadLength()).isEqualTo(udp - 8);
      if (packet.transportChecksumComputable()) {
        packet.updateTransportChecksum();
        assertThat(packet.transportChecksumRight()).isTrue();
      }
    } finally {
      Mem.free(frame);
    }
  }

  @Test
  void addressesOfAnotherArpAreRefused() {
    wrap(
        "ffffffffffff 020000000001 0806 0006 0800 0604 0001 020000000001 0a000001 000000000000 0a000002");
    assertThat(packet.arp().operation()).isEqualTo(Arp.REQUEST);
    assertThatThrownBy(() -> packet.arp().senderIp())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("hardware 6");
  }
}
