package io.netmap4j.compat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import io.netmap4j.linux.Libc;
import io.netmap4j.memory.Region;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Opens a port in stages, as libnetmap's nmport_* do: prepare from a name, edit the request, open
 * (docs/netmap-abi.md 16). {@link Netmap#open} does the same in one line.
 *
 * <pre>
 *   Nmport d = Nmport.prepare("netmap:eth0");
 *   d.reg.nrMode = Netmap.NR_REG_ONE_NIC;
 *   d.reg.nrRingid = 1;
 *   d.openDesc();
 *   d.port().txSync();
 * </pre>
 *
 * Ports of one memory share its mapping, so their buffers can be exchanged. Errors are those of
 * libnetmap. For one thread.
 */
public final class Nmport implements AutoCloseable {
  private static final int REGISTER_BYTES = 56;

  /** struct nmreq_register: in and out. */
  public static final class Register {
    /** Out: where the interface object is in the memory, bytes. */
    public long nrOffset;

    /** Out: bytes of the memory. */
    public long nrMemsize;

    public int nrTxSlots;
    public int nrRxSlots;
    public int nrTxRings;
    public int nrRxRings;
    public int nrHostTxRings;
    public int nrHostRxRings;
    public int nrMemId;

    /** For NR_REG_ONE_NIC and NR_REG_ONE_SW. */
    public int nrRingid;

    /** NR_REG_*. */
    public int nrMode;

    /** Out: as many as there were. */
    public int nrExtraBufs;

    /** NR_* flags. */
    public long nrFlags;

    private void set(Register other) {
      nrOffset = other.nrOffset;
      nrMemsize = other.nrMemsize;
      nrTxSlots = other.nrTxSlots;
      nrRxSlots = other.nrRxSlots;
      nrTxRings = other.nrTxRings;
      nrRxRings = other.nrRxRings;
      nrHostTxRings = other.nrHostTxRings;
      nrHostRxRings = other.nrHostRxRings;
      nrMemId = other.nrMemId;
      nrRingid = other.nrRingid;
      nrMode = other.nrMode;
      nrExtraBufs = other.nrExtraBufs;
      nrFlags = other.nrFlags;
    }
  }

  /**
   * The request, for the caller to edit before {@link #register}, which fills in what came of it.
   */
  public final Register reg = new Register();

  private String name = "";
  private @Nullable NmreqOption options;
  private @Nullable NetmapPort port;
  private @Nullable Nm helpers;

  private Nmport() {}

  /** nmport_new: an empty one. */
  public static Nmport create() {
    return new Nmport();
  }

  /**
   * nmport_prepare: takes a name apart.
   *
   * @throws NetmapException as {@link #parse}
   */
  public static Nmport prepare(String portspec) {
    return create().parse(portspec);
  }

  /**
   * nmport_open: prepares, registers and maps.
   *
   * @throws NetmapException as {@link #parse} and {@link #register}
   */
  public static Nmport open(String portspec) {
    Nmport d = prepare(portspec);
    d.openDesc();
    return d;
  }

  /**
   * nmport_enable_option: lets names have an option that is switched off, {@code offset} at first.
   * For the whole process.
   *
   * @throws NetmapException EOPNOTSUPP when there is no such option
   */
  public static void enableOption(String option) {
    if (!PortSpecOptions.enable(option)) {
      throw new NetmapException(Libc.EOPNOTSUPP, "no option '" + option + "'");
    }
  }

  /** nmport_disable_option: names that have it are refused from now on (EOPNOTSUPP). */
  public static void disableOption(String option) {
    PortSpecOptions.disable(option);
  }

  /**
   * nmport_parse: fills name, request and options. Leaves everything empty when it fails.
   *
   * @param portspec in libnetmap's grammar (docs/netmap-abi.md 14.2)
   * @return this
   * @throws NetmapException EINVAL with libnetmap's text, EOPNOTSUPP for an option that is switched
   *     off, ENOENT and the like for a file of {@code @extmem}
   */
  public Nmport parse(String portspec) {
    undoParse();
    PortSpec spec = PortSpec.parse(portspec, Nmport::memIdOf);
    name = spec.name();
    reg.nrMode = spec.mode();
    reg.nrRingid = spec.ringId();
    reg.nrFlags = spec.flags();
    reg.nrMemId = spec.memId();
    Map<String, String> conf = spec.options().getOrDefault("conf", Map.of());
    reg.nrTxRings = count(conf, "tx-rings");
    reg.nrRxRings = count(conf, "rx-rings");
    reg.nrHostTxRings = count(conf, "host-tx-rings");
    reg.nrHostRxRings = count(conf, "host-rx-rings");
    reg.nrTxSlots = count(conf, "tx-slots");
    reg.nrRxSlots = count(conf, "rx-slots");
    try {
      MemoryOptions pools = spec.extmem();
      if (pools != null && spec.options().containsKey("extmem")) {
        extmemFromFile(Path.of(spec.options().get("extmem").get("file")), pools);
      }
      Offsets offsets = spec.offsets();
      if (offsets != null) {
        pushOption(NmreqOption.offsets(offsets));
      }
    } catch (NetmapException e) {
      undoParse();
      throw e;
    }
    return this;
  }

  private static int memIdOf(String shared) {
    return Netmap.portInfo(spec(shared), 0).memId();
  }

  private static int count(Map<String, String> conf, String key) {
    return (int) Math.min(Integer.MAX_VALUE, Long.parseLong(conf.getOrDefault(key, "0")));
  }

  /** A name as the request has it, with the prefix that it lacks. */
  private static String spec(String name) {
    return name.startsWith("vale") && name.indexOf(':') >= 0 ? name : "netmap:" + name;
  }

  /** nmport_undo_parse: empties name, request and options. */
  public void undoParse() {
    name = "";
    options = null;
    reg.set(new Register());
  }

  /** nr_name: the name without prefix, rings, flags and options. */
  public String name() {
    return name;
  }

  /** Sets nr_name. */
  public void name(String other) {
    name = other;
  }

  /** nmreq_push_option: puts an option in front of the others. */
  public void pushOption(NmreqOption option) {
    option.next = options;
    options = option;
  }

  /** nmreq_remove_option: takes an option out, if it is there. */
  public void removeOption(NmreqOption option) {
    if (options == option) {
      options = option.next;
      return;
    }
    for (NmreqOption o = options; o != null; o = o.next) {
      if (o.next == option) {
        o.next = option.next;
        return;
      }
    }
  }

  /** nmreq_find_option. @return null when there is none of that type */
  public @Nullable NmreqOption findOption(int type) {
    NmreqOption o = options;
    while (o != null && o.type() != type) {
      o = o.next;
    }
    return o;
  }

  /** nr_options. @return null for none */
  public @Nullable NmreqOption options() {
    return options;
  }

  /**
   * nmport_extmem_from_file: the port's memory is in a file, all of it.
   *
   * @param file for instance in hugetlbfs
   * @param pools sizes; more buffers are made where the file has room
   * @throws NetmapException EINVAL when the port is registered or has such memory already; ENOENT
   *     and the like; ENOMEM when the file is too small
   */
  public void extmemFromFile(Path file, MemoryOptions pools) {
    if (port != null || findOption(NmreqOption.NETMAP_REQ_OPT_EXTMEM) != null) {
      throw new NetmapException(
          Libc.EINVAL,
          port != null
              ? name + ": cannot set extmem of an already registered port"
              : name + ": extmem already in use");
    }
    Region.openFile(file, pools).close(); // says what is wrong with it
    pushOption(NmreqOption.extmem(file, pools));
  }

  /**
   * nmport_offset: headroom in each slot.
   *
   * @throws NetmapException EINVAL as {@link Offsets}
   */
  public void offset(int initial, int max, int bits, int minGap) {
    pushOption(NmreqOption.offsets(new Offsets(initial, max, bits, minGap)));
  }

  /**
   * nmport_register: opens the port and fills {@link #reg} in.
   *
   * @throws NetmapException EINVAL when it is registered, or as {@link Netmap#open}; EMSGSIZE,
   *     EINVAL and EOPNOTSUPP for options ({@link NmreqOption#status} says which): then nothing is
   *     open
   */
  public void register() {
    if (port != null) {
      throw new NetmapException(Libc.EINVAL, name + ": already registered");
    }
    Map<Integer, NmreqOption> known = NmreqOption.copyIn(options, REGISTER_BYTES);
    if (reg.nrMode == Netmap.NR_REG_DEFAULT) {
      throw new NetmapException(Libc.EINVAL, name + ": mode 0 is for the old calls only");
    }
    NmreqOption extmem = known.get(NmreqOption.NETMAP_REQ_OPT_EXTMEM);
    NmreqOption offsets = known.get(NmreqOption.NETMAP_REQ_OPT_OFFSETS);
    NetmapPort opened = open(extmem, offsets);
    for (NmreqOption o = options; o != null; o = o.next) {
      if (o == extmem || o == offsets) {
        o.status = 0;
      } else {
        opened.close();
        throw new NetmapException(
            Libc.EOPNOTSUPP,
            name
                + ": option "
                + NmreqOption.name(o.type())
                + " ("
                + o.type()
                + ") is not supported");
      }
    }
    port = opened;
    fillIn(opened);
  }

  private NetmapPort open(@Nullable NmreqOption extmem, @Nullable NmreqOption offsets) {
    Region.Use memory = null;
    NmreqOption under = extmem;
    try {
      if (extmem != null) {
        if (extmem.file == null) {
          throw new NetmapException(Libc.EINVAL, name + ": option extmem names no memory");
        }
        memory = Region.openFile(extmem.file, extmem.pools);
        extmem.status = 0;
      }
      under = offsets;
      RingCounts counts =
          new RingCounts(
              reg.nrTxRings,
              reg.nrRxRings,
              reg.nrHostTxRings,
              reg.nrHostRxRings,
              reg.nrTxSlots,
              reg.nrRxSlots);
      return Netmap.open(
          spec(name),
          NetmapPort.Request.DEFAULT
              .mode(reg.nrMode, reg.nrRingid)
              .addFlags(reg.nrFlags)
              .memId(memory == null ? reg.nrMemId : memory.region().memId())
              .counts(counts)
              .offsets(offsets == null ? null : offsets.offsets)
              .extraBuffers(reg.nrExtraBufs));
    } catch (NetmapException e) {
      if (under != null) {
        under.status = e.errno();
      }
      throw e;
    } finally {
      if (memory != null) {
        memory.close();
      }
    }
  }

  private void fillIn(NetmapPort port) {
    boolean tx = port.endTxRing() > port.firstTxRing();
    boolean rx = port.endRxRing() > port.firstRxRing();
    reg.nrOffset = port.nifp().address() - port.memory().address();
    reg.nrMemsize = port.memory().size();
    reg.nrTxSlots = tx ? port.tx(port.firstTxRing()).numSlots() : reg.nrTxSlots;
    reg.nrRxSlots = rx ? port.rx(port.firstRxRing()).numSlots() : reg.nrRxSlots;
    reg.nrTxRings = port.nifp().txRings();
    reg.nrRxRings = port.nifp().rxRings();
    reg.nrHostTxRings = port.nifp().hostTxRings();
    reg.nrHostRxRings = port.nifp().hostRxRings();
    reg.nrMemId = port.memory().memId();
    reg.nrExtraBufs = port.extraBuffers();
  }

  /** nmport_undo_register: closes the port; it can be registered again. */
  public void undoRegister() {
    NetmapPort was = port;
    port = null;
    helpers = null;
    if (was != null) {
      was.close();
    }
  }

  /**
   * nmport_mmap: the memory is mapped by {@link #register} here; this one makes {@link #inject}
   * work, as in libnetmap.
   *
   * @throws NetmapException EINVAL before {@link #register}, and the second time
   */
  public void mmap() {
    if (helpers != null) {
      throw new NetmapException(Libc.EINVAL, name + ": already mapped");
    }
    if (port == null) {
      throw new NetmapException(Libc.EINVAL, "cannot map unregistered port");
    }
    helpers = new Nm(port, null);
  }

  /** nmport_undo_mmap. */
  public void undoMmap() {
    helpers = null;
  }

  /**
   * nmport_open_desc: {@link #register} and {@link #mmap}. Nothing is open when it fails.
   *
   * @throws NetmapException as {@link #register}
   */
  public void openDesc() {
    register();
    mmap();
  }

  /** nmport_undo_open_desc: closes the port; the request stays. */
  public void undoOpenDesc() {
    undoMmap();
    undoRegister();
  }

  /**
   * nmport_clone: one with the same name and request, not registered, without the options. Of a
   * registered port it has the memory, too, so that both share it.
   *
   * @throws NetmapException EINVAL when this one has external memory and is not registered
   */
  public Nmport cloneDesc() {
    if (port == null && findOption(NmreqOption.NETMAP_REQ_OPT_EXTMEM) != null) {
      throw new NetmapException(Libc.EINVAL, "cannot clone unregistered port that is using extmem");
    }
    Nmport c = create();
    c.name = name;
    c.reg.set(reg);
    return c;
  }

  /**
   * The open port.
   *
   * @throws NetmapException EINVAL when it is not registered
   */
  public NetmapPort port() {
    if (port == null) {
      throw new NetmapException(Libc.EINVAL, name + ": not registered");
    }
    return port;
  }

  /**
   * The helpers of netmap_user.h on the port.
   *
   * @throws NetmapException EINVAL when it is not mapped
   */
  public Nm nm() {
    if (helpers == null) {
      throw new NetmapException(Libc.EINVAL, name + ": not mapped");
    }
    return helpers;
  }

  /**
   * nmport_inject, as {@link Nm#nmInject}.
   *
   * @param buffer address of the packet
   * @param size bytes
   * @return size, or 0 when no ring has room
   * @throws NetmapException EINVAL when it is not mapped
   */
  public int inject(long buffer, int size) {
    return nm().nmInject(buffer, size);
  }

  /** nmport_close: gives everything back. Idempotent. */
  @Override
  public void close() {
    undoOpenDesc();
    undoParse();
  }
}
