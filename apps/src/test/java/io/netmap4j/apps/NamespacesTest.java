package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Programs that nobody here wrote talk through our rings: {@code src/test/scripts/two-namespaces},
 * with two processes that serve a modelled card each, and the bridge in a third. What was measured
 * is in {@code target/two-namespaces-*.txt}. At full length:
 *
 * <pre>
 *   -Dtest=NamespacesTest -Dnetmap4j.namespaces="--pings 1000 --seconds 5 --bytes 1G"
 * </pre>
 */
@Tag("once")
@Timeout(1000)
class NamespacesTest {
  private static final String SHORT = "--pings 300 --seconds 1 --bytes 16M";
  private static final long LIMIT_SECONDS = 900;
  private static final int SOMETHING_IS_MISSING = 77;

  @Test
  void twoNetworkStacksTalkThroughTheBridge() throws Exception {
    acceptance("mtu1500", List.of(), List.of());
  }

  @Test
  void jumboFramesCrossInSeveralSlots() throws Exception {
    acceptance("mtu9000", List.of("--mtu", "9000"), List.of("--nic", "mtu=9000"));
  }

  private static void acceptance(String name, List<String> options, List<String> bridgeOptions)
      throws Exception {
    List<String> bridge =
        new ArrayList<>(List.of("bridge", "-i", "netmap:left", "-i", "netmap:right"));
    bridge.addAll(bridgeOptions);
    String configuration =
        "printf 'nic.left = vfio-user:left.sock\\nnic.right = vfio-user:right.sock\\n"
            + "nic.left.drop = false\\nnic.right.drop = false\\n' >netmap4j.properties; ";
    String served =
        "for i in $(seq 600); do [ -S left.sock ] && [ -S right.sock ] && break; sleep 0.05; done; ";

    List<String> command = new ArrayList<>(List.of("src/test/scripts/two-namespaces"));
    command.addAll(List.of(System.getProperty("netmap4j.namespaces", SHORT).split(" ")));
    command.addAll(options);
    command.add("exec " + java("nic-model", "-s", "left.sock", "--wire") + " tap:$TAP_A");
    command.add("exec " + java("nic-model", "-s", "right.sock", "--wire") + " tap:$TAP_B");
    command.add(
        configuration
            + served
            + "unset NETMAP4J_CONFIG; exec "
            + java(bridge.toArray(String[]::new)));
    Path output = Path.of("target", "two-namespaces-" + name + ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.destroy(); // it cleans up
      process.waitFor(30, TimeUnit.SECONDS);
    }
    String said = Files.readString(output);
    assumeTrue(
        !ended || process.exitValue() != SOMETHING_IS_MISSING, () -> "skipped: " + said.trim());
    assertThat(ended).as("ends within %d s: %s", LIMIT_SECONDS, said).isTrue();
    assertThat(process.exitValue()).as("exit code; the script said: %s", said).isZero();
  }

  /** For a shell: netmap4j with these arguments. */
  private static String java(String... arguments) {
    return JavaCommand.of(Main.class, arguments).stream()
        .map(NamespacesTest::quoted)
        .collect(Collectors.joining(" "));
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }
}
