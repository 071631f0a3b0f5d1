package io.netmap4j.compat.monitor;

import io.netmap4j.MixedSlots;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.PortContract;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import org.junit.jupiter.api.Nested;

/** A port with monitors does what it does without: the contract over a pipe with monitors. */
class MonitoredContractTest {
  abstract static class Monitored extends PortContract {
    abstract String flags();

    @Override
    protected Pair open() {
      return open(null);
    }

    @Override
    protected Pair open(Offsets offsets) {
      NetmapMemory memory =
          NetmapMemory.create(MemoryOptions.DEFAULT.buffers(2048, 2048).rings(32, 8448));
      NetmapPort.Request request =
          NetmapPort.Request.DEFAULT
              .region(memory)
              .extraBuffers(EXTRA)
              .offsets(offsets)
              .counts(RingCounts.DEFAULT.slots(SLOTS, SLOTS));
      NetmapPort a = Netmap.open("netmap:contract{m", request);
      NetmapPort b = Netmap.open("netmap:contract}m", request);
      NetmapPort[] monitors = {
        Netmap.open("netmap:contract{m" + flags()),
        Netmap.open("netmap:contract}m" + flags()),
        Netmap.open("netmap:contract}m" + flags())
      };
      return new Pair() {
        @Override
        public NetmapPort a() {
          return a;
        }

        @Override
        public NetmapPort b() {
          return b;
        }

        /** Reads the monitors, but for the last one, which stays full. */
        @Override
        public void run() {
          for (NetmapPort monitor : new NetmapPort[] {monitors[0], monitors[1]}) {
            monitor.rxSync();
            monitor.rx(0).advance(monitor.rx(0).tail());
          }
        }

        @Override
        public void close() {
          for (NetmapPort monitor : monitors) {
            monitor.close();
          }
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

    @Override
    protected MixedSlots.Rules rules() {
      return new MixedSlots.Rules(0, SLOTS - 1, true, MixedSlots.Unfinished.IS_TAKEN);
    }
  }

  @Nested
  class ByCopy extends Monitored {
    @Override
    String flags() {
      return "/rt";
    }
  }

  @Nested
  class ByExchange extends Monitored {
    @Override
    String flags() {
      return "/z";
    }
  }
}
