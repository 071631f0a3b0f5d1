package io.netmap4j.apps.top;

import io.netmap4j.apps.metrics.MetricsServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A command's {@code --metrics}, its last two answers, or why there is none. For one thread. */
final class EndPoint {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** Of all meters of a process there are some hundred kB. */
  private static final int MOST_MEBIBYTES = 16;

  /** One of the two is null. */
  private record Answer(Samples samples, String trouble) {}

  private final String url;
  private CompletableFuture<Answer> asked;
  private Samples before;
  private Samples now;
  private String trouble;

  EndPoint(InetSocketAddress at) {
    this.url = MetricsServer.url(at);
  }

  /** Asks, unless it has yet to answer. */
  void ask(HttpClient client) {
    if (asked == null) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
      CompletableFuture<HttpResponse<String>> answer =
          client.sendAsync(request, info -> new Text());
      asked =
          answer
              .copy()
              .orTimeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
              .thenApply(this::answered)
              .exceptionally(failure -> failed(reason(failure)))
              .whenComplete((a, f) -> answer.cancel(true)); // nothing, when it has come
    }
  }

  /** It has yet to answer. */
  boolean asked() {
    return asked != null && !asked.isDone();
  }

  /** Takes over what it has answered, if it has. */
  void take() {
    if (asked == null || !asked.isDone()) {
      return;
    }
    Answer answer = asked.join();
    asked = null;
    before = answer.samples == null ? null : now;
    now = answer.samples;
    trouble = answer.trouble;
  }

  private Answer answered(HttpResponse<String> response) {
    if (response.statusCode() != 200) {
      return failed("answers with status " + response.statusCode() + ", so it is none of ours");
    }
    Samples samples = Samples.parse(response.body(), System.nanoTime());
    // Of ours, but without a port at the moment: nothing, in Prometheus' text format.
    boolean meters = response.headers().firstValue("Content-Type").orElse("").contains("version=");
    return samples.ofOurs() || meters
        ? new Answer(samples, null)
        : failed("answers, but not with meters; a command serves its meters with --metrics PORT");
  }

  private Answer failed(String reason) {
    return new Answer(null, reason);
  }

  private static String reason(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (cause instanceof TimeoutException || cause instanceof HttpTimeoutException) {
      return "no whole answer within " + PATIENCE.toSeconds() + " s";
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

  /** A body as text, which is not read further when it is too large. */
  private static final class Text implements HttpResponse.BodySubscriber<String> {
    private final HttpResponse.BodySubscriber<String> all =
        HttpResponse.BodySubscribers.ofString(StandardCharsets.UTF_8);
    private Flow.Subscription subscription;
    private long left = (long) MOST_MEBIBYTES << 20;

    @Override
    public CompletionStage<String> getBody() {
      return all.getBody();
    }

    @Override
    public void onSubscribe(Flow.Subscription s) {
      subscription = s;
      all.onSubscribe(s);
    }

    @Override
    public void onNext(List<ByteBuffer> part) {
      left -= part.stream().mapToLong(ByteBuffer::remaining).sum();
      if (left >= 0) {
        all.onNext(part);
      } else {
        subscription.cancel();
        onError(new IOException("its answer is larger than " + MOST_MEBIBYTES + " MiB"));
      }
    }

    @Override
    public void onError(Throwable failure) {
      all.onError(failure);
    }

    @Override
    public void onComplete() {
      all.onComplete();
    }
  }
}
