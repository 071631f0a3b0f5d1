package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.linux.HugePages;
import io.netmap4j.vfio.VfioUserBackend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two cards as register files, with our driver: through vfio-user, and through UIO. */
@Tag("once")
@Timeout(120)
class RegisterFileTest {
  private static final Path POOL =
      Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  private static final int PAGES = 32;

  @TempDir Path sockets;
  private Path folder;

  @BeforeEach
  void onTmpfs() throws IOException {
    Path shm = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(shm) && Files.getFileStore(shm).type().equals("tmpfs"),
        "SKIPPED: /dev/shm is no writable tmpfs");
    folder = Files.createTempDirectory(shm, "netmap4j");
  }

  @AfterEach
  void remove() throws IOException {
    if (folder != null) {
      Files.deleteIfExists(folder.resolve("lock"));
      Files.delete(folder); // everything else has been removed
    }
  }

  @Test
  void vfioUserClientsMapBar0() throws Exception {
    String[] paths = {sockets.resolve("0").toString(), sockets.resolve("1").toString()};
    RunningCommand model =
        RunningCommand.start(
            "nic-model --register-file " + folder + " -s " + paths[0] + " -s " + paths[1]);
    for (int client = 0; client < 2; client++) {
      try (RegisterFilePorts ports = new RegisterFilePorts(new VfioUserBackend(), null, paths)) {
        assertThat(ports.transfer(500)).isEqualTo(500);
      }
    }
    Command end = model.stop();
    assertThat(end.out()).containsPattern("card: GPRC +0 +1000\n");
    assertThat(end.err()).isEmpty();
    assertThat(end.code()).isZero();
  }

  /** The processes of the fake machine reach physical memory, as on a real one. */
  @Test
  void ourUioDriverRunsInTheFakeMachine() throws Exception {
    assumeTrue(
        System.getProperty("user.name").equals("root") && Files.isWritable(POOL),
        "SKIPPED: needs root and a kernel with hugepages");
    Path launcher = Path.of("../bench/fake-machine").toAbsolutePath().normalize();
    assumeTrue(Files.isExecutable(launcher), "SKIPPED: no " + launcher);
    changePool(PAGES);
    try {
      assumeTrue(
          Integer.parseInt(new HugePages().free().split(" ")[0]) >= PAGES,
          "SKIPPED: " + PAGES + " free pages of 2 MiB are not to be had");
      try (ChildProcess model =
          ChildProcess.start("nic-model", "--register-file", folder.toString())
              .await("ready", 60)) {
        List<String> command = new ArrayList<>(List.of(launcher.toString(), folder.toString()));
        command.addAll(JavaCommand.of(RegisterFilePorts.class));
        assertThat(output(command)).contains("received 1000");
        // The process has ended: its pages are given back, and bus mastering is off.
        awaitUnmapped(Files.readString(folder.resolve("lock")).trim());
        byte[] config =
            Files.readAllBytes(folder.resolve("sys/bus/pci/devices/0000:e0:00.0/config"));
        assertThat(config[4] & 4).isZero();
        model.signal("TERM");
        model.exitCode(20);
        assertThat(model.output()).containsPattern("card: GPTC +1000 +0");
      }
    } finally {
      changePool(-PAGES);
    }
  }

  private static String output(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return text;
  }

  private static void changePool(int by) throws IOException {
    int now = Integer.parseInt(Files.readString(POOL).trim());
    Files.writeString(POOL, Math.max(0, now + by) + "\n");
  }

  /** Until the model maps no shared memory in whole pages of 2 MiB. */
  private static void awaitUnmapped(String pid) throws Exception {
    Pattern hugePages =
        Pattern.compile("(?m)^[0-9a-f]+[02468ace]00000-[0-9a-f]+[02468ace]00000 rw-s");
    Path maps = Path.of("/proc/" + pid + "/maps");
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (hugePages.matcher(Files.readString(maps)).find()) {
      assertThat(System.nanoTime()).as("pages are still mapped").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @Test
  void aFolderOnADiskIsRefused() throws IOException {
    assumeTrue(
        !Files.getFileStore(Path.of(".")).type().equals("tmpfs"), "SKIPPED: all is on a tmpfs");
    Path disk = Files.createTempDirectory(Path.of("target"), "cards");
    try {
      Command end =
          Command.run("nic-model", "--register-file", disk.toString(), "-s", "a", "-s", "b");
      assertThat(end.code()).isEqualTo(1);
      assertThat(end.err()).contains("which would write the registers to a disk");
    } finally {
      Files.delete(disk);
    }
  }

  @Test
  void oneServerForAFolder() throws Exception {
    String[] paths = {sockets.resolve("0").toString(), sockets.resolve("1").toString()};
    RunningCommand model =
        RunningCommand.start(
            "nic-model --register-file " + folder + " -s " + paths[0] + " -s " + paths[1]);
    Command second =
        Command.run("nic-model", "--register-file", folder.toString(), "-s", "x", "-s", "y");
    assertThat(second.code()).isEqualTo(1);
    assertThat(second.err())
        .contains(folder + " is in use by process " + ProcessHandle.current().pid());
    assertThat(folder.resolve("control")).exists();
    model.stop();
    assertThat(folder.resolve("control")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "nic-model, where to serve cards",
    "nic-model --lock-step -s a, --lock-step is for --register-file",
    "nic-model --cpu 0 -s a, --cpu is for --register-file",
    "nic-model --register-file /dev/shm/x -s a, two cards",
    "nic-model --register-file /dev/shm/x --lock-step --wire cable, --lock-step has no wire"
  })
  void optionsThatDoNotGoTogether(String line, String why) {
    Command end = Command.run(line.split(" "));
    assertThat(end.code()).isEqualTo(2);
    assertThat(end.err()).contains(why);
  }
}
