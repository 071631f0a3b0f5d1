package io.netmap4j.compat.vswitch;

import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.ValeLookup;
import io.netmap4j.linux.Libc;
import java.util.Arrays;

/**
 * One switch. Senders read {@link #table}, once a sync; whoever changes it (with {@link Switches}
 * locked) puts another one in its place.
 */
final class ValeSwitch {
  /** NM_BDG_MAXPORTS. */
  static final int MAX_PORTS = 254;

  final String name;

  /** Its number among the switches of the process. */
  final int index;

  volatile Table table = new Table(new ValePort[MAX_PORTS], new int[0], new MacTable(), null);

  /**
   * What senders see.
   *
   * @param ports by index; null for none
   * @param active the indices in use
   * @param lookup in place of the learning bridge, null for that
   */
  record Table(ValePort[] ports, int[] active, MacTable macs, ValeLookup lookup) {}

  ValeSwitch(String name, int index) {
    this.name = name;
    this.index = index;
  }

  boolean isEmpty() {
    return table.active.length == 0;
  }

  /**
   * Gives a port the lowest index that is free.
   *
   * @throws NetmapException ENOMEM when all are in use
   */
  int add(ValePort port) {
    Table t = table;
    for (int i = 0; i < MAX_PORTS; i++) {
      if (t.ports[i] == null) {
        change(i, port);
        return i;
      }
    }
    throw new NetmapException(
        Libc.ENOMEM, name + " has " + MAX_PORTS + " ports, which is all that a switch can have");
  }

  void remove(int index) {
    change(index, null);
    table.macs.forget(index);
  }

  private void change(int index, ValePort port) {
    Table t = table;
    ValePort[] ports = t.ports.clone();
    ports[index] = port;
    int[] active = new int[MAX_PORTS];
    int n = 0;
    for (int i = 0; i < MAX_PORTS; i++) {
      if (ports[i] != null) {
        active[n++] = i;
      }
    }
    table = new Table(ports, Arrays.copyOf(active, n), t.macs, t.lookup);
  }

  /** With a fresh table of addresses: netmap clears it when the learning bridge comes back. */
  void lookup(ValeLookup lookup) {
    Table t = table;
    table = new Table(t.ports, t.active, new MacTable(), lookup);
  }
}
