package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that is stopped (Ctrl-Z) while two clients work with it. */
@Tag("once")
@Timeout(300)
class StalledServerTest {
  private static final String STALL = "the server has not answered for";
  private static final String AGAIN = "the server answers again";

  @TempDir Path folder;
  private Map<String, String> environment;
  private ChildProcess server;

  @BeforeEach
  void serve() throws Exception {
    Path file = folder.resolve("netmap4j.properties");
    Files.writeString(
        file,
        "nic.left = vfio-user:"
            + folder.resolve("0.sock")
            + "\nnic.right = vfio-user:"
            + folder.resolve("1.sock")
            + "\nnic.right.drop = false\nmemory.buf-num = 8192\n");
    environment = Map.of("NETMAP4J_CONFIG", file.toString());
    String[] sockets = {folder.resolve("0.sock").toString(), folder.resolve("1.sock").toString()};
    server =
        ChildProcess.start(environment, "nic-model", "-s", sockets[0], "-s", sockets[1])
            .await("ready", 60);
  }

  @AfterEach
  void end() throws Exception {
    server.kill();
  }

  private ChildProcess start(String command) {
    return ChildProcess.start(environment, command.split(" "));
  }

  /** A card has light before it receives: what is sent to it meanwhile is lost. */
  private ChildProcess startOnce(ChildProcess receiver, String command) throws Exception {
    receiver.await("main_thread", 60);
    return start(command);
  }

  private static void count(ChildProcess process, String words, int times) {
    assertThat(Pattern.compile(Pattern.quote(words)).matcher(process.output()).results().count())
        .as("'%s' in:%n%s", words, process.output())
        .isEqualTo(times);
  }

  @Test
  void clientsSurviveAStopAndTellItOnce() throws Exception {
    try (ChildProcess rx = start("pkt-gen -i netmap:right -f rx -T 100 -w 0 -n 20000");
        ChildProcess tx =
            startOnce(rx, "pkt-gen -i netmap:left -f tx -T 100 -w 10 -n 20000 -R 4000")) {
      rx.await("main_thread.* \\([1-9]", 60);
      server.signal("STOP");
      rx.await(STALL, 30);
      tx.await(STALL, 30);
      Thread.sleep(2000); // 3 s in all
      assertThat(rx.running() && tx.running()).isTrue();
      server.signal("CONT");
      rx.await(AGAIN, 30);
      tx.await(AGAIN, 30);
      assertThat(tx.exitCode(60)).as(tx.output()).isZero();
      assertThat(rx.exitCode(60)).as(rx.output()).isZero();
      for (ChildProcess client : new ChildProcess[] {rx, tx}) {
        count(client, STALL, 1);
        count(client, AGAIN, 1);
        count(client, "WARN", 2);
        count(client, "vfio-user:", 2);
      }
      assertThat(tx.output()).contains("Sent 20000 packets");
      assertThat(rx.output()).contains("Received 20000 packets");
    }
  }

  @Test
  void aStallIsAnEventOfAFlightRecording() throws Exception {
    Path file = folder.resolve("client.jfr");
    Map<String, String> recorded = new HashMap<>(environment);
    recorded.put("JAVA_TOOL_OPTIONS", "-XX:StartFlightRecording:filename=" + file);
    try (ChildProcess rx =
        ChildProcess.start(recorded, "pkt-gen -i netmap:right -f rx -T 100 -w 0".split(" "))) {
      rx.await("main_thread", 60);
      server.signal("STOP");
      rx.await(STALL, 30);
      server.signal("CONT");
      rx.await(AGAIN, 30);
      rx.interrupt();
      assertThat(rx.exitCode(60)).as(rx.output()).isEqualTo(130);
    }
    assertThat(RecordingFile.readAllEvents(file))
        .filteredOn(event -> event.getEventType().getName().equals("io.netmap4j.Stall"))
        .hasSize(1)
        .allMatch(event -> event.getString("what").equals("vfio-user server"))
        .allMatch(event -> event.getDuration("millis").toMillis() >= 1000);
  }

  /** Ctrl-C and kill do not wait for a server that stands still. */
  @Test
  void whoLeavesAStoppedServerDoesSoSoon() throws Exception {
    try (ChildProcess rx = start("pkt-gen -i netmap:right -f rx -T 100 -w 10")) {
      rx.await("main_thread", 60);
      server.signal("STOP");
      rx.await(STALL, 30);
      rx.interrupt();
      rx.exitCode(20); // patience would be 30 s
      server.signal("CONT");
    }
    try (ChildProcess next = start("pkt-gen -i netmap:right -f rx -T 100 -w 10")) {
      next.await("main_thread", 60); // the server lives, and is free again
      server.kill();
      assertThat(next.exitCode(20)).as("a death is told at once").isEqualTo(1);
      assertThat(next.output()).contains("the server is gone").doesNotContain(STALL);
      count(next, "WARN", 1);
    }
  }

  @Test
  void aSecondClientIsToldWhoHasTheCard() throws Exception {
    try (ChildProcess first = start("pkt-gen -i netmap:right -f rx -T 100 -w 10")) {
      first.await("main_thread", 60);
      try (ChildProcess second = start("pkt-gen -i netmap:right -f rx")) {
        assertThat(second.exitCode(60)).isEqualTo(1);
        assertThat(second.output())
            .contains("1.sock: another client has this card")
            .contains("netmap4j nic-model -s");
        server.await("another client was refused", 10);
      }
    }
  }
}
