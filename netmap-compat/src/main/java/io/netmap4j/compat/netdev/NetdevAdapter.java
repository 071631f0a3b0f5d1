package io.netmap4j.compat.netdev;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NicControl;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.NetInterface;
import io.netmap4j.linux.PacketSocket;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An ordinary network interface in netmap's emulated mode: a packet socket for each ring. The
 * kernel's stack stays attached to the interface.
 *
 * <p>No thread and no interrupt tells that the interface goes down or away: syncs look, every 10 ms
 * at most. Without carrier nothing is sent, and what was given waits, as with NICs.
 */
final class NetdevAdapter implements Adapter {
  private static final long LOOK_NANOS = 10_000_000;

  private final String name;
  private final Rings rings;
  private final NicOptions options;
  private final int mtu;
  private final NetdevRxRing[] rx;
  private final NetdevTxRing[] tx;
  private final NetdevFilter filter;
  private final PacketSocket settings;
  private final NetInterface netInterface;
  private final NetdevControl control;
  private final AtomicLong lastLook = new AtomicLong(System.nanoTime() - LOOK_NANOS);
  private volatile boolean carrier;
  private volatile boolean dead;

  /**
   * Opens the sockets. On failure nothing stays open.
   *
   * @param name of the interface
   * @param index of it, in the namespace of this thread
   * @param bypass hand frames to the driver without the interface's queueing discipline
   * @throws io.netmap4j.linux.LinuxException EPERM without CAP_NET_RAW, ENOMEM, and others
   */
  NetdevAdapter(String name, int index, Rings rings, NicOptions options, boolean bypass) {
    this.name = name;
    this.rings = rings;
    this.options = options;
    this.rx = new NetdevRxRing[rings.rx()];
    this.tx = new NetdevTxRing[rings.tx()];
    this.filter = new NetdevFilter(options.promiscuous());
    this.settings = PacketSocket.open(name, index);
    this.netInterface = new NetInterface(settings.fd(), index);
    this.control = new NetdevControl(settings, netInterface, filter);
    try {
      this.mtu = netInterface.mtu();
      if (options.promiscuous()) {
        settings.membership(true, PacketSocket.PROMISCUOUS, null);
      }
      for (int i = 0; i < rx.length; i++) {
        rx[i] = rxRing(PacketSocket.open(name, index));
      }
      for (int i = 0; i < tx.length; i++) {
        tx[i] = txRing(PacketSocket.open(name, index), bypass);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private NetdevRxRing rxRing(PacketSocket socket) {
    try {
      return new NetdevRxRing(socket, filter, mtu, rings.rxSlots());
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private NetdevTxRing txRing(PacketSocket socket, boolean bypass) {
    try {
      if (bypass) {
        socket.bypassQdisc();
      }
      return new NetdevTxRing(socket, mtu);
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return name;
  }

  /** Of the interface, when the port was opened. */
  int mtu() {
    return mtu;
  }

  @Override
  public Rings rings() {
    return rings;
  }

  @Override
  public void start(Kring[] txKrings, Kring[] rxKrings) {
    int group = -1;
    for (int i = 0; i < rx.length; i++) {
      rx[i].attach(rxKrings[i]);
      rx[i].socket().start();
      if (rx.length > 1) {
        group = rx[i].socket().fanOut(group);
      }
    }
    for (NetdevRxRing ring : rx) {
      if (rx.length > 1) {
        ring.discard(); // what came to a ring before it shared the flows came to others too
      }
    }
    look();
  }

  @Override
  public int txSync(Kring k, int flags) {
    if (k.hwCur != k.rHead) {
      lookIfDue();
      if (!carrier) {
        return dead ? Libc.EIO : 0;
      }
    }
    int status = dead ? Libc.EIO : tx[k.ringId].sync(k);
    if (status == Libc.EIO) {
      dead = true;
    }
    return status;
  }

  @Override
  public int rxSync(Kring k, int flags) {
    int tail = k.hwTail;
    int status = rx[k.ringId].sync(k);
    if (tail == k.hwTail) {
      lookIfDue();
    }
    return dead ? Libc.EIO : status;
  }

  private void lookIfDue() {
    long last = lastLook.get();
    long now = System.nanoTime();
    if (now - last >= LOOK_NANOS && lastLook.compareAndSet(last, now)) {
      look();
    }
  }

  private void look() {
    for (NetdevRxRing ring : rx) {
      ring.socket().clearError(); // before the look: it may have been down since the last one
    }
    carrier = netInterface.running();
    if (!carrier && netInterface.gone()) {
      dead = true;
    }
  }

  @Override
  public boolean dead() {
    return dead;
  }

  @Override
  public int waitFd(Kring k) {
    if (!k.tx) {
      return rx[k.ringId].waitFd();
    }
    return carrier ? tx[k.ringId].waitFd() : WAKES_BY_CALL; // the wait tries again every 20 ms
  }

  @Override
  public LinkState link() {
    boolean up = netInterface.running();
    carrier = up;
    return up ? new LinkState(true, netInterface.mbps()) : LinkState.DOWN;
  }

  @Override
  public Map<String, Long> counters() {
    Map<String, Long> all = new TreeMap<>();
    long seen = 0;
    long full = 0;
    long received = 0;
    long cut = 0;
    long dropped = 0;
    for (NetdevRxRing ring : rx) {
      PacketSocket.Statistics s = ring.socket().statistics();
      seen += s.seen();
      full += s.dropped();
      received += ring.received();
      cut += ring.cut();
      dropped += ring.dropped();
    }
    all.put("tp_packets", seen);
    all.put("tp_drops", full);
    all.put("rx_packets", received);
    all.put("rx_large_cut_up", cut);
    all.put("rx_undeliverable", dropped);
    return all;
  }

  @Override
  public int maxSlots() {
    return NetdevTxRing.MOST_SLOTS;
  }

  @Override
  public int maxFrame() {
    return NetdevTxRing.maxFrame(mtu);
  }

  @Override
  public boolean offsets() {
    return true;
  }

  @Override
  public WaitMode waitMode() {
    return options.waitMode();
  }

  @Override
  public NicControl control() {
    return control;
  }

  @Override
  public void stop() {
    // The kernel never writes to the region.
  }

  @Override
  public void close() {
    for (NetdevTxRing ring : tx) {
      if (ring != null) {
        ring.close();
      }
    }
    for (NetdevRxRing ring : rx) {
      if (ring != null) {
        ring.close();
      }
    }
    netInterface.close();
    settings.close();
  }
}
