package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DoctorTest {
  @TempDir Path folder;

  @Test
  void aModelledCardIsWellAndTheTextSaysWhatWasSeen() {
    Command run = Command.run("doctor", "netmap:model0");
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .startsWith("netmap4j doctor netmap:model0\n")
        .contains("ok       PCI id           8086:10fb")
        .contains("ok       PCIe link        5.0 GT/s x8, the card can 5.0 GT/s x8")
        .contains("1455 frames of 60 to 1514 bytes sent, 1455 received")
        .contains("GPRC=1455")
        .contains("a received frame woke a sleeper")
        .endsWith(" ok\n");
    // The modelled card has no module, though its cage says that there is one.
    assertThat(run.out()).contains("0 failures, 1 warning, ").contains("does not answer on I2C");
    assertThat(run.code()).isZero();
  }

  @Test
  void aServedCardIsExaminedAndItsIoBarToo() throws Exception {
    Path a = folder.resolve("a");
    RunningCommand model =
        RunningCommand.start("nic-model --link module=10g-sr -s " + a + " -s " + a + "2");
    Command run = Command.run("doctor", "--wait-link", "5", "vfio-user:" + a);
    Command end = model.stop();
    assertThat(run.out())
        .contains("registers through it: STATUS equal")
        .contains("a 10 Gbit/s optical module (Intel Corp")
        .contains("0 failures, 0 warnings, ");
    assertThat(run.code()).as(run.out()).isZero();
    assertThat(end.out()).doesNotContain("broken rules");
  }

  @Test
  void theTextGoesIntoAFile() throws Exception {
    Path file = folder.resolve("doctor.txt");
    Command run = Command.run("doctor", "-o", file.toString(), "model1");
    assertThat(run.out()).startsWith(file + ": 0 failures").hasLineCount(1);
    assertThat(run.code()).isZero();
    assertThat(Files.readString(file)).startsWith("netmap4j doctor model1\n").contains("GPRC=1455");
  }

  @Test
  void aFileThatCannotBeWrittenIsToldBeforeTheCardIsTouched() {
    Command run = Command.run("doctor", "-o", folder + "/no/file", "model0");
    assertThat(run.err()).contains(folder + "/no/file").hasLineCount(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }

  @Test
  void theTextIsPrintedWhenTheFileDoesNotTakeIt() {
    Command run = Command.run("doctor", "-o", "/dev/full", "model0");
    assertThat(run.out()).startsWith("netmap4j doctor model0\n").contains("0 failures, ");
    assertThat(run.err())
        .startsWith("netmap4j: /dev/full: No space left on device")
        .hasLineCount(1);
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }

  /** Who reads a named pipe gets all of it. */
  @Test
  void theTextGoesIntoANamedPipe() throws Exception {
    Path fifo = folder.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    CompletableFuture<Command> run =
        CompletableFuture.supplyAsync(() -> Command.run("doctor", "-o", fifo.toString(), "model0"));
    assertThat(Files.readString(fifo)).startsWith("netmap4j doctor model0\n").endsWith(" ok\n");
    assertThat(run.get().code()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ffff:ff:1f.7", "vfio:ffff:ff:1f.7", "uio:ffff:ff:1f.7,unbound"})
  void aMachineWithoutTheCardSaysSoInOneLine(String address) {
    Command run = Command.run("doctor", address);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .startsWith("netmap4j: ffff:ff:1f.7: no network card there; this machine has ")
        .hasLineCount(1);
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }

  @Test
  void aNameWithoutACardIsAnErrorInOneLine() {
    Command run = Command.run("doctor", "nothing");
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("netmap4j: netmap:nothing: no such port; ").hasLineCount(1);
    assertThat(run.code()).isEqualTo(Main.FAILED);
    Command empty = Command.run("doctor", "");
    assertThat(empty.err()).startsWith("netmap4j: ADDRESS is empty: ");
    assertThat(empty.code()).isEqualTo(Main.USAGE);
  }

  @Test
  void whatCannotBeOpenedIsAFailureOfTheReport() {
    Command run = Command.run("doctor", "vfio-user:/nowhere/a.sock");
    assertThat(run.out()).contains("failure  opening").contains("1 failure, 0 warnings, 0 ok");
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }
}
