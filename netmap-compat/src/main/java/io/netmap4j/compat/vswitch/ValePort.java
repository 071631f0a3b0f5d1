package io.netmap4j.compat.vswitch;

import io.netmap4j.common.RingCounts;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.RingSet;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A port of a switch, or one that could be: ephemeral (it ends with its last handle), or persistent
 * (made by NEWIF; in a switch while it is attached). Its rings exist while somebody has it open.
 * All but what senders read is guarded by {@link Switches#LOCK}.
 */
final class ValePort {
  /** Of an ephemeral port {@code valeX:NAME}, of a persistent one NAME. */
  final String name;

  final boolean persistent;
  final RingCounts counts;

  /** RX rings, 1 to 16. */
  final int rings;

  final Region region;

  /** Whether the region was made for this port and ends with it. */
  final boolean ownsRegion;

  /** Of an attached device: packets that are longer than the whole ring they were to go to. */
  final AtomicLong deviceDrops = new AtomicLong();

  /** Bytes of the virtio-net header in front of each frame: 0, 10 or 12. */
  volatile int header;

  /** Of the switch; null while the port is in none. */
  volatile Attached attached;

  /** Null while nobody has the port open. */
  volatile ValeRxRing[] rxRings;

  /** In a switch: {@code valeX:NAME}; else null. */
  String switchName;

  RingSet ringSet;

  /** Handles that keep the rings. */
  int opens;

  /** The switch itself has the port: nobody else may open it. */
  boolean busy;

  /** Which switch, and which port of it. */
  record Attached(ValeSwitch bridge, int index) {}

  ValePort(String name, boolean persistent, RingCounts counts, Region region, boolean ownsRegion) {
    this.name = name;
    this.persistent = persistent;
    this.counts = counts;
    this.rings = counts.rxRings();
    this.region = region;
    this.ownsRegion = ownsRegion;
  }
}
