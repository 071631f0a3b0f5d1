package io.netmap4j.bench.scale;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.control.CRing;
import io.netmap4j.bench.control.PlainRings;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A VALE switch: one port sends frames to the others by turns, a batch to each at a time; each port
 * is in memory of its own, so each frame is copied. The frames lie in the buffers already.
 */
final class Switch implements Point {
  private static final int ADDRESS = 6;
  private static final int TABLE_SHIFT = 54; // of the switch: 1024 addresses by their hash
  private static final long FACTOR = 0x9e3779b97f4a7c15L;

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final String chart;
  private final boolean byFrame;
  private final int frame;
  private final int batch;
  private final NetmapPort sender;
  private final NetmapPort[] receivers;
  private final int bufSize;
  private final int slotsOfFrame;
  private final long[] addresses;
  private CRing cTx;
  private long cRx;
  private Function c;

  @SuppressWarnings("UnusedVariable") // written, so that no read is left out
  private long seen;

  /**
   * Opens a switch.
   *
   * @param name of the switch, {@code vale...}
   * @param ports 2 or more
   * @param frame bytes, 60 or more
   * @param batch frames that a receiver gets at a time
   * @param byFrame the curve is one of frame sizes, not of ports
   * @param library null for no control
   */
  Switch(String name, int ports, int frame, int batch, boolean byFrame, CLibrary library) {
    this.chart = byFrame ? "scale-frames" : "scale-ports";
    this.byFrame = byFrame;
    this.frame = frame;
    this.batch = batch;
    this.receivers = new NetmapPort[ports - 1];
    this.addresses = addresses(ports);
    try {
      sender = opened(Netmap.open(name + ":p0"));
      for (int i = 0; i < receivers.length; i++) {
        receivers[i] = opened(Netmap.open(name + ":p" + (i + 1)));
      }
      touchBuffers();
      NetmapRing tx = sender.tx(0);
      bufSize = tx.bufSize();
      slotsOfFrame = (frame + bufSize - 1) / bufSize;
      learn();
      for (int i = 0; i < tx.numSlots(); i++) {
        address(tx.bufferStart(i), addresses[1 + i % receivers.length], addresses[0]);
      }
      if (library != null) {
        control(library);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** One for each port, which have places of their own in the switch's table. */
  private static long[] addresses(int ports) {
    long[] addresses = new long[ports];
    long next = 2;
    for (int i = 0; i < ports; ) {
      addresses[i] = next;
      next += 1L << 40;
      boolean taken = false;
      for (int j = 0; j < i; j++) {
        taken |= addresses[j] * FACTOR >>> TABLE_SHIFT == addresses[i] * FACTOR >>> TABLE_SHIFT;
      }
      i += taken ? 0 : 1;
    }
    return addresses;
  }

  private static void address(long bytes, long to, long from) {
    for (int i = 0; i < ADDRESS; i++) {
      Mem.putByte(bytes + i, (byte) (to >>> 8 * i));
      Mem.putByte(bytes + ADDRESS + i, (byte) (from >>> 8 * i));
    }
  }

  /** Each receiver says where it is, to itself: that goes nowhere. */
  private void learn() {
    for (int i = 0; i < receivers.length; i++) {
      NetmapRing tx = receivers[i].tx(0);
      address(tx.bufferStart(0), addresses[1 + i], addresses[1 + i]);
      tx.lenAndFlags(0, 60, 0);
      tx.advance(1);
      ok(receivers[i].txSync());
    }
  }

  private void touchBuffers() {
    for (NetmapPort receiver : receivers) {
      touch(receiver.rx(0));
    }
    touch(sender.tx(0));
  }

  private static void touch(NetmapRing ring) {
    for (int i = 0; i < ring.numSlots(); i++) {
      Resources.touch(ring.bufferStart(i), ring.bufSize());
    }
  }

  private void control(CLibrary library) {
    Function learn = library.function("learn");
    CRing[] to = new CRing[receivers.length];
    for (int i = 0; i < receivers.length; i++) {
      to[i] = opened(new CRing(plain(receivers[i]).rx(0), 0, 0, 0));
      learn.invokeVoid(new Object[] {addresses[1 + i], i});
    }
    PlainRings plain = plain(sender);
    cTx = opened(new CRing(plain.tx(0), 0, 0, 0));
    Region region = plain.tx(0).region;
    for (int i = 0; i < plain.tx(0).numSlots; i++) {
      address(
          region.bufAddress(Mem.getInt(plain.tx(0).slot(i))),
          addresses[1 + i % receivers.length],
          addresses[0]);
    }
    cRx = CRing.array(to);
    open.push(() -> Mem.free(cRx));
    c = library.function("vale");
  }

  private PlainRings plain(NetmapPort like) {
    Region region = opened(Region.create(like.memory().options()));
    PlainRings plain =
        opened(
            new PlainRings(
                region,
                new Adapter.Rings(1, 1, like.tx(0).numSlots(), like.rx(0).numSlots()),
                true));
    for (Kring ring : new Kring[] {plain.tx(0), plain.rx(0)}) {
      for (int i = 0; i < ring.numSlots; i++) {
        Resources.touch(region.bufAddress(Mem.getInt(ring.slot(i))), bufSize);
      }
    }
    return plain;
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.push(resource);
    return resource;
  }

  @Override
  public String chart() {
    return chart;
  }

  @Override
  public String what() {
    return "switch";
  }

  @Override
  public int x() {
    return byFrame ? frame : receivers.length + 1;
  }

  @Override
  public String xName() {
    return byFrame ? "bytes of a frame" : "ports";
  }

  @Override
  public int packets() {
    return receivers.length * batch;
  }

  @Override
  public long java(long rounds) {
    long moved = 0;
    for (long k = 0; k < rounds; k++) {
      give(sender.tx(0));
      ok(sender.txSync());
      for (NetmapPort receiver : receivers) {
        receiver.rxSync();
        moved += take(receiver.rx(0));
        receiver.rxSync(); // room for the next batch
      }
    }
    return moved;
  }

  private void give(NetmapRing ring) {
    int slot = ring.head();
    int whole = (slotsOfFrame - 1) * bufSize;
    for (int i = packets(); i > 0; i--) {
      for (int at = 0; at < whole; at += bufSize) {
        ring.lenAndFlags(slot, bufSize, Netmap.NS_MOREFRAG);
        slot = ring.next(slot);
      }
      ring.lenAndFlags(slot, frame - whole, 0);
      slot = ring.next(slot);
    }
    ring.advance(slot);
  }

  private int take(NetmapRing ring) {
    int n = ring.space();
    int slot = ring.head();
    long sum = 0;
    for (int i = 0; i < n; i++) {
      sum += ring.len(slot);
      slot = ring.next(slot);
    }
    seen += sum;
    ring.advance(slot);
    return n / slotsOfFrame;
  }

  private static void ok(int status) {
    if (status != 0) {
      throw new IllegalStateException("a sync answered errno " + status);
    }
  }

  @Override
  public long c(long rounds, long nanos) {
    return c.invokeLong(
        new Object[] {
          cTx.pointer(),
          new Pointer(cRx),
          receivers.length,
          frame,
          batch,
          rounds,
          new Pointer(nanos)
        });
  }

  @Override
  public void close() {
    Resources.closeAll(open);
  }
}
