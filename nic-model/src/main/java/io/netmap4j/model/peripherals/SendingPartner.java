package io.netmap4j.model.peripherals;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.wire.FrameSink;
import io.netmap4j.model.wire.Wire;

/** A partner that sends already: a broadcast of its own (ethertype 0x88B5, for experiments). */
public final class SendingPartner implements AutoCloseable {
  private final FrameSink card;
  private final long frame = Mem.allocate(Wire.MIN_FRAME);
  private boolean closed;

  /**
   * @param card what it sends to
   */
  public SendingPartner(FrameSink card) {
    this.card = card;
    for (int i = 0; i < Wire.MIN_FRAME; i++) {
      Mem.putByte(frame + i, (byte) (i < 6 ? 0xFF : 0));
    }
    Mem.putByte(frame + 6, (byte) 0x02);
    Mem.putByte(frame + 11, (byte) 0x99);
    Mem.putByte(frame + 12, (byte) 0x88);
    Mem.putByte(frame + 13, (byte) 0xB5);
  }

  /** One frame, for who holds the card's lock. */
  public void send() {
    if (!closed && card.listening() && !card.receive(frame, Wire.MIN_FRAME)) {
      card.missed(frame, Wire.MIN_FRAME);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      Mem.free(frame);
    }
  }
}
