package io.netmap4j.compat.pipe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PipeAllocationTest {
  @Test
  void noObjectPerPacketNorPerSync() {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    try (PipeRig rig = new PipeRig()) {
      NetmapPort master = rig.open("netmap:alloc{1", rig.slots(100));
      NetmapPort slave = rig.open("netmap:alloc}1", rig.request());
      long before = 0;
      int batches = 10_000;
      for (int i = 0; i < 2 * batches; i++) {
        if (i == batches) {
          before = threads.getThreadAllocatedBytes(self);
        }
        batch(master, slave, i);
      }
      assertThat(threads.getThreadAllocatedBytes(self) - before)
          .as("bytes for %d batches", batches)
          .isLessThan(batches / 4);
    }
  }

  /** Every 8th batch with a packet of two slots, every 32nd with one that is refused. */
  private static void batch(NetmapPort master, NetmapPort slave, int i) {
    NetmapRing tx = master.tx(0);
    for (int n = 0; n < 8; n++) {
      int flags = n == 0 && i % 8 == 0 ? io.netmap4j.Netmap.NS_MOREFRAG : 0;
      tx.lenAndFlags(tx.head(), n == 4 && i % 32 == 0 ? 3000 : 60, flags);
      tx.advance(tx.next(tx.head()));
    }
    master.txSync();
    slave.poll(NetmapPort.POLLIN, 0);
    NetmapRing rx = slave.rx(0);
    rx.advance(rx.tail());
    slave.rxSync();
    master.poll(NetmapPort.POLLOUT, 0);
  }
}
