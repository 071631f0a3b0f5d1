package io.netmap4j.compat;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import io.netmap4j.linux.Libc;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One option of a registration, with a status of its own: struct nmreq_option and what netmap puts
 * behind it (docs/netmap-abi.md 11.1). Options form a list through {@link #next}, as in netmap, so
 * a list can be endless: that is an error of {@link Nmport#register}. For one thread.
 */
public final class NmreqOption {
  public static final int NETMAP_REQ_OPT_EXTMEM = 1;
  public static final int NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS = 2;
  public static final int NETMAP_REQ_OPT_CSB = 3;
  public static final int NETMAP_REQ_OPT_SYNC_KLOOP_MODE = 4;
  public static final int NETMAP_REQ_OPT_OFFSETS = 5;

  /** Types from here on are unknown. */
  public static final int NETMAP_REQ_OPT_MAX = 6;

  /** Bytes of body and options that netmap copies at most. */
  static final int NETMAP_REQ_MAXSIZE = 4096;

  private static final int HEADER = 24;
  private static final int POINTER = 8;

  /** Bytes behind the header, by type; EVENTFDS says itself. */
  private static final int[] BODY = {0, 72, 0, 16, 8, 32};

  /** nro_next; null for the last one. */
  public @Nullable NmreqOption next;

  /** nro_status: 0, or an errno. */
  public int status;

  private final int type;
  private final int size;
  final @Nullable Path file;
  final @Nullable MemoryOptions pools;
  final @Nullable Offsets offsets;

  private NmreqOption(
      int type,
      int size,
      @Nullable Path file,
      @Nullable MemoryOptions pools,
      @Nullable Offsets offsets) {
    this.type = type;
    this.size = size;
    this.file = file;
    this.pools = pools;
    this.offsets = offsets;
  }

  /**
   * An option of any type, known or not, with zeros behind its header.
   *
   * @param type nro_reqtype
   * @param size nro_size, bytes; counts for NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS
   */
  public static NmreqOption of(int type, int size) {
    Offsets none = type == NETMAP_REQ_OPT_OFFSETS ? new Offsets(0, 0, 0, 0) : null;
    return new NmreqOption(type, size, null, null, none);
  }

  /**
   * NETMAP_REQ_OPT_EXTMEM: the port's memory is in a file.
   *
   * @param file as large as its pools need; stays the caller's
   * @param pools their sizes; more buffers are made where the file has room
   */
  public static NmreqOption extmem(Path file, MemoryOptions pools) {
    return new NmreqOption(NETMAP_REQ_OPT_EXTMEM, 0, file, pools, null);
  }

  /** NETMAP_REQ_OPT_OFFSETS: headroom in each slot. */
  public static NmreqOption offsets(Offsets offsets) {
    return new NmreqOption(NETMAP_REQ_OPT_OFFSETS, 0, null, null, offsets);
  }

  /** nro_reqtype. */
  public int type() {
    return type;
  }

  private boolean known() {
    return type > 0 && type < NETMAP_REQ_OPT_MAX;
  }

  /** nmreq_option_name. */
  public static String name(int type) {
    return switch (type) {
      case NETMAP_REQ_OPT_EXTMEM -> "extmem";
      case NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS -> "sync-kloop-eventfds";
      case NETMAP_REQ_OPT_CSB -> "csb";
      case NETMAP_REQ_OPT_SYNC_KLOOP_MODE -> "sync-kloop-mode";
      case NETMAP_REQ_OPT_OFFSETS -> "offsets";
      default -> "unknown";
    };
  }

  /**
   * What netmap does before it looks at what options ask for: every one is not supported so far.
   *
   * @param body bytes of the request's own
   * @return those of known types, each once
   * @throws NetmapException EMSGSIZE when the list has no end or is too long, EINVAL for type 0 or
   *     a type that comes twice, whose options get that status
   */
  static Map<Integer, NmreqOption> copyIn(@Nullable NmreqOption first, int body) {
    Map<Integer, NmreqOption> known = new HashMap<>();
    int bytes = body;
    for (NmreqOption o = first; o != null; o = o.next) {
      int behind = o.type == NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS ? o.size : 0;
      bytes += HEADER + POINTER + (o.known() ? BODY[o.type] + behind : 0);
      if (bytes > NETMAP_REQ_MAXSIZE) {
        throw new NetmapException(
            Libc.EMSGSIZE,
            "options and request are more than "
                + NETMAP_REQ_MAXSIZE
                + " bytes; is the list endless?");
      }
      o.status = Libc.EOPNOTSUPP;
      NmreqOption before = o.known() ? known.put(o.type, o) : null;
      if (o.type == 0 || before != null) {
        o.status = Libc.EINVAL;
        if (before != null) {
          before.status = Libc.EINVAL;
        }
        throw new NetmapException(
            Libc.EINVAL,
            before == null ? "an option has type 0" : "option " + name(o.type) + " comes twice");
      }
    }
    return known;
  }
}
