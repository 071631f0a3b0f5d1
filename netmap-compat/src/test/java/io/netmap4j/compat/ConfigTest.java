package io.netmap4j.compat;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class ConfigTest {
  private static final int FILES = Integer.getInteger("netmap4j.fuzz", 2_000);
  private static final long SEED = Long.getLong("netmap4j.seed", 1);

  @TempDir Path folder;

  private Config read(String... lines) throws Exception {
    return Config.read(Files.write(folder.resolve("c.properties"), java.util.List.of(lines)));
  }

  @Test
  void aliasesOptionsAndMemoryAreRead() throws Exception {
    Config config =
        read(
            "# a comment",
            "nic.eth0 = vfio:0000:03:00.0",
            "nic.eth0.rx-rings = 4",
            "nic.eth0.mtu = 9000",
            "nic.fake0.slots = 1024",
            "memory.buf-num = 4096",
            "memory.ring-size = 70000",
            "memory.hugetlbfs = /dev/hugepages");
    assertThat(config.aliases())
        .containsOnlyKeys("eth0")
        .containsEntry("eth0", "vfio:0000:03:00.0");
    assertThat(config.options("eth0")).isEqualTo(NicOptions.DEFAULT.rings(1, 4).mtu(9000));
    assertThat(config.options("fake0")).isEqualTo(NicOptions.DEFAULT.slots(1024, 1024));
    assertThat(config.options("other")).isEqualTo(NicOptions.DEFAULT);
    assertThat(config.memory())
        .isEqualTo(new MemoryOptions(100, 1024, 200, 70000, 4096, 2112, Path.of("/dev/hugepages")));
  }

  @Test
  void withoutMemoryKeysTheRegionIsLeftAlone() throws Exception {
    assertThat(read("nic.eth0 = uio:0000:03:00.1").memory()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "nic.eth0 = 0000 | nic.eth0: '0000' is not scheme:address, as in vfio:0000:03:00.0",
        "nic.eth-0 = uio:1 | nic.eth-0: 'eth-0' cannot be opened: a name is not empty and has none of - * ^ { } / @",
        "nic.eth0.rings = four | nic.eth0.rings: rings = 'four' is not a number",
        "nic.eth0.ring = 4 | nic.eth0.ring: unknown key 'ring'; known: rings tx-rings rx-rings slots tx-slots rx-slots mtu promiscuous drop wait speed tap; or, for a name with dots, '4' is not scheme:address, as in vfio:0000:03:00.0",
        "nic.eth0.drop = maybe | nic.eth0.drop: drop = 'maybe' is neither true (yes, on, 1) nor false",
        "nic.eth0.promiscuous = | nic.eth0.promiscuous: promiscuous = '' is neither true (yes, on, 1) nor false",
        "nic.eth0.100.rings = x | nic.eth0.100.rings: rings = 'x' is not a number",
        "memory.hugetlbfs = a\\u0000b | memory.hugetlbfs: 'a\u0000b' cannot be a folder: Nul character not allowed",
        "memory.buf-num = 1 | memory.buf-num: buf-num = 1 is out of range: 4 to 1000000",
        "memory.bufs = 1 | memory.bufs: unknown key; known are if-num if-size ring-num ring-size buf-num buf-size hugetlbfs",
        "nics.eth0 = uio:1 | nics.eth0: unknown key; known are nic.NAME, nic.NAME.KEY and memory.KEY",
      })
  void errorsNameFileAndKey(String line, String message) {
    assertThatThrownBy(() -> read(line))
        .isInstanceOf(NetmapException.class)
        .hasMessage(folder.resolve("c.properties") + ": " + message);
  }

  private static void refused(Path file, int errno, String... texts) {
    assertThatThrownBy(() -> Config.read(file))
        .isInstanceOfSatisfying(NetmapException.class, e -> assertThat(e.errno()).isEqualTo(errno))
        .message()
        .contains(file.toString())
        .contains(texts)
        .doesNotContain("Exception", "\n");
  }

  @Test
  void whatCannotBeReadIsToldByItsReason() throws Exception {
    refused(folder.resolve("none"), Libc.ENOENT, "no such file");
    refused(folder, Libc.EISDIR, "is a folder");
    refused(Path.of("/proc/self/mem"), Libc.EIO, "cannot read");
    refused(Path.of("/dev/zero"), Libc.EINVAL, "not a file");
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    refused(pipe, Libc.EINVAL, "is a pipe");
    Path endless = Files.write(folder.resolve("long"), new byte[2 << 20]);
    refused(endless, Libc.EINVAL, "longer than 1 MiB");
    assertThat(Config.read(Path.of("/dev/null")).aliases()).isEmpty();
  }

  @Test
  void whatMayNotBeReadIsNotCalledMissing() throws Exception {
    Path file = Files.writeString(folder.resolve("secret"), "");
    Files.setPosixFilePermissions(file, Set.of());
    assumeFalse(Files.isReadable(file), "root may read everything");
    refused(file, Libc.EACCES, "permission denied");
  }

  @Test
  void textIsUtf8WithOrWithoutAMark() throws Exception {
    Path file = folder.resolve("c.properties");
    Files.writeString(file, "\ufeffnic.stra\u00dfe = fake:0\n");
    assertThat(Config.read(file).aliases()).containsOnlyKeys("stra\u00dfe");
    Files.write(file, "# one\nnic.stra\u00dfe = fake:0\n".getBytes(ISO_8859_1));
    refused(file, Libc.EINVAL, "line 2: byte 0xdf is not UTF-8; iconv");
    Files.writeString(file, "nic.a = fake:\\u12x");
    refused(file, Libc.EINVAL, "\\u must be followed");
    Files.write(file, new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf});
    assertThat(Config.read(file).aliases()).isEmpty();
    Files.write(file, new byte[] {'a', (byte) 0xc3});
    refused(file, Libc.EINVAL, "line 1: byte 0xc3");
  }

  @Test
  void namesMayHaveDots() throws Exception {
    Config config =
        read(
            "nic.eth0.100 = vfio:0000:03:00.0",
            "nic.eth0.100.rings = 3",
            "nic.eth0 = uio:0000:03:00.1",
            "nic.eth0.rings = 2",
            "nic.0000\\:03\\:00.0.mtu = 9000");
    assertThat(config.aliases())
        .isEqualTo(Map.of("eth0.100", "vfio:0000:03:00.0", "eth0", "uio:0000:03:00.1"));
    assertThat(config.options("eth0.100")).isEqualTo(NicOptions.DEFAULT.rings(3, 3));
    assertThat(config.options("eth0")).isEqualTo(NicOptions.DEFAULT.rings(2, 2));
    assertThat(config.options("0000:03:00.0")).isEqualTo(NicOptions.DEFAULT.mtu(9000));
  }

  @Test
  void switchesAreReadOrRefused() throws Exception {
    for (String word : "true yes on 1 TRUE Yes".split(" ")) {
      assertThat(read("nic.a.drop = " + word).options("a").dropWhenFull()).as(word).isTrue();
      assertThat(NicOptions.DEFAULT.with("promiscuous", word).promiscuous()).as(word).isTrue();
    }
    for (String word : "false no off 0 False OFF".split(" ")) {
      assertThat(read("nic.a.drop = " + word).options("a").dropWhenFull()).as(word).isFalse();
      assertThat(NicOptions.DEFAULT.with("promiscuous", word).promiscuous()).as(word).isFalse();
    }
    for (String word : new String[] {"maybe", "", "2", "tru", "truee", "-1", "\u0131"}) {
      assertThatThrownBy(() -> NicOptions.DEFAULT.with("drop", word))
          .as(word)
          .isInstanceOf(NetmapException.class)
          .hasMessage("drop = '" + word + "' is neither true (yes, on, 1) nor false");
    }
  }

  @Test
  void speedsAreReadOrRefused() throws Exception {
    assertThat(read("nic.a.mtu = 1500").options("a").speed()).isZero();
    assertThat(read("nic.a.speed = auto").options("a").speed()).isZero();
    for (int speed : new int[] {100, 1000, 2500, 5000, 10000}) {
      NicOptions options = read("nic.a.speed = " + speed).options("a");
      assertThat(options.speed()).isEqualTo(speed);
      assertThat(options.mtu(9000).rings(2, 2).speed()).as("kept").isEqualTo(speed);
      assertThat(options.differences(NicOptions.DEFAULT))
          .isEqualTo("speed = " + speed + " and not auto");
    }
    for (String word : new String[] {"", "0", "10", "10g", "1000.0", "-1000", "40000"}) {
      assertThatThrownBy(() -> NicOptions.DEFAULT.with("speed", word))
          .as(word)
          .isInstanceOf(NetmapException.class)
          .hasMessage(
              "speed = '" + word + "' is none of auto, 100, 1000, 2500, 5000, 10000 (Mbit/s)");
    }
  }

  private static void trusted(Trust trust, Path file, String suspicion) {
    if (suspicion == null) {
      trust.require(file);
    } else {
      assertThatThrownBy(() -> trust.require(file))
          .isInstanceOfSatisfying(
              NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EPERM))
          .hasMessageContaining(suspicion)
          .hasMessageEndingWith("set NETMAP4J_CONFIG=" + file);
    }
  }

  @Test
  void rootTakesNothingThatOthersCanWrite() throws Exception {
    Path file = Files.writeString(folder.resolve("netmap4j.properties"), "");
    int me = (int) Files.getAttribute(file, "unix:uid");
    int us = (int) Files.getAttribute(file, "unix:gid");
    Trust root = new Trust(true, Set.of(me), Set.of());
    mode(folder, "rwxr-xr-x");
    mode(file, "rw-r--r--");
    trusted(root, file, null);
    trusted(new Trust(true, Set.of(me + 1), Set.of()), file, folder + " belongs to user " + me);
    mode(file, "rw-rw-r--");
    trusted(root, file, file + " can be written by group " + us);
    trusted(new Trust(true, Set.of(me), Set.of(us)), file, null);
    mode(file, "rw-r--rw-");
    trusted(root, file, file + " can be written by everybody");
    mode(file, "rw-r--r--");
    mode(folder, "rwxrwxrwx");
    trusted(root, file, folder + " can be written by everybody");
    trusted(new Trust(false, Set.of(), Set.of()), file, null);
    Path safe = Files.createDirectory(folder.resolve("safe"));
    mode(safe, "rwx------");
    Path link = Files.createSymbolicLink(safe.resolve("netmap4j.properties"), file);
    trusted(root, link, folder + " can be written by everybody");
  }

  private static void mode(Path file, String mode) throws Exception {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  /** Any mixture of lines: what is right is read, the first thing that is wrong is named. */
  @Test
  void randomFilesAreReadOrRefusedInOneLine() throws Exception {
    Random random = new Random(SEED);
    Path file = folder.resolve("c.properties");
    String[] names = {"a", "eth0.100", "b_1", "0000\\:03\\:00.0", "rings", "a.b.c", "\u00fc"};
    String[] badNames = {"", "a-b", "a/b", "x{1", "@"};
    String[] good = {
      "rings=3", "tx-slots=128", "mtu=9000", "drop=No", "wait=spin", "promiscuous=1"
    };
    String[] bad = {"rings=", "mtu=x", "drop=2", "wait=often", "ring=1", "=", "slots=99999999999"};
    String[] memory = {"buf-num=4096", "ring-size=70000", "hugetlbfs=/dev/hugepages", "if-num=7"};
    String[] badMemory = {
      "buf-num=1", "ring-size=-1", "bufs=1", "buf-num=0x10", "=1", "if-num=1e3"
    };
    int refused = 0;
    for (int i = 0; i < FILES; i++) {
      StringBuilder text = new StringBuilder(random.nextInt(4) == 0 ? "\ufeff" : "");
      Map<String, Boolean> rightOnes =
          new HashMap<>(); // of a key that comes again the last line counts
      for (int n = random.nextInt(6); n > 0; n--) {
        boolean wrong = random.nextInt(12) == 0;
        String line =
            switch (random.nextInt(4)) {
              case 0 -> "memory." + one(random, wrong ? badMemory : memory);
              case 1 -> "nic." + one(random, names) + "." + one(random, wrong ? bad : good);
              case 2 -> "nic." + one(random, wrong ? badNames : names) + "=fake:0";
              default -> wrong ? one(random, "nics.a=1", "x=", "nic=a:b") : "! a comment=";
            };
        String key = line.substring(0, line.indexOf('='));
        String value = line.substring(key.length() + 1);
        rightOnes.put(key, !wrong);
        text.append(key).append(one(random, "=", " = ", ": ", "\t")).append(value);
        text.append(one(random, "\n", "\r\n", "\n\n"));
      }
      boolean right = !rightOnes.containsValue(false);
      byte[] bytes = text.toString().getBytes(UTF_8);
      boolean flipped = random.nextInt(3) == 0 && bytes.length > 0;
      if (flipped) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      Files.write(file, bytes);
      try {
        Config config = Config.read(file);
        assertThat(right || flipped).as("seed %d, file %d: %s", SEED, i, text).isTrue();
        assertThat(Config.read(file)).isEqualTo(config);
      } catch (NetmapException e) {
        refused++;
        assertThat(right && !flipped).as("seed %d, file %d: %s: %s", SEED, i, text, e).isFalse();
        assertThat(e.errno()).isEqualTo(Libc.EINVAL);
        assertThat(e.getMessage()).startsWith(file + ": ").doesNotContain("Exception");
      }
    }
    assertThat(refused).isBetween(FILES / 10, FILES * 9 / 10);
  }

  private static String one(Random random, String... of) {
    return of[random.nextInt(of.length)];
  }
}
