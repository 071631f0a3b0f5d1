package io.netmap4j.compat;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.Libc;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The configuration file, a properties file in UTF-8: aliases for devices, how each is set up, the
 * size of the shared region.
 *
 * <pre>
 *   nic.eth0 = vfio:0000:03:00.0        netmap:eth0 opens this function this way
 *   nic.lan = netdev:br-lan             an interface of the kernel, in emulated mode
 *   nic.eth0.rx-rings = 4               keys of {@link NicOptions#KEYS}; also for names that are no alias
 *   nic.eth0.tap = tap0                 the interface that its host rings are behind
 *   memory.buf-num = 32768              if-num if-size ring-num ring-size buf-num buf-size hugetlbfs
 * </pre>
 *
 * <p>A name may have dots ({@code nic.eth0.100 = ...}, {@code nic.eth0.100.mtu = ...}): what is
 * behind the last one is a key if it is one of those.
 *
 * @param source where it was read, for messages
 * @param aliases name to {@code scheme:address}
 * @param nics name to what {@code nic.NAME.KEY} says
 * @param taps name to what {@code nic.NAME.tap} says
 * @param memory of the shared region, null when the file does not say
 */
public record Config(
    String source,
    Map<String, String> aliases,
    Map<String, NicOptions> nics,
    Map<String, String> taps,
    @Nullable MemoryOptions memory) {
  /** No file. */
  public static final Config NONE =
      new Config("no configuration file", Map.of(), Map.of(), Map.of(), null);

  /** {@code nic.NAME.tap}. */
  private static final String TAP = "tap";

  /** Longest file that is read; a longer one is something else. */
  private static final int LONGEST = 1 << 20;

  private static final Path NOTHING = Path.of("/dev/null");
  private static final Path HERE = Path.of("netmap4j.properties");
  private static final Path ETC = Path.of("/etc/netmap4j.properties");

  /**
   * Reads the file that the property {@code netmap4j.config} or else the variable {@code
   * NETMAP4J_CONFIG} names, else {@code ./netmap4j.properties}, else {@code
   * /etc/netmap4j.properties}, else {@link #NONE}. As root, what the current folder holds counts
   * only if nobody else can write it, but who called sudo.
   *
   * @throws NetmapException ENOENT, EACCES and so on when the file cannot be read, EPERM when root
   *     must not trust it, EINVAL for what it holds: file and key, or line, are named
   */
  public static Config load() {
    String named = System.getProperty("netmap4j.config", System.getenv("NETMAP4J_CONFIG"));
    if (named != null && !named.isEmpty()) {
      return read(Path.of(named));
    }
    if (Files.exists(HERE, LinkOption.NOFOLLOW_LINKS)) {
      Trust.ofThisProcess().require(HERE);
      return read(HERE);
    }
    return Files.exists(ETC, LinkOption.NOFOLLOW_LINKS) ? read(ETC) : NONE;
  }

  /** Reads one file. @throws NetmapException as {@link #load} */
  public static Config read(Path file) {
    Properties properties = new Properties();
    try {
      properties.load(new StringReader(text(file, bytes(file))));
    } catch (IOException e) {
      throw new NetmapException(
          FileErrors.errno(e),
          "cannot read the configuration file " + file + ": " + FileErrors.reason(e),
          e);
    } catch (IllegalArgumentException e) { // of load
      throw invalid(file + ": \\u must be followed by four hex digits");
    }
    return of(file.toString(), properties);
  }

  /** Reads a regular file only: a pipe could block for ever, and a device could be endless. */
  private static byte[] bytes(Path file) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (attributes.isDirectory()) {
      throw new NetmapException(Libc.EISDIR, "the configuration file " + file + " is a folder");
    }
    if (attributes.isOther() && !file.equals(NOTHING)) {
      throw invalid("the configuration file " + file + " is a pipe, socket or device, not a file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LONGEST + 1);
      if (bytes.length > LONGEST) {
        throw invalid(
            "the configuration file "
                + file
                + " is longer than 1 MiB, which no configuration file is");
      }
      return bytes;
    }
  }

  /** Decodes UTF-8, with or without a byte order mark. */
  private static String text(Path file, byte[] bytes) {
    boolean mark =
        bytes.length >= 3
            && bytes[0] == (byte) 0xef
            && bytes[1] == (byte) 0xbb
            && bytes[2] == (byte) 0xbf;
    ByteBuffer in = ByteBuffer.wrap(bytes);
    in.position(mark ? 3 : 0);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
    if (result.isError()) {
      int line = 1;
      for (int i = 0; i < in.position(); i++) {
        line += bytes[i] == '\n' ? 1 : 0;
      }
      throw invalid(
          String.format(
              Locale.ROOT,
              "%s: line %d: byte 0x%02x is not UTF-8; iconv -f ISO-8859-1 -t UTF-8 makes it so from"
                  + " Latin-1",
              file,
              line,
              bytes[in.position()]));
    }
    return out.flip().toString();
  }

  private static Config of(String source, Properties properties) {
    Map<String, String> aliases = new TreeMap<>();
    Map<String, NicOptions> nics = new TreeMap<>();
    Map<String, String> taps = new TreeMap<>();
    @Nullable MemoryOptions memory = null;
    for (String key : new TreeSet<>(properties.stringPropertyNames())) {
      String value = properties.getProperty(key).trim();
      try {
        if (key.startsWith("memory.")) {
          MemoryOptions before = memory == null ? MemoryOptions.DEFAULT : memory;
          memory = memoryWith(before, key.substring("memory.".length()), value);
        } else if (key.startsWith("nic.")) {
          nic(key.substring("nic.".length()), value, aliases, nics, taps);
        } else {
          throw invalid("unknown key; known are nic.NAME, nic.NAME.KEY and memory.KEY");
        }
      } catch (NetmapException e) {
        throw new NetmapException(e.errno(), source + ": " + key + ": " + e.getMessage(), e);
      }
    }
    return new Config(source, aliases, nics, taps, memory);
  }

  /** The rest of {@code nic.NAME} or {@code nic.NAME.KEY}. */
  private static void nic(
      String rest,
      String value,
      Map<String, String> aliases,
      Map<String, NicOptions> nics,
      Map<String, String> taps) {
    int dot = rest.lastIndexOf('.');
    String key = rest.substring(dot + 1);
    boolean tap = dot >= 0 && key.equals(TAP);
    boolean option = dot >= 0 && NicOptions.KEYS.contains(key);
    String name = option || tap ? rest.substring(0, dot) : rest;
    if (name.isEmpty() || name.chars().anyMatch(c -> "-*^{}/@".indexOf(c) >= 0)) {
      throw invalid(
          "'" + name + "' cannot be opened: a name is not empty and has none of - * ^ { } / @");
    }
    if (tap) {
      taps.put(name, value);
    } else if (option) {
      nics.put(name, nics.getOrDefault(name, NicOptions.DEFAULT).with(key, value));
    } else if (value.indexOf(':') > 0) {
      aliases.put(name, value);
    } else if (dot >= 0) {
      throw invalid(
          "unknown key '"
              + key
              + "'; known: "
              + String.join(" ", NicOptions.KEYS)
              + " "
              + TAP
              + "; or, for a name with dots, '"
              + value
              + "' is not scheme:address, as in vfio:0000:03:00.0");
    } else {
      throw invalid("'" + value + "' is not scheme:address, as in vfio:0000:03:00.0");
    }
  }

  private static MemoryOptions memoryWith(MemoryOptions o, String key, String value) {
    if (key.equals("hugetlbfs")) {
      return o.hugetlbfs(folder(value));
    }
    int n = number(value);
    return switch (key) {
      case "if-num" ->
          new MemoryOptions(
              n, o.ifSize(), o.ringNum(), o.ringSize(), o.bufNum(), o.bufSize(), o.hugetlbfs());
      case "if-size" ->
          new MemoryOptions(
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

  private static Path folder(String value) {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw invalid("'" + value + "' cannot be a folder: " + e.getReason());
    }
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

  /** The interface that the host rings of the port of that name are behind. */
  public String tap(String name) {
    return taps.getOrDefault(name, name);
  }

  /** How the port of that name is set up. */
  public NicOptions options(String name) {
    return nics.getOrDefault(name, NicOptions.DEFAULT);
  }
}
