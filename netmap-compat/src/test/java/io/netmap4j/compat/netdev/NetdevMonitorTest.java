package io.netmap4j.compat.netdev;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A monitor beside a port on an ordinary interface. */
@Timeout(60)
class NetdevMonitorTest {
  private static byte[] frame(int number) {
    byte[] frame = new byte[60];
    frame[0] = -1;
    frame[6] = 2;
    frame[12] = (byte) 0x88;
    frame[13] = (byte) 0xb5;
    frame[14] = (byte) number;
    return frame;
  }

  private static void send(NetmapPort port, int number) {
    NetmapRing tx = port.tx(0);
    tx.put(tx.head(), frame(number));
    tx.advance(tx.next(tx.head()));
    assertThat(port.txSync()).isZero();
  }

  private static byte[] receive(NetmapPort port) {
    assertThat(port.poll(NetmapPort.POLLIN, 5000)).isEqualTo(NetmapPort.POLLIN);
    NetmapRing rx = port.rx(0);
    byte[] got = rx.get(rx.head());
    rx.advance(rx.next(rx.head()));
    return got;
  }

  /** The monitor's wait takes in what comes, until the port's ring has no room for more. */
  @Test
  void sleepsWhileThePortLeavesItsRingFull() {
    NetmapPort.Request small = NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.slots(64, 64));
    try (Veth veth = Veth.pair(1500);
        NetmapPort a = Veth.open("netmap:va", NetmapPort.Request.DEFAULT);
        NetmapPort b = Veth.open("netmap:vb", small);
        NetmapPort monitor = Netmap.open("netmap:vb/r")) {
      for (int i = 0; i < 70; i++) {
        send(a, i);
      }
      for (int i = 0; i < 63; i++) {
        assertThat(receive(monitor)).isEqualTo(frame(i));
      }
      int[] looks = NetdevTest.looks("netmap:vb");
      assertThat(monitor.poll(NetmapPort.POLLIN, 200)).isZero();
      assertThat(looks[0]).as("looks").isLessThan(100);
      for (int i = 0; i < 70; i++) {
        assertThat(receive(b)).isEqualTo(frame(i));
      }
      assertThat(receive(monitor)).isEqualTo(frame(63));
      assertThat(veth).isNotNull();
    }
  }

  @Test
  void showsBothDirectionsByCopyAndByExchange() {
    try (Veth veth = Veth.pair(1500);
        NetmapPort a = Veth.open("netmap:va", NetmapPort.Request.DEFAULT);
        NetmapPort b = Veth.open("netmap:vb", NetmapPort.Request.DEFAULT)) {
      NetmapPort tx = Netmap.open("netmap:va/t");
      NetmapPort rx = Netmap.open("netmap:vb/r");
      NetmapPort z = Netmap.open("netmap:vb/z");
      send(a, 7);
      assertThat(receive(tx)).isEqualTo(frame(7));
      assertThat(receive(rx)).as("taken in for the monitor").isEqualTo(frame(7));
      assertThat(z.poll(NetmapPort.POLLIN, 0)).isZero();
      assertThat(receive(b)).isEqualTo(frame(7));
      b.rxSync();
      assertThat(receive(z)).isEqualTo(frame(7));
      b.close();
      assertThat(rx.rxSync() + z.rxSync()).isEqualTo(2 * Libc.EIO);
      for (NetmapPort monitor : new NetmapPort[] {tx, rx, z}) {
        monitor.close();
      }
      assertThat(veth).isNotNull();
    }
  }
}
