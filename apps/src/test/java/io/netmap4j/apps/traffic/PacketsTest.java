package io.netmap4j.apps.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.Packets;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.Offsets;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PacketsTest {
  private static NetmapMemory memory(int bufSize) {
    return NetmapMemory.create(MemoryOptions.DEFAULT.buffers(8192, bufSize));
  }

  /** Packets of 1 to 5 slots, some of them not full, from buffers of 2048 bytes to others. */
  @Test
  void copiesBetweenBuffersOfDifferentSizes() {
    Random random = new Random(4);
    for (int size : new int[] {4096, 2048, 1024, 512}) {
      try (NetmapMemory one = memory(2048);
          NetmapMemory two = memory(size);
          NetmapPort from = Netmap.open("netmap:fake0/T", NetmapPort.Request.DEFAULT.region(one));
          NetmapPort to = Netmap.open("netmap:fake1/T", NetmapPort.Request.DEFAULT.region(two))) {
        NetmapRing a = from.tx(0);
        NetmapRing b = to.tx(0);
        for (int round = 0; round < 100; round++) {
          ByteArrayOutputStream packet = new ByteArrayOutputStream();
          int slots = 1 + random.nextInt(5);
          int start = random.nextInt(a.numSlots());
          for (int k = 0, s = start; k < slots; k++, s = a.next(s)) {
            byte[] part = new byte[random.nextInt(4) == 0 ? 2048 : random.nextInt(2049)];
            random.nextBytes(part);
            packet.writeBytes(part);
            a.put(s, part, 0, part.length, k < slots - 1 ? Netmap.NS_MOREFRAG : 0);
          }
          int free = random.nextInt(b.numSlots());
          int needs = Packets.slotsOfCopy(a, slots, packet.size(), b);
          int end = Packets.copy(a, start, slots, b, free);
          assertThat(end).isEqualTo(b.plus(free, needs));
          assertThat(Packets.slots(b, free, needs)).isEqualTo(needs);
          assertThat(bytes(b, free, needs)).isEqualTo(packet.toByteArray());
        }
      }
    }
  }

  /** A copy begins at the start of its buffers, wherever the slots' packets began before. */
  @Test
  void copiesStayInTheirBuffers() {
    for (int size : new int[] {2048, 1024}) {
      try (NetmapMemory one = memory(2048);
          NetmapMemory two = memory(size);
          NetmapPort from = Netmap.open("netmap:fake0/T", NetmapPort.Request.DEFAULT.region(one));
          NetmapPort to =
              Netmap.open(
                  "netmap:copies{0",
                  NetmapPort.Request.DEFAULT.region(two).offsets(new Offsets(128, 256, 0, 0)))) {
        NetmapRing a = from.tx(0);
        NetmapRing b = to.tx(to.firstTxRing());
        byte[] packet = new byte[2048];
        new Random(5).nextBytes(packet);
        a.put(0, packet);
        int needs = Packets.slotsOfCopy(a, 1, packet.length, b);
        assertThat(b.offset(needs)).isEqualTo(128);
        byte[] behind = b.get(needs);
        assertThat(Packets.copy(a, 0, 1, b, 0)).isEqualTo(needs);
        assertThat(bytes(b, 0, needs)).isEqualTo(packet);
        for (int k = 0; k < needs; k++) {
          assertThat(b.offset(k) + b.len(k)).isLessThanOrEqualTo(size);
          assertThat(b.slotFlags(k) & Netmap.NS_BUF_CHANGED).isNotZero();
        }
        assertThat(b.get(needs)).isEqualTo(behind);
      }
    }
  }

  private static byte[] bytes(NetmapRing ring, int slot, int slots) {
    byte[] all = new byte[(int) Packets.bytes(ring, slot, slots)];
    int at = 0;
    for (int k = 0; k < slots; k++, slot = ring.next(slot)) {
      ring.getBytes(slot, 0, all, at, ring.len(slot));
      at += ring.len(slot);
    }
    return Arrays.copyOf(all, at);
  }
}
