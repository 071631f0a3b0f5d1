package io.netmap4j.compat.pipe;

import io.netmap4j.MixedSlots;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.PortContract;
import io.netmap4j.SuiteRunner;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;

/** The contract over pipes, from each end. */
@Order(4)
class PipeContractTest {
  /** Both ends in a region of their own. */
  @Tag(SuiteRunner.TAG)
  abstract static class OverAPipe extends PortContract {
    abstract String first();

    abstract String second();

    @Override
    protected Pair open() {
      return open(null);
    }

    @Override
    protected Pair open(Offsets offsets) {
      NetmapMemory memory =
          NetmapMemory.create(MemoryOptions.DEFAULT.buffers(1024, 2048).rings(8, 8448));
      NetmapPort.Request request =
          NetmapPort.Request.DEFAULT
              .region(memory)
              .extraBuffers(EXTRA)
              .offsets(offsets)
              .counts(RingCounts.DEFAULT.slots(SLOTS, SLOTS));
      NetmapPort a = Netmap.open(first(), request);
      NetmapPort b = Netmap.open(second(), request);
      return new Pair() {
        @Override
        public NetmapPort a() {
          return a;
        }

        @Override
        public NetmapPort b() {
          return b;
        }

        @Override
        public void run() {}

        @Override
        public void close() {
          a.close();
          b.close();
          memory.close();
        }
      };
    }

    @Override
    protected boolean completesWhenReleased() {
      return true;
    }

    /** As in netmap, any length goes, and any number of slots that fits. */
    @Override
    protected MixedSlots.Rules rules() {
      return new MixedSlots.Rules(0, SLOTS - 1, true, MixedSlots.Unfinished.IS_TAKEN);
    }
  }

  @Nested
  class FromMasterToSlave extends OverAPipe {
    @Override
    String first() {
      return "netmap:contract{1";
    }

    @Override
    String second() {
      return "netmap:contract}1";
    }
  }

  @Nested
  class FromSlaveToMaster extends OverAPipe {
    @Override
    String first() {
      return "netmap:contract}in";
    }

    @Override
    String second() {
      return "netmap:contract{in";
    }
  }
}
