package io.netmap4j.bench;

import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.TestPorts;
import io.netmap4j.common.LinkState;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Head and tail between two threads: the user's, which fills a slot and moves head, and another,
 * which syncs.
 *
 * <pre>
 *   java -cp 'bench/target/bench.jar:bench/target/lib/*' org.openjdk.jcstress.Main -t HandOverStress -m quick
 * </pre>
 */
public final class HandOverStress {
  private static final int SLOTS = 64;
  private static final Cleaner CLEANER = Cleaner.create();
  private static final ThreadLocal<SharedRegion> REGION =
      ThreadLocal.withInitial(SharedRegion::new);

  private HandOverStress() {}

  /** A syncing thread that sees the new head also sees the slot that was written before it. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the sync came first")
  @Outcome(id = "1, 60", expect = Expect.ACCEPTABLE, desc = "head and slot")
  @Outcome(id = "1, .*", expect = Expect.FORBIDDEN, desc = "head without its slot")
  @State
  public static class HeadToDriver {
    final Rig rig = new Rig();

    @Actor
    public void user() {
      rig.tx.len(0, 60);
      rig.tx.head(1); // cur stays: head alone covers the slot once both are legal
    }

    @Actor
    public void driver(II_Result r) {
      rig.tx.cur(1);
      rig.kringTx.txSync(0);
      r.r1 = rig.adapter.seen;
      r.r2 = rig.adapter.seen == 0 ? 0 : rig.adapter.length;
    }
  }

  /** Whatever moment of an advance a sync sees is legal, for both directions. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "accepted")
  @Outcome(id = ".*", expect = Expect.FORBIDDEN, desc = "head beyond the cur that was seen")
  @State
  public static class AdvanceToSync {
    final Rig rig = new Rig();

    public AdvanceToSync() {
      rig.kringRx.rxSync(0);
    }

    @Actor
    public void user() {
      rig.tx.advance(1);
      rig.rx.advance(1);
    }

    @Actor
    public void driver(II_Result r) {
      r.r1 = rig.kringTx.txSync(0);
      r.r2 = rig.kringRx.rxSync(0);
    }
  }

  /** A user who sees the new tail also sees what the driver put into the slot. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "the user looked first")
  @Outcome(id = "1, 99", expect = Expect.ACCEPTABLE, desc = "tail and slot")
  @Outcome(id = "1, .*", expect = Expect.FORBIDDEN, desc = "tail without its slot")
  @State
  public static class TailToUser {
    final Rig rig = new Rig();

    @Actor
    public void driver() {
      rig.kringRx.rxSync(0);
    }

    @Actor
    public void user(II_Result r) {
      if (rig.rx.tail() == 1) {
        r.r1 = 1;
        r.r2 = rig.rx.len(0);
      }
    }
  }

  /** Two threads that sync one ring: one of them works, the other skips; nothing is sent twice. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "one sync took the slot")
  @Outcome(id = ".*", expect = Expect.FORBIDDEN, desc = "an error")
  @State
  public static class TwoSyncs {
    final Rig rig = new Rig();

    public TwoSyncs() {
      rig.tx.advance(1);
    }

    @Actor
    public void one(II_Result r) {
      r.r1 = skippedOr(rig.kringTx.txSync(0)) | rig.adapter.overlaps;
    }

    @Actor
    public void two(II_Result r) {
      r.r2 = skippedOr(rig.kringTx.txSync(0)) | rig.adapter.overlaps;
    }

    private static int skippedOr(int status) {
      return status == Libc.EBUSY ? 0 : status;
    }
  }

  /** Memory for some hundred states. */
  private static final class SharedRegion {
    final Region memory =
        Region.create(new MemoryOptions(1024, 128, 1024, 1280, (1 << 16) + 2, 64, null));

    /** Closed before the memory, which is in use as long as they are open. */
    final List<NetmapPort> ports = Collections.synchronizedList(new ArrayList<>());

    SharedRegion() {
      CLEANER.register(this, new Closing(memory, ports));
    }
  }

  private record Closing(Region memory, List<NetmapPort> ports) implements Runnable {
    @Override
    public void run() {
      ports.forEach(NetmapPort::close);
      memory.close();
    }
  }

  /** One port on an adapter that notes what it is given, in a region shared with other states. */
  static final class Rig {
    final NoteAdapter adapter = new NoteAdapter();
    final Kring kringTx;
    final Kring kringRx;
    final NetmapRing tx;
    final NetmapRing rx;

    @SuppressWarnings("unused") // keeps the memory mapped
    private final SharedRegion holder;

    Rig() {
      if (REGION.get().memory.freeRings() < 2) {
        REGION.remove(); // the old one stays mapped until the last state that looks at it is gone
      }
      holder = REGION.get();
      Region region = holder.memory;
      RingSet rings = RingSet.start(adapter, region);
      RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
      rings.bind(all);
      kringTx = rings.tx(0);
      kringRx = rings.rx(0);
      NetmapPort port = TestPorts.open("stress", rings, all, NetmapPort.Request.DEFAULT);
      holder.ports.add(port);
      tx = port.tx(0);
      rx = port.rx(0);
    }
  }

  /** Notes the slot behind head; receives one packet of 99 bytes. */
  static final class NoteAdapter implements Adapter {
    int seen;
    int length;
    int overlaps;
    private int inside;

    @Override
    public String name() {
      return "note";
    }

    @Override
    public Rings rings() {
      return new Rings(1, 1, SLOTS, SLOTS);
    }

    @Override
    public int txSync(Kring k, int flags) {
      overlaps |= ++inside > 1 ? 1 : 0;
      if (k.rHead == 1) {
        seen = 1;
        length = io.netmap4j.linux.Mem.getShort(k.slots + RingLayout.SLOT_LEN);
        k.hwCur = 1;
      }
      inside--;
      return 0;
    }

    @Override
    public int rxSync(Kring k, int flags) {
      io.netmap4j.linux.Mem.putInt(k.slots + RingLayout.SLOT_LEN, 99);
      k.hwTail = 1;
      return 0;
    }

    @Override
    public void start(Kring[] tx, Kring[] rx) {}

    @Override
    public void stop() {}

    @Override
    public LinkState link() {
      return LinkState.DOWN;
    }

    @Override
    public Map<String, Long> counters() {
      return new TreeMap<>();
    }

    @Override
    public void close() {}
  }
}
