package io.netmap4j.compat.vale;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.ValeLookup;
import io.netmap4j.compat.vswitch.Control;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Control of the VALE switches of this process: netmap's requests VALE_ATTACH to
 * VALE_POLLING_DISABLE, with its results and error numbers (docs/netmap-abi.md 11.3). A switch is
 * there as long as it has a port. Thread safe.
 *
 * <p>Names of ports are {@code valeX:NAME}: {@code vale}, letters, digits or {@code _}, a colon, at
 * most 15 characters. There are at most 8 switches (the system property {@code
 * netmap4j.max_bridges} sets another number) of at most 254 ports.
 */
public final class ValeCtl {
  /** NETMAP_POLLING_MODE_SINGLE_CPU: one thread for all rings. */
  public static final int POLLING_SINGLE_CPU = Control.SINGLE_CPU;

  /** NETMAP_POLLING_MODE_MULTI_CPU: a thread for each ring. */
  public static final int POLLING_MULTI_CPU = Control.MULTI_CPU;

  /** nr_port_idx where the switch is there and the port is not. */
  public static final int NO_PORT = Control.NO_PORT;

  private ValeCtl() {}

  /**
   * A port of a switch, as VALE_LIST gives it.
   *
   * @param name {@code valeX:NAME}
   * @param bridgeIndex nr_bridge_idx: the switch's number in this process, from 0
   * @param portIndex nr_port_idx: the port's number in the switch, 0 to 253, or {@link #NO_PORT}
   */
  public record Port(String name, int bridgeIndex, int portIndex) {}

  /**
   * A persistent port, as VALE_NEWIF makes it.
   *
   * @param name its own name, under which {@code netmap:NAME} opens it
   * @param counts its rings and slots
   * @param memId nr_mem_id of its memory
   */
  public record NewIf(String name, RingCounts counts, int memId) {}

  /**
   * VALE_ATTACH, {@code vale-ctl -a}: attaches a NIC with all its rings, or a persistent port. See
   * {@link #attach(String, boolean, int)}.
   */
  public static int attach(String name) {
    return attach(name, false, 0);
  }

  /**
   * VALE_ATTACH: attaches a NIC or a persistent port to a switch, which is made if it is not there.
   *
   * <p>A NIC is opened, and belongs to the switch until it is detached; a thread {@code
   * netmap4j-vale-NAME} carries frames between it and the switch, and sleeps while there are none.
   * A persistent port stays the program's, to open as {@code valeX:NAME} or {@code netmap:NAME};
   * attached to a second switch it joins the two, by a thread too, and cannot be opened meanwhile.
   *
   * @param name {@code valeX:NAME}, where NAME is the NIC's or the persistent port's
   * @param hostRings mode NIC_SW, {@code vale-ctl -h}: also the NIC's host rings, as one more port
   *     {@code valeX:NAME^}. Ignored for a persistent port, which has none
   * @param memId nr_mem_id that the NIC must be in; 0 for any
   * @return port_index: the port's number in the switch
   * @throws NetmapException EINVAL for a name that is none of a switch, or an unknown memory; EBUSY
   *     when it is attached or open; ENXIO when there is no such device; ENOMEM when there are too
   *     many switches or ports; what opening the NIC throws
   */
  public static int attach(String name, boolean hostRings, int memId) {
    return Control.attach(name, hostRings, memId);
  }

  /**
   * VALE_DETACH, {@code vale-ctl -d}: takes a NIC or a persistent port out of its switch. A
   * persistent port that a program has open stays open, in no switch.
   *
   * @param name {@code valeX:NAME}
   * @return port_index: the number that it had
   * @throws NetmapException EINVAL for a name that is none of a switch, or an ephemeral port
   *     (netmap does nothing then); ENXIO when there is no such port; EBUSY while its NIC is polled
   *     ({@link #pollingEnable}), and for the first of two attachments of a persistent port
   */
  public static int detach(String name) {
    return Control.detach(name);
  }

  /**
   * VALE_LIST with a name: where a port is.
   *
   * @param name {@code valeX:NAME}, or {@code valeX} for the switch alone
   * @return its numbers; {@link #NO_PORT} when the switch has no such port
   * @throws NetmapException EINVAL for a name without the prefix, ENOENT when there is no such
   *     switch
   */
  public static Port find(String name) {
    return port(Control.find(name));
  }

  /**
   * VALE_LIST without a name: the first port at or after a place. To go on, add 1 to its {@code
   * portIndex}.
   *
   * @param bridgeIndex where to begin, 0 for the first switch
   * @param portIndex where to begin in that switch, 0 for its first port
   * @throws NetmapException ENOENT when there is none
   */
  public static Port next(int bridgeIndex, int portIndex) {
    return port(Control.next(bridgeIndex, portIndex));
  }

