package io.netmap4j.bench.compare;

import io.netmap4j.NetmapForward;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.linux.Mem;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is timed: loops over slots as netmap programs have them, between two ports of one region. A
 * window ends when everything that was received has been given back and everything to send is with
 * the card. For one thread.
 */
final class RingWindows {
  /** Without FCS: the smallest frame. */
  static final int FRAME_BYTES = 60;

  /** Calls in a row without a packet or a free slot, after which something is wrong. */
  private static final int MOST_IDLE = 100_000;

  private final NetmapPort port;
  private final NetmapPort other;
  private final ControlPage control;
  private final Map<String, Stopwatch.Window> windows = new LinkedHashMap<>();

  /** Takes what was read, so that the compiler keeps the reads. */
  private long seen;

  /**
   * @param port receives, sends, and is forwarded from
   * @param other is forwarded to
   */
  RingWindows(NetmapPort port, NetmapPort other, ControlPage control) {
    this.port = port;
    this.other = other;
    this.control = control;
    add("rx", this::receive);
    add("tx", this::send);
    add("forward", this::forward);
    NetmapForward whole = new NetmapForward(port.rx(0), other.tx(0));
    add("forward-op", (packets, batch) -> forwardWhole(whole, packets, batch));
  }

  /** The work of one window. */
  private interface Loop {
    void run(int packets, int batch);
  }

  private void add(String what, Loop loop) {
    windows.put(
        what,
        new Stopwatch.Window() {
          @Override
          public void begin() {
            drain();
          }

          @Override
          public void prepare() {
            control.ask(ControlPage.COMPLETE_TX | ControlPage.REFILL_RX, FRAME_BYTES);
          }

          @Override
          public void run(int packets, int batch) {
            loop.run(packets, batch);
          }
        });
  }

  /** The windows by what they do: rx, tx, forward ... */
  Map<String, Stopwatch.Window> all() {
    return windows;
  }

  /** Nothing is pending when this returns: the model may be stopped. */
  void settle() {
    control.ask(ControlPage.COMPLETE_TX, FRAME_BYTES);
    port.txSync();
    other.txSync();
  }

  /**
   * Counts what crosses PCIe for windows, with one call of the driver at a time: the model looks at
   * the tails after each.
   *
   * @return packets that were counted
   */
  long count(Stopwatch.Window window, int batch, int times) {
    int packets = Stopwatch.packets(batch);
    window.begin();
    window.prepare();
    window.run(packets, batch); // the state that windows begin with
    window.prepare();
    control.ask(ControlPage.CLEAR_BILL, FRAME_BYTES);
    for (int i = 0; i < times; i++) {
      for (int n = 0; n < packets; n += batch) {
        window.run(batch, batch);
        control.ask(0, FRAME_BYTES);
      }
      window.prepare();
    }
    return (long) packets * times;
  }

  /** What a card's driver made cross PCIe in {@link #count}. */
  long[] bill(int card) {
    return control.bill(card);
  }

  /**
   * Receives what another window has left: NetmapForward goes slot by slot while the ring has
   * packets that a sync has taken in.
   */
  private void drain() {
    NetmapRing rx = port.rx(0);
    do {
      check(port.rxSync(), port);
      rx.advance(rx.tail());
      check(port.rxSync(), port);
    } while (!rx.isEmpty());
  }

  private void receive(int packets, int batch) {
    NetmapRing rx = port.rx(0);
    int idle = 0;
    long sum = 0;
    for (int left = packets; left > 0; ) {
      check(port.rxSync(), port);
      int n = Math.min(Math.min(batch, left), rx.space());
      int slot = rx.head();
      for (int i = 0; i < n; i++) {
        sum += rx.len(slot) + rx.buffer(slot);
        slot = rx.next(slot);
      }
      rx.advance(slot);
      left -= n;
      idle = idle(n, idle);
    }
    check(port.rxSync(), port);
    seen += sum;
  }

  private void send(int packets, int batch) {
    NetmapRing tx = port.tx(0);
    int idle = 0;
    for (int left = packets; left > 0; ) {
      int n = Math.min(Math.min(batch, left), tx.space());
      int slot = tx.head();
      for (int i = 0; i < n; i++) {
        tx.lenAndFlags(slot, FRAME_BYTES, 0);
        slot = tx.next(slot);
      }
      tx.advance(slot);
      check(port.txSync(), port);
      left -= n;
      idle = idle(n, idle);
    }
  }

  private void forward(int packets, int batch) {
    NetmapRing rx = port.rx(0);
    NetmapRing tx = other.tx(0);
    int idle = 0;
    for (int left = packets; left > 0; ) {
      check(port.rxSync(), port);
      int n = Math.min(Math.min(batch, left), Math.min(rx.space(), tx.space()));
      int from = rx.head();
      int to = tx.head();
      for (int i = 0; i < n; i++) {
        touch(rx.buffer(from), 0);
        rx.swap(from, tx, to);
        from = rx.next(from);
        to = tx.next(to);
      }
      rx.advance(from);
      tx.advance(to);
      check(other.txSync(), other);
      left -= n;
      idle = idle(n, idle);
    }
    check(port.rxSync(), port);
  }

  /** As {@link #forward}, by the library's one operation, which gives slots back at once. */
  private void forwardWhole(NetmapForward whole, int packets, int batch) {
    int idle = 0;
    for (int left = packets; left > 0; ) {
      int n = whole.forward(Math.min(batch, left), RingWindows::touch);
      check(Math.min(n, 0), port);
      left -= n;
      idle = idle(n, idle);
    }
  }

  private static int touch(long packet, int length) {
    Mem.putByte(packet, (byte) (Mem.getByte(packet) ^ 1));
    return length;
  }

  private static int idle(int n, int idle) {
    if (n > 0) {
      return 0;
    }
    if (idle == MOST_IDLE) {
      throw new IllegalStateException(
          MOST_IDLE
              + " syncs in a row brought no packet and no free slot: is the model's link up?");
    }
    return idle + 1;
  }

  private static void check(int status, NetmapPort port) {
    if (status != 0) {
      throw new IllegalStateException("a sync of " + port + " returned errno " + Math.abs(status));
    }
  }
}
