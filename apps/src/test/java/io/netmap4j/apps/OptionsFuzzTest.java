package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.apps.traffic.Stop;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Every command, with options at random and values that nobody would type: each ends, with one of
 * the documented exit codes and at most one line of error, in words that are not Java's.
 *
 * <p>{@code -Dnetmap4j.options=N} for so many command lines, {@code -Dnetmap4j.seed=N} for others.
 * Nothing outside the temporary folder is made: no TAP interface, no PCI function, no file.
 */
@Timeout(36_000)
class OptionsFuzzTest {
  private static final int LINES = Integer.getInteger("netmap4j.options", 200);
  private static final long SEED = Long.getLong("netmap4j.seed", 1);

  /** So long a command that has started goes on. */
  private static final int RUN_MILLIS = 10;

  private static final int HANG_SECONDS = 60;

  private static final int MOST_FAULTS = 20;

  private static final Pattern JAVA =
      Pattern.compile(
          "Exception|java\\.|For input string|not expected|\\bnull\\b|^\\s+at |class [a-z]+\\.",
          Pattern.MULTILINE);

  private static final String[] NASTY = {
    "",
    " ",
    "-1",
    "-0",
    "0",
    "1",
    "2",
    "007",
    "+1",
    "1e3",
    "1.5",
    ".5",
    ".",
    "..",
    "/",
    "//",
    "%d",
    "%s%n",
    "a\nb",
    "a\u0000b",
    "\u001b[31m",
    "\u00e9",
    "\u0661",
    "\ud800",
    "\ud83d\ude00",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "1f",
    "9999999999",
    "99999999999999999999",
    "2147483647",
    "2147483648",
    "-2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "1000000000000",
    "true",
    "yes",
    "@",
    "@x",
    "@/etc/passwd",
    "${user.home}",
    "$HOME",
    "`id`",
    "'",
    "\"",
    "\\",
    "--",
    "--help=x",
    "-vv",
    "-xyz",
    "a=b",
    "=",
    "=1",
    "a=",
    ",",
    ",,",
    ":",
    "::",
    "1:2:3",
    "a,b",
    "a b",
    "1K",
    "1Q",
    "K",
    "1KK",
    "netmap",
    "netmap:",
    "netmap:-",
    "vale0:1",
    "vale",
    "x".repeat(300),
    "x".repeat(5000),
    "0".repeat(400),
    "1".repeat(400)
  };

  private static final Map<String, String[]> USUAL = new TreeMap<>();

