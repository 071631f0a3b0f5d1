package io.netmap4j.compat.vswitch;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import io.netmap4j.layout.IfLayout;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.RingSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The switches of the process, their ports, and the persistent ports that are in none. {@link
 * #LOCK} (netmap's NMG_LOCK) is held by whatever opens, closes, attaches or looks ports up, and
 * while NICs start and stop; syncs do not take it.
 */
final class Switches {
  static final Object LOCK = new Object();

  static final String PREFIX = "vale";

  /** NM_BRIDGES, of which netmap's max_bridges can make more. */
  static final int MAX_SWITCHES = Math.max(1, Integer.getInteger("netmap4j.max_bridges", 8));

  private static final int MAX_SLOTS = 4096;
  private static final int DEFAULT_SLOTS = 1024;

  /** netmap's limit for the part behind the colon, and for names of persistent ports. */
  private static final int IFNAMSIZ = 16;

  /** Each handle of a port takes an interface object. */
  private static final int HANDLES = 64;

  /** Ring objects for pipes of the port, two pipes as in netmap. */
  private static final int PIPE_RINGS = 16;

  /** Buffers beside those in rings: for pipes, and extra buffers. Pages are taken when touched. */
  private static final int SPARE_BUFFERS = 16384;

  private static final ValeSwitch[] SWITCHES = new ValeSwitch[MAX_SWITCHES];
  private static final Map<String, ValePort> PERSISTENT = new TreeMap<>();

  /** Ports in a switch, by valeX:NAME. */
  private static final Map<String, ValePort> IN_SWITCH = new HashMap<>();

  private Switches() {}

  /** A persistent port; null when there is none of that name. */
  static ValePort persistent(String name) {
    return PERSISTENT.get(name);
  }

  /** A port in a switch, or a persistent one; null when there is none. */
  static ValePort find(String name) {
    ValePort port = IN_SWITCH.get(name);
    return port != null ? port : PERSISTENT.get(name);
  }

  /** A port in a switch; null when there is none. */
  static ValePort inSwitch(String name) {
    return IN_SWITCH.get(name);
  }

  static ValeSwitch[] all() {
    return SWITCHES;
  }

  /** The switch of a name up to its colon; null when there is none. */
  static ValeSwitch bridge(String name) {
    String wanted = bridgeName(name);
    for (ValeSwitch s : SWITCHES) {
      if (s != null && s.name.equals(wanted)) {
        return s;
      }
    }
    return null;
  }

  static String bridgeName(String name) {
    int colon = name.indexOf(':');
    return colon < 0 ? name : name.substring(0, colon);
  }

  /** What is behind the colon. */
  static String portName(String name) {
    return name.substring(name.indexOf(':') + 1);
  }

  /**
   * Checks {@code valeX:NAME} (netmap_bdg.c: nm_bdg_name_validate).
   *
   * @throws NetmapException EINVAL
   */
  static void checkName(String name) {
    int colon = name.indexOf(':');
    if (!name.startsWith(PREFIX)
        || colon < 0
        || !name.substring(0, colon).chars().allMatch(Switches::isIdentifier)
        || name.length() - colon > IFNAMSIZ) {
      throw new NetmapException(
          Libc.EINVAL,
          "'"
              + name
              + "' is no port of a switch: that is vale, letters and digits, a colon, at most 15 characters");
    }
  }

  private static boolean isIdentifier(int c) {
    return c < 128 && (Character.isLetterOrDigit(c) || c == '_');
  }

  /**
   * Puts a port into a switch, which is made if it is not there.
   *
   * @param switchName valeX:NAME, valid
   * @return its index in the switch
   * @throws NetmapException ENOMEM when there are too many switches or ports
   */
  static int join(String switchName, ValePort port) {
    ValeSwitch bridge = bridge(switchName);
    if (bridge == null) {
      bridge = newSwitch(bridgeName(switchName));
    }
    int index;
    try {
      index = bridge.add(port);
    } finally {
      dropIfEmpty(bridge);
    }
    port.switchName = switchName;
    IN_SWITCH.put(switchName, port);
    port.attached = new ValePort.Attached(bridge, index);
    return index;
  }

  private static ValeSwitch newSwitch(String name) {
    for (int i = 0; i < MAX_SWITCHES; i++) {
      if (SWITCHES[i] == null) {
        SWITCHES[i] = new ValeSwitch(name, i);
        return SWITCHES[i];
      }
    }
    throw new NetmapException(
        Libc.ENOMEM,
        "there are "
            + MAX_SWITCHES
            + " switches, which is the limit; the system property netmap4j.max_bridges sets it");
  }

  /** Takes a port out of its switch; the last one ends the switch. @return its index there */
  static int leave(ValePort port) {
    ValePort.Attached at = port.attached;
    port.attached = null;
    at.bridge().remove(at.index());
    IN_SWITCH.remove(port.switchName);
    port.switchName = null;
    dropIfEmpty(at.bridge());
    return at.index();
  }

  private static void dropIfEmpty(ValeSwitch bridge) {
    if (bridge.isEmpty()) {
      SWITCHES[bridge.index] = null;
    }
  }

  static void addPersistent(ValePort port) {
    PERSISTENT.put(port.name, port);
  }

  static void removePersistent(ValePort port) {
    PERSISTENT.remove(port.name);
    giveUp(port.ownsRegion ? port.region : null);
  }

  /** The region of a port ends with it, or with the last of those that share it. */
  static void giveUp(Region region) {
    if (region != null) {
      region.closeWithLastUse();
    }
  }

  /** Makes a port that is in no switch yet. @param region null for one of its own */
  static ValePort make(String name, boolean persistent, RingCounts asked, Region region) {
    RingCounts counts =
        new RingCounts(
            bound(asked.txRings(), 1, Batch.MAX_RINGS),
            bound(asked.rxRings(), 1, Batch.MAX_RINGS),
            0,
            0,
            bound(asked.txSlots(), DEFAULT_SLOTS, MAX_SLOTS),
            bound(asked.rxSlots(), DEFAULT_SLOTS, MAX_SLOTS));
    boolean own = region == null;
    return new ValePort(name, persistent, counts, own ? privateRegion(counts) : region, own);
  }

  /** netmap's nm_bound_var: 0 means the default. */
  private static int bound(int asked, int standard, int most) {
    return asked == 0 ? standard : Math.min(asked, most);
  }

  /** A region as netmap_mem_private_new makes for such a port: large enough, and no more. */
  private static Region privateRegion(RingCounts n) {
    int rings = n.txRings() + n.rxRings();
    int slots = Math.max(n.txSlots(), n.rxSlots());
    int buffers = n.txRings() * n.txSlots() + n.rxRings() * n.rxSlots() + SPARE_BUFFERS;
    int ifSize = Math.max(1024, IfLayout.sizeFor(rings + 2));
    return Region.create(
        new MemoryOptions(
            HANDLES,
            ifSize,
            rings + PIPE_RINGS,
            Math.max(20480, RingLayout.sizeFor(slots)),
            buffers,
            MemoryOptions.DEFAULT.bufSize(),
            null));
  }

  /** One more handle of a port. @return its rings, held once more */
  static RingSet open(ValePort port) {
    if (port.ringSet == null) {
      port.ringSet = RingSet.start(new ValeAdapter(port), port.region);
    }
    port.ringSet.hold();
    port.opens++;
    return port.ringSet;
  }

  /** One handle less; the last one ends the rings, and an ephemeral port. */
  static void close(ValePort port) {
    try {
      port.ringSet.release();
    } finally {
      if (--port.opens == 0) {
        port.ringSet = null;
        if (!port.persistent) {
          end(port);
        }
      }
    }
  }

  /**
   * Returns when the TX syncs that are in flight have ended. They are waited for without the lock,
   * which a program's lookup function may want.
   */
  static void awaitSends() {
    List<RingSet> sets = new ArrayList<>();
    synchronized (LOCK) {
      for (Map<String, ValePort> ports : List.of(IN_SWITCH, PERSISTENT)) {
        for (ValePort port : ports.values()) {
          if (port.ringSet != null) {
            sets.add(port.ringSet);
          }
        }
      }
    }
    for (RingSet set : sets) {
      for (int i = 0; i < set.txRings(); i++) {
        set.tx(i).betweenSyncs(() -> {});
      }
    }
  }

  /** An ephemeral port ends. */
  static void end(ValePort port) {
    leave(port);
    giveUp(port.ownsRegion ? port.region : null);
  }
}
