package io.netmap4j.compat.host;

import io.netmap4j.NetmapPort;
import io.netmap4j.PortContract;
import io.netmap4j.SuiteRunner;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;

/** The contract on two sets of host rings, whose stacks pass on what they receive. */
@Tag(SuiteRunner.TAG)
@Order(3)
class HostContractTest extends PortContract {
  @Override
  protected Pair open() {
    return open(null);
  }

  @Override
  protected Pair open(Offsets offsets) {
    FakeStack[] stacks = FakeStack.joined();
    Region region = Region.create(MemoryOptions.DEFAULT.rings(8, 36864).buffers(1024, 2048));
    return new StackPair(end(stacks[0], region, offsets), end(stacks[1], region, offsets), region);
  }

  private static NetmapPort end(FakeStack stack, Region region, Offsets offsets) {
    FakeCard card = new FakeCard(1, 1, SLOTS);
    card.maxFrame = 9018;
    RingSet rings =
        RingSet.start(
            new HostAdapter(
                stack, card, new Adapter.Rings(1, 1, SLOTS, SLOTS), new Kring[0], false),
            region);
    RingSet.Binding all = new RingSet.Binding(0, 1, 0, 1, false);
    rings.bind(all, offsets);
    return TestPorts.open("stack", rings, all, NetmapPort.Request.DEFAULT.extraBuffers(EXTRA));
  }

  private record StackPair(NetmapPort a, NetmapPort b, Region region) implements Pair {
    @Override
    public void run() {
      // what is sent has arrived
    }

    @Override
    public void close() {
      a.close();
      b.close();
      region.close();
    }
  }
}
