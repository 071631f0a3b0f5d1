package io.netmap4j.compat.provider;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.RingSet;

/** netmap_interp_ringid: which rings a mode and its flags mean, on a port with so many. */
final class Bindings {
  private Bindings() {}

  /**
   * @throws NetmapException EINVAL for an unknown mode, or a ring that neither direction has
   */
  static RingSet.Binding of(Registration r, RingSet rings) {
    int hostTx = rings.adapter().rings().tx(); // host rings may be added at any moment
    int hostRx = rings.adapter().rings().rx();
    int[] tx;
    int[] rx;
    switch (r.mode()) {
      case Netmap.NR_REG_ALL_NIC, Netmap.NR_REG_NULL -> {
        tx = new int[] {0, hostTx};
        rx = new int[] {0, hostRx};
      }
      case Netmap.NR_REG_NIC_SW -> {
        tx = new int[] {0, rings.txRings()};
        rx = new int[] {0, rings.rxRings()};
      }
      case Netmap.NR_REG_SW -> {
        tx = new int[] {hostTx, rings.txRings()};
        rx = new int[] {hostRx, rings.rxRings()};
      }
      case Netmap.NR_REG_ONE_NIC -> {
        checkRing(r.ringId(), "", hostTx, hostRx);
        tx = one(r.ringId(), 0, hostTx);
        rx = one(r.ringId(), 0, hostRx);
      }
      case Netmap.NR_REG_ONE_SW -> {
        checkRing(r.ringId(), "host ", rings.hostTxRings(), rings.hostRxRings());
        tx = one(r.ringId(), hostTx, rings.hostTxRings());
        rx = one(r.ringId(), hostRx, rings.hostRxRings());
      }
      default -> throw new NetmapException(Libc.EINVAL, "invalid mode: " + r.mode());
    }
    if (r.has(Netmap.NR_TX_RINGS_ONLY)) {
      rx = new int[] {0, 0};
    }
    if (r.has(Netmap.NR_RX_RINGS_ONLY)) {
      tx = new int[] {0, 0};
    }
    return new RingSet.Binding(tx[0], tx[1], rx[0], rx[1], r.has(Netmap.NR_EXCLUSIVE));
  }

  /** A ring that only the other direction has means ring 0 of this one. */
  private static int[] one(int ring, int first, int count) {
    int i = first + (ring < count ? ring : 0);
    return new int[] {i, count == 0 ? i : i + 1};
  }

  private static void checkRing(int ring, String kind, int tx, int rx) {
    if (ring >= tx && ring >= rx) {
      throw new NetmapException(
          Libc.EINVAL,
          "no "
              + kind
              + "ring "
              + ring
              + ": there are "
              + tx
              + " tx and "
              + rx
              + " rx "
              + kind
              + "rings, from 0");
    }
  }
}
