package io.netmap4j.compat;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Port names by the ten thousand: some hundred with what libnetmap itself made of them, and random
 * ones against the grammar of docs/netmap-abi.md 14.2 as regular expressions.
 *
 * <p>{@code -Dnetmap4j.fuzz=N} and {@code -Dnetmap4j.seed=N} for more of them, and others.
 */
@Timeout(120)
class PortNamesTest {
  private static final int NAMES = Integer.getInteger("netmap4j.fuzz", 100_000);
  private static final long SEED = Long.getLong("netmap4j.seed", 1);

  private static int memIdOf(String name) {
    return 1 + name.getBytes(StandardCharsets.UTF_8).length % 3;
  }

  /** As in the file: errno and message, or the fields. */
  private static String parsed(String name) {
    PortSpec p;
    try {
      p = PortSpec.parse(name, PortNamesTest::memIdOf);
    } catch (NetmapException e) {
      return e.errno() + "\t" + e.getMessage();
    }
    Map<String, String> conf = p.options().getOrDefault("conf", Map.of());
    StringJoiner numbers = new StringJoiner(",");
    for (String key :
        "tx-rings rx-rings host-tx-rings host-rx-rings tx-slots rx-slots".split(" ")) {
      numbers.add(conf.getOrDefault(key, "0"));
    }
    return String.join(
        "\t",
        "0",
        p.name(),
        "" + p.mode(),
        "" + p.ringId(),
        "" + p.flags(),
        "" + p.memId(),
        numbers.toString(),
        p.options().containsKey("extmem") ? "1" : "0");
  }

  @Test
  void whatLibnetmapMadeOfThem() throws Exception {
    List<String> expected = new ArrayList<>();
    List<String> got = new ArrayList<>();
    try (BufferedReader file =
        new BufferedReader(
            new InputStreamReader(
                PortNamesTest.class.getResourceAsStream("libnetmap-names.tsv"),
                StandardCharsets.UTF_8))) {
      for (String line; (line = file.readLine()) != null; ) {
        if (!line.startsWith("#")) {
          String name = line.substring(0, line.indexOf('\t'));
          expected.add(line);
          got.add(name + "\t" + parsed(name));
        }
      }
    }
    assertThat(expected).hasSizeGreaterThan(200);
    assertThat(got).isEqualTo(expected);
  }

  @Test
  void randomOnesAgreeWithTheGrammar() {
    Random random = new Random(SEED);
    int accepted = 0;
    for (int i = 0; i < NAMES; i++) {
      String name = randomName(random);
      String want = Grammar.parsed(name);
      String got = parsed(name);
      if (want == null) {
        assertThat(got).as("seed %d: %s", SEED, name).doesNotStartWith("0\t");
        assertThat(got.split("\t")[0])
            .as("seed %d: %s", SEED, name)
            .isIn("" + Libc.EINVAL, "" + Libc.ERANGE, "" + Libc.EOPNOTSUPP);
      } else {
        accepted++;
        assertThat(got).as("seed %d: %s", SEED, name).isEqualTo(want);
      }
    }
    assertThat(accepted).as("enough of both kinds").isBetween(NAMES / 10, NAMES * 9 / 10);
  }

  /** The grammar once more: what it accepts, and the values. It knows no message. */
  private static final class Grammar {
    private static final String HEADER =
        "(?:netmap:(?<port>[^-*^/@]+)|(?<vale>vale[A-Za-z0-9_]*:[^-*^/@]*))";
    private static final Pattern SPEC =
        Pattern.compile(
            HEADER
                + "(?<rings>[*^]|[-^][0-9]+)?"
                + "(?<mods>(?:/[xztrRT]*(?=@)|/[xztrRT]+|@[0-9]+)*)"
                + "(?<options>(?:@[^0-9@][^@]*(?:@[^@]+)*)?)");
    private static final Pattern SHARED = Pattern.compile(HEADER + "(?:[-*^/@].*)?");
    private static final Pattern PIPE = Pattern.compile("[^{}]*(?:[{}][A-Za-z0-9_]*)?");
    private static final Pattern MOD = Pattern.compile("/([xztrRT]*)|@([0-9]+)");
    private static final Pattern KEYS = Pattern.compile("([a-z][a-z_-]*)=([^,]*)(?:,(?=.)|$)");
    private static final String CONF =
        "rings|host-rings|slots|tx-rings|rx-rings|host-tx-rings|host-rx-rings|tx-slots|rx-slots";
    private static final String EXTMEM = "file|if-num|if-size|ring-num|ring-size|buf-num|buf-size";
    private static final Map<Character, Integer> FLAGS =
        Map.of('t', 0x100, 'r', 0x200, 'z', 0x400, 'x', 0x800, 'R', 0x2000, 'T', 0x4000);

