package io.netmap4j.ixgbe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NicOptions;
import io.netmap4j.memory.Region;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.spi.DmaMapping;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/** Frames to and from a {@link ModelRig}, and what must hold after every test on it. */
final class ModelTraffic {
  static final int SLOTS = 72;

  static final NicOptions NIC = NicOptions.DEFAULT.slots(SLOTS, SLOTS);

  static final ModelRig.Setup STEPPED = ModelRig.Setup.DEFAULT.nic(NIC).stepped(42);

  static byte[] frame(int number, int length) {
    byte[] f = new byte[length];
    Arrays.fill(f, 0, Math.min(6, length), (byte) 0xff);
    for (int i = 14; i < length; i++) {
      f[i] = (byte) (number * 17 + i);
    }
    if (length > 13) {
      f[6] = 2;
      f[12] = (byte) 0x88;
      f[13] = (byte) 0xb5;
    }
    return f;
  }

  static void until(ModelRig rig, String what, BooleanSupplier done) {
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (!done.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> "waited 10 s for " + what);
      rig.run();
    }
  }

  static void put(NetmapRing ring, byte[] frame) {
    ring.put(ring.head(), frame);
    ring.advance(ring.next(ring.head()));
  }

  static byte[] receive(ModelRig rig, NetmapPort port) {
    NetmapRing ring = port.rx(0);
    until(rig, "a frame", () -> !ring.isEmpty() || port.rxSync() == 0 && !ring.isEmpty());
    byte[] got = ring.get(ring.head());
    ring.advance(ring.next(ring.head()));
    return got;
  }

  static void assertNoViolations(ModelRig rig) {
    assertEquals("", rig.violations());
  }

  /** Stepped by {@code seed}; 0 for cards that a thread runs. */
  static ModelRig.Setup setup(long seed, NicOptions nic) {
    return seed == 0 ? ModelRig.Setup.DEFAULT.nic(nic) : STEPPED.nic(nic).stepped(seed);
  }

  /** Each access of packets is within one buffer, and one that may be used. */
  static void assertDmaStaysInBuffers(ModelRig rig) {
    for (int i = 0; i < 2; i++) {
      assertEquals(
          0, rig.cards[i].memory().faults(), "DMA faults: accesses outside what was given");
      try (DmaMapping mapping = rig.domain.map(rig.region)) {
        long pages = rig.region.size() >>> DmaMapping.PAGE_SHIFT;
        for (DmaLog.Access access : rig.logs[i].accesses()) {
          if (access.kind() == DmaLog.Kind.PACKET_READ
              || access.kind() == DmaLog.Kind.PACKET_WRITE) {
            boolean inside = false;
            for (long p = 0; p < pages && !inside; p++) {
              long start = mapping.iova(p * DmaMapping.PAGE);
              inside =
                  access.within(start, DmaMapping.PAGE)
                      && inOneBuffer(
                          rig.region, p * DmaMapping.PAGE + access.iova() - start, access.length());
            }
            assertTrue(inside, () -> "outside a buffer: " + access);
          }
        }
      }
    }
  }

  private static boolean inOneBuffer(Region region, long offset, long length) {
    long inPool = offset - region.bufOffset();
    int index = (int) (inPool / region.bufSize());
    return inPool >= 0
        && inPool % region.bufSize() + length <= region.bufSize()
        && (index == 0 || region.isBuffer(index));
  }

  static void sendOne(ModelRig rig) {
    NetmapRing tx = rig.a.tx(0);
    tx.put(tx.head(), new byte[1514]);
    tx.advance(tx.next(tx.head()));
    rig.a.txSync();
  }

  private ModelTraffic() {}
}
