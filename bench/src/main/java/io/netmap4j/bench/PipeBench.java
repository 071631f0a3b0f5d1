package io.netmap4j.bench;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.RingCounts;
import io.netmap4j.layout.RingLayout;
import java.io.IOException;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** A pipe: packets from one end to the other and their slots back. C: src/main/c/pipe.c. */
public class PipeBench extends PairBench {
  private NetmapMemory memory;

  /** A pipe that is full makes its sender wait: no other limit is needed. */
  public PipeBench() {
    super(Integer.MAX_VALUE, false);
  }

  @Setup
  @Override
  public void open() {
    MemoryOptions usual = MemoryOptions.DEFAULT;
    memory =
        NetmapMemory.create(
            usual
                .rings(usual.ringNum(), Math.max(usual.ringSize(), RingLayout.sizeFor(slots)))
                .buffers(Math.max(8192, 5 * slots), 2048));
    NetmapPort.Request request =
        NetmapPort.Request.DEFAULT.region(memory).counts(RingCounts.DEFAULT.slots(slots, slots));
    sender = Netmap.open("netmap:bench{1", request);
    receiver = Netmap.open("netmap:bench}1", request);
  }

  @TearDown
  @Override
  public void close() {
    sender.close();
    receiver.close();
    memory.close();
  }

  /** For pair-vs-c. */
  public static void main(String[] args) throws IOException {
    new PipeBench().answer();
  }
}