    private long memId;
    private boolean extmem;
    private final long[] conf = new long[6];

    static String parsed(String name) {
      return new Grammar().parse(name);
    }

    private String parse(String text) {
      Matcher m = SPEC.matcher(text);
      if (!m.matches()) {
        return null;
      }
      String name = header(m);
      boolean emptyPipe = text.matches(".*[{}]") && name.equals(text.replaceFirst("^netmap:", ""));
      if (name.isEmpty() || emptyPipe) {
        return null;
      }
      String rings = m.group("rings") == null ? "" : m.group("rings");
      int ring = rings.length() < 2 ? 0 : rings.length() > 8 ? 4095 : number(rings.substring(1));
      if (ring >= 4095) {
        return null;
      }
      int mode =
          switch (rings.isEmpty() ? ' ' : rings.charAt(0)) {
            case '*' -> 3;
            case '-' -> 4;
            case '^' -> rings.length() > 1 ? 8 : 2;
            default -> 1;
          };
      int flags = 0;
      int end = 0;
      for (Matcher mod = MOD.matcher(m.group("mods")); mod.find(); end = mod.end()) {
        if (mod.group(1) != null) {
          // Flags, once begun, end with @ or with the text.
          boolean again = m.group("mods").startsWith("/", mod.end());
          if (again) {
            return null;
          }
          for (char c : mod.group(1).toCharArray()) {
            flags |= FLAGS.get(c);
          }
        } else if (!memory(mod.group(2))) {
          return null;
        }
      }
      assertThat(end).isEqualTo(m.group("mods").length());
      for (String option : m.group("options").replaceFirst("^@", "").split("@")) {
        if (!m.group("options").isEmpty() && !option(option)) {
          return null;
        }
      }
      StringJoiner numbers = new StringJoiner(",");
      for (long n : conf) {
        numbers.add("" + n);
      }
      return "0\t%s\t%d\t%d\t%d\t%d\t%s\t%d"
          .formatted(name, mode, ring, flags, memId, numbers, extmem ? 1 : 0);
    }

    /** The name, or nothing when it is none. */
    private static String header(Matcher m) {
      boolean vale = m.group("vale") != null;
      String name = vale ? m.group("vale") : m.group("port");
      String port = vale ? name.substring(name.indexOf(':') + 1) : name;
      boolean fits = name.getBytes(StandardCharsets.UTF_8).length < 64;
      return fits && PIPE.matcher(port).matches() ? name : "";
    }

    private static int number(String digits) {
      return Integer.parseInt(digits);
    }

    private boolean memory(String digits) {
      BigInteger most = BigInteger.valueOf(Long.MAX_VALUE);
      long n = new BigInteger(digits).min(most).longValue();
      if (n == 0 || (memId != 0 && memId != n)) {
        return false;
      }
      memId = n % 65536;
      return true;
    }

    private boolean option(String option) {
      if (option.startsWith("conf:")) {
        Map<String, String> keys = keys(option.substring(5), CONF);
        if (keys == null) {
          return false;
        }
        String[] fields = {
          "tx-rings rings", "rx-rings rings", "host-tx-rings host-rings",
          "host-rx-rings host-rings", "tx-slots slots", "rx-slots slots"
        };
        for (int i = 0; i < fields.length; i++) {
          String[] names = fields[i].split(" ");
          String value = keys.getOrDefault(names[0], keys.get(names[1]));
          if (value != null) {
            conf[i] = leadingNumber(value) & (i < 4 ? 0xffffL : 0xffff_ffffL);
          }
        }
        return true;
      }
      String name = option.split("[:=]", 2)[0];
      if (option.length() == name.length() || !name.matches("share|extmem")) {
        return false;
      }
      String must = name.equals("share") ? "port" : "file";
      String body = option.substring(name.length() + 1);
      String value = body;
      if (option.charAt(name.length()) == ':') {
        Map<String, String> keys = keys(body, name.equals("share") ? "port" : EXTMEM);
        value = keys == null ? null : keys.get(must);
      }
      if (value == null || value.isEmpty()) {
        return false;
      }
      if (name.equals("extmem")) {
        boolean again = extmem;
        extmem = true;
        return !again;
      }
      Matcher shared = SHARED.matcher(value);
      String port = shared.matches() ? header(shared) : "";
      boolean emptyPipe = value.matches(".*[{}]") && value.endsWith(port);
      return !port.isEmpty() && !emptyPipe && memory("" + memIdOf(port));
    }

