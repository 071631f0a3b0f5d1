package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts look at their arguments before they do anything. */
@Tag("once")
@Timeout(60)
class ScriptsTest {
  private static final int USAGE = 2;
  private static final String OURS = "apps/src/test/scripts/";

  @TempDir Path folder;

  private record Run(int code, String out, String err) {}

  private Run run(String script, String... args) throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "-c", "umask 022; exec \"$@\"", "sh"));
    command.add(Documents.ROOT.resolve(script).toString());
    command.addAll(List.of(args));
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectError(err.toFile()).start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    String errors = Files.readString(err);
    Files.delete(err);
    return new Run(process.exitValue(), out, errors);
  }

  /** Nothing was made where it was called. */
  private void assertFolderIsEmpty() throws IOException {
    assertThat(folder).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "docs/site/build",
        "examples/run",
        "release/api-diff",
        "release/check",
        "release/stage",
        "vm/setup",
        "vm/test",
        OURS + "local-repository",
        OURS + "two-namespaces"
      })
  void helpSaysWhatAScriptDoes(String script) throws Exception {
    Run help = run(script, "--help");
    assertThat(help.code).isZero();
    assertThat(help.out).isNotBlank();
    assertThat(help.err).isEmpty();
    assertFolderIsEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "docs/site/build, anything, usage: docs/site/build",
    "release/api-diff, '', usage: release/api-diff [TAG]",
    "release/api-diff, --foo, usage: release/api-diff [TAG]",
    "release/stage, 1.0.0, usage: release/stage VERSION JAVA_HOME TIME KEY",
    "release/stage, '1.0.0|/|1|none', release/stage: TIME is '1'",
    "release/stage, '1.0.0|/|2026-02-31T00:00:00Z|none', TIME is '2026-02-31T00:00:00Z'",
    "vm/setup, '', usage: vm/setup FOLDER",
    "vm/setup, foo, usage: vm/setup FOLDER",
    "vm/setup, ./foo|riscv64, usage: vm/setup FOLDER",
    "vm/test, --foo, vm: no option --foo",
    "vm/test, --kernel, vm: --kernel wants a FLAVOUR",
    "vm/test, --kernel|mips, vm: no kernel 'mips'",
    OURS + "local-repository, --foo, usage: local-repository FOLDER",
    OURS + "two-namespaces, --pings|1, usage: two-namespaces [OPTION...] COMMAND...",
    OURS + "two-namespaces, --pings|x|a|b|c, --pings is 'x'",
    OURS + "two-namespaces, --mtu, --mtu is ''",
    OURS + "two-namespaces, --foo, unknown option --foo"
  })
  void wrongUsageIsOneLine(String script, String args, String error) throws Exception {
    Run wrong = run(script, args.split("\\|", -1));
    assertThat(wrong.code).isEqualTo(USAGE);
    assertThat(wrong.err).contains(error).hasLineCount(1);
    assertThat(wrong.out).isEmpty();
    assertFolderIsEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Nosuch", "Run", ""})
  void onlyExamplesAreRun(String name) throws Exception {
    Run wrong = run("examples/run", name, "a");
    assertThat(wrong.code).isEqualTo(USAGE);
    assertThat(wrong.err).isEqualTo(run("examples/run", "--help").out);
    assertThat(wrong.err.lines().skip(1))
        .contains("  Firewall", "  TrafficGenerator")
        .doesNotContain("  Run", "  Addresses");
  }

  /** What was staged before stays when there is nothing to stage. */
  @Test
  void nothingStagedGoesBeforeAllJarsAreThere() throws Exception {
    Path script = Documents.ROOT.resolve("release/stage");
    Path root = Files.createDirectories(folder.resolve("copy"));
    Files.createDirectories(root.resolve("release"));
    Files.copy(script, root.resolve("release/stage"));
    Files.copy(Documents.ROOT.resolve("pom.xml"), root.resolve("pom.xml"));
    Files.createDirectories(root.resolve("api"));
    Files.copy(Documents.ROOT.resolve("api/pom.xml"), root.resolve("api/pom.xml"));
    Path staged = Files.createDirectories(root.resolve("target/staging"));
    String home = System.getProperty("java.home");
    Run missing =
        run(
            root.resolve("release/stage").toString(),
            "1.0.0",
            home,
            "2026-11-23T00:00:00Z",
            "none");
    assertThat(missing.code).isEqualTo(1);
    assertThat(missing.err).contains("api/target/netmap4j-api-1.0.0.jar is missing");
    assertThat(staged).exists();
  }

  /** Ubuntu's own mirrors have none of Debian's suites. */
  @Test
  void onlyDebiansOwnMirrorIsDebians() throws Exception {
    Path release = Files.writeString(folder.resolve("os-release"), "ID=ubuntu\n");
    String asUbuntu =
        "mount --bind " + release + " /etc/os-release && unset NETMAP4J_VM_MIRROR && ";
    assumeTrue(
        run("/usr/bin/unshare", "--mount", "sh", "-c", asUbuntu + "true").code == 0,
        "skipped: mount namespaces need root");
    String mirror = Documents.ROOT.resolve("vm/mirror").toString();
    Run there = run("/usr/bin/unshare", "--mount", "sh", "-c", asUbuntu + mirror);
    assertThat(there.code).isEqualTo(1);
    assertThat(there.out).isEmpty();
    assertThat(there.err).contains("this machine is ubuntu").contains("Set NETMAP4J_VM_MIRROR");
    Run told =
        run(
            "/usr/bin/unshare",
            "--mount",
            "sh",
            "-c",
            asUbuntu + "NETMAP4J_VM_MIRROR=http://mirror " + mirror);
    assertThat(told.out).isEqualTo("http://mirror\n");
  }
}
