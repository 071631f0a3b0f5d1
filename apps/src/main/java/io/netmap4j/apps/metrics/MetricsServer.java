package io.netmap4j.apps.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netmap4j.NetmapPort;
import io.netmap4j.apps.traffic.Figures;
import io.netmap4j.metrics.PortMeters;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongSupplier;

/**
 * The end point of {@code --metrics}: answers {@code GET} and {@code HEAD /metrics} in Prometheus'
 * text format, by threads of its own, so that no client holds a command up.
 */
public final class MetricsServer implements Figures, AutoCloseable {
  private static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";

  /** As many clients may be slow before others wait. */
  private static final int THREADS = 4;

  static {
    // Seconds until a client that sends no request, or takes no answer, is cut off.
    for (String limit : List.of("maxReqTime", "maxRspTime")) {
      String property = "sun.net.httpserver." + limit;
      System.setProperty(property, System.getProperty(property, "10"));
    }
  }

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final PortMeters ports = new PortMeters();
  private final Map<Counter, List<LongSupplier>> counters = new ConcurrentHashMap<>();
  private final List<Runnable> refreshes = new CopyOnWriteArrayList<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(THREADS, MetricsServer::thread);
  private final HttpServer server;

  private MetricsServer(InetSocketAddress at) throws IOException {
    server = HttpServer.create(at, 0);
    ports.bindTo(registry);
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
  }

  /**
   * Starts to serve.
   *
   * @param at where; port 0 for one that is free
   * @throws IOException saying why not; nothing is left open then
   */
  public static MetricsServer start(InetSocketAddress at) throws IOException {
    try {
      return new MetricsServer(at);
    } catch (BindException e) {
      throw new IOException(
          "--metrics " + text(at) + ": " + e.getMessage() + hint(at, e.getMessage()), e);
    } catch (IOException e) {
      throw new IOException("--metrics " + text(at) + ": " + e.getMessage(), e);
    }
  }

  private static String hint(InetSocketAddress at, String reason) {
    String text = String.valueOf(reason);
    if (text.contains("in use")) {
      return "; another port, or 0 for any that is free; who has it: ss -tlnp 'sport = :"
          + at.getPort()
          + "'";
    }
    if (text.contains("ermission")) {
      return "; ports below 1024 need root: choose a higher one, or 0 for any that is free";
    }
    return "; this machine's addresses: ip -brief address";
  }

  private static String text(InetSocketAddress at) {
    String address = at.getAddress().getHostAddress();
    return (address.indexOf(':') < 0 ? address : "[" + address + "]") + ":" + at.getPort();
  }

  private static Thread thread(Runnable body) {
    Thread thread = new Thread(body, "metrics");
    thread.setDaemon(true);
    return thread;
  }

  /** Where the meters are. */
  public String url() {
    return url(server.getAddress());
  }

  /** Where the meters of a server at that address are. */
  public static String url(InetSocketAddress at) {
    return "http://" + text(at) + "/metrics";
  }

  @Override
  public void port(NetmapPort port) {
    ports.add(port);
  }

  @Override
  public void counter(Counter counter, LongSupplier value) {
    List<LongSupplier> all =
        counters.computeIfAbsent(counter, c -> register(c, new CopyOnWriteArrayList<>()));
    all.add(value);
  }

  @Override
  public void beforeEach(Runnable refresh) {
    refreshes.add(refresh);
  }

  private List<LongSupplier> register(Counter counter, List<LongSupplier> all) {
    FunctionCounter.builder(
            counter.meter(), all, l -> l.stream().mapToLong(LongSupplier::getAsLong).sum())
        .baseUnit(counter.unit())
        .description(counter.text())
        .tags(counter.tags().toArray(String[]::new))
        .register(registry);
    return all;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals("/metrics")) {
        send(exchange, 404, "Meters are at /metrics\n");
      } else if (!List.of("GET", "HEAD").contains(exchange.getRequestMethod())) {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        send(exchange, 405, "Only GET and HEAD\n");
      } else {
        ports.refresh();
        refreshes.forEach(Runnable::run);
        exchange.getResponseHeaders().set("Content-Type", TEXT);
        send(exchange, 200, registry.scrape(TEXT));
      }
    }
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, head ? -1 : bytes.length);
    if (!head) {
      exchange.getResponseBody().write(bytes);
    }
  }

  /** Ends the answers in progress, and waits for none. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
    ports.close();
    registry.close();
  }
}
