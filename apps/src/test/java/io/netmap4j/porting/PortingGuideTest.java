package io.netmap4j.porting;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** docs/porting.md quotes the programs of this package, and they do what it says. */
@Timeout(60)
class PortingGuideTest {
  /** The common pool may have one thread, where one program would wait for the other. */
  private static final Executor IN_ITS_THREAD = task -> new Thread(task).start();

  private static final Path ROOT =
      Path.of(System.getProperty("basedir", "")).toAbsolutePath().getParent();

  @ParameterizedTest
  @ValueSource(strings = {"Send", "Forward", "Backlog"})
  void theDocumentHasTheProgramAsItIs(String program) throws Exception {
    String source =
        Files.readString(
            ROOT.resolve("apps/src/test/java/io/netmap4j/porting/" + program + ".java"));
    String shown = source.substring(source.indexOf("\nimport "), source.length()).strip();
    assertThat(Files.readString(ROOT.resolve("docs/porting.md")))
        .as("docs/porting.md, without the package's line: copy %s.java", program)
        .contains("```java\n" + shown + "\n```");
  }

  /** Each block of the right column is in a file that compiles, whatever the line breaks. */
  @Test
  void theRightColumnCompiles() throws Exception {
    String compiled =
        Files.readString(ROOT.resolve("apps/src/test/java/io/netmap4j/porting/Snippets.java"));
    Matcher block =
        Pattern.compile("<td>\\s*```java\\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(ROOT.resolve("docs/porting.md")));
    int blocks = 0;
    while (block.find()) {
      assertThat(compiled.replaceAll("\\s", "")).contains(block.group(1).replaceAll("\\s", ""));
      blocks++;
    }
    assertThat(blocks).isGreaterThan(10);
  }

  /** From a sender through a forwarder to a counter, over two pipes in one memory. */
  @Test
  void framesAreSentAndForwarded() throws Exception {
    try (NetmapPort end = Netmap.open("netmap:guide}2")) {
      CompletableFuture<Long> forwarded =
          CompletableFuture.supplyAsync(
              () -> Forward.forward("netmap:guide}1", "netmap:guide{2", 1500), IN_ITS_THREAD);
      CompletableFuture<Boolean> sent =
          CompletableFuture.supplyAsync(() -> Send.send("netmap:guide{1", 5000), IN_ITS_THREAD);
      NetmapRing rx = end.rx(0);
      int next = 0;
      while (next < 5000) {
        assertThat(end.poll(NetmapPort.POLLIN, 20_000)).isEqualTo(NetmapPort.POLLIN);
        for (int space = rx.space(); space > 0; space--) {
          assertThat(rx.getInt(rx.head(), 14)).isEqualTo(next++);
          rx.advance(rx.next(rx.head()));
        }
      }
      end.rxSync();
      assertThat(sent.get()).isTrue();
      assertThat(forwarded.get()).isEqualTo(5000);
    }
  }

  /** More than ring and backlog hold, so that some wait in each. */
  @Test
  void whatThePipeHasNoRoomForWaitsInExtraBuffers() throws Exception {
    CompletableFuture<Long> at =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Backlog.run("netmap:back}9", "netmap:back", 800);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
    assertThat(Send.send("netmap:back{9", 20_000)).isTrue();
    assertThat(at.get()).isEqualTo(20_000);
  }

  @Test
  void theyRunOnModelledCards() throws Exception {
    CompletableFuture<Long> forwarded =
        CompletableFuture.supplyAsync(
            () -> Forward.forward("netmap:model1", "netmap:cards{1", 900));
    try (NetmapPort end = Netmap.open("netmap:cards}1")) {
      while (!Netmap.isOpen("netmap:model1")) {
        Thread.sleep(1);
      }
      assertThat(Send.send("netmap:model0", 100)).isTrue();
      int got = 0;
      while (got < 100) {
        assertThat(end.poll(NetmapPort.POLLIN, 20_000)).isEqualTo(NetmapPort.POLLIN);
        got += end.rx(0).space();
        end.rx(0).advance(end.rx(0).tail());
      }
      end.rxSync();
      assertThat(forwarded.get()).isEqualTo(100);
    }
  }
}
