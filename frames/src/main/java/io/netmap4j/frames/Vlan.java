package io.netmap4j.frames;

import static io.netmap4j.frames.NetOrder.get16;
import static io.netmap4j.frames.NetOrder.put16;

/** A tag of IEEE 802.1Q or 802.1ad: 4 bytes behind the ethertype that announces it. */
public final class Vlan extends Header {
  static final int BYTES = 4;

  Vlan() {}

  /** 0 to 7. */
  public int priority() {
    return get16(at) >>> 13;
  }

  /** Drop eligible indicator. */
  public boolean dropEligible() {
    return (get16(at) & 0x1000) != 0;
  }

  /** 0 to 4095. */
  public int id() {
    return get16(at) & 0xFFF;
  }

  /** The ethertype of what follows. */
  public int type() {
    return get16(at + 2);
  }

  public void id(int id) {
    put16(at, get16(at) & 0xF000 | id & 0xFFF);
  }

  public void priority(int priority) {
    put16(at, get16(at) & 0x1FFF | (priority & 7) << 13);
  }
}
