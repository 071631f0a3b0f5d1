package io.netmap4j.model.wire;

import io.netmap4j.linux.Mem;
import java.util.SplittableRandom;

/**
 * Loses, delays, duplicates and reorders what another wire would carry. What happens to the n-th
 * frame of a direction depends on the seed and n only, never on time: a delayed frame comes after a
 * number of later frames, or when the wire has been idle for some runs.
 *
 * <p>{@link #counters} are those of the moment, with what the other wire loses.
 */
public final class FaultyWire implements Wire {
  /**
   * Probabilities, 0 to 1, at most one of these happens to a frame.
   *
   * @param delay that a frame is overtaken by 2 to 16 others
   * @param reorder that it is overtaken by the next one
   */
  public record Faults(double loss, double delay, double duplicate, double reorder) {
    public Faults {
      double sum = loss + delay + duplicate + reorder;
      if (Math.min(Math.min(loss, delay), Math.min(duplicate, reorder)) < 0 || sum > 1) {
        throw new IllegalArgumentException(
            "probabilities are 0 to 1 and at most 1 together: "
                + loss
                + ", "
                + delay
                + ", "
                + duplicate
                + ", "
                + reorder);
      }
    }
  }

  private static final int SLOTS = 16;
  private static final int SLOT_BYTES = 1 << 14;
  private static final int IDLE_RUNS = 64;

  private final Wire inner;
  private final Faults faults;
  private final Direction fromA;
  private final Direction fromB;
  private boolean closed;

  public FaultyWire(Wire inner, Faults faults, long seed) {
    this.inner = inner;
    this.faults = faults;
    this.fromA = new Direction(WireEnd.A, seed);
    this.fromB = inner.plays() ? new Arrivals(~seed) : new Direction(WireEnd.B, ~seed);
  }

  private enum Fate {
    UNDECIDED,
    PASS,
    LOSE,
    HOLD,
    DUPLICATE
  }

  /** Frames one way, with those that are held. */
  private class Direction {
    final WireEnd from;
    final SplittableRandom random;
    final WireCounters counters = new WireCounters();
    final long slots = Mem.allocate((long) SLOTS * SLOT_BYTES);
    final int[] length = new int[SLOTS];
    final int[] wait = new int[SLOTS];
    Fate fate = Fate.UNDECIDED;
    int waitDrawn;
    int idleRuns;

    Direction(WireEnd from, long seed) {
      this.from = from;
      this.random = new SplittableRandom(seed);
    }

    /** Where frames go on. @return false: busy */
    boolean pass(long address, int bytes) {
      return inner.send(from, address, bytes);
    }

    /** With what is lost further on. */
    WireCounters total() {
      return counters.plusLost(inner.counters(from).lost());
    }

    boolean send(long address, int bytes) {
      idleRuns = 0;
      if (!release(0)) {
        return false;
      }
      if (fate == Fate.UNDECIDED) {
        draw(); // once for each frame, however often the wire is busy
      }
      boolean keep = fate == Fate.HOLD || fate == Fate.DUPLICATE;
      int slot = keep && bytes <= SLOT_BYTES ? freeSlot() : -1;
      boolean passes = fate != Fate.LOSE && (fate != Fate.HOLD || slot < 0);
      if (passes && !pass(address, bytes)) {
        return false;
      }
      age();
      if (slot >= 0) {
        Mem.copy(address, slots + (long) slot * SLOT_BYTES, bytes);
        length[slot] = bytes;
        wait[slot] = waitDrawn;
      }
      if (fate == Fate.LOSE) {
        counters.addLost();
      } else if (fate == Fate.DUPLICATE && slot >= 0) {
        counters.addDuplicated();
      }
      counters.addSent(bytes);
      fate = Fate.UNDECIDED;
      return true;
    }

