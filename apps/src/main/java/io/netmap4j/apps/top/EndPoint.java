package io.netmap4j.apps.top;

import io.netmap4j.apps.metrics.MetricsServer;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A command's {@code --metrics}, its last two answers, or why there is none. For one thread. */
final class EndPoint {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final String url;
  private Samples before;
  private Samples now;
  private String trouble;

  EndPoint(InetSocketAddress at) {
    this.url = MetricsServer.url(at);
  }

  /** Asks; the result tells when {@link #now} or {@link #trouble} is of this time. Never fails. */
  CompletableFuture<Void> poll(HttpClient client) {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE).build();
    return client
        .sendAsync(request, HttpResponse.BodyHandlers.ofString())
        .handle(
            (response, failure) -> {
              if (failure != null) {
                failed(reason(failure));
              } else {
                answered(response);
              }
              return null;
            });
  }

  private void answered(HttpResponse<String> response) {
    if (response.statusCode() != 200) {
      failed("answers with status " + response.statusCode() + ", so it is none of ours");
      return;
    }
    Samples samples = Samples.parse(response.body(), System.nanoTime());
    before = now;
    now = samples;
    trouble = null;
  }

  private void failed(String reason) {
    before = null;
    now = null;
    trouble = url + ": " + reason;
  }

  private static String reason(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (cause instanceof HttpTimeoutException) {
      return "no answer within " + PATIENCE.toSeconds() + " s";
    }
    if (cause instanceof ConnectException) {
      return "nobody listens there; a command serves its meters with --metrics PORT";
    }
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }

  String url() {
    return url;
  }

  /** Null without one. */
  Samples now() {
    return now;
  }

  /** The answer before the last one; null without one. */
  Samples before() {
    return before;
  }

  /** Null when it answered. */
  String trouble() {
    return trouble;
  }
}
