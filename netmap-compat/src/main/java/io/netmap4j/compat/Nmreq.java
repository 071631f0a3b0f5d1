package io.netmap4j.compat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.PortInfo;
import io.netmap4j.common.RingCounts;
import io.netmap4j.linux.Libc;

/**
 * The request of netmap's old calls, struct nmreq, field by field, and two of those calls:
 * NIOCREGIF and NIOCGINFO (docs/netmap-abi.md 11.4). New programs use {@link Nmport} or {@link
 * Netmap#open}. For one thread.
 */
public final class Nmreq {
  // nrRingid
  public static final int NETMAP_RING_MASK = 0x0fff;
  public static final int NETMAP_NO_TX_POLL = 0x1000;
  public static final int NETMAP_SW_RING = 0x2000;
  public static final int NETMAP_HW_RING = 0x4000;
  public static final int NETMAP_DO_RX_POLL = 0x8000;

  /** Of nrFlags, the mode. */
  public static final int NR_REG_MASK = 0xf;

  private static final int NAME_SIZE = 16;
  private static final int DEFAULT_ARG1 = 4;

  /** A port's name without prefix, or {@code valeX:NAME}: 15 bytes at most. */
  public String nrName = "";

  /** 14 or more. */
  public int nrVersion = Netmap.NETMAP_API;

  /** Out: where the interface object is in the memory; 32 bits. */
  public int nrOffset;

  /** Out: bytes of the memory; 32 bits. */
  public int nrMemsize;

  public int nrTxSlots;
  public int nrRxSlots;
  public int nrTxRings;
  public int nrRxRings;

  /** A ring, and NETMAP_* bits. */
  public int nrRingid;

  /** Commands to switches: 0 here. */
  public int nrCmd;

  /** Not used for a registration. */
  public int nrArg1;

  /** In and out: nr_mem_id, 0 for any. */
  public int nrArg2;

  /** In and out: extra buffers. */
  public int nrArg3;

  /** NR_REG_* mode (0: what nrRingid says) and NR_* flags. */
  public int nrFlags;

  Nmreq copy() {
    Nmreq c = new Nmreq();
    c.nrName = nrName;
    c.nrVersion = nrVersion;
    c.nrTxSlots = nrTxSlots;
    c.nrRxSlots = nrRxSlots;
    c.nrTxRings = nrTxRings;
    c.nrRxRings = nrRxRings;
    c.nrRingid = nrRingid;
    c.nrCmd = nrCmd;
    c.nrArg1 = nrArg1;
    c.nrArg2 = nrArg2;
    c.nrArg3 = nrArg3;
    c.nrFlags = nrFlags;
    return c;
  }

  /** nm_parse: what a name says replaces what the request has. */
  void name(PortSpec spec) {
    if (!spec.options().isEmpty()) {
      throw new NetmapException(
          Libc.EINVAL, "nm_open knows no options: " + spec.options().keySet());
    }
    nrName = spec.name();
    nrRingid = spec.ringId();
    nrFlags = spec.mode() | (int) spec.flags();
    if (spec.memId() != 0) {
      nrArg2 = spec.memId();
    }
  }

  /** What nm_open takes over from a parent. */
  void inherit(Nmreq parent, long flags) {
    nrArg1 = (flags & Nm.NM_OPEN_ARG1) != 0 ? parent.nrArg1 : DEFAULT_ARG1;
    nrArg2 = (flags & Nm.NM_OPEN_ARG2) != 0 ? parent.nrArg2 : nrArg2;
    nrArg3 = (flags & Nm.NM_OPEN_ARG3) != 0 ? parent.nrArg3 : 0;
    if ((flags & Nm.NM_OPEN_RING_CFG) != 0) {
      nrTxSlots = parent.nrTxSlots;
      nrRxSlots = parent.nrRxSlots;
      nrTxRings = parent.nrTxRings;
      nrRxRings = parent.nrRxRings;
    }
    if ((flags & Nm.NM_OPEN_IFNAME) != 0) {
      nrName = parent.nrName;
      nrRingid = parent.nrRingid;
      nrFlags = parent.nrFlags;
    }
  }