    private void draw() {
      double x = random.nextDouble();
      int later = 2 + random.nextInt(SLOTS - 1);
      waitDrawn = 0;
      if (x < faults.loss) {
        fate = Fate.LOSE;
      } else if (x < faults.loss + faults.delay) {
        fate = Fate.HOLD;
        waitDrawn = later;
      } else if (x < faults.loss + faults.delay + faults.duplicate) {
        fate = Fate.DUPLICATE;
      } else if (x < faults.loss + faults.delay + faults.duplicate + faults.reorder) {
        fate = Fate.HOLD;
        waitDrawn = 1;
      } else {
        fate = Fate.PASS;
      }
    }

    private int freeSlot() {
      for (int i = 0; i < SLOTS; i++) {
        if (length[i] == 0) {
          return i;
        }
      }
      return -1;
    }

    private void age() {
      for (int i = 0; i < SLOTS; i++) {
        wait[i]--;
      }
    }

    /** Lets go of held frames that have at most {@code most} frames to wait. @return false: busy */
    boolean release(int most) {
      for (int i = 0; i < SLOTS; i++) {
        if (length[i] != 0 && wait[i] <= most) {
          if (!pass(slots + (long) i * SLOT_BYTES, length[i])) {
            return false;
          }
          length[i] = 0;
        }
      }
      return true;
    }

    int run() {
      if (++idleRuns < IDLE_RUNS) {
        return 0;
      }
      int held = held();
      release(SLOTS + 1);
      return held - held();
    }

    private int held() {
      int held = 0;
      for (int bytes : length) {
        held += bytes != 0 ? 1 : 0;
      }
      return held;
    }
  }

  /** What the inner wire plays, on its way to the card at end A. */
  private final class Arrivals extends Direction implements FrameSink {
    private FrameSink card;

    Arrivals(long seed) {
      super(WireEnd.B, seed);
    }

    FrameSink before(FrameSink sink) {
      card = sink;
      return sink == null ? null : this;
    }

    /** A held frame may come when the card has ceased to listen. */
    @Override
    boolean pass(long address, int bytes) {
      if (card == null || !card.listening()) {
        counters.addLost();
        return true;
      }
      return card.receive(address, bytes);
    }

    @Override
    WireCounters total() {
      WireCounters before = inner.counters(from);
      return before.plusLost(counters.lost()).plusDuplicated(counters.duplicated());
    }

    @Override
    public boolean receive(long address, int bytes) {
      return send(address, bytes);
    }

    @Override
    public void missed(long address, int bytes) {
      card.missed(address, bytes);
    }

    @Override
    public boolean lit() {
      return card.lit();
    }

    @Override
    public boolean listening() {
      return card.listening();
    }

    @Override
    public boolean armed() {
      return card.armed();
    }

    @Override
    public void begin() {
      card.begin();
    }

    @Override
    public void end() {
      card.end();
    }
  }

  private Direction direction(WireEnd from) {
    return from == WireEnd.A ? fromA : fromB;
  }

  @Override
  public void connect(WireEnd end, FrameSink sink) {
    boolean arrives = end == WireEnd.A && fromB instanceof Arrivals;
    inner.connect(end, arrives ? ((Arrivals) fromB).before(sink) : sink);
  }

  @Override
  public boolean carrier(WireEnd end) {
    return inner.carrier(end);
  }

  @Override
  public int rates(WireEnd end) {
    return inner.rates(end);
  }

  @Override
  public boolean plays() {
    return inner.plays();
  }

  @Override
  public void begin(WireEnd from) {
    inner.begin(from);
  }

  @Override
  public void end(WireEnd from) {
    inner.end(from);
  }

  @Override
  public boolean send(WireEnd from, long address, int length) {
    return direction(from).send(address, length);
  }

  /** Lets held frames go once nothing has been sent for 64 runs. */
  @Override
  public int run(int budget) {
    return fromA.run() + fromB.run() + inner.run(budget);
  }

  @Override
  public WireCounters counters(WireEnd from) {
    return direction(from).total();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Mem.free(fromA.slots);
    Mem.free(fromB.slots);
    inner.close();
  }
}
