package io.netmap4j.bench.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** bench/dpdk-rings on DPDK's null ports: what it answers, without a card, hugepages or root. */
@Timeout(60)
class DpdkRingsTest {
  private static final Path PROGRAM = Path.of("dpdk-rings").toAbsolutePath();
  private static final List<String> NULL_PORTS =
      List.of("--no-pci --vdev=net_null0 --vdev=net_null1 --no-huge -m 64 --no-shconf".split(" "));

  @BeforeAll
  static void needsDpdk() throws Exception {
    Process check = start(List.of("--check"));
    String said = all(check);
    assumeTrue(check.waitFor() == 0, said);
  }

  private static Process start(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(PROGRAM.toString()));
    command.addAll(arguments);
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static String all(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
  }

  /** The lines that it prints when asked this. */
  private static List<String> ask(int exit, String path, String requests) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("-", path, "mov"));
    arguments.addAll(NULL_PORTS);
    Process process = start(arguments);
    process.getOutputStream().write(requests.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().close();
    List<String> lines = all(process).lines().toList();
    assertTrue(process.waitFor(10, TimeUnit.SECONDS), "it does not end");
    assertEquals(exit, process.exitValue(), lines.toString());
    return lines;
  }

  @Test
  void answersEachRequestWithALine() throws Exception {
    List<String> lines =
        ask(0, "vector", "rx 32 5\ntx 8 5\nforward 128 5\nrx-bare 1 5\ntx-bare 256 5\n");
    assertEquals(6, lines.size(), lines.toString());
    assertTrue(
        lines.get(0).matches("ready tsc=\\d{9,} version=\\d\\d\\.\\d\\d\\.\\d+ .*doorbell=mov"),
        lines.get(0));
    int[] packets = {416, 416, 384, 416, 256};
    for (int i = 0; i < packets.length; i++) {
      String line = lines.get(i + 1);
      Answer answer = Answer.parse(line);
      assertTrue(answer.median() > 0.5, line); // a cycle for a packet is not work
      assertTrue(line.contains(" packets=" + packets[i] + " "), line);
    }
  }

  @Test
  void refusesWhatItCannotDo() throws Exception {
    assertTrue(ask(1, "vector", "rx 257 5\n").get(1).startsWith("error a request is"));
    assertTrue(ask(0, "vector", "rx 32 5 bill\n").get(1).startsWith("n/a "));
    assertEquals(
        List.of("error quick is none of vector, scalar, full, recycle"), ask(1, "quick", ""));
  }
}
