package io.netmap4j;

import io.netmap4j.common.Errno;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.PoolsInfo;
import io.netmap4j.common.PortInfo;
import io.netmap4j.layout.RingLayout;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Events;
import io.netmap4j.spi.PortProvider;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * {@link #open}, the way in, and netmap.h's constants under their published names and with their
 * values (NETMAP_API 14; docs/netmap-abi.md 1). What a constant does is said there, and in 5 and 6
 * for slot flags.
 */
public final class Netmap {
  public static final int NETMAP_API = 14;

  // netmap_slot.flags
  public static final int NS_BUF_CHANGED = 0x0001;
  public static final int NS_REPORT = 0x0002;
  public static final int NS_FORWARD = 0x0004;
  public static final int NS_NO_LEARN = 0x0008;
  public static final int NS_INDIRECT = 0x0010;
  public static final int NS_MOREFRAG = 0x0020;
  public static final int NS_TXMON = 0x0040;
  public static final int NS_PORT_SHIFT = 8;
  public static final int NS_PORT_MASK = 0xff << NS_PORT_SHIFT;

  // netmap_ring.flags
  public static final int NR_TIMESTAMP = RingLayout.NR_TIMESTAMP;
  public static final int NR_FORWARD = RingLayout.NR_FORWARD;

  // netmap_if.ni_flags
  public static final int NI_PRIV_MEM = 0x1;

  // nmreq_register.nr_mode
  public static final int NR_REG_DEFAULT = 0;
  public static final int NR_REG_ALL_NIC = 1;
  public static final int NR_REG_SW = 2;
  public static final int NR_REG_NIC_SW = 3;
  public static final int NR_REG_ONE_NIC = 4;
  public static final int NR_REG_PIPE_MASTER = 5;
  public static final int NR_REG_PIPE_SLAVE = 6;
  public static final int NR_REG_NULL = 7;
  public static final int NR_REG_ONE_SW = 8;

  // nmreq_register.nr_flags
  public static final int NR_MONITOR_TX = 0x100;
  public static final int NR_MONITOR_RX = 0x200;
  public static final int NR_ZCOPY_MON = 0x400;
  public static final int NR_EXCLUSIVE = 0x800;
  public static final int NR_RX_RINGS_ONLY = 0x2000;
  public static final int NR_TX_RINGS_ONLY = 0x4000;
  public static final int NR_ACCEPT_VNET_HDR = 0x8000;

  /** Accepted, and without effect, as in netmap (docs/netmap-abi.md 7). */
  public static final int NR_DO_RX_POLL = 0x10000;

  /** A poll without POLLOUT sends nothing. */
  public static final int NR_NO_TX_POLL = 0x20000;

  private Netmap() {}

  /**
   * Opens a port by netmap's name: {@code netmap:eth0}, {@code netmap:model0-1/R}. For any thread.
   *
   * @param name in netmap's grammar (docs/netmap-abi.md 14.2)
   * @return the port, which the caller closes
   * @throws NetmapException EINVAL invalid name, ENXIO no such port, EBUSY in use, ENOMEM the
   *     region is too small, EOPNOTSUPP not supported; the message says what mends it
   */
  public static NetmapPort open(String name) {
    return open(name, NetmapPort.Request.DEFAULT);
  }

  /**
   * As {@link #open(String)}, with extra buffers, a region of one's own and the like.
   *
   * @param name as for {@link #open(String)}
   * @param request what is asked for beside the name; flags of the name are added to its flags
   * @return the port, which the caller closes
   * @throws NetmapException as {@link #open(String)}; EBUSY also when the NIC is open with other
   *     options, EINVAL also when it is open in another region
   */
  public static NetmapPort open(String name, NetmapPort.Request request) {
    PortProvider.Request asked =
        new PortProvider.Request(
            request.region() == null ? null : request.region().region(),
            request.mode(),
            request.ringId(),
            request.flags(),
            request.memId(),
            request.counts(),
            request.offsets(),
            request.nic());
    for (PortProvider provider : ServiceLoader.load(PortProvider.class)) {
      NetmapPort port = open(provider, name, asked, request.extraBuffers());
      if (port != null) {
        return port;
      }
    }
    throw unknown(name);
  }

  private static NetmapException unknown(String name) {
    return new NetmapException(
        Errno.EINVAL,
        "'"
            + name
            + "': prefix unknown or missing; names start with netmap: (is netmap4j-netmap-compat on the class path?)");
  }

  /**
   * PORT_INFO_GET: rings, slots and memory of a port, open or not, without binding it. A switch
   * port or pipe that is not open is made for the time of the call. For any thread.
   *
   * @param name as for {@link #open(String)}, its ring and flags don't count; "" for the memory
   *     alone
   * @param memId nr_mem_id: the memory that the port would be in; 0 for any, with "" for {@link
   *     NetmapMemory#shared}
   * @return what there is; only memSize and memId for ""
   * @throws NetmapException as {@link #open(String)}; EINVAL also when no memory has that id
   */
  public static PortInfo portInfo(String name, int memId) {
    PortProvider.Info found = info(name, memId);
    return found.port() != null
        ? found.port()
        : new PortInfo(found.region().size(), 0, 0, 0, 0, 0, 0, found.region().memId());
  }

  /**
   * POOLS_INFO_GET: how the memory of a port is laid out, whether the port is open or not. For any
   * thread.
   *
   * @param name as for {@link #portInfo}; not ""
   * @param memId as for {@link #portInfo}
   * @return the pools
   * @throws NetmapException as {@link #open(String)}; ENXIO for ""
   */
  public static PoolsInfo poolsInfo(String name, int memId) {
    if (name.isEmpty()) {
      throw new NetmapException(Errno.ENXIO, "pools info needs the name of a port");
    }
    Region region = info(name, memId).region();
    MemoryOptions pools = region.options();
    long[] offsets = region.poolOffsets();
    return new PoolsInfo(
        region.size(),
        region.memId(),
        offsets[0],
        pools.ifNum(),
        pools.ifSize(),
        offsets[1],
        pools.ringNum(),
        pools.ringSize(),
        offsets[2],
        pools.bufNum(),
        pools.bufSize());
  }

  private static PortProvider.Info info(String name, int memId) {
    try {
      for (PortProvider provider : ServiceLoader.load(PortProvider.class)) {
        PortProvider.Info found = provider.info(name, memId);
        if (found != null) {
          return found;
        }
      }
    } catch (NetmapException e) {
      throw new NetmapException(e.errno(), name + ": " + e.getMessage(), e);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), name + ": " + e.getMessage(), e);
    }
    throw unknown(name);
  }

  /**
   * True while any port of the device that a name means is open in this process, by this or another
   * name; false for a name that nothing has. Thread safe.
   *
   * @param name as for {@link #open(String)}
   */
  public static boolean isOpen(String name) {
    for (PortProvider provider : ServiceLoader.load(PortProvider.class)) {
      if (provider.isOpen(name)) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable NetmapPort open(
      PortProvider provider, String name, PortProvider.Request request, int extraBuffers) {
    try {
      Events.Lasting event = Events.portOpen();
      PortProvider.Opened opened = provider.open(name, request);
      if (opened == null) {
        return null;
      }
      NetmapPort port = new NetmapPort(opened, extraBuffers);
      port.end(event);
      return port;
    } catch (NetmapException e) {
      throw new NetmapException(e.errno(), name + ": " + e.getMessage(), e);
    } catch (LinuxException e) {
      throw new NetmapException(e.errno(), name + ": " + e.getMessage(), e);
    }
  }
}
