package io.netmap4j.frames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class BpfFilterTest {
  private static final Path SAMPLE = Path.of("../samples/mixed.pcap");
  private static final int LD_LEN = 0x80;
  private static final int LD_IMM = 0x00;
  private static final int LDX_IMM = 0x01;
  private static final int RET_A = 0x16;
  private static final int RET_K = 0x06;

  /** Pieces of expressions, which are joined at random. */
  private static final List<String> PIECES =
      List.of(
          "ip",
          "ip6",
          "arp",
          "tcp",
          "udp",
          "icmp",
          "icmp6",
          "vlan",
          "vlan 7",
          "broadcast",
          "multicast",
          "ip multicast",
          "ip broadcast",
          "ether multicast",
          "port 80",
          "port 53",
          "tcp port 80",
          "udp port 53",
          "src port 1024",
          "dst port 5001",
          "portrange 1000-6000",
          "tcp portrange 1-1023",
          "net 10.0.0.0/8",
          "net 192.168.0.0/16",
          "src net 10.1.0.0/16",
          "host 10.0.0.1",
          "src host 10.0.0.2",
          "dst host 192.168.1.1",
          "ip6 net fe80::/10",
          "ip6 host ::1",
          "ether host 02:00:00:00:00:01",
          "ether src 02:00:00:00:00:02",
          "ether dst ff:ff:ff:ff:ff:ff",
          "ether proto 0x0800",
          "ether proto 0x86dd",
          "ip proto 6",
          "ip proto 17",
          "ip6 proto 17",
          "ip protochain 6",
          "len > 100",
          "len < 64",
          "len = 60",
          "greater 200",
          "less 80",
          "ip[0] & 0xf != 5",
          "ip[6:2] & 0x1fff != 0",
          "ip[8] < 64",
          "tcp[tcpflags] & tcp-syn != 0",
          "tcp[tcpflags] & (tcp-ack|tcp-fin) != 0",
          "tcp[13] = 0x12",
          "udp[4:2] > 100",
          "icmp[icmptype] = icmp-echo",
          "ether[0] & 1 = 1",
          "ether[12:2] = 0x800",
          "ip[2:2] % 2 = 1",
          "ip[2:2] / 3 > 20",
          "ip[2:2] << 1 > 200",
          "len - 14 > ip[2:2]",
          "ip[2:2] + 14 != len",
          "(ip[0] & 0xf) * 4 > 20",
          "ether[20:4] ^ 7 > 9",
          "mpls",
          "pppoes",
          "ip[ip[0]&0xf] = 1",
          "ether[len - 1] = 0",
          "ip[12:4] = ip[16:4]");

  @TempDir Path folder;
  private final long memory = Mem.allocate(1 << 18);

  @AfterEach
  void free() {
    Mem.free(memory);
  }

  private static BpfFilter compile(String expression) {
    try {
      return BpfFilter.compile(expression);
    } catch (LinuxException e) {
      return Assumptions.abort(e.getMessage());
    }
  }

  private static Set<String> expressions(int count) {
    SplittableRandom random = new SplittableRandom(3);
    Set<String> all = new LinkedHashSet<>(PIECES);
    all.add("");
    while (all.size() < count) {
      StringBuilder text = new StringBuilder();
      for (int left = 2 + random.nextInt(3); left > 0; left--) {
        text.append(random.nextInt(4) == 0 ? "not " : "");
        text.append('(').append(PIECES.get(random.nextInt(PIECES.size()))).append(')');
        text.append(left > 1 ? random.nextBoolean() ? " and " : " or " : "");
      }
      all.add(text.toString());
    }
    return all;
  }

  /** Headers that make sense, behind each other at random, cut and changed. */
  private Path generated() throws IOException {
    SplittableRandom random = new SplittableRandom(5);
    Path file = folder.resolve("generated.pcap");
    List<byte[]> seeds = new ArrayList<>();
    try (PcapReader reader = PcapReader.open(SAMPLE)) {
      while (reader.next()) {
        seeds.add(reader.bytes());
      }
    }
    try (PcapWriter writer = PcapWriter.create(file)) {
      for (int i = 0; i < 3000; i++) {
        byte[] frame = seeds.get(random.nextInt(seeds.size())).clone();
        if (random.nextInt(4) == 0 && frame.length > 14) {
          byte[] tagged = new byte[frame.length + 4];
          System.arraycopy(frame, 0, tagged, 0, 12);
          System.arraycopy(frame, 12, tagged, 16, frame.length - 12);
          tagged[12] = (byte) 0x81;
          tagged[15] = (byte) random.nextInt(9);
          frame = tagged;
        }
        for (int n = random.nextInt(4); n > 0 && frame.length > 0; n--) {
          frame[random.nextInt(Math.min(frame.length, 60))] = (byte) random.nextInt();
        }
        int length = random.nextInt(3) == 0 ? random.nextInt(frame.length + 1) : frame.length;
        writer.write(i * 1000L, frame, length, frame.length);
      }
    }
    return file;
  }

  @Test
  @Tag("once")
  void twoHundredFiltersTakeThePacketsThatTcpdumpTakes() throws Exception {
    Set<String> expressions = expressions(200);
    long taken = 0;
    long refused = 0;
    for (Path file : new Path[] {SAMPLE, generated()}) {
      for (String expression : expressions) {
        BpfFilter filter;
        try {
          filter = compile(expression);
        } catch (IllegalArgumentException e) {
          assertThat(tcpdump(file, expression)).as(e.getMessage()).isNull();
          continue;
        }
        List<String> ours = new ArrayList<>();
        try (PcapReader reader = PcapReader.open(file)) {
          while (reader.next()) {
            reader.copyTo(memory);
            boolean matches = filter.matches(memory, reader.length(), reader.originalLength());
            assertThat(filter.matches(reader.bytes(), reader.length(), reader.originalLength()))
                .isEqualTo(matches);
            if (matches) {
              ours.add(new String(reader.bytes(), StandardCharsets.ISO_8859_1));
            } else {
              refused++;
            }
          }
        }
        taken += ours.size();
        assertThat(ours).as(expression).isEqualTo(tcpdump(file, expression));
      }
    }
    System.out.printf(Locale.ROOT, "bpf: %d packets taken, %d refused%n", taken, refused);
    assertThat(taken).isGreaterThan(100_000);
    assertThat(refused).isGreaterThan(100_000);
  }

  /** What tcpdump takes; null when it refuses the expression. */
  private List<String> tcpdump(Path file, String expression) throws Exception {
    Path out = folder.resolve("selected.pcap");
    Files.deleteIfExists(out);
    Process process;
    try {
      process =
          new ProcessBuilder(
                  "tcpdump", "-r", file.toString(), "-w", out.toString(), "--", expression)
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      Assumptions.abort("no tcpdump: install it (" + e.getMessage() + ")");
      return null;
    }
    process.getInputStream().readAllBytes();
    if (process.waitFor() != 0) {
      return null;
    }
    List<String> frames = new ArrayList<>();
    try (PcapReader reader = PcapReader.open(out)) {
      while (reader.next()) {
        frames.add(new String(reader.bytes(), StandardCharsets.ISO_8859_1));
      }
    }
    return frames;
  }

  @Test
  void anExpressionThatIsNoneIsRefusedInLibpcapsWords() {
    assertThatThrownBy(() -> compile("tcp port"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("filter 'tcp port': ")
        .hasMessageContaining("syntax error");
  }

  /** tcpdump refuses them too when it reads a file. */
  @ParameterizedTest
  @ValueSource(strings = {"inbound", "not inbound", "outbound and tcp", "ifindex 1"})
  void whatAFrameDoesNotTellIsRefused(String expression) {
    assertThatThrownBy(() -> compile(expression))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("filter '" + expression + "': ")
        .hasMessageContaining("a frame does not tell");
  }

  private static long instruction(int code, int k) {
    return instruction(code, 0, 0, k);
  }

  private static long instruction(int code, int jt, int jf, int k) {
    return code | (long) jt << 16 | (long) jf << 24 | (long) k << 32;
  }

  /** a = first, x = second, a = a OPERATION x: what is returned is whether that is the result. */
  @ParameterizedTest
  @CsvSource({
    "0x0C, 0xFFFFFFFF, 2, 1",
    "0x1C, 1, 2, 0xFFFFFFFF",
    "0x2C, 0x10000, 0x10000, 0",
    "0x3C, 0xFFFFFFFE, 2, 0x7FFFFFFF",
    "0x9C, 0xFFFFFFFF, 10, 5",
    "0x4C, 5, 10, 15",
    "0x5C, 13, 7, 5",
    "0xAC, 13, 7, 10",
    "0x6C, 1, 31, 0x80000000",
    "0x6C, 1, 32, 0",
    "0x6C, 1, 0xFFFFFFFF, 0",
    "0x7C, 0x80000000, 31, 1",
    "0x7C, 0x80000000, 32, 0",
    "0x84, 1, 0, 0xFFFFFFFF",
  })
  void arithmeticIsOfUnsignedWords(String code, String a, String x, String result) {
    BpfFilter filter =
        BpfFilter.of(
            new long[] {
              instruction(LD_IMM, Long.decode(a).intValue()),
              instruction(LDX_IMM, Long.decode(x).intValue()),
              instruction(Integer.decode(code), 0),
              instruction(0x15, 0, 1, Long.decode(result).intValue()), // JEQ
              instruction(RET_K, 1),
              instruction(RET_K, 0),
            });
    assertThat(filter.matches(memory, 60, 60)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"0x3C", "0x9C"})
  void divisionByAnXOfZeroRefusesTheFrame(String code) {
    BpfFilter filter =
        BpfFilter.of(
            new long[] {
              instruction(LD_LEN, 0),
              instruction(LDX_IMM, 0),
              instruction(Integer.decode(code), 0),
              instruction(RET_K, 1)
            });
    assertThat(filter.matches(memory, 60, 60)).isFalse();
  }

  /** Loads of each size at the frame's end, and with indices that overflow. */
  @ParameterizedTest
  @CsvSource({
    "0x20, 56, 0, true",
    "0x20, 57, 0, false",
    "0x28, 58, 0, true",
    "0x28, 59, 0, false",
    "0x30, 59, 0, true",
    "0x30, 60, 0, false",
    "0x20, 0xFFFFFFFF, 0, false",
    "0x20, 0x7FFFFFFE, 0, false",
    "0x40, 50, 6, true",
    "0x40, 50, 7, false",
    "0x50, 1, 0xFFFFFFFF, false",
    "0x50, 0xFFFFFFFF, 0xFFFFFFFF, false",
    "0xB1, 59, 0, true",
    "0xB1, 60, 0, false",
    "0xB1, 0xFFFFFFFF, 0, false",
  })
  void loadsBeyondTheEndRefuseTheFrame(String code, String k, String x, boolean inside) {
    BpfFilter filter =
        BpfFilter.of(
            new long[] {
              instruction(LDX_IMM, Long.decode(x).intValue()),
              instruction(Integer.decode(code), Long.decode(k).intValue()),
              instruction(RET_K, 1)
            });
    assertThat(filter.matches(memory, 60, 1000)).isEqualTo(inside);
  }

  @ParameterizedTest
  @CsvSource({
    "0x05, 0, 0, 2", // JA out of the program
    "0x05, 0, 0, 0xFFFFFFFE", // and before it
    "0x05, 0, 0, 0x80000000",
    "0x15, 2, 0, 0", // JEQ
    "0x15, 0, 2, 0",
    "0x02, 0, 0, 16", // ST
    "0x60, 0, 0, 16", // LD MEM
    "0x61, 0, 0, 0xFFFFFFFF", // LDX MEM
    "0x34, 0, 0, 0", // DIV by 0
    "0x94, 0, 0, 0", // MOD by 0
    "0x38, 0, 0, 0", // LD of no size
    "0x21, 0, 0, 0", // LDX ABS
    "0xB4, 0, 0, 1", // no such operation
    "0x8C, 0, 0, 0", // NEG of X
    "0x55, 0, 0, 1", // no such jump
    "0x0E, 0, 0, 0", // RET X
    "0x17, 0, 0, 0", // no such MISC
    "0x8006, 0, 0, 0",
  })
  void programsThatCannotBeRunAreRefused(String code, int jt, int jf, String k) {
    long[] program = {
      instruction(Integer.decode(code), jt, jf, Long.decode(k).intValue()),
      instruction(RET_K, 1),
      instruction(RET_A, 0)
    };
    assertThatThrownBy(() -> BpfFilter.of(program))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("instruction 0 of the filter is invalid");
  }

  @Test
  void programsWithoutAnEndAreRefused() {
    assertThatThrownBy(() -> BpfFilter.of(new long[0])).hasMessageContaining("1 to 4096");
    assertThatThrownBy(() -> BpfFilter.of(new long[4097])).hasMessageContaining("not 4097");
    assertThatThrownBy(() -> BpfFilter.of(new long[] {instruction(LD_LEN, 0)}))
        .hasMessageContaining("does not end with RET");
  }

  @Test
  void aLoopWithoutAnEndRefusesTheFrame() {
    BpfFilter filter =
        BpfFilter.of(new long[] {instruction(LD_LEN, 0), instruction(0x05, -2), instruction(6, 1)});
    assertThat(filter.matches(memory, 60, 60)).isFalse();
  }

  /** Random programs of loads, stores and jumps answer each frame as if it were the first. */
  @Test
  void noFrameLeavesWordsForTheNext() {
    SplittableRandom random = new SplittableRandom(2);
    int[] codes = {LD_LEN, LD_IMM, 0x60, 0x61, 0x02, 0x03, 0x0C, 0x15, 0x05, 0x07};
    int taken = 0;
    int ran = 0;
    for (int i = 0; i < 100_000; i++) {
      long[] program = new long[3 + random.nextInt(8)];
      for (int n = 0; n < program.length; n++) {
        int code = codes[random.nextInt(codes.length)];
        int k = code == 0x05 ? random.nextInt(6) - 3 : random.nextInt(2);
        program[n] = instruction(code, random.nextInt(3), random.nextInt(3), k);
      }
      program[program.length - 1] = instruction(RET_A, 0);
      BpfFilter filter;
      try {
        filter = BpfFilter.of(program);
      } catch (IllegalArgumentException e) {
        continue;
      }
      boolean first = filter.matches(memory, 60, 60);
      for (int frame = 0; frame < 3; frame++) {
        assertThat(filter.matches(memory, 60, 60)).as("program %d", i).isEqualTo(first);
      }
      ran++;
      taken += first ? 1 : 0;
    }
    assertThat(ran).isGreaterThan(20_000);
    assertThat(taken).isBetween(ran / 10, ran - ran / 10);
  }

  /** Random programs: refused, or run to their end without an access beyond the frame. */
  @Test
  void noProgramRunsAway() {
    SplittableRandom random = new SplittableRandom(1);
    int ran = 0;
    for (int i = 0; i < 200_000; i++) {
      long[] program = new long[1 + random.nextInt(6)];
      for (int n = 0; n < program.length; n++) {
        int k = random.nextBoolean() ? random.nextInt(70) : random.nextInt();
        program[n] = instruction(random.nextInt(256), random.nextInt(3), random.nextInt(3), k);
      }
      program[program.length - 1] = instruction(random.nextBoolean() ? RET_A : RET_K, 1);
      BpfFilter filter;
      try {
        filter = BpfFilter.of(program);
      } catch (IllegalArgumentException e) {
        continue;
      }
      filter.matches(memory, random.nextInt(64), 64);
      ran++;
    }
    assertThat(ran).isGreaterThan(20_000);
  }

  @Test
  void runningAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    BpfFilter filter = compile("tcp port 80 or udp[4:2] > 100");
    Mem.set(memory, 64, (byte) 0x45);
    for (int i = 0; i < 1000; i++) {
      filter.matches(memory, 60, 60);
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    int matched = 0;
    for (int i = 0; i < 100_000; i++) {
      matched += filter.matches(memory, 60, 60) ? 1 : 0;
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1000);
    assertThat(matched).isZero();
  }
}
