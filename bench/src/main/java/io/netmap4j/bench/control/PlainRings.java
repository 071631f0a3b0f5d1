package io.netmap4j.bench.control;

import io.netmap4j.common.LinkState;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import java.util.Map;

/**
 * Rings in a region, with buffers, and no device behind them: what a control in C works on. They
 * lie in memory as those of a port do.
 */
public final class PlainRings implements AutoCloseable {
  private final RingSet rings;

  /**
   * Makes the rings.
   *
   * @param counts how many, and their slots
   * @param rxBuffers whether RX slots have buffers
   */
  public PlainRings(Region region, Adapter.Rings counts, boolean rxBuffers) {
    rings = RingSet.start(new NoDevice(counts, rxBuffers), region);
    rings.hold();
  }

  /** TX ring {@code i}. */
  public Kring tx(int i) {
    return rings.tx(i);
  }

  /** RX ring {@code i}. */
  public Kring rx(int i) {
    return rings.rx(i);
  }

  @Override
  public void close() {
    rings.release();
  }

  private record NoDevice(Rings rings, boolean rxBuffers) implements Adapter {
    @Override
    public String name() {
      return "control";
    }

    @Override
    public int txSync(Kring k, int flags) {
      return 0;
    }

    @Override
    public int rxSync(Kring k, int flags) {
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
      return Map.of();
    }

    @Override
    public boolean startsWithBuffers(boolean tx) {
      return tx || rxBuffers;
    }

    @Override
    public void close() {}
  }
}
