package io.netmap4j.compat.vswitch;

import io.netmap4j.Netmap;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.nic.Nics;
import io.netmap4j.compat.port.Memory;
import io.netmap4j.compat.port.PortType;
import io.netmap4j.compat.port.Registration;
import io.netmap4j.linux.Libc;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ports of VALE switches: {@code valeX:NAME}, which makes an ephemeral port unless there is one of
 * that name, and persistent ports by their own names (netmap_bdg.c: netmap_get_bdg_na).
 */
public final class ValePorts implements PortType {
  @Override
  public boolean claims(Registration r) {
    if (r.spec().pipe()) {
      return false;
    }
    synchronized (Switches.LOCK) {
      return r.spec().vale() || Switches.persistent(r.name()) != null;
    }
  }

  @Override
  public Hold hold(Registration r) {
    synchronized (Switches.LOCK) {
      String internal = Attachment.opening;
      String name = internal == null ? r.name() : internal;
      ValePort known = Switches.find(name);
      ValePort port = known != null ? known : ephemeral(name, r, internal != null);
      try {
        check(port, r);
        return hold(port);
      } catch (RuntimeException e) {
        if (known == null) {
          Switches.end(port);
        }
        throw e;
      }
    }
  }

  @Override
  public Hold find(Registration r) {
    synchronized (Switches.LOCK) {
      ValePort port = Switches.find(r.name());
      return port == null || port.opens == 0 ? null : hold(port);
    }
  }

  private static Hold hold(ValePort port) {
    AtomicBoolean released = new AtomicBoolean();
    return new Hold(
        Switches.open(port),
        () -> {
          synchronized (Switches.LOCK) {
            if (released.compareAndSet(false, true)) {
              Switches.close(port);
            }
          }
        });
  }

  /**
   * In netmap's order: in use by the switch, virtio-net header, memory (docs/netmap-abi.md 11.2).
   */
  private static void check(ValePort port, Registration r) {
    if (port.busy) {
      throw new NetmapException(
          Libc.EBUSY, port.name + " is attached to a switch, which has it; detach it first");
    }
    if (port.header != 0 && !r.has(Netmap.NR_ACCEPT_VNET_HDR)) {
      throw new NetmapException(
          Libc.EIO,
          port.name
              + " has a virtio-net header of "
              + port.header
              + " bytes in front of each frame; open it with NR_ACCEPT_VNET_HDR");
    }
    if (r.region() != null && r.region() != port.region) {
      throw new NetmapException(
          Libc.EINVAL,
          port.name
              + " is in region "
              + port.region.memId()
              + ", so it cannot be opened in region "
              + r.region().memId());
    }
    Memory.check(r, port.region);
  }

  private static ValePort ephemeral(String name, Registration r, boolean internal) {
    if (!internal) {
      Switches.checkName(name);
      refuseDevice(name);
    }
    ValePort port = Switches.make(name, false, r.counts(), Memory.asked(r));
    try {
      Switches.join(name, port);
    } catch (RuntimeException e) {
      Switches.giveUp(port.ownsRegion ? port.region : null);
      throw e;
    }
    return port;
  }

  /** valeX:NAME of a NIC or a persistent port is for attaching only. */
  private static void refuseDevice(String name) {
    String device = Switches.portName(name);
    if (Switches.persistent(device) != null || Nics.exists(device, Config.load())) {
      throw new NetmapException(
          Libc.EINVAL,
          device
              + " is the name of a device: attach it to the switch (vale-ctl -a "
              + name
              + "), or use another name");
    }
  }
}
