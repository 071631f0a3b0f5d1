package io.netmap4j.compat.vswitch;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.Config;
import io.netmap4j.compat.ValeLookup;
import io.netmap4j.compat.nic.Nics;
import io.netmap4j.compat.port.Memory;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Control of switches (netmap_vale.c, netmap_bdg.c); {@code ValeCtl} is its public face. */
public final class Control {
  /** netmap's polling modes. */
  public static final int SINGLE_CPU = 1;

  public static final int MULTI_CPU = 2;

  /** NM_BDG_NOPORT. */
  public static final int NO_PORT = 255;

  private static final int NAME_SIZE = 16;

  /** By valeX:NAME. */
  private static final Map<String, Attachment> ATTACHED = new HashMap<>();

  private Control() {}

  /** Where a port is: its name, the switch's number, its own in the switch. */
  public record Place(String name, int bridge, int port) {}

  /** What a persistent port was made with. */
  public record Made(RingCounts counts, int memId) {}

  public static int attach(String name, boolean hostRings, int memId) {
    Switches.checkName(name);
    synchronized (Switches.LOCK) {
      if (memId != 0) {
        region(memId);
      }
      if (Switches.inSwitch(name) != null) {
        throw new NetmapException(Libc.EBUSY, name + " is attached or open already");
      }
      ValePort persistent = Switches.persistent(Switches.portName(name));
      if (persistent != null && persistent.opens > 0) {
        throw new NetmapException(Libc.EBUSY, persistent.name + " is open; close it first");
      }
      if (persistent != null && persistent.attached == null) {
        return Switches.join(name, persistent);
      }
      if (Switches.portName(name).chars().anyMatch(c -> "{}-*^/@:".indexOf(c) >= 0)) {
        // would open a pipe, host rings or a monitor, with locks in another order
        throw new NetmapException(Libc.ENXIO, name + " does not end in the name of a device");
      }
      ATTACHED.put(name, Attachment.attach(name, persistent == null && hostRings, memId));
      return Switches.inSwitch(name).attached.index();
    }
  }

  private static Region region(int memId) {
    return memId == Region.SHARED_ID ? Memory.shared(Config.load()) : Region.find(memId);
  }

  public static int detach(String name) {
    Switches.checkName(name);
    synchronized (Switches.LOCK) {
      ValePort port = inSwitch(name);
      Attachment attachment = ATTACHED.get(name);
      if (attachment == null) {
        if (!port.persistent) {
          throw new NetmapException(
              Libc.EINVAL, name + " was not attached: it leaves the switch with its last handle");
        }
        if (isJoined(port)) {
          throw new NetmapException(
              Libc.EBUSY,
              port.name + " is attached to two switches; detach it from the other one first");
        }
        return Switches.leave(port);
      }
      if (attachment.polled()) {
        throw new NetmapException(Libc.EBUSY, name + " is polled (vale-ctl -P ends that)");
      }
      int index = port.attached.index();
      ATTACHED.remove(name);
      attachment.detach();
      return index;
    }
  }

  /** Whether a persistent port that is in a switch is a device of another one too. */
  private static boolean isJoined(ValePort port) {
    return ATTACHED.keySet().stream().anyMatch(n -> Switches.portName(n).equals(port.name));
  }

  private static ValePort inSwitch(String name) {
    ValePort port = Switches.inSwitch(name);
    if (port == null) {
      throw new NetmapException(
          Libc.ENXIO, "no port " + name + " in any switch (vale-ctl lists them)");
    }
    return port;
  }

  private static NetmapException noSwitch(int errno, String name) {
    return new NetmapException(
        errno,
        name
            + ": this process has no switch "
            + name.split(":", 2)[0]
            + " (vale-ctl lists its switches, and sees none of other processes)");
  }

  public static Place find(String name) {
    if (!name.startsWith(Switches.PREFIX)) {
      throw new NetmapException(Libc.EINVAL, name + " does not begin with vale");
    }
    synchronized (Switches.LOCK) {
      ValeSwitch bridge = Switches.bridge(name);
      if (bridge == null) {
        throw noSwitch(Libc.ENOENT, name);
      }
      ValePort port = Switches.inSwitch(name);
      int index = port == null ? NO_PORT : port.attached.index();
      return new Place(name, bridge.index, index);
    }
  }

  public static Place next(int bridgeIndex, int portIndex) {
    for (Place port : list()) {
      if (port.bridge() > bridgeIndex || port.bridge() == bridgeIndex && port.port() >= portIndex) {
        return port;
      }
    }
    throw new NetmapException(
        Libc.ENOENT, "no port from number " + portIndex + " of switch " + bridgeIndex + " on");
  }