  static {
    USUAL.put(
        "PORT",
        words(
            "fake0 fake1 netmap:fake0 fake0/R fake0/T fake0/RT fake0/x fake0-0 fake0-7 fake3 fake4 model0 model1"
                + " netmap:model0/x netmap:model1-0 fake0@conf:rings=2 fake0^ fake0* fake0{1 fake0@7 eth9 fake0/Q"));
    USUAL.put("tx|rx|ping|pong|txseq|rxseq", words("tx rx ping pong txseq rxseq TX"));
    USUAL.put(
        "MAC[-MAC]", words("02:00:00:00:00:01 2:0:0:0:0:1-2:0:0:0:0:9 2:0:0:0:0:9-2:0:0:0:0:1"));
    USUAL.put("ID[:PRIORITY]", words("1 4095 4096 100:7 100:8"));
    USUAL.put("CPU", words("0 1 8191 8192"));
    USUAL.put("CPUS", words("0 1 8191"));
    USUAL.put("BUFFERS", words("0 1 100 99999999"));
    USUAL.put("MASK", words("0 4 8 64 256 1536 2048 4096 1 16 32"));
    USUAL.put(
        "TXSLOTS[,RXSLOTS[,TXRINGS[,RXRINGS]]]", words("256 256,512 0,0,2 0,0,2,1 1,2,3,4,5"));
    USUAL.put("COUNT", words("1 5 1000"));
    USUAL.put("BYTES", words("42 41 54 60 1514 1518 1519 9000 65520 65521"));
    USUAL.put("PACKETS", words("1 64 512"));
    USUAL.put("SLOTS", words("1 64 512"));
    USUAL.put("THREADS", words("1 2 16 17"));
    USUAL.put("PPS", words("1 10 1K 1.5M 1G"));
    USUAL.put("RATE", words("recorded max 1 10K"));
    USUAL.put("FORMAT", words("pcap nsecpcap pcapng"));
    USUAL.put("EXPRESSION", words("tcp arp len>100"));
    USUAL.put("BANDWIDTH", words("1M constant,1G ether,10G real real,2 real,0 1Q ether"));
    USUAL.put("DELAY", words("1m constant,1u uniform,1u,9u exp,1u,5u exp,5 uniform,9,1 1h"));
    USUAL.put("[NAME:]PIPES", words("1 2 x:2 x: y:3 :2 a{b:1 vale0:p:2 1001"));
    USUAL.put("VALE:PORT", words("vale0:x vale0:fake3 vale1:nosuch x vale0"));
    USUAL.put("IFACE", words("vale0 sixteen-letters- fake0 nosuch"));
    USUAL.put("CONFIG", words("0 1,0,1 1,2,3,4 64,64,1,1 x"));
    USUAL.put("MEMORY", words("0 1 netmap:fake0 netmap:x 99999"));
    USUAL.put("LOSS", words("0.1 plr,.5 ber,1e-6 1 2 burst,.1,1,2"));
    USUAL.put("MS", words("1 10 1000"));
    USUAL.put("[ADDRESS:]PORT", words("0 127.0.0.1:0 [::1]:0 localhost:0 70000 1.2.3:4 0.0.0.0"));
    USUAL.put("SECONDS", words("0 1 2"));
    USUAL.put("MAC", words("02:00:00:00:00:01 01:00:00:00:00:01 2:0:0:0:0:1 02-00-00-00-00-01"));
    USUAL.put(
        "IP[:PORT[-IP:PORT]]",
        words(
            "10.0.0.1 10.0.0.1:1 10.0.0.1:1-10.0.0.2:9 10.0.0.2-10.0.0.1 10.0.0.256 1.1.1 fd00::1 [fd00::1]:7"
                + " 3@fd00::-fd00::1 [::1"));
    USUAL.put(
        "KEY=VALUE",
        words(
            "rings=2 rings=16,slots=4096 rings=0 slots=8 slots=65 slots=9999999 mtu=9000 mtu=1 mtu=99999 drop=maybe"
                + " wait=spin wait=never promiscuous=false turbo=1 mtu=9000,mtu=1500"));
    USUAL.put(
        "KEY=VALUE,...",
        words(
            "module=10g-sr module=dac,slow=10 module=qsfp partner=1g,flap=5/1/2 flap=x start=lrst lms=8 veto,lesm"
                + " left=smbi+gssr:3 firmware=1/0 nonsense busy=busy module=absent,module=dac"));
    USUAL.put(
        "WORD,...", words("lowpower delay=100 partner=1g+100m hot,absent pause=both delay=-1 x"));
    USUAL.put("HEX", words("10fb 1528 0x10fb 1234567 zz"));
    USUAL.put("ADDRESS", words("ffff:ff:1f.7 ffff:ff:1f.8 03:00.0 ffff:FF:1f.6"));
    USUAL.put("ADDRESS,N", words("dead0000,500 0xdead0000,1 x,y 1 ,"));
    USUAL.put("NAME", words("sixteen-letters- a/b a:b a%d"));
    USUAL.put(
        "WIRE",
        words(
            "cable cable,lossy loopback none pcap: pcap:,,fast pcap:/none tap: tap:sixteen-letters-"
                + " tap:t0,mtu=abc tap:t0,mac=zz tap:t0,nonsense unplugged cable,x"));
    USUAL.put("FOLDER", words("/nosuch/folder /dev/null /proc /"));
    USUAL.put("P", words("0.5 1 0 2 -1"));
    USUAL.put("N", words("1 2 16 17"));
    USUAL.put("S", words("1 2"));
    USUAL.put("FILE", words("in.pcap text none/x folder out"));
    USUAL.put("SOCKET", words("a b none/x folder text"));
  }

  private static String[] words(String all) {
    return all.split(" ");
  }

  @TempDir Path folder;

  private Random random;

  @Test
  void everyLineEndsAsDocumented() throws Exception {
    Files.copy(Path.of("../samples/mixed.pcap"), folder.resolve("in.pcap"));
    Files.writeString(folder.resolve("text"), "not a capture\n");
    Files.createDirectory(folder.resolve("folder"));
    Map<Integer, Integer> codes = new TreeMap<>();
    SoftAssertions all = new SoftAssertions();
    for (int i = 0; i < LINES && all.errorsCollected().size() < MOST_FAULTS; i++) {
      random = new Random(SEED * 1_000_003 + i);
      codes.merge(check(line(true), i, all), 1, Integer::sum);
    }
    System.out.println("options: " + LINES + " lines, seed " + SEED + ", exit codes " + codes);
    all.assertThat(codes).containsKeys(Main.OK, Main.FAILED, Main.USAGE);
    all.assertAll();
  }

