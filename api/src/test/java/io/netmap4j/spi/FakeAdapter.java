package io.netmap4j.spi;

import io.netmap4j.common.LinkState;
import java.util.Map;
import java.util.TreeMap;

/**
 * A port without a device: takes every TX slot, keeps what a test allows it to, receives what a
 * test says.
 */
public class FakeAdapter implements Adapter {
  private final Rings rings;
  public Kring[] tx;
  public Kring[] rx;

  /** How many submitted TX slots stay in flight. */
  public int inFlight;

  /** How many packets arrive at the next RX sync. */
  public int arriving;

  /** Without it TX slots stay pending. */
  public boolean carrier = true;

  public int syncs;
  public boolean stopped;
  public boolean closed;

  public FakeAdapter(int tx, int rx, int txSlots, int rxSlots) {
    this.rings = new Rings(tx, rx, txSlots, rxSlots);
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public Rings rings() {
    return rings;
  }

  @Override
  public int txSync(Kring k, int flags) {
    syncs++;
    if (!carrier) {
      return 0;
    }
    k.hwCur = k.rHead;
    int tail = k.rHead - 1 - inFlight;
    k.hwTail = Math.floorMod(tail, k.numSlots);
    return 0;
  }

  @Override
  public int rxSync(Kring k, int flags) {
    syncs++;
    int room = k.numSlots - 1 - k.distance(k.hwCur, k.hwTail);
    k.hwTail = (k.hwTail + Math.min(room, arriving)) % k.numSlots;
    arriving = 0;
    k.hwCur = k.rHead;
    return 0;
  }

  @Override
  public void start(Kring[] txKrings, Kring[] rxKrings) {
    tx = txKrings;
    rx = rxKrings;
  }

  @Override
  public void stop() {
    stopped = true;
  }

  @Override
  public LinkState link() {
    return new LinkState(true, 10_000);
  }

  @Override
  public Map<String, Long> counters() {
    return new TreeMap<>();
  }

  @Override
  public void close() {
    closed = true;
  }
}