    /** Keys with a value; null if one is unknown, twice, or without {@code =}. */
    private static Map<String, String> keys(String body, String known) {
      Map<String, String> keys = new HashMap<>();
      Matcher m = KEYS.matcher(body);
      int at = 0;
      for (; at < body.length(); at = m.end()) {
        if (!m.find(at) || m.start() != at) {
          return null;
        }
        String key = m.group(1).replace('_', '-');
        if (!key.matches(known) || keys.containsKey(key)) {
          return null;
        }
        if (!m.group(2).isEmpty()) {
          keys.put(key, m.group(2));
        }
      }
      return keys;
    }

    /** atoi of the C library that Linux has. */
    private static int leadingNumber(String value) {
      Matcher m = Pattern.compile("[ \\t\\n\\x0b\\f\\r]*([-+]?[0-9]+).*").matcher(value);
      if (!m.matches()) {
        return 0;
      }
      return new BigInteger(m.group(1))
          .max(BigInteger.valueOf(Long.MIN_VALUE))
          .min(BigInteger.valueOf(Long.MAX_VALUE))
          .intValue();
    }
  }

  private static final String[] PREFIXES = {
    "netmap:",
    "netmap:",
    "netmap:",
    "netmap:",
    "netmap:",
    "netmap:",
    "netmap:",
    "netmap:",
    "vale0:",
    "vale:",
    "valeab_1:",
    "vale-:",
    "netmapx:",
    "netmap",
    "vale",
    "valE:",
    "x",
    ""
  };
  private static final String[] NAMES_OF_PORTS = {
    "eth0",
    "a",
    "0000:03:00.0",
    "eth0.100",
    "p{1",
    "p}x_2",
    "p{",
    "{1",
    "p{1}2",
    "",
    "vale0:0",
    "\u00e9",
    "n".repeat(62),
    "n".repeat(63),
    "n".repeat(64)
  };
  private static final String[] NUMBERS = {
    "0",
    "1",
    "2",
    "3",
    "4094",
    "4095",
    "65535",
    "65536",
    "65537",
    "70000",
    "4294967297",
    "007",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "-1",
    "+3",
    " 5",
    "1x",
    "abc",
    ""
  };
  private static final String[] KEYS = {
    "rings",
    "host_rings",
    "slots",
    "tx-rings",
    "rx_rings",
    "host-tx-rings",
    "host_rx-rings",
    "tx_slots",
    "rx-slots",
    "file",
    "port",
    "if-num",
    "buf_size",
    "foo",
    "",
    "-rings",
    "_rings",
    "="
  };

  private static String one(Random random, String... of) {
    return of[random.nextInt(of.length)];
  }

  private static String randomName(Random random) {
    StringBuilder s = new StringBuilder(one(random, PREFIXES) + one(random, NAMES_OF_PORTS));
    for (int n = random.nextInt(3); n > 0; n--) {
      s.append(one(random, "-", "^", "*", "/x", "/ztrRT", "/", "/q", "@", "@"));
      if (random.nextInt(3) > 0 && "-^@".indexOf(s.charAt(s.length() - 1)) >= 0) {
        s.append(one(random, NUMBERS));
      }
    }
    for (int n = Math.max(0, random.nextInt(5) - 2); n > 0; n--) {
      s.append('@').append(randomOption(random));
    }
    for (int n = random.nextInt(4) == 0 ? 1 + random.nextInt(3) : 0; n > 0; n--) {
      int at = random.nextInt(s.length() + 1);
      switch (random.nextInt(3)) {
        case 0 -> s.insert(at, "-*^{}/@:=,_0 9xRTa".charAt(random.nextInt(18)));
        case 1 -> s.delete(at, Math.min(s.length(), at + 1));
        default -> s.setLength(random.nextInt(4) == 0 ? at : s.length());
      }
    }
    return s.toString();
  }

  private static String randomOption(Random random) {
    String option =
        one(random, "conf", "conf", "conf", "share", "share", "extmem", "offset", "xxx");
    switch (random.nextInt(8)) {
      case 0:
        return option;
      case 1, 2:
        return option + "=" + one(random, "netmap:b", "vale1:x-3", "/huge", "", "0");
      default:
    }
    int known = option.equals("conf") ? 9 : KEYS.length;
    StringJoiner keys = new StringJoiner(",", option + ":", "");
    for (int n = random.nextInt(4); n > 0; n--) {
      String key =
          option.equals("share") && random.nextBoolean()
              ? "port"
              : option.equals("extmem") && random.nextBoolean()
                  ? "file"
                  : KEYS[random.nextInt(random.nextInt(8) == 0 ? KEYS.length : known)];
      String value = key.equals("port") ? "netmap:bb" : one(random, NUMBERS);
      keys.add(random.nextInt(12) == 0 ? key : key + "=" + value);
    }
    return keys.toString();
  }
}