  /**
   * NIOCREGIF: opens the port and fills in what came of it.
   *
   * @return the port, which the caller closes
   * @throws NetmapException EINVAL for a version below 14 or a name that is too long; EOPNOTSUPP
   *     for a command; ENOBUFS when a pipe's number does not fit behind the name; else as {@link
   *     Netmap#open}
   */
  public NetmapPort regif() {
    check();
    int mode = nrFlags & NR_REG_MASK;
    if (mode == Netmap.NR_REG_DEFAULT) {
      mode =
          (nrRingid & NETMAP_SW_RING) != 0
              ? Netmap.NR_REG_SW
              : (nrRingid & NETMAP_HW_RING) != 0 ? Netmap.NR_REG_ONE_NIC : Netmap.NR_REG_ALL_NIC;
    }
    int ring = nrRingid & NETMAP_RING_MASK;
    String name = nrName;
    if (mode == Netmap.NR_REG_PIPE_MASTER || mode == Netmap.NR_REG_PIPE_SLAVE) {
      name += (mode == Netmap.NR_REG_PIPE_MASTER ? "{" : "}") + ring;
      if (name.length() >= 64) {
        throw new NetmapException(Libc.ENOBUFS, "no room for a pipe's number behind " + nrName);
      }
      mode = Netmap.NR_REG_ALL_NIC;
      ring = 0;
    }
    long flags = nrFlags & ~NR_REG_MASK & 0xffffffffL;
    flags |= (nrRingid & NETMAP_NO_TX_POLL) != 0 ? Netmap.NR_NO_TX_POLL : 0;
    flags |= (nrRingid & NETMAP_DO_RX_POLL) != 0 ? Netmap.NR_DO_RX_POLL : 0;
    NetmapPort port =
        Netmap.open(
            spec(name),
            NetmapPort.Request.DEFAULT
                .mode(mode, ring)
                .addFlags(flags)
                .memId(nrArg2)
                .extraBuffers(nrArg3)
                .counts(
                    RingCounts.DEFAULT.rings(nrTxRings, nrRxRings).slots(nrTxSlots, nrRxSlots)));
    boolean tx = port.endTxRing() > port.firstTxRing();
    boolean rx = port.endRxRing() > port.firstRxRing();
    nrOffset = (int) (port.nifp().address() - port.memory().address());
    nrMemsize = (int) port.memory().size();
    nrTxSlots = tx ? port.tx(port.firstTxRing()).numSlots() : nrTxSlots;
    nrRxSlots = rx ? port.rx(port.firstRxRing()).numSlots() : nrRxSlots;
    nrTxRings = port.nifp().txRings();
    nrRxRings = port.nifp().rxRings();
    nrArg2 = port.memory().memId();
    nrArg3 = port.extraBuffers();
    nrFlags = mode | nrFlags & ~NR_REG_MASK;
    return port;
  }

  /**
   * NIOCGINFO: what a port has, without opening it. Without a name: only the memory.
   *
   * @throws NetmapException as {@link Netmap#portInfo}; EINVAL for a version below 14
   */
  public void info() {
    check();
    PortInfo found = Netmap.portInfo(nrName.isEmpty() ? "" : spec(nrName), nrArg2);
    nrMemsize = (int) found.memSize();
    nrArg2 = found.memId();
    if (!nrName.isEmpty()) {
      nrTxSlots = found.txSlots();
      nrRxSlots = found.rxSlots();
      nrTxRings = found.txRings();
      nrRxRings = found.rxRings();
    }
  }

  private void check() {
    if (nrVersion < Netmap.NETMAP_API) {
      throw new NetmapException(
          Libc.EINVAL,
          "version " + nrVersion + " of netmap's API is older than " + Netmap.NETMAP_API);
    }
    if (nrCmd != 0) {
      throw new NetmapException(Libc.EOPNOTSUPP, "command " + nrCmd + " to a switch: use ValeCtl");
    }
    if (nrName.length() >= NAME_SIZE) {
      throw new NetmapException(
          Libc.EINVAL, "'" + nrName + "' has more than 15 characters: use Netmap.open or Nmport");
    }
  }

  private static String spec(String name) {
    return name.startsWith("vale") && name.indexOf(':') >= 0 ? name : "netmap:" + name;
  }
}
