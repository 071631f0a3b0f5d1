package io.netmap4j.compat.pipe;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.PortSpec;
import io.netmap4j.compat.port.Memory;
import io.netmap4j.compat.port.OpenPorts;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Adapter;
import io.netmap4j.spi.RingSet;
import java.util.function.Function;

/**
 * Pipes, {@code NAME{ID} and {@code NAME}ID}: the first end that is opened makes both
 * (netmap_get_pipe_na; docs/netmap-abi.md 14). NAME is the parent: if it is an open port, the pipe
 * lives in its memory and has as many slots; any other name does as well. Who makes the pipe says
 * what rings, slots and offsets it has. netmap makes a switch port of such a name, of which the
 * pipe has only the defaults.
 */
public final class PipePorts implements PortType {
  private static final int MAX_RINGS = 256;
  private static final int MAX_SLOTS = 4096;

  /** Of a parent that is not open: those of a switch port. */
  private static final int DEFAULT_SLOTS = 1024;

  private final OpenPorts<Void> pipes = new OpenPorts<>();
  private final Function<Registration, Hold> findPort;

  /**
   * @param findPort finds the rings of a port of any kind if it is open; else null
   */
  public PipePorts(Function<Registration, Hold> findPort) {
    this.findPort = findPort;
  }

  @Override
  public boolean claims(Registration r) {
    return r.spec().pipe();
  }

  @Override
  public Hold hold(Registration r) {
    Name name = Name.of(r.name());
    if (r.mode() != Netmap.NR_REG_ALL_NIC && r.mode() != Netmap.NR_REG_ONE_NIC) {
      throw new NetmapException(
          Libc.EINVAL,
          "mode " + r.mode() + " is not for a pipe: all its rings, or one of them (-N)");
    }
    Hold hold =
        pipes.hold(
            name.key(),
            open -> Memory.check(r, open.rings()),
            () -> new OpenPorts.Started<>(start(name, r), null));
    return name.of(hold);
  }

  @Override
  public Hold find(Registration r) {
    Name name = Name.of(r.name());
    Hold hold = pipes.find(name.key());
    return hold == null ? null : name.of(hold);
  }

  private RingSet start(Name name, Registration r) {
    Hold parent = findParent(name.parent);
    try {
      Region region;
      int txSlots = DEFAULT_SLOTS;
      int rxSlots = DEFAULT_SLOTS;
      if (parent == null) {
        region = Memory.askedOrShared(r);
      } else {
        RingSet open = parent.rings();
        Memory.check(r, open);
        region = open.region();
        txSlots = open.adapter().rings().txSlots();
        rxSlots = open.adapter().rings().rxSlots();
      }
      Adapter.Rings rings =
          new Adapter.Rings(
              bounded(r.counts().txRings(), 1, MAX_RINGS),
              bounded(r.counts().rxRings(), 1, MAX_RINGS),
              bounded(r.counts().txSlots(), txSlots, MAX_SLOTS),
              bounded(r.counts().rxSlots(), rxSlots, MAX_SLOTS));
      return new Pipe(name.parent, name.id, rings, r.offsets(), region).masterRings();
    } finally {
      if (parent != null) {
        parent.release().run();
      }
    }
  }

  private Hold findParent(String parent) {
    try {
      return findPort.apply(Registration.of(PortSpec.parse("netmap:" + parent)));
    } catch (NetmapException e) {
      return null; // no device has that name
    }
  }

  /** nm_bound_var: less than 1 means the default. */
  private static int bounded(int asked, int byDefault, int most) {
    return Math.min(asked < 1 ? byDefault : asked, most);
  }

  /** The parts of a pipe's name. */
  private record Name(String parent, String id, boolean master) {
    /**
     * @throws NetmapException EINVAL for a name without one of its parts
     */
    static Name of(String name) {
      int at = name.lastIndexOf('{');
      boolean master = at >= 0;
      if (!master) {
        at = name.lastIndexOf('}');
      }
      if (at == 0 || at == name.length() - 1) {
        throw new NetmapException(
            Libc.EINVAL, "a pipe has a name before and after '" + name.charAt(at) + "': a{1");
      }
      return new Name(name.substring(0, at), name.substring(at + 1), master);
    }

    String key() {
      return parent + '{' + id;
    }

    /** The rings of this end, kept open by those of the master. */
    Hold of(Hold masterRings) {
      if (master) {
        return masterRings;
      }
      Pipe pipe = ((PipeEnd) masterRings.rings().adapter()).pipe();
      return new Hold(pipe.slaveRings(), masterRings.release());
    }
  }
}
