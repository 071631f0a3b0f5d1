package io.netmap4j.apps;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.netmap4j.apps.metrics.MetricsServer;
import io.netmap4j.apps.traffic.Stop;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class TopTest {
  private static final Pattern PORT = Pattern.compile("Metrics: http://127\\.0\\.0\\.1:(\\d+)/");

  @TempDir Path folder;

  /** A server, and its port. */
  private static ChildProcess traffic() throws Exception {
    return ChildProcess.start(
            "run",
            "--metrics",
            "0",
            "pkt-gen -i netmap:model1 -f rx",
            "pkt-gen -i netmap:model0 -f tx -R 20K")
        .await("^Sending", 60)
        .await("main_thread", 60);
  }

  private static String port(ChildProcess serving) {
    Matcher port = PORT.matcher(serving.output());
    assertThat(port.find()).as(serving.output()).isTrue();
    return port.group(1);
  }

  @Test
  void linesWithoutATerminal() throws Exception {
    try (ChildProcess serving = traffic()) {
      Command top = Command.run("top", "-n", "2", "-d", "0.5", port(serving));
      assertThat(top.code()).as(top.err()).isZero();
      assertThat(top.out()).doesNotContain("\u001b");
      assertThat(top.out().lines().filter(line -> line.startsWith("netmap4j top"))).hasSize(2);
      assertThat(top.out())
          .containsPattern("(?m)^model0 +10\\.0G +0 +0 +[12]\\d\\.\\dk +")
          .containsPattern("(?m)^model1 +10\\.0G +[12]\\d\\.\\dk +")
          .containsPattern("(?m)^  tx rings, % full: +\\d+  of 512 slots$")
          .containsPattern("(?m)^pkt-gen rx model1: [12]\\d\\.\\dk pps, ");
    }
  }

  @Test
  void severalOneOfWhichIsSilent() throws Exception {
    int unused;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      unused = socket.getLocalPort();
    }
    RunningCommand dump = RunningCommand.start("dump --metrics 0 -i netmap:model0");
    Matcher port = PORT.matcher(dump.err());
    assertThat(port.find()).isTrue();
    Command top = Command.run("top", "-n", "1", "-d", "0.2", port.group(1), "" + unused);
    dump.stop();
    assertThat(top.code()).isZero();
    assertThat(top.out())
        .contains("http://127.0.0.1:" + unused + "/metrics: nobody listens there")
        .contains("\nmodel0 ");
    Command none = Command.run("top", "-n", "1", "" + unused);
    assertThat(none.code()).isEqualTo(Main.FAILED);
    assertThat(none.err().lines()).hasSize(1);
    assertThat(none.err()).contains("nobody listens there", "--metrics PORT");
  }

  @Test
  void whatIsNotOursIsTold() throws Exception {
    HttpServer other =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    other.start();
    try (ServerSocket mute = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Command top = Command.run("top", "-n", "1", "" + other.getAddress().getPort());
      assertThat(top.code()).isEqualTo(Main.FAILED);
      assertThat(top.err()).contains("status 404");
      Command silent = Command.run("top", "-n", "1", "" + mute.getLocalPort());
      assertThat(silent.code()).isEqualTo(Main.FAILED);
      assertThat(silent.err()).contains("no whole answer within 2 s");
    } finally {
      other.stop(0);
    }
  }

  /** Answers whatever is asked. */
  private static HttpServer answering(String type, Body body) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(200, 0);
            body.write(exchange.getResponseBody());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
    return server;
  }

  private interface Body {
    void write(OutputStream to) throws IOException, InterruptedException;
  }

  private static String port(HttpServer server) {
    return "" + server.getAddress().getPort();
  }

  @ParameterizedTest
  @ValueSource(strings = {"<html>hello</html>", "", "hello 3\n\u0000\u0001"})
  void anAnswerWithoutMetersIsTold(String body) throws Exception {
    HttpServer other = answering("text/html", to -> to.write(body.getBytes(UTF_8)));
    try {
      Command top = Command.run("top", "-n", "1", "-d", "0.1", port(other));
      assertThat(top.code()).isEqualTo(Main.FAILED);
      assertThat(top.err()).contains("answers, but not with meters").hasLineCount(1);
    } finally {
      other.stop(0);
    }
  }

  /** Its ports may come later. */
  @Test
  void aCommandWithoutPortsIsOurs() throws Exception {
    try (MetricsServer server =
        MetricsServer.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      String port = server.url().replaceAll(".*:(\\d+)/.*", "$1");
      Command top = Command.run("top", "-n", "1", "-d", "0.1", port);
      assertThat(top.code()).as(top.err()).isZero();
      assertThat(top.out()).contains("no meters of netmap4j at the moment");
    }
  }

  /** Headers at once, and a body that does not end, or is too large. */
  @Test
  void anEndlessAnswerHoldsNothingUp() throws Exception {
    CountDownLatch cut = new CountDownLatch(1);
    HttpServer slow =
        answering(
            "text/plain; version=0.0.4",
            to -> {
              try {
                for (int i = 0; i < 300; i++) {
                  to.write("a 1\n".getBytes(UTF_8));
                  to.flush();
                  Thread.sleep(100);
                }
              } catch (IOException e) {
                cut.countDown();
              }
            });
    HttpServer large =
        answering(
            "text/plain; version=0.0.4",
            to -> {
              for (byte[] zeros = new byte[1 << 20]; ; ) {
                to.write(zeros);
              }
            });
    try (MetricsServer good =
        MetricsServer.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      Command none = Command.run("top", "-n", "1", port(slow));
      assertThat(none.code()).isEqualTo(Main.FAILED);
      assertThat(none.err()).contains("no whole answer within 2 s").hasLineCount(1);
      assertThat(cut.await(10, TimeUnit.SECONDS)).as("the connection is closed").isTrue();
      Command much = Command.run("top", "-n", "1", port(large));
      assertThat(much.code()).isEqualTo(Main.FAILED);
      assertThat(much.err()).contains("larger than 16 MiB").hasLineCount(1);
      String port = good.url().replaceAll(".*:(\\d+)/.*", "$1");
      Command both = Command.run("top", "-n", "3", "-d", "0.2", port(slow), port(large), port);
      assertThat(both.code()).as(both.err()).isZero();
      assertThat(both.out().split("no meters of netmap4j at the moment")).hasSize(4);
      assertThat(both.out().split("no whole answer within 2 s")).hasSize(4);
    } finally {
      slow.stop(0);
      large.stop(0);
    }
  }

  @Test
  void longNamesKeepTheColumnsInPlace() throws Exception {
    String text =
        """
        netmap4j_port_link_up{port="a"} 1
        netmap4j_port_link_up{port="interface-of-eighteen"} 1
        netmap4j_port_link_up{port="one-that-is-too-long-for-a-column{12"} 1
        """;
    HttpServer server = answering("text/plain", to -> to.write(text.getBytes(UTF_8)));
    int unused;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      unused = socket.getLocalPort();
    }
    try {
      Command top = Command.run("top", "-n", "1", "-d", "0.1", port(server), "" + unused);
      assertThat(top.code()).as(top.err()).isZero();
      assertThat(top.out().lines().filter(line -> line.matches("(PORT|a|int.*|one.*) .*")))
          .hasSize(4)
          .allMatch(line -> line.matches(".{24} {4}(LINK|  up).*"));
      assertThat(top.out())
          .contains("\none-that-is...-column{12 ")
          .containsOnlyOnce("http://127.0.0.1:" + unused + "/metrics");
    } finally {
      server.stop(0);
    }
  }

  @Test
  void namesOfHostsAreRefusedAsSuch() {
    Command top = Command.run("top", "nosuchhost.invalid:9400");
    assertThat(top.code()).isEqualTo(Main.USAGE);
    assertThat(top.err()).contains("names of hosts other than localhost are not looked up");
  }

  @Test
  void wrongUsage() {
    for (String[] line :
        new String[][] {
          {"top"}, {"top", "0"}, {"top", "x"}, {"top", "-d", "0", "1"}, {"top", "-n", "-1", "1"}
        }) {
      assertThat(Command.run(line).code()).as(String.join(" ", line)).isEqualTo(Main.USAGE);
    }
  }

  @Test
  void stopsAtOnce() throws Exception {
    RunningCommand dump = RunningCommand.start("dump --metrics 0 -i netmap:model0");
    Matcher port = PORT.matcher(dump.err());
    assertThat(port.find()).isTrue();
    Stop stop = new Stop();
    CompletableFuture<Command> top =
        CompletableFuture.supplyAsync(
            () -> Command.run(stop, "top", "-d", "60", port.group(1)),
            task -> new Thread(task, "top").start());
    Thread.sleep(500);
    stop.request();
    assertThat(top.get(5, TimeUnit.SECONDS).code()).isZero();
    dump.stop();
  }

  @Test
  void onATerminalItRedrawsInPlace() throws Exception {
    try (ChildProcess serving = traffic();
        Tmux tmux = Tmux.start(folder, 100, 30, "top", "-d", "0.3", port(serving))) {
      tmux.await("(?m)^model1 +10\\.0G +[12]\\d\\.\\dk ");
      String screen = tmux.screen();
      assertThat(screen.lines().findFirst()).get().asString().startsWith("netmap4j top ");
      assertThat(tmux.display("#{cursor_flag}")).isEqualTo("0");
      tmux.resize(40, 6);
      tmux.await("(?m)^\\.\\.\\. \\d+ more lines$");
      assertThat(tmux.screen().lines()).allMatch(line -> line.length() <= 40);
      tmux.resize(100, 30);
      tmux.await("(?m)^pkt-gen tx model0: .* packets in a batch$");
      assertThat(tmux.screen().lines().filter(line -> line.startsWith("PORT"))).hasSize(1);
      tmux.keys("C-c");
      tmux.await("ended 130");
      assertThat(tmux.display("#{cursor_flag}")).isEqualTo("1");
      assertThat(tmux.screen()).contains("model1").doesNotContain("Exception");
      System.out.println(screen.stripTrailing());
    }
  }
}