  /** A command with some of its options. */
  private List<String> line(boolean mayRun) {
    Map<String, CommandLine> commands =
        new CommandLine(new Main(null, null, null)).getSubcommands();
    List<String> names = new ArrayList<>(commands.keySet());
    String name = names.get(random.nextInt(names.size()));
    List<String> line = new ArrayList<>(List.of(name));
    if (name.equals("run")) {
      for (int n = 1 + random.nextInt(3); mayRun && n > 0; n--) {
        line.add(quoted(line(false)));
      }
      return line;
    }
    CommandSpec spec = commands.get(name).getCommandSpec();
    for (OptionSpec option : spec.options()) {
      boolean wanted = option.required() ? random.nextInt(30) > 0 : random.nextInt(5) == 0;
      for (int n = times(option); wanted && n > 0; n--) {
        addOption(line, option);
      }
    }
    if (!spec.positionalParameters().isEmpty() && random.nextInt(20) > 0) {
      line.add(value(spec.positionalParameters().get(0).paramLabel()));
    }
    if (random.nextInt(12) == 0) {
      line.add(1 + random.nextInt(line.size()), nasty());
    }
    return safe(line);
  }

  private int times(OptionSpec option) {
    boolean twice = option.type().equals(List.class) || option.paramLabel().equals("SOCKET");
    return twice && random.nextInt(10) > 0 ? 2 : random.nextInt(30) == 0 ? 2 : 1;
  }

  private void addOption(List<String> line, OptionSpec option) {
    String name = option.names()[random.nextInt(option.names().length)];
    if (name.equals("-v") || name.equals("--verbose")) {
      return; // a stack trace is what it is for
    }
    if (option.arity().max() == 0) {
      if (!option.usageHelp() && !option.versionHelp() || random.nextInt(10) == 0) {
        line.add(name);
      }
      return;
    }
    String value = value(option.paramLabel());
    if (name.startsWith("--") && random.nextBoolean()) {
      line.add(name + "=" + value);
    } else {
      line.add(name);
      line.add(value);
    }
  }

  private String value(String label) {
    String[] usual = USUAL.get(label);
    assertThat(usual).as("values of %s", label).isNotNull();
    String value = random.nextInt(3) > 0 ? usual[random.nextInt(usual.length)] : nasty();
    boolean path = label.equals("FILE") || label.equals("SOCKET");
    if (path && !value.isEmpty()) {
      value = folder + "/" + value;
    }
    return value;
  }

  private String nasty() {
    return NASTY[random.nextInt(NASTY.length)];
  }

  /** As the shell of {@code run} takes them. */
  private static String quoted(List<String> words) {
    StringBuilder line = new StringBuilder();
    for (String word : words) {
      char quote = word.indexOf('\'') < 0 ? '\'' : '"';
      line.append(quote).append(word).append(quote).append(' ');
    }
    return line.toString();
  }

  /** An interface of the kernel is made only if the port opens: it shall not. */
  private static List<String> safe(List<String> line) {
    if (line.get(0).equals("tap") && line.contains("-i")) {
      line.set(line.indexOf("-i") + 1, "nosuchport");
    }
    if (line.get(0).equals("vale-ctl")) { // a switch would outlive the test
      for (String option : List.of("-n", "-a", "-h")) {
        int at = line.indexOf(option) + 1;
        if (at > 0 && at < line.size()) {
          line.set(at, "vale0:nosuch");
        }
      }
    }
    return line;
  }

  /**
   * @return the exit code
   */
  private static int check(List<String> line, int number, SoftAssertions all) throws Exception {
    String what = String.format("line %d of seed %d: %s", number, SEED, line);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Stop stop = new Stop();
    Main main =
        new Main(stop, new PrintStream(out, true, "UTF-8"), new PrintStream(err, true, "UTF-8"));
    long began = System.nanoTime();
    CompletableFuture<Integer> run =
        CompletableFuture.supplyAsync(() -> main.run(line.toArray(new String[0])));
    try {
      run.get(RUN_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      stop.request();
    }
    int code;
    try {
      code = run.get(HANG_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(what + ": does not end\n" + err.toString("UTF-8"), e);
    }
    long took = (System.nanoTime() - began) / 1_000_000;
    if (took > 1000) {
      System.out.println("took " + took + " ms: " + what);
    }
    String errors = err.toString("UTF-8");
    String said = what + "\ncode " + code + "\n" + errors;
    all.assertThat(code).as(said).isBetween(Main.OK, Main.USAGE);
    all.assertThat(JAVA.matcher(errors.replace(String.join(" ", line), "")).find())
        .as(said)
        .isFalse();
    String printed = out.toString("UTF-8").replace("/dev/null", ""); // of completion
    all.assertThat(JAVA.matcher(printed).find()).as(said + printed).isFalse();
    long told = Arrays.stream(errors.split("\\R")).filter(l -> l.startsWith("netmap4j: ")).count();
    boolean several = line.get(0).equals("run");
    all.assertThat(told)
        .as(said)
        .isBetween(code == 0 ? 0L : 1L, code == 0 ? 0L : several ? 3L : 1L);
    all.assertThat(errors.contains("See netmap4j")).as(said).isEqualTo(code == Main.USAGE);
    return code;
  }
}
