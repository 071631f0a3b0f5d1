package io.netmap4j.compat.vswitch;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.RingCounts;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** The rings of a switch port. TX completes within the sync; nothing waits for a receiver. */
final class ValeAdapter implements Adapter {
  private static final LinkState LINK = new LinkState(true, 0);

  private final ValePort port;
  private Forwarder[] tx = {};
  private ValeRxRing[] rx = {};

  ValeAdapter(ValePort port) {
    this.port = port;
  }

  @Override
  public String name() {
    String name = port.switchName;
    return name == null ? port.name : name;
  }

  @Override
  public Rings rings() {
    RingCounts n = port.counts;
    return new Rings(n.txRings(), n.rxRings(), n.txSlots(), n.rxSlots());
  }

  @Override
  public int txSync(Kring k, int flags) {
    return tx[k.ringId].sync(k);
  }

  @Override
  public int rxSync(Kring k, int flags) {
    return rx[k.ringId].sync(k);
  }

  @Override
  public void start(Kring[] txKrings, Kring[] rxKrings) {
    tx = Arrays.stream(txKrings).map(k -> new Forwarder(port, k)).toArray(Forwarder[]::new);
    rx = Arrays.stream(rxKrings).map(ValeRxRing::new).toArray(ValeRxRing[]::new);
    port.rxRings = rx;
  }

  /** Senders that have found the port already find its rings closed. */
  @Override
  public void stop() {
    port.rxRings = null;
    for (ValeRxRing ring : rx) {
      ring.close();
    }
    for (Forwarder ring : tx) {
      ring.close();
    }
  }

  @Override
  public LinkState link() {
    return LINK;
  }

  @Override
  public Map<String, Long> counters() {
    Map<String, Long> all = new TreeMap<>();
    long drops = 0;
    long oversized = 0;
    long offloads = 0;
    long received = 0;
    for (ValeRxRing ring : rx) {
      drops += ring.drops;
      oversized += ring.oversized;
      offloads += ring.offloads;
      received += ring.frames;
    }
    long sent = 0;
    long nowhere = 0;
    long failures = 0;
    for (Forwarder ring : tx) {
      sent += ring.frames;
      nowhere += ring.nowhere;
      failures += ring.lookupFailures;
    }
    all.put("rx_frames", received);
    all.put("rx_drops", drops);
    all.put("rx_oversized", oversized);
    all.put("rx_offloads", offloads);
    all.put("tx_frames", sent);
    all.put("tx_nowhere", nowhere);
    all.put("tx_lookup_failures", failures);
    all.put("device_drops", port.deviceDrops.get());
    return all;
  }

  @Override
  public int maxSlots() {
    return Batch.MAX_FRAGMENTS;
  }

  @Override
  public int minFrame() {
    return Forwarder.MIN_FRAME + port.header;
  }

  @Override
  public boolean indirect() {
    return true;
  }

  @Override
  public boolean offsets() {
    return true;
  }

  /** Senders read an RX ring's offsets too. */
  @Override
  public void change(Kring k, Runnable change) {
    k.betweenSyncs(k.tx ? change : () -> rx[k.ringId].locked(change));
  }

  @Override
  public int waitFd(Kring k) {
    return WAKES_BY_CALL;
  }

  @Override
  public void arm(Kring k, Runnable wake) {
    if (!k.tx) { // a TX sync always finds room
      rx[k.ringId].sleepers.add(wake);
    }
  }

  @Override
  public void disarm(Kring k, Runnable wake) {
    if (!k.tx) {
      rx[k.ringId].sleepers.remove(wake);
    }
  }

  @Override
  public void close() {
    // Rings and switch are given back by stop and Switches: nothing else is held.
  }
}
