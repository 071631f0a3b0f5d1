package io.netmap4j.bench;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.RingCounts;
import java.io.IOException;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A VALE switch: frames from one port to another whose address is known, each port in memory of its
 * own. C: src/main/c/vale.c.
 */
public class ValeBench extends PairBench {
  /** Half a ring: a switch drops what the receiver has no slot for. */
  public ValeBench() {
    super(512, true);
  }

  /** Every slot has its frame from the beginning, and the switch knows where they go. */
  @Setup
  @Override
  public void open() {
    NetmapPort.Request request =
        NetmapPort.Request.DEFAULT.counts(RingCounts.DEFAULT.slots(slots, slots));
    sender = Netmap.open("valeBench:a", request);
    receiver = Netmap.open("valeBench:b", request);
    byte[] frame = new byte[BYTES];
    frame[0] = 2;
    frame[5] = 0xb;
    frame[6] = 2;
    frame[11] = 0xa;
    NetmapRing tx = sender.tx(0);
    for (int i = 0; i < tx.numSlots(); i++) {
      tx.put(i, frame);
    }
    frame[11] = 0xb;
    tx = receiver.tx(0);
    tx.put(0, frame);
    tx.advance(1);
    receiver.txSync();
    sender.rxSync();
    sender.rx(0).advance(sender.rx(0).tail());
  }

  @TearDown
  @Override
  public void close() {
    sender.close();
    receiver.close();
  }

  /** For pair-vs-c. */
  public static void main(String[] args) throws IOException {
    new ValeBench().answer();
  }
}
