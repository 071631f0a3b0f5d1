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
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Which devices the driver takes, and which it knows and refuses. {@link IxgbeId} has the ids. */
public final class IxgbeDriver implements NicDriver {
  private static final int INTEL = 0x8086;

  @Override
  public String name() {
    return "ixgbe";
  }

  /** Also what is refused by {@link #attach}, so that a message can say why. */
  @Override
  public boolean claims(PciId id) {
    return id.vendor() == INTEL && IxgbeId.of(id.device()) != null;
  }

  @Override
  public Adapter attach(NicDevice device, Region region, NicOptions options) {
    IxgbeId id = IxgbeId.of(device.id().device());
    if (id.refusal() != null) {
      throw new NetmapException(
          Libc.EOPNOTSUPP,
          device.name()
              + " is an "
              + id.name()
              + " ("
              + device.id()
              + "), which this driver does not set up: "
              + id.refusal()
              + "; leave the card to the kernel's ixgbe and open its network interface, or use an"
              + " 82599 with SFP+, an X540 or an X550");
    }
    return new IxgbeAdapter(device, region, options);
  }

  @Override
  public void diagnose(
      Supplier<NicDevice> open, Region region, int linkSeconds, Consumer<Finding> to) {
    new IxgbeDiagnosis(open, region, linkSeconds, to).run();
  }
}
