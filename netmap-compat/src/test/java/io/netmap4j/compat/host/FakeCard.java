package io.netmap4j.compat.host;

import io.netmap4j.common.LinkState;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.spi.FakeAdapter;
import io.netmap4j.spi.Kring;

/** A device whose link and state a test says. */
final class FakeCard extends FakeAdapter {
  volatile boolean up = true;
  int maxFrame = 1518;

  /** Another thread's sync is in flight: TX syncs of that ring do nothing. */
  Runnable inTxSync = () -> {};

  FakeCard(int tx, int rx, int slots) {
    super(tx, rx, slots, slots);
  }

  @Override
  public int maxFrame() {
    return maxFrame;
  }

  @Override
  public LinkState link() {
    return up ? super.link() : LinkState.DOWN;
  }

  @Override
  public int txSync(Kring k, int flags) {
    inTxSync.run();
    return super.txSync(k, flags);
  }

  /** As a NIC: stops at an invalid index. */
  @Override
  public int rxSync(Kring k, int flags) {
    int status = 0;
    int released = k.hwCur;
    int wanted = k.rHead;
    super.rxSync(k, flags);
    for (; released != wanted; released = k.next(released)) {
      if (!k.region.isBuffer(Mem.getInt(k.slot(released)))) {
        status = Libc.EINVAL;
        break;
      }
    }
    k.hwCur = released;
    return status;
  }
}
