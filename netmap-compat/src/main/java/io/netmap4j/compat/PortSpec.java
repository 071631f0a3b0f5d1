package io.netmap4j.compat;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A port name, taken apart as libnetmap does (nmreq_header_decode, nmreq_register_decode,
 * nmreq_options_decode), with its error texts.
 *
 * <pre>
 *   netmap:NAME           every ring of the NIC
 *   netmap:NAME-N         ring pair N            netmap:NAME^   host rings      netmap:NAME^N  one of them
 *   netmap:NAME*          NIC and host rings     netmap:NAME{P  pipe P, one end  netmap:NAME}P  the other
 *   .../FLAGS             x exclusive, R receive only, T transmit only, z t r monitors
 *   ...@MEMID             must be that memory    ...@OPTION:KEY=VALUE,...
 * </pre>
 *
 * <p>NAME is any text without {@code - * ^ / @} of at most 63 bytes in UTF-8: other devices need an
 * alias in the configuration file.
 *
 * @param name what netmap puts in nr_name: NAME with its pipe suffix, or the whole {@code
 *     valeX:NAME}
 * @param mode one of Netmap.NR_REG_*
 * @param ringId for NR_REG_ONE_NIC and NR_REG_ONE_SW, 0 to 4094; else 0
 * @param flags Netmap.NR_* bits
 * @param memId 0 for any; kept in 16 bits, as in netmap
 * @param options by name. Keys are written with {@code -}, never {@code _}; one with an empty value
 *     is not set. {@code conf} holds what libnetmap puts into the request, in decimal: {@code
 *     tx-rings rx-rings host-tx-rings host-rx-rings} (16 bits), {@code tx-slots rx-slots}. Of a
 *     {@code conf} or {@code share} that comes again the later values count
 */
public record PortSpec(
    String name,
    int mode,
    int ringId,
    long flags,
    int memId,
    Map<String, Map<String, String>> options) {
  /** True for a name that starts as netmap's do; others are for another provider. */
  public static boolean isPortName(String spec) {
    return spec.startsWith("netmap") || spec.startsWith("vale");
  }

  /** True for a port of a switch. */
  public boolean vale() {
    return name.startsWith("vale") && name.indexOf(':') >= 0;
  }

  /** True for one end of a pipe. */
  public boolean pipe() {
    return name.indexOf('{') >= 0 || name.indexOf('}') >= 0;
  }

  /**
   * Takes a name apart, without asking which memory {@code @share} means: {@link #memId} does not
   * say.
   *
   * @throws NetmapException EINVAL with libnetmap's text; ERANGE for a number beyond 64 bits;
   *     EOPNOTSUPP for an option that libnetmap has switched off
   */
  public static PortSpec parse(String spec) {
    return new PortSpecParser(spec, null).parse();
  }

  /**
   * Takes a name apart.
   *
   * @param memIdOf finds the memory of a NAME that {@code @share} names, as netmap's kernel does
   * @throws NetmapException as {@link #parse(String)}; EINVAL when {@code @share} contradicts
   *     {@code @MEMID}; what {@code memIdOf} throws
   */
  public static PortSpec parse(String spec, @Nullable ToIntFunction<String> memIdOf) {
    return new PortSpecParser(spec, memIdOf).parse();
  }

  /**
   * What {@code @offset} says.
   *
   * @return null without it
   * @throws NetmapException EINVAL when it does not fit into 64 bits, or not into what it says
   */
  public @Nullable Offsets offsets() {
    Map<String, String> offset = options.get("offset");
    if (offset == null) {
      return null;
    }
    int initial = PortSpecOptions.atoi(offset.getOrDefault("initial", "0"));
    return new Offsets(initial, initial, PortSpecOptions.atoi(offset.getOrDefault("bits", "0")), 0);
  }

  /**
   * The pools that {@code @extmem} asks for; what it does not say is as in netmap's private pools,
   * with as many buffers as there is room for.
   *
   * @return null without it
   * @throws NetmapException EINVAL for a size or number out of range
   */
  public @Nullable MemoryOptions extmem() {
    Map<String, String> pools = options.get("extmem");
    if (pools == null) {
      return null;
    }
    return new MemoryOptions(
        number(pools, "if-num", 2),
        number(pools, "if-size", 1024),
        number(pools, "ring-num", 4),
        number(pools, "ring-size", 20480),
        number(pools, "buf-num", 4),
        number(pools, "buf-size", 2048),
        null);
  }

  private static int number(Map<String, String> pools, String key, int otherwise) {
    int n = PortSpecOptions.atoi(pools.getOrDefault(key, "0"));
    return n == 0 ? otherwise : n;
  }
}
