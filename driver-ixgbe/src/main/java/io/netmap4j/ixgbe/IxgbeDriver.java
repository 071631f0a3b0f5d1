package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.PciId;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.NicDriver;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Which devices the driver takes, and which it knows and refuses. Ids: docs/82599.md 1.1. */
public final class IxgbeDriver implements NicDriver {
  private static final int INTEL = 0x8086;

  private static final Set<Integer> IDS_82599 =
      Set.of(
          0x10f7, 0x10f8, 0x10f9, 0x10fb, 0x10fc, 0x1507, 0x1514, 0x1517, 0x151c, 0x1529, 0x152a,
          0x154a, 0x154d, 0x1557, 0x154f, 0x1558);

  private static final Map<Integer, String> NOT_YET =
      Map.ofEntries(
          Map.entry(0x1528, "X540"),
          Map.entry(0x1560, "X540"),
          Map.entry(0x1563, "X550"),
          Map.entry(0x15d1, "X550"),
          Map.entry(0x15aa, "X552"),
          Map.entry(0x15ab, "X552"),
          Map.entry(0x15ac, "X552"),
          Map.entry(0x15ad, "X552"),
          Map.entry(0x15ae, "X552"),
          Map.entry(0x15b0, "X552"),
          Map.entry(0x15c2, "X553"),
          Map.entry(0x15c3, "X553"),
          Map.entry(0x15c4, "X553"),
          Map.entry(0x15c6, "X553"),
          Map.entry(0x15c7, "X553"),
          Map.entry(0x15c8, "X553"),
          Map.entry(0x15ce, "X553"),
          Map.entry(0x15e4, "X553"),
          Map.entry(0x15e5, "X553"));

  @Override
  public String name() {
    return "ixgbe";
  }

  @Override
  public boolean claims(PciId id) {
    return id.vendor() == INTEL
        && (IDS_82599.contains(id.device()) || NOT_YET.containsKey(id.device()));
  }

  @Override
  public Adapter attach(NicDevice device, Region region, NicOptions options) {
    String family = NOT_YET.get(device.id().device());
    if (family != null) {
      throw new NetmapException(
          Libc.EOPNOTSUPP,
          device.name()
              + " is an "
              + family
              + " ("
              + device.id()
              + "): recognised, not driven yet; this version"
              + " drives the 82599 (8086:10fb and its relatives)");
    }
    return new IxgbeAdapter(device, region, options);
  }

  @Override
  public void diagnose(Supplier<NicDevice> open, Region region, Consumer<Finding> to) {
    new IxgbeDiagnosis(open, region, to).run();
  }
}
