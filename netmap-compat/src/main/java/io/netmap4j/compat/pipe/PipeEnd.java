package io.netmap4j.compat.pipe;

import io.netmap4j.common.LinkState;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import java.util.Map;

/** One end of a pipe. */
final class PipeEnd implements Adapter {
  /** What sends nothing into the world has no least frame. */
  private static final int MIN_FRAME = 0;

  private static final LinkState UP = new LinkState(true, 0);

  private final String name;
  private final Rings rings;
  private final Pipe pipe;
  private Kring[] tx = {};
  private Kring[] rx = {};

  /** By ring. Set before any port is open. */
  private Exchange[] out;

  private Exchange[] in;

  PipeEnd(String name, Rings rings, Pipe pipe) {
    this.name = name;
    this.rings = rings;
    this.pipe = pipe;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Rings rings() {
    return rings;
  }

  Pipe pipe() {
    return pipe;
  }

  @Override
  public void start(Kring[] txKrings, Kring[] rxKrings) {
    tx = txKrings;
    rx = rxKrings;
  }

  /** Joins what this end sends with what the other one receives. */
  static Exchange[] join(PipeEnd from, PipeEnd to) {
    from.out = new Exchange[from.tx.length];
    to.in = from.out;
    for (int i = 0; i < from.tx.length; i++) {
      from.out[i] = new Exchange(from.tx[i], to.rx[i]);
    }
    return from.out;
  }

  @Override
  public int txSync(Kring kring, int flags) {
    return out[kring.ringId].send(kring);
  }

  @Override
  public int rxSync(Kring kring, int flags) {
    return in[kring.ringId].receive(kring);
  }

  /** The buffers of an RX ring are those of the other end's TX ring. */
  @Override
  public boolean startsWithBuffers(boolean isTx) {
    return isTx;
  }

  @Override
  public int minFrame() {
    return MIN_FRAME;
  }

  @Override
  public boolean offsets() {
    return true;
  }

  @Override
  public boolean keepsOffsets() {
    return true;
  }

  @Override
  public int waitFd(Kring kring) {
    return WAKES_BY_CALL;
  }

  @Override
  public void arm(Kring kring, Runnable wake) {
    if (kring.tx) {
      out[kring.ringId].forRoom.add(wake);
    } else {
      in[kring.ringId].forPackets.add(wake);
    }
  }

  @Override
  public void disarm(Kring kring, Runnable wake) {
    if (kring.tx) {
      out[kring.ringId].forRoom.remove(wake);
    } else {
      in[kring.ringId].forPackets.remove(wake);
    }
  }

  @Override
  public LinkState link() {
    return UP;
  }

  @Override
  public Map<String, Long> counters() {
    return Map.of();
  }

  /** Keeps syncs out, for the other end writes into these rings too. */
  void fence() {
    for (Kring k : tx) {
      k.fence();
    }
    for (Kring k : rx) {
      k.fence();
    }
  }

  @Override
  public void stop() {
    pipe.stop(this);
  }

  @Override
  public void close() {
    pipe.close(this);
  }
}
