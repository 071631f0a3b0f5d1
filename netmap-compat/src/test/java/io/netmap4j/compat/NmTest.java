package io.netmap4j.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class NmTest {
  private static final int BUF = 256;
  private static final int SLOTS = 8;
  private NetmapMemory region;
  private Nm sender;
  private Nm receiver;
  private long packet;

  @BeforeEach
  void openBoth() {
    region = NetmapMemory.create(MemoryOptions.DEFAULT.buffers(1024, BUF));
    NetmapPort.Request request =
        NetmapPort.Request.DEFAULT
            .region(region)
            .nic(NicOptions.DEFAULT.rings(2, 2).slots(SLOTS, 64));
    sender = Nm.nmOpen("netmap:fake0", request);
    receiver = Nm.nmOpen("netmap:fake1", request);
    packet = Mem.allocate(4096);
    for (int i = 0; i < 4096; i++) {
      Mem.putByte(packet + i, (byte) (i * 7 + i / 256));
    }
  }

  @AfterEach
  void closeBoth() {
    assertThat(sender.nmClose()).isZero();
    assertThat(sender.nmClose()).isEqualTo(Libc.EINVAL);
    receiver.nmClose();
    Mem.free(packet);
    region.close();
  }

  private void cross() {
    sender.port().txSync();
    receiver.port().rxSync();
  }

  @Test
  void injectFillsARingAndThenTheNext() {
    for (int i = 0; i < 2 * (SLOTS - 1); i++) {
      assertThat(sender.nmInject(packet, 60)).isEqualTo(60);
      assertThat(sender.curTxRing()).isEqualTo(i / (SLOTS - 1));
    }
    assertThat(sender.nmInject(packet, 60)).isZero();
    assertThat(sender.nmInject(packet, 0)).isZero();
    cross();
    assertThat(receiver.nmDispatch(-1, (h, buffer) -> {})).isEqualTo(2 * (SLOTS - 1));
  }

  @Test
  void injectSplitsExactly() {
    sender.nmInject(packet, 2 * BUF);
    sender.nmInject(packet, 2 * BUF + 1);
    NetmapRing ring = sender.port().tx(0);
    int[] lengths = {BUF, BUF, BUF, BUF, 1};
    for (int i = 0; i < lengths.length; i++) {
      assertThat(ring.len(i)).isEqualTo(lengths[i]);
      boolean more = i == 0 || i == 2 || i == 3;
      assertThat(ring.slotFlags(i)).isEqualTo(more ? Netmap.NS_MOREFRAG : 0);
    }
    assertThat(ring.head()).isEqualTo(5);
    assertThat(sender.nmInject(packet, 3 * BUF))
        .as("two slots left, so the other ring")
        .isPositive();
    assertThat(sender.curTxRing()).isEqualTo(1);
  }

  @Test
  void injectRefusesWhatThePortDoes() {
    int most = sender.port().maxFrame();
    for (int size : new int[] {-1, 0, 1, 13, most + 1, 1523, 250_000, Integer.MAX_VALUE}) {
      assertThat(sender.nmInject(packet, size)).as("%d bytes", size).isZero();
    }
    assertThat(sender.port().tx(0).head()).isZero();
    assertThat(sender.port().tx(1).head()).isZero();
    assertThat(sender.nmInject(packet, 14)).isEqualTo(14);
    assertThat(sender.nmInject(packet, most)).isEqualTo(most);
    assertThat(sender.port().txSync()).isZero();
  }

  @Test
  void dispatchHandsOutWholePacketsAndMarksTheLast() {
    sender.nmInject(packet, 60);
    sender.nmInject(packet, 2 * BUF + 10);
    sender.nmInject(packet, 70);
    cross();
    List<String> seen = new ArrayList<>();
    int got =
        receiver.nmDispatch(
            0,
            (h, buffer) -> {
              assertThat(Mem.getInt(buffer)).isEqualTo(Mem.getInt(packet));
              assertThat(h.ts).isPositive();
              seen.add(h.len + "/" + h.flags + "/" + h.slot);
            });
    assertThat(got).isEqualTo(3);
    assertThat(seen).containsExactly("60/1/0", "522/1/1", "70/0/4");
    assertThat(receiver.nmDispatch(0, (h, buffer) -> {})).isZero();
  }

  @Test
  void dispatchStopsAtTheCount() {
    for (int i = 0; i < 5; i++) {
      sender.nmInject(packet, 60 + i);
    }
    cross();
    List<Integer> seen = new ArrayList<>();
    assertThat(receiver.nmDispatch(2, (h, buffer) -> seen.add(h.len * 10 + h.flags))).isEqualTo(2);
    assertThat(receiver.nmDispatch(2, (h, buffer) -> seen.add(h.len * 10 + h.flags))).isEqualTo(2);
    assertThat(seen).containsExactly(601, 610, 621, 630);
  }

  @Test
  void dispatchStaysAtTheRingOfTheLastPacket() {
    assertThat(receiver.nmDispatch(-1, (h, buffer) -> {})).isZero();
    assertThat(receiver.curRxRing()).as("nothing came").isZero();
    sender.nmInject(packet, 60);
    cross();
    int[] during = {-1};
    assertThat(receiver.nmDispatch(-1, (h, buffer) -> during[0] = receiver.curRxRing())).isOne();
    assertThat(during[0]).isZero();
    assertThat(receiver.curRxRing()).as("ring 1 was looked at and had none").isZero();
  }

  @Test
  void aNameOfSomebodyElseHasErrnoZero() {
    for (String name : new String[] {"eth0", "", "netmapx:eth0", "valE:0", "netmap"}) {
      assertThatThrownBy(() -> Nm.nmOpen(name))
          .as(name)
          .isInstanceOfSatisfying(NetmapException.class, e -> assertThat(e.errno()).isZero());
    }
    assertThatThrownBy(() -> Nm.nmOpen("netmap:eth0-x"))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EINVAL));
  }

  @Test
  void nextpktGivesSlotsOneByOneFromEveryRing() {
    for (int i = 0; i < SLOTS - 1; i++) {
      sender.nmInject(packet, 60);
    }
    sender.nmInject(packet, BUF + 4);
    cross();
    Nm.Header header = new Nm.Header();
    for (int i = 0; i < SLOTS - 1; i++) {
      assertThat(receiver.nmNextpkt(header)).isNotZero();
      assertThat(receiver.curRxRing()).isZero();
    }
    assertThat(receiver.nmNextpkt(header)).isNotZero();
    assertThat(header.len).isEqualTo(BUF);
    assertThat(receiver.nmNextpkt(header)).isNotZero();
    assertThat(header.len).isEqualTo(4);
    assertThat(receiver.curRxRing()).isEqualTo(1);
    assertThat(receiver.nmNextpkt(header)).isZero();
  }
}
