package io.netmap4j.compat;

import io.netmap4j.NetmapException;
import io.netmap4j.NetmapMemory;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicOptions;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The configuration file: aliases for devices, how each is set up, the size of the shared region.
 *
 * <pre>
 *   nic.eth0 = vfio:0000:03:00.0        netmap:eth0 opens this function this way
 *   nic.eth0.rx-rings = 4               keys of {@link NicOptions#of}; also for names that are no alias
 *   memory.buf-num = 32768              if-num if-size ring-num ring-size buf-num buf-size hugetlbfs
 * </pre>
 *
 * @param source where it was read, for messages
 * @param aliases name to {@code scheme:address}
 * @param nics name to what {@code nic.NAME.KEY} says
 * @param memory of the shared region, null when the file does not say
 */
public record Config(
    String source,
    Map<String, String> aliases,
    Map<String, NicOptions> nics,
    NetmapMemory.Options memory) {
  /** No file. */
  public static final Config NONE = new Config("no configuration file", Map.of(), Map.of(), null);

  private static final int ENOENT = 2;

  /**
   * Reads the file that the property {@code netmap4j.config} or else the variable {@code
   * NETMAP4J_CONFIG} names, else {@code ./netmap4j.properties}, else {@code
   * /etc/netmap4j.properties}, else {@link #NONE}.
   *
   * @throws NetmapException ENOENT when a named file is not there, EINVAL for what it holds: file
   *     and key are named
   */
  public static Config load() {
    String named = System.getProperty("netmap4j.config", System.getenv("NETMAP4J_CONFIG"));
    if (named != null && !named.isEmpty()) {
      return read(Path.of(named));
    }
    for (String place : new String[] {"netmap4j.properties", "/etc/netmap4j.properties"}) {
      if (Files.isRegularFile(Path.of(place))) {
        return read(Path.of(place));
      }
    }
    return NONE;
  }

  /** Reads one file. @throws NetmapException as {@link #load} */
  public static Config read(Path file) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      throw new NetmapException(ENOENT, "configuration file " + file + " cannot be read: " + e, e);
    }
    return of(file.toString(), properties);
  }

  private static Config of(String source, Properties properties) {
    Map<String, String> aliases = new TreeMap<>();
    Map<String, NicOptions> nics = new TreeMap<>();
    NetmapMemory.Options memory = null;
    for (String key : new TreeSet<>(properties.stringPropertyNames())) {
      String value = properties.getProperty(key).trim();
      try {
        if (key.startsWith("memory.")) {
          NetmapMemory.Options before = memory == null ? NetmapMemory.Options.DEFAULT : memory;
          memory = memoryWith(before, key.substring("memory.".length()), value);
        } else if (key.startsWith("nic.")) {
          nic(key.substring("nic.".length()), value, aliases, nics);
        } else {
          throw invalid("unknown key; known are nic.NAME, nic.NAME.KEY and memory.KEY");
        }
      } catch (NetmapException e) {
        throw new NetmapException(e.errno(), source + ": " + key + ": " + e.getMessage(), e);
      }
    }
    return new Config(source, aliases, nics, memory);
  }

  /** The rest of {@code nic.NAME} or {@code nic.NAME.KEY}. */
  private static void nic(
      String rest, String value, Map<String, String> aliases, Map<String, NicOptions> nics) {
    int dot = rest.indexOf('.');
    String name = dot < 0 ? rest : rest.substring(0, dot);
    if (name.isEmpty() || name.chars().anyMatch(c -> "-*^{}/@".indexOf(c) >= 0)) {
      throw invalid(
          "'" + name + "' cannot be opened: a name is not empty and has none of - * ^ { } / @");
    }
    if (dot >= 0) {
      nics.put(
          name, nics.getOrDefault(name, NicOptions.DEFAULT).with(rest.substring(dot + 1), value));
    } else if (value.indexOf(':') <= 0) {
      throw invalid("'" + value + "' is not scheme:address, as in vfio:0000:03:00.0");
    } else {
      aliases.put(name, value);
    }
  }

  private static NetmapMemory.Options memoryWith(NetmapMemory.Options o, String key, String value) {
    if (key.equals("hugetlbfs")) {
      return o.hugetlbfs(Path.of(value));
    }
    int n = number(value);
    return switch (key) {
      case "if-num" ->
          new NetmapMemory.Options(
              n, o.ifSize(), o.ringNum(), o.ringSize(), o.bufNum(), o.bufSize(), o.hugetlbfs());
      case "if-size" ->
          new NetmapMemory.Options(
              o.ifNum(), n, o.ringNum(), o.ringSize(), o.bufNum(), o.bufSize(), o.hugetlbfs());
      case "ring-num" -> o.rings(n, o.ringSize());
      case "ring-size" -> o.rings(o.ringNum(), n);
      case "buf-num" -> o.buffers(n, o.bufSize());
      case "buf-size" -> o.buffers(o.bufNum(), n);
      default ->
          throw invalid(
              "unknown key; known are if-num if-size ring-num ring-size buf-num buf-size hugetlbfs");
    };
  }

  private static int number(String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw invalid("'" + value + "' is not a number");
    }
  }

  private static NetmapException invalid(String text) {
    return new NetmapException(Libc.EINVAL, text);
  }

  /** How the port of that name is set up. */
  public NicOptions options(String name) {
    return nics.getOrDefault(name, NicOptions.DEFAULT);
  }
}
