package io.netmap4j.bench.latency;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.control.CRing;
import io.netmap4j.bench.control.EarlyEnd;
import io.netmap4j.linux.Mem;

/**
 * The control: latency.c on the rings of the same cards, called on the threads that Java would use.
 */
final class CExchange implements Exchange {
  private final CRing nearRx;
  private final CRing nearTx;
  private final CRing farRx;
  private final CRing farTx;
  private final EarlyEnd stop;
  private final Function ping;
  private final Function echo;
  private final long ended = Mem.allocate(Long.BYTES);

  CExchange(Cards cards, CLibrary library, EarlyEnd stop) {
    this.nearRx = cards.rx(0);
    this.nearTx = cards.tx(0);
    this.farRx = cards.rx(1);
    this.farTx = cards.tx(1);
    this.stop = stop;
    this.ping = library.function("ping");
    this.echo = library.function("echo");
  }

  @Override
  public long ping(Trip trip, boolean answer) {
    return ping.invokeLong(
        new Object[] {
          nearRx.pointer(),
          nearTx.pointer(),
          answer ? farRx.pointer() : null,
          answer ? farTx.pointer() : null,
          stop.pointer(),
          trip.count(),
          trip.gapNanos(),
          (long) trip.window(),
          Trip.PATIENCE_NANOS,
          new Pointer(trip.times())
        });
  }

  @Override
  public void beginEcho() {
    Mem.putIntRelease(ended, 0);
  }

  @Override
  public void echo() {
    echo.invokeVoid(new Object[] {farRx.pointer(), farTx.pointer(), new Pointer(ended)});
  }

  @Override
  public void endEcho() {
    Mem.putIntRelease(ended, 1);
  }

  @Override
  public void close() {
    for (CRing ring : new CRing[] {nearRx, nearTx, farRx, farTx}) {
      ring.close();
    }
    Mem.free(ended);
  }
}
