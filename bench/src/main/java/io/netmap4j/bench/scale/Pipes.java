package io.netmap4j.bench.scale;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.control.CRing;
import io.netmap4j.bench.control.PlainRings;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.RingCounts;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import java.util.ArrayDeque;
import java.util.Deque;

/** Pipes in one region, each of which moves a batch by turns: its slots cross and come back. */
final class Pipes implements Point {
  private static final int SLOTS = 256;
  private static final int FRAME = 60;

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final int count;
  private final int batch;
  private final NetmapPort[] senders;
  private final NetmapPort[] receivers;
  private Function c;
  private long cTx;
  private long cRx;

  @SuppressWarnings("UnusedVariable") // written, so that no read is left out
  private long seen;

  /**
   * Opens the pipes.
   *
   * @param library null for no control
   */
  Pipes(int count, int batch, CLibrary library) {
    this.count = count;
    this.batch = batch;
    senders = new NetmapPort[count];
    receivers = new NetmapPort[count];
    try {
      MemoryOptions options =
          new MemoryOptions(
              2 * count + 2,
              MemoryOptions.DEFAULT.ifSize(),
              8 * count + 2,
              RingLayout.sizeFor(SLOTS),
              4 * count * SLOTS + 8,
              MemoryOptions.DEFAULT.bufSize(),
              null);
      NetmapMemory memory = opened(NetmapMemory.create(options));
      NetmapPort.Request request =
          NetmapPort.Request.DEFAULT.region(memory).counts(RingCounts.DEFAULT.slots(SLOTS, SLOTS));
      for (int i = 0; i < count; i++) {
        senders[i] = opened(Netmap.open("netmap:scale" + count + "{" + i, request));
        receivers[i] = opened(Netmap.open("netmap:scale" + count + "}" + i, request));
      }
      if (library != null) {
        control(library, opened(Region.create(options)));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void control(CLibrary library, Region region) {
    CRing[] to = new CRing[count];
    CRing[] from = new CRing[count];
    for (int i = 0; i < count; i++) {
      PlainRings plain =
          opened(new PlainRings(region, new Adapter.Rings(2, 2, SLOTS, SLOTS), false));
      to[i] = opened(new CRing(plain.tx(0), 0, 0, 0));
      from[i] = opened(new CRing(plain.rx(0), 0, 0, 0));
    }
    cTx = CRing.array(to);
    cRx = CRing.array(from);
    open.push(() -> Mem.free(cTx));
    open.push(() -> Mem.free(cRx));
    c = library.function("pipes");
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.push(resource);
    return resource;
  }

  @Override
  public String chart() {
    return "scale-pipes";
  }

  @Override
  public String what() {
    return "pipe";
  }

  @Override
  public int x() {
    return count;
  }

  @Override
  public String xName() {
    return "pipes";
  }

  @Override
  public int packets() {
    return count * batch;
  }

  @Override
  public long java(long rounds) {
    long moved = 0;
    for (long k = 0; k < rounds; k++) {
      for (int i = 0; i < count; i++) {
        give(senders[i].tx(0));
        senders[i].txSync();
        receivers[i].rxSync();
        moved += take(receivers[i].rx(0));
      }
    }
    return moved;
  }

  private void give(NetmapRing ring) {
    int slot = ring.head();
    for (int i = Math.min(batch, ring.space()); i > 0; i--) {
      ring.lenAndFlags(slot, FRAME, 0);
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
    return n;
  }

  @Override
  public long c(long rounds, long nanos) {
    return c.invokeLong(
        new Object[] {
          new Pointer(cRx), new Pointer(cTx), count, batch, rounds, new Pointer(nanos)
        });
  }

  @Override
  public void close() {
    Resources.closeAll(open);
  }
}