  /** All ports of all switches, {@code vale-ctl -l}: by number of the switch, then of the port. */
  public static List<Port> list() {
    return Control.list().stream().map(ValeCtl::port).toList();
  }

  private static Port port(Control.Place place) {
    return new Port(place.name(), place.bridge(), place.port());
  }

  /**
   * VALE_NEWIF, {@code vale-ctl -n}: makes a persistent port, which is there until {@link #delIf}.
   * netmap makes a network interface; here it is an object of this process.
   *
   * @param name 1 to 15 characters, not beginning with {@code vale}
   * @param counts rings and slots; 0 for one ring of 1024 slots, more than 16 or 4096 count as that
   * @param memId nr_mem_id of the memory for its rings and buffers; 0 for one of its own
   * @return what was made
   * @throws NetmapException EEXIST when there is a device or port of that name; EINVAL for an
   *     invalid name or an unknown memory; ENOMEM
   */
  public static NewIf newIf(String name, RingCounts counts, int memId) {
    Control.Made made = Control.newIf(name, counts, memId);
    return new NewIf(name, made.counts(), made.memId());
  }

  /**
   * VALE_DELIF, {@code vale-ctl -r}: ends a persistent port.
   *
   * @param name of {@link #newIf}
   * @throws NetmapException ENXIO when there is no such port; EINVAL for a device that is no
   *     persistent port; EBUSY while it is attached or open
   */
  public static void delIf(String name) {
    Control.delIf(name);
  }

  /**
   * PORT_HDR_SET: the length of the virtio-net header that each frame of a port begins with. The
   * switch looks for the Ethernet header behind it. From then on the port is opened with
   * NR_ACCEPT_VNET_HDR. Between ports with different lengths the header is cut off or put in front
   * as zeros; a frame whose header asks for a checksum or for segmentation is not delivered to a
   * port with another length (docs/netmap-abi.md 11.3; netmap emulates these offloads).
   *
   * @param name of a port of a switch, or a persistent one
   * @param bytes 0, 10 or 12
   * @throws NetmapException EINVAL for another length, ENXIO when there is no such port
   */
  public static void setHeader(String name, int bytes) {
    Control.setHeader(name, bytes);
  }

  /**
   * PORT_HDR_GET: the length that {@link #setHeader} has set.
   *
   * @param name of a port of a switch, or a persistent one
   * @return 0, 10 or 12
   * @throws NetmapException ENXIO when there is no such port
   */
  public static int header(String name) {
    return Control.header(name);
  }

  /**
   * VALE_POLLING_ENABLE, {@code vale-ctl -p}: threads that never sleep carry an attached NIC's
   * frames, in place of the one that does. They take a processor each, and are not bound to it.
   *
   * @param name {@code valeX:NIC}
   * @param mode {@link #POLLING_SINGLE_CPU}: one thread for all rings; {@link #POLLING_MULTI_CPU}:
   *     one for each of the rings {@code firstCpu} to {@code firstCpu + cpus - 1}
   * @param firstCpu the first ring in MULTI_CPU; not used in SINGLE_CPU
   * @param cpus how many threads; 1 in SINGLE_CPU
   * @throws NetmapException EINVAL for a wrong mode or number: less than 1, as many as there are
   *     processors or more, rings that are not there; ENXIO when there is no such port; EOPNOTSUPP
   *     for a port that is no NIC; EFAULT when it is polled already
   */
  public static void pollingEnable(String name, int mode, int firstCpu, int cpus) {
    Control.pollingEnable(name, mode, firstCpu, cpus);
  }

  /**
   * VALE_POLLING_DISABLE, {@code vale-ctl -P}: one thread that sleeps carries the frames again.
   *
   * @param name {@code valeX:NIC}
   * @throws NetmapException ENXIO when there is no such port, EOPNOTSUPP for a port that is no NIC,
   *     EFAULT when it is not polled
   */
  public static void pollingDisable(String name) {
    Control.pollingDisable(name);
  }

  /**
   * Chooses who decides where frames go in a switch (netmap's regops). The switch forgets the
   * addresses that it has learned. It ends with the switch's last port.
   *
   * @param name {@code valeX}, or any port of it
   * @param lookup the program's function; null for the learning bridge
   * @throws NetmapException ENXIO when there is no such switch
   */
  public static void lookup(String name, @Nullable ValeLookup lookup) {
    Control.lookup(name, lookup);
  }
}
