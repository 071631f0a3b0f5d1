package io.netmap4j.compat.port;

import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.Config;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.RingSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which region a port lives in. */
public final class Memory {
  private static final Logger LOG = LoggerFactory.getLogger(Memory.class);
  private static boolean configured;

  private Memory() {}

  /**
   * The region that a registration asks for.
   *
   * @return null when it does not
   * @throws NetmapException EINVAL when no region has its nr_mem_id, or another one than it names
   */
  public static Region asked(Registration r) {
    if (r.region() != null) {
      check(r, r.region());
      return r.region();
    }
    return r.memId() == Region.SHARED_ID
        ? shared(Config.load())
        : r.memId() != 0 ? Region.find(r.memId()) : null;
  }

  /** The region that a registration asks for, else the shared one. */
  public static Region askedOrShared(Registration r) {
    Region asked = asked(r);
    return asked != null ? asked : shared(Config.load());
  }

  /**
   * A port that is open stays where it is.
   *
   * @param in where it is
   * @throws NetmapException EINVAL when another region is asked for
   */
  public static void check(Registration r, Region in) {
    if (r.memId() != 0 && r.memId() != in.memId()) {
      throw new NetmapException(
          Libc.EINVAL, "mem_id " + r.memId() + " was asked for, but this port is in " + in.memId());
    }
  }

  /** As {@link #check(Registration, Region)}, for the rings of an open port. */
  public static void check(Registration r, RingSet open) {
    if (r.region() != null && r.region() != open.region()) {
      throw new NetmapException(
          Libc.EINVAL,
          open.adapter().name()
              + " is open in region "
              + open.region().memId()
              + ", so it cannot be opened in region "
              + r.region().memId());
    }
    check(r, open.region());
  }

  /** The shared region, sized by the configuration file unless it has been created already. */
  public static synchronized Region shared(Config config) {
    if (!configured && config.memory() != null) {
      try {
        Region.configureShared(config.memory());
      } catch (NetmapException e) {
        LOG.info("{}: memory.* is not used: {}", config.source(), e.getMessage());
      }
    }
    configured = true;
    return Region.shared();
  }
}
