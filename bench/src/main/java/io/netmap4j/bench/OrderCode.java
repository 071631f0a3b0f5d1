package io.netmap4j.bench;

import io.netmap4j.memory.Region;
import io.netmap4j.spi.Kring;
import io.netmap4j.spi.RingSet;
import io.netmap4j.spi.Sleepers;

/**
 * Runs what {@link io.netmap4j.linux.Order} is for until it is compiled, so that {@code
 * bench/barriers} can look at the code: both directions of the driver, forwarding, a register, a
 * sleeper, and a ring's state.
 *
 * <pre>
 *   java -cp 'bench/target/bench.jar:bench/target/lib/*' io.netmap4j.bench.OrderCode CALLS
 * </pre>
 */
public final class OrderCode {
  private OrderCode() {}

  public static void main(String[] args) {
    int calls = Integer.parseInt(args[0]);
    SyncBench syncs = new SyncBench();
    syncs.batch = 32;
    syncs.slots = 256;
    syncs.open();
    NullDevice device = new NullDevice();
    Region region = NullPort.region(syncs.slots);
    RingSet rings = NullPort.rings(device, region, syncs.slots);
    rings.bind(new RingSet.Binding(0, 1, 0, 1, false));
    Kring idle = rings.tx(0);
    Sleepers nobody = new Sleepers();
    int result = 0;
    for (int i = 0; i < calls; i++) {
      result |= syncs.tx() | syncs.rx() | syncs.rxTouch() | syncs.forward();
      device.write32(0x100, i);
      result |= device.read32(0x104);
      nobody.wake();
      if (!idle.tryHold()) {
        throw new IllegalStateException(idle + " is held");
      }
      idle.letGo();
    }
    System.out.println("done " + result);
    System.exit(0);
  }
}
