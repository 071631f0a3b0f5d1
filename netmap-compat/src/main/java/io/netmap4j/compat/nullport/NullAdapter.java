package io.netmap4j.compat.nullport;

import io.netmap4j.common.LinkState;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import java.util.Map;

/** Rings without a device: syncs do nothing and succeed (netmap_null.c). */
final class NullAdapter implements Adapter {
  private final String name;
  private final Rings rings;

  NullAdapter(String name, Rings rings) {
    this.name = name;
    this.rings = rings;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Rings rings() {
    return rings;
  }

  @Override
  public int txSync(Kring kring, int flags) {
    return 0;
  }

  @Override
  public int rxSync(Kring kring, int flags) {
    return 0;
  }

  @Override
  public void start(Kring[] tx, Kring[] rx) {}

  @Override
  public boolean offsets() {
    return true;
  }

  /** Nothing ever comes: a wait sleeps until its time is over. */
  @Override
  public int waitFd(Kring kring) {
    return WAKES_BY_CALL;
  }

  @Override
  public LinkState link() {
    return LinkState.DOWN;
  }

  @Override
  public Map<String, Long> counters() {
    return Map.of();
  }

  @Override
  public void stop() {}

  @Override
  public void close() {}
}
