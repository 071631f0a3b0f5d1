package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.apps.metrics.MetricsServer;
import io.netmap4j.apps.traffic.Endpoints;
import io.netmap4j.apps.traffic.Pace;
import io.netmap4j.apps.traffic.Receiver;
import io.netmap4j.apps.traffic.Sender;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.apps.traffic.Tally;
import io.netmap4j.apps.traffic.UdpFrame;
import io.netmap4j.apps.traffic.Workers;
import io.netmap4j.common.NicOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code --metrics}; {@code -Dnetmap4j.metrics.packets=N} for a shorter or longer comparison. */
@Timeout(600)
class MetricsTest {
  private static final int PACKETS = Integer.getInteger("netmap4j.metrics.packets", 10_000_000);
  private static final Pattern URL = Pattern.compile("Metrics: (http://\\S+)");
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final HttpClient client = HttpClient.newHttpClient();

  @TempDir Path folder;

  /** Nothing is lost between the cards, and the figures are those of the ports to the packet. */
  @Test
  void agreesWithTheCountersOfThePorts() throws Exception {
    NetmapPort.Request request =
        NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.dropWhenFull(false));
    try (MetricsServer server = MetricsServer.start(ANY);
        NetmapPort tx = Netmap.open("netmap:model0", request);
        NetmapPort rx = Netmap.open("netmap:model1", request.addFlags(Netmap.NR_NO_TX_POLL))) {
      server.port(tx);
      server.port(rx);
      Tally sent = new Tally();
      Tally received = new Tally();
      server.loop("test", "tx", sent);
      server.loop("test", "rx", received);
      transfer(server, tx, sent, rx, received);
      Map<String, Double> scraped = values(get(server.url()).body());
      for (NetmapPort port : List.of(tx, rx)) {
        int compared = 0;
        for (Map.Entry<String, Long> counter : port.counters().entrySet()) {
          Double shown = find(scraped, port.name(), counter.getKey());
          if (shown != null) {
            assertThat(shown).as(counter.getKey()).isEqualTo(counter.getValue().doubleValue());
            compared++;
          }
        }
        assertThat(compared).isGreaterThan(50);
      }
      assertThat(find(scraped, "model0", "GPTC")).isEqualTo(PACKETS);
      assertThat(find(scraped, "model1", "QPRC0")).isEqualTo(PACKETS);
      assertThat(scraped)
          .containsEntry(
              "netmap4j_port_packets_total{direction=\"rx\",port=\"model1\"}", (double) PACKETS)
          .containsEntry(
              "netmap4j_command_packets_total{command=\"test\",loop=\"tx\"}", (double) PACKETS)
          .containsEntry(
              "netmap4j_command_packets_total{command=\"test\",loop=\"rx\"}", (double) PACKETS)
          .containsEntry("netmap4j_port_drops_packets_total{port=\"model1\"}", 0.0);
      System.out.println("metrics: agree after " + PACKETS + " packets");
    }
  }

  /** While it is scraped. */
  private void transfer(
      MetricsServer server, NetmapPort tx, Tally sent, NetmapPort rx, Tally received)
      throws Exception {
    tx.awaitLink(5000);
    rx.awaitLink(5000);
    Endpoints here = Endpoints.parse("10.0.0.1:1024-10.0.0.1:1279", false);
    UdpFrame frame = UdpFrame.ipv4(rx.nic().macAddress(), tx.nic().macAddress(), here, here, 60);
    Stop stop = new Stop();
    Workers workers = new Workers(stop);
    workers.start(
        "rx", () -> new Receiver(rx, 512, new Tally[] {received}).run(PACKETS, false, stop));
    workers.start(
        "tx", () -> new Sender(tx, frame, Pace.unlimited(), 256, sent).run(PACKETS, stop));
    int scrapes = 0;
    while (!workers.await(20)) {
      assertThat(get(server.url()).statusCode()).isEqualTo(200);
      scrapes++;
    }
    workers.join();
    assertThat(scrapes).isPositive();
  }

  /** By the name that Prometheus sees; null for a sum of others. */
  private static Double find(Map<String, Double> scraped, String port, String counter) {
    String family = counter.toLowerCase(Locale.ROOT);
    Matcher numbered = Pattern.compile("(qprc|qbrc|qprdc|qptc|qbtc|rxmpc)([0-9]+)").matcher(family);
    String tag = "";
    if (numbered.matches()) {
      family = numbered.group(1);
      tag = ",ring=\"" + numbered.group(2) + "\"";
    }
    for (String start : List.of("netmap4j_device_", "netmap4j_port_")) {
      for (String unit : List.of("", "_bytes", "_packets")) {
        String name = start + family + unit + "_total{";
        Double value = scraped.get(name + "port=\"" + port + "\"" + tag + "}");
        if (value == null && !tag.isEmpty()) {
          value = scraped.get(name + tag.replace(",ring", "buffer") + ",port=\"" + port + "\"}");
        }
        if (value != null) {
          return value;
        }
      }
    }
    return null;
  }

  /** What the texts say of it: sent is not yet given back. */
  @Test
  void theFillOfATxRingIsWhatIsNotGivenBack() throws Exception {
    try (MetricsServer server = MetricsServer.start(ANY);
        NetmapPort tx = Netmap.open("netmap:model0");
        NetmapPort rx = Netmap.open("netmap:model1")) {
      server.port(tx);
      tx.awaitLink(5000);
      rx.awaitLink(5000);
      NetmapRing ring = tx.tx(0);
      for (int i = 0; i < 300; i++) {
        ring.put(ring.head(), new byte[60], 0, 60, 0);
        ring.advance(ring.next(ring.head()));
      }
      tx.txSync();
      while (rx.rx(0).space() < 300) { // within the time of the test
        rx.rxSync();
      }
      String fill = "netmap4j_ring_fill_slots{direction=\"tx\",port=\"model0\",ring=\"0\"}";
      String page = get(server.url()).body();
      assertThat(values(page).get(fill)).isBetween(12.0, 300.0); // the last 12 are never reported
      assertThat(page.lines().filter(line -> line.startsWith("# HELP netmap4j_ring_fill")))
          .singleElement()
          .asString()
          .contains("TX: given and not yet given back");
      tx.txSync();
      assertThat(values(get(server.url()).body()).get(fill)).isLessThan(32);
      assertThat(Command.run("top", "--help").out().replaceAll("\\s+", " "))
          .contains("given and not yet given back")
          .doesNotContain("not yet sent");
    }
  }

  @Test
  void promtoolHasNothingToSay() throws Exception {
    assumeTrue(onPath("promtool"), "no promtool: apt-get install prometheus");
    RunningCommand run =
        RunningCommand.start("bridge --metrics 0 -i netmap:model0 -i netmap:model1");
    Path page = folder.resolve("metrics");
    do { // it shows its loops a moment after its ports
      Files.writeString(page, get(url(run.err())).body());
    } while (!Files.readString(page).contains("netmap4j_command_packets_total"));
    run.stop();
    Process promtool =
        new ProcessBuilder("promtool", "check", "metrics")
            .redirectInput(page.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(promtool.waitFor()).as(said).isZero();
    assertThat(said).isEmpty();
    assertThat(values(Files.readString(page)))
        .containsKeys(
            "netmap4j_command_packets_total{command=\"bridge\",loop=\"netmap:model0 ->"
                + " netmap:model1\"}",
            "netmap4j_port_link_up{port=\"model1\"}");
  }

  @Test
  void oneServerShowsAllCommandsOfARun() throws Exception {
    try (ChildProcess run =
        ChildProcess.start(
            "run",
            "--metrics",
            "127.0.0.1:0",
            "bridge -i netmap:model0 -i netmap:m{1",
            "pkt-gen -i netmap:m}1 -f rx",
            "pkt-gen -i netmap:model1 -f tx -n 500")) {
      String url = url(run.await("Metrics:", 60).output());
      String received = "netmap4j_command_packets_total{command=\"pkt-gen\",loop=\"rx m}1\"}";
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      Map<String, Double> shown;
      do {
        shown = values(get(url).body());
      } while (shown.getOrDefault(received, 0.0) < 500 && System.nanoTime() - deadline < 0);
      assertThat(shown)
          .containsEntry(received, 500.0)
          .containsKey("netmap4j_ring_fill_slots{direction=\"rx\",port=\"m}1\",ring=\"0\"}");
      run.interrupt();
      assertThat(run.exitCode(30)).as(run.output()).isEqualTo(130);
      assertRefused(url);
    }
  }

  /** Packets, bytes and drops are of one moment, and that is the moment of the answer. */
  @Test
  void figuresOfLbAgree() throws Exception {
    RunningCommand lb =
        RunningCommand.start("lb --metrics 0 -i netmap:model1 -p a:1 -w 0 --nic drop=false");
    try {
      String url = url(lb.err());
      while (!get(url).body().contains("netmap4j_command_drops_packets_total")) {
        Thread.sleep(10); // it shows its loops a moment after its ports
      }
      long sent = 0;
      for (int count : new int[] {20_000, 1, 1}) {
        sent += count;
        CompletableFuture<Command> tx = send(count);
        while (!tx.isDone()) {
          assertThat(figureOfLb(url, "bytes")).isNotNegative();
        }
        assertThat(tx.join().code()).as(tx.join().err()).isZero();
        Thread.sleep(200); // what is on the way arrives
        assertThat(figureOfLb(url, "packets")).isEqualTo(sent);
      }
      String port = url.replaceAll(".*:(\\d+)/.*", "$1");
      Command top = Command.run("top", "-n", "1", "-d", "0.3", port);
      assertThat(top.out())
          .containsPattern("(?m)^lb rx model1: 0 pps, 0 bit/s, - packets in a batch, 0 drop/s$");
    } finally {
      lb.stop();
    }
  }

  private static CompletableFuture<Command> send(int packets) {
    String line = "pkt-gen -i netmap:model0 -f tx -R 20K -n " + packets;
    return CompletableFuture.supplyAsync(
        () -> Command.run(line.split(" ")), task -> new Thread(task, line).start());
  }

  /** Of an answer whose figures belong together: nobody takes packets from its pipe. */
  private double figureOfLb(String url, String what) throws Exception {
    Map<String, Double> shown = values(get(url).body());
    String tags = "_total{command=\"lb\",loop=\"rx model1\"}";
    double packets = shown.get("netmap4j_command_packets" + tags);
    assertThat(shown.get("netmap4j_command_bytes" + tags)).isEqualTo(60 * packets);
    assertThat(packets - shown.get("netmap4j_command_drops_packets" + tags)).isBetween(0.0, 1023.0);
    return shown.get("netmap4j_command_" + what + tags);
  }

  @Test
  void cardsOfNicModelAreShown() throws Exception {
    RunningCommand model =
        RunningCommand.start("nic-model --metrics 0 -s " + folder.resolve("a.sock"));
    String url = url(model.err());
    Map<String, Double> shown = values(get(url).body());
    Command top = Command.run("top", "-n", "1", "-d", "0.1", url.replaceAll(".*:(\\d+)/.*", "$1"));
    model.stop();
    assertThat(shown.keySet())
        .containsExactlyInAnyOrder(
            "netmap4j_model_packets_total{card=\"a.sock\",direction=\"rx\"}",
            "netmap4j_model_packets_total{card=\"a.sock\",direction=\"tx\"}",
            "netmap4j_model_drops_packets_total{card=\"a.sock\"}");
    assertThat(top.out()).containsPattern("(?m)^a\\.sock +card +0 +- +0 +- +0 ");
  }

  @Test
  void aPortInUseIsOneLine() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Command dump =
          Command.run(
              "dump", "-i", "netmap:model0", "--metrics", String.valueOf(taken.getLocalPort()));
      assertThat(dump.code()).isEqualTo(Main.FAILED);
      assertThat(dump.err().lines()).hasSize(1);
      assertThat(dump.err())
          .contains("--metrics 127.0.0.1:" + taken.getLocalPort(), "already in use", "ss -tlnp");
      assertThat(Netmap.isOpen("netmap:model0")).isFalse();
    }
  }

  @Test
  void wrongPlacesAreWrongUsage() {
    for (String place : List.of("", "x", "70000", "1.2.3:1", "host.example:1", "-1", "::1:9")) {
      Command dump = Command.run("dump", "-i", "netmap:model0", "--metrics", place);
      assertThat(dump.code()).as(place).isEqualTo(Main.USAGE);
    }
    Command inRun = Command.run("run", "pkt-gen -i netmap:model0 -f rx --metrics 0");
    assertThat(inRun.code()).isEqualTo(Main.USAGE);
    assertThat(inRun.err()).contains("netmap4j run --metrics");
  }

  @Test
  void helpServesNothing() {
    Command help = Command.run("dump", "--metrics", "0", "--help", "-i", "x");
    assertThat(help.code()).isZero();
    assertThat(help.err()).doesNotContain("Metrics");
  }

  @Test
  void otherPathsAreNotFound() throws Exception {
    try (MetricsServer server = MetricsServer.start(ANY)) {
      String root = server.url().replace("/metrics", "/");
      assertThat(get(root).statusCode()).isEqualTo(404);
      assertThat(get(root).body()).contains("/metrics");
    }
  }

  /** And the server says nothing on standard error, where a command's own lines are. */
  @Test
  void otherMethods() throws Exception {
    try (ChildProcess dump =
        ChildProcess.start("dump", "--metrics", "0", "-i", "netmap:model0", "-w", "/dev/null")) {
      String url = url(dump.await("Metrics:", 60).output());
      for (String method : List.of("POST", "PUT", "DELETE", "OPTIONS", "X")) {
        HttpResponse<String> answer = ask(method, url);
        assertThat(answer.statusCode()).as(method).isEqualTo(405);
        assertThat(answer.headers().firstValue("Allow")).hasValue("GET, HEAD");
      }
      HttpResponse<String> head = ask("HEAD", url);
      assertThat(head.statusCode()).isEqualTo(200);
      assertThat(head.headers().firstValue("Content-Type"))
          .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version="));
      assertThat(head.body()).isEmpty();
      assertThat(ask("HEAD", url.replace("/metrics", "/")).statusCode()).isEqualTo(404);
      assertThat(get(url).statusCode()).isEqualTo(200);
      dump.interrupt();
      assertThat(dump.exitCode(30)).isEqualTo(130);
      assertThat(dump.output()).doesNotContain("HEAD", "WARN", "httpserver");
    }
  }

  private HttpResponse<String> ask(String method, String url) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  /** Clients that send half a request, more of them than threads, hold nothing up at the end. */
  @Test
  void slowClientsDoNotKeepTheCommand() throws Exception {
    RunningCommand dump =
        RunningCommand.start("dump --metrics 0 -i netmap:model0 -w " + folder.resolve("out"));
    URI url = URI.create(url(dump.err()));
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 10; i++) {
        Socket socket = new Socket(url.getHost(), url.getPort());
        slow.add(socket);
        socket.getOutputStream().write("GET /metr".getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
      }
      Thread.sleep(200);
      long begin = System.nanoTime();
      assertThat(dump.stop().code()).isZero();
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
    assertRefused(url.toString());
  }

  private HttpResponse<String> get(String url) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static void assertRefused(String url) {
    URI uri = URI.create(url);
    boolean open = true;
    try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
      socket.setSoTimeout(1000);
    } catch (IOException e) {
      open = false;
    }
    assertThat(open).as(url).isFalse();
  }

  private static String url(String said) {
    Matcher url = URL.matcher(said);
    assertThat(url.find()).as(said).isTrue();
    return url.group(1);
  }

  /** By name and labels. */
  private static Map<String, Double> values(String page) {
    Map<String, Double> values = new TreeMap<>();
    page.lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(
            line -> {
              int space = line.lastIndexOf(' ');
              values.put(line.substring(0, space), Double.parseDouble(line.substring(space + 1)));
            });
    return values;
  }

  private static boolean onPath(String tool) {
    for (String place : System.getenv("PATH").split(":")) {
      if (Files.isExecutable(Path.of(place, tool))) {
        return true;
      }
    }
    return false;
  }
}
