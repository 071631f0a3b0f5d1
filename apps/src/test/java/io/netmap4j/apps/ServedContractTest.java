package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.NetmapPort;
import io.netmap4j.PortContract;
import io.netmap4j.TestPorts;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NicOptions;
import io.netmap4j.ixgbe.IxgbeDriver;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import io.netmap4j.vfio.VfioUserBackend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract over vfio-user: the cards are strict, cabled, and in another process. */
@ParameterizedClass(name = "offset {0}")
@MethodSource("offsets")
class ServedContractTest extends PortContract {
  private static Path folder;
  private static ChildProcess server;

  private final int offset;

  ServedContractTest(int offset) {
    this.offset = offset;
  }

  static Stream<Integer> offsets() {
    return Stream.of(0, 1, SLOTS - 1, 29);
  }

  private static String socket(int card) {
    return folder.resolve(card + ".sock").toString();
  }

  @BeforeAll
  static void serve() throws Exception {
    folder = Files.createTempDirectory("netmap4j");
    server = ChildProcess.start("nic-model", "-s", socket(0), "-s", socket(1));
    server.await("ready", 30);
  }

  @AfterAll
  static void end() throws Exception {
    server.signal("TERM");
    server.exitCode(10);
    assertThat(server.output()).contains("GPTC").doesNotContain("broken rules");
    Files.delete(folder);
  }

  @Override
  protected Pair open() {
    ServedPair pair = new ServedPair();
    moveRings(pair, offset);
    return pair;
  }

  private static final class ServedPair implements Pair {
    private final Region region = Region.create(MemoryOptions.DEFAULT.buffers(8192, 2048));
    private final NetmapPort a = open(0);
    private final NetmapPort b = open(1);

    private NetmapPort open(int card) {
      NicOptions nic = NicOptions.DEFAULT.slots(SLOTS, SLOTS).mtu(9000).dropWhenFull(false);
      NicDevice device = new VfioUserBackend().open(socket(card));
      RingSet rings;
      try {
        rings = RingSet.start(new IxgbeDriver().attach(device, region, nic), region);
      } catch (RuntimeException e) {
        device.close();
        throw e;
      }
      RingSet.Binding binding = new RingSet.Binding(0, 1, 0, 1, false);
      rings.bind(binding);
      return TestPorts.open(
          "served" + card, rings, binding, NetmapPort.Request.DEFAULT.extraBuffers(EXTRA));
    }

    @Override
    public NetmapPort a() {
      return a;
    }

    @Override
    public NetmapPort b() {
      return b;
    }

    @Override
    public void run() {
      Thread.yield();
    }

    @Override
    public void close() {
      a.close();
      b.close();
      region.close();
    }
  }
}