  public static List<Place> list() {
    List<Place> all = new ArrayList<>();
    synchronized (Switches.LOCK) {
      for (ValeSwitch bridge : Switches.all()) {
        if (bridge != null) {
          for (int i : bridge.table.active()) {
            String name = bridge.table.ports()[i].switchName;
            all.add(new Place(name, bridge.index, i));
          }
        }
      }
    }
    return all;
  }

  public static Made newIf(String name, RingCounts counts, int memId) {
    if (name.isEmpty() || name.startsWith(Switches.PREFIX) || name.length() >= NAME_SIZE) {
      throw new NetmapException(
          Libc.EINVAL,
          "'"
              + name
              + "' cannot be a persistent port: 1 to 15 characters, not beginning with vale");
    }
    synchronized (Switches.LOCK) {
      if (Switches.persistent(name) != null || Nics.exists(name, Config.load())) {
        throw new NetmapException(Libc.EEXIST, name + " exists already");
      }
      ValePort port = Switches.make(name, true, counts, memId == 0 ? null : region(memId));
      Switches.addPersistent(port);
      return new Made(port.counts, port.region.memId());
    }
  }

  public static void delIf(String name) {
    synchronized (Switches.LOCK) {
      ValePort port = Switches.persistent(name);
      if (port == null) {
        boolean device = Nics.exists(name, Config.load());
        throw new NetmapException(
            device ? Libc.EINVAL : Libc.ENXIO,
            device ? name + " is no persistent port of a switch" : "no persistent port " + name);
      }
      if (port.attached != null || port.opens > 0) {
        throw new NetmapException(
            Libc.EBUSY,
            port.opens > 0
                ? name + " is open; close it first"
                : name + " is attached; detach it first (vale-ctl -d " + port.switchName + ")");
      }
      Switches.removePersistent(port);
    }
  }

  public static void setHeader(String name, int bytes) {
    if (bytes != 0 && bytes != 10 && bytes != 12) {
      throw new NetmapException(
          Libc.EINVAL, "a virtio-net header has 0, 10 or 12 bytes, not " + bytes);
    }
    port(name).header = bytes;
  }

  public static int header(String name) {
    return port(name).header;
  }

  private static ValePort port(String name) {
    synchronized (Switches.LOCK) {
      ValePort port = Switches.find(name);
      if (port == null) {
        throw new NetmapException(Libc.ENXIO, "no port " + name + " of a switch");
      }
      return port;
    }
  }

  public static void pollingEnable(String name, int mode, int firstCpu, int cpus) {
    synchronized (Switches.LOCK) {
      Attachment nic = nic(name);
      if (nic.polled()) {
        throw new NetmapException(Libc.EFAULT, name + " is polled already");
      }
      int available = Runtime.getRuntime().availableProcessors();
      boolean single = mode == SINGLE_CPU && cpus == 1;
      boolean multi =
          mode == MULTI_CPU && firstCpu >= 0 && cpus >= 1 && firstCpu <= nic.rings() - cpus;
      if (cpus >= available || !single && !multi) {
        throw new NetmapException(
            Libc.EINVAL,
            String.format(
                Locale.ROOT,
                "polling in mode %d with %d processors from %d on: %s has %d rings, this machine %d"
                    + " processors, of which one must be left",
                mode,
                cpus,
                firstCpu,
                name,
                nic.rings(),
                available));
      }
      nic.poll(firstCpu, single ? 0 : cpus);
    }
  }

  public static void pollingDisable(String name) {
    synchronized (Switches.LOCK) {
      Attachment nic = nic(name);
      if (!nic.polled()) {
        throw new NetmapException(Libc.EFAULT, name + " is not polled");
      }
      nic.stopPolling();
    }
  }

  private static Attachment nic(String name) {
    Switches.checkName(name);
    inSwitch(name);
    Attachment nic = ATTACHED.get(name);
    if (nic == null) {
      throw new NetmapException(
          Libc.EOPNOTSUPP, name + " is no attached NIC, so nothing can be polled");
    }
    return nic;
  }

  public static void lookup(String name, ValeLookup lookup) {
    synchronized (Switches.LOCK) {
      ValeSwitch bridge = Switches.bridge(name);
      if (bridge == null) {
        throw noSwitch(Libc.ENXIO, name);
      }
      bridge.lookup(lookup);
    }
  }
}
