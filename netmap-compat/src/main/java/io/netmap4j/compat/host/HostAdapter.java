package io.netmap4j.compat.host;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Threads;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import java.util.Map;
import java.util.TreeMap;

/**
 * The host rings of a device. RX ring i has queue i of the interface; TX rings share the queues,
 * which take frames from any thread. A thread of its own makes the interface's carrier follow the
 * device's.
 */
final class HostAdapter implements Adapter {
  /** Between two looks at the device's link, a register read. */
  private static final int LINK_MILLIS = 100;

  /** So that a frame is never more pieces than readv takes (UIO_MAXIOV, 1024). */
  private static final int LEAST_RX_BYTES = 128;

  private final HostLink link;
  private final Adapter device;
  private final Rings rings;
  private final Kring[] deviceTx;
  private final boolean forwardAll;
  private final HostTxRing[] tx;
  private final HostRxRing[] rx;
  private final ForwardDown[] down;

  /** For the device's RX rings. */
  final ForwardUp[] up;

  private int firstTx;
  private int firstRx;
  private Thread follower;

  /** What the stack has been told. */
  private boolean carrier;

  private boolean closed;

  /**
   * @param link has as many queues as there are RX rings; closed by this
   * @param deviceTx the device's TX rings
   * @param forwardAll as if every ring had NR_FORWARD and every slot NS_FORWARD
   */
  HostAdapter(HostLink link, Adapter device, Rings rings, Kring[] deviceTx, boolean forwardAll) {
    this.link = link;
    this.device = device;
    this.rings = rings;
    this.deviceTx = deviceTx;
    this.forwardAll = forwardAll;
    this.tx = new HostTxRing[rings.tx()];
    this.rx = new HostRxRing[rings.rx()];
    this.down = new ForwardDown[rings.rx()];
    this.up = new ForwardUp[device.rings().rx()];
    for (int i = 0; i < up.length; i++) {
      up[i] = new ForwardUp(new ToStack(link, i % rings.rx(), ToStack.LONGEST), forwardAll);
    }
  }

  @Override
  public String name() {
    return device.name() + ": host rings (" + link.name() + ")";
  }

  @Override
  public Rings rings() {
    return rings;
  }

  @Override
  public void start(Kring[] txKrings, Kring[] rxKrings) {
    firstTx = txKrings[0].ringId;
    firstRx = rxKrings[0].ringId;
    for (int i = 0; i < tx.length; i++) {
      tx[i] = new HostTxRing(new ToStack(link, i % rx.length, maxFrame()));
    }
    for (int i = 0; i < rx.length; i++) {
      down[i] = new ForwardDown(deviceTx);
      rx[i] = new HostRxRing(link, i, maxFrame(), down[i], forwardAll);
    }
    followLink();
    follower = new Thread(this::follow, "netmap4j-host-" + link.name());
    follower.setDaemon(true);
    follower.start();
  }

  private void follow() {
    try {
      while (true) {
        Thread.sleep(LINK_MILLIS);
        followLink();
      }
    } catch (InterruptedException e) {
      return; // stop
    }
  }

  private void followLink() {
    boolean now;
    try {
      now = !device.dead() && device.link().up();
    } catch (NetmapException | LinuxException | InternalError e) {
      now = false; // the device is gone
    }
    if (now != carrier) {
      carrier = now;
      link.carrier(now);
    }
  }

  @Override
  public int txSync(Kring k, int flags) {
    return tx[k.ringId - firstTx].sync(k);
  }

  @Override
  public int rxSync(Kring k, int flags) {
    return rx[k.ringId - firstRx].sync(k, flags);
  }

  /** What the stack cannot take at the moment (the kernel always can) is offered again. */
  @Override
  public int waitFd(Kring k) {
    if (!k.tx) {
      return rx[k.ringId - firstRx].waitFd(k);
    }
    return k.hwCur == k.rHead ? WAKES_BY_CALL : -1;
  }

  @Override
  public boolean offsets() {
    return true;
  }

  @Override
  public int leastRxBytes() {
    return LEAST_RX_BYTES;
  }

  @Override
  public int maxSlots() {
    return ToStack.MAX_SEGMENTS;
  }

  @Override
  public int maxFrame() {
    return Math.min(device.maxFrame(), ToStack.LONGEST);
  }

  @Override
  public int minFrame() {
    return ToStack.SHORTEST;
  }

  @Override
  public LinkState link() {
    return device.link();
  }

  /** docs/netmap-abi.md 9.1. */
  @Override
  public Map<String, Long> counters() {
    Map<String, Long> all = new TreeMap<>();
    long[] sums = new long[8];
    for (HostTxRing ring : tx) {
      sums[0] += ring.stack.frames;
      sums[1] += ring.stack.down;
      sums[2] += ring.stack.lost;
    }
    for (int i = 0; i < rx.length; i++) {
      sums[3] += rx[i].frames;
      sums[4] += rx[i].tooLong;
      sums[5] += down[i].packets;
      sums[6] += down[i].lost;
    }
    for (ForwardUp ring : up) {
      sums[7] += ring.stack.frames;
      sums[1] += ring.stack.down;
      sums[2] += ring.stack.lost + ring.bad;
    }
    String[] names = {
      "host_tx",
      "host_tx_down",
      "host_tx_lost",
      "host_rx",
      "host_rx_too_long",
      "host_forwarded_down",
      "host_forward_no_room",
      "host_forwarded_up"
    };
    for (int i = 0; i < names.length; i++) {
      all.put(names[i], sums[i]);
    }
    return all;
  }

  @Override
  public void stop() {
    Thread t = follower;
    if (t != null) {
      t.interrupt();
      Threads.join(t);
      follower = null;
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    stop();
    for (ForwardUp ring : up) {
      ring.stack.close();
    }
    for (HostTxRing ring : tx) {
      if (ring != null) {
        ring.stack.close();
      }
    }
    for (HostRxRing ring : rx) {
      if (ring != null) {
        ring.close();
      }
    }
    link.close();
  }
}
