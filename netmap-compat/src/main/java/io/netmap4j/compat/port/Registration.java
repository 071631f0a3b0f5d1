package io.netmap4j.compat.port;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.PortSpec;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.PortProvider;
import java.util.Map;

/**
 * What a name and a request ask for together: struct nmreq_register, with a name.
 *
 * @param spec the name, taken apart
 * @param mode NR_REG_*
 * @param ringId for NR_REG_ONE_NIC and NR_REG_ONE_SW
 * @param flags NR_*
 * @param memId nr_mem_id, 0 for any
 * @param counts of rings and slots, 0 for the port's own
 * @param region where rings and buffers shall live; null for any
 * @param offsets headroom; null for none
 * @param nic how to set a NIC up; null for what the configuration says
 */
public record Registration(
    PortSpec spec,
    int mode,
    int ringId,
    long flags,
    int memId,
    RingCounts counts,
    Region region,
    Offsets offsets,
    NicOptions nic) {
  /** Of a name alone. */
  public static Registration of(PortSpec spec) {
    return of(spec, new PortProvider.Request(null, 0, 0, 0, 0, RingCounts.DEFAULT, null, null));
  }

  /** Where both say something, the request counts; flags add up. */
  public static Registration of(PortSpec spec, PortProvider.Request request) {
    boolean modeIsNamed = request.mode() == 0;
    Map<String, String> conf = spec.options().getOrDefault("conf", Map.of());
    RingCounts asked = request.counts();
    return new Registration(
        spec,
        modeIsNamed ? spec.mode() : request.mode(),
        modeIsNamed ? spec.ringId() : request.ringId(),
        spec.flags() | request.flags(),
        request.memId() != 0 ? request.memId() : spec.memId(),
        new RingCounts(
            first(asked.txRings(), conf.get("tx-rings")),
            first(asked.rxRings(), conf.get("rx-rings")),
            first(asked.hostTxRings(), conf.get("host-tx-rings")),
            first(asked.hostRxRings(), conf.get("host-rx-rings")),
            first(asked.txSlots(), conf.get("tx-slots")),
            first(asked.rxSlots(), conf.get("rx-slots"))),
        request.region(),
        offsets(spec, request),
        request.nic());
  }

  private static Offsets offsets(PortSpec spec, PortProvider.Request request) {
    Offsets named = spec.offsets();
    if (named != null && request.offsets() != null) {
      throw new NetmapException(
          Libc.EINVAL, "offsets are given twice: with the name and with the request");
    }
    return named != null ? named : request.offsets();
  }

  private static int first(int asked, String named) {
    return asked != 0 || named == null
        ? asked
        : (int) Math.min(Integer.MAX_VALUE, Long.parseLong(named));
  }

  /** This one, in that region; null for any. */
  public Registration in(Region memory) {
    return new Registration(spec, mode, ringId, flags, memId, counts, memory, offsets, nic);
  }

  /** nr_name: NAME with its pipe suffix, or the whole {@code valeX:NAME}. */
  public String name() {
    return spec.name();
  }

  public boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
