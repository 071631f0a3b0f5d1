package io.netmap4j.compat.nic;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.PciId;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Cards for tests: 0 and 1 are cabled to each other, 2 has an id that no driver claims, 3 is
 * refused by the driver, 4 fails when its rings start; 0000:03:00.0 can be opened, 0000:03:00.1
 * lacks something.
 */
public final class FakeBackend implements NicBackend {
  static final int VENDOR = 0x1234;

  /** Devices that are open now: a test looks here for what was not given back. */
  static final Set<String> OPEN = ConcurrentHashMap.newKeySet();

  @Override
  public String scheme() {
    return "fake";
  }

  @Override
  public NicDevice open(String address) {
    if (!OPEN.add(address)) {
      throw new NetmapException(Libc.EBUSY, "fake:" + address + " is in use");
    }
    return new FakeDevice(address);
  }

  @Override
  public List<Function> functions() {
    return List.of(
        function("0"),
        function("1"),
        function("2"),
        function("3"),
        function("4"),
        function("0000:03:00.0"),
        new Function(
            "0000:03:00.1", id("0000:03:00.1"), "ixgbe", "", List.of("bound to ixgbe: unbind it")));
  }

  private static Function function(String address) {
    return new Function(address, id(address), "fake", "for tests", List.of());
  }

  private static PciId id(String address) {
    return new PciId(address.equals("2") ? 0x9999 : VENDOR, 1, 0, 0, 0x020000, 0);
  }

  private record FakeDevice(String address) implements NicDevice {
    @Override
    public String name() {
      return "fake:" + address;
    }

    @Override
    public PciId id() {
      return FakeBackend.id(address);
    }

    @Override
    public int read32(int register) {
      return 0;
    }

    @Override
    public void write32(int register, int value) {}

    @Override
    public long mappedRegister(int register) {
      return 0;
    }

    @Override
    public int readConfig(int offset, int bytes) {
      return 0;
    }

    @Override
    public void writeConfig(int offset, int bytes, int value) {}

    @Override
    public DmaBuffer allocateDma(long bytes) {
      return new DmaBuffer(0, 0, bytes);
    }

    @Override
    public void freeDma(DmaBuffer buffer) {}

    @Override
    public DmaDomain domain() {
      return null;
    }

    @Override
    public int irqVectors() {
      return 0;
    }

    @Override
    public int[] enableIrqs(int count) {
      return new int[count];
    }

    @Override
    public boolean irqMessages() {
      return true;
    }

    @Override
    public void rearmIrq(int vector) {}

    @Override
    public boolean resetFunction() {
      return false;
    }

    @Override
    public void close() {
      OPEN.remove(address);
    }
  }
}
