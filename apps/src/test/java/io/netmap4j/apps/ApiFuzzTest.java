package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@link ApiFuzz} in a JVM of its own, so that a call that ends a JVM is a test that fails. 20,000
 * calls, or {@code -Dnetmap4j.api.calls=1000000 -Dnetmap4j.api.seed=7}.
 */
@Timeout(3600)
class ApiFuzzTest {
  private static final String CALLS = System.getProperty("netmap4j.api.calls", "20000");
  private static final String SEED = System.getProperty("netmap4j.api.seed", "13");

  @Test
  void noCallEndsTheJvmHangsOrTouchesAnothersRings() throws Exception {
    List<String> command = new ArrayList<>(JavaCommand.of(ApiFuzz.class, SEED, CALLS, "4"));
    command.addAll(1, List.of("-XX:-CreateCoredumpOnCrash", "-Xmx512m"));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor()).as("exit code, said:%n%s", said).isZero();
    assertThat(said).contains("survived: seed " + SEED);
    System.out.println(said.lines().reduce("", (first, last) -> last));
  }
}
