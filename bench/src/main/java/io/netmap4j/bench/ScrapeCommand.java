package io.netmap4j.bench;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netmap4j.bench.control.Progress;
import io.netmap4j.bench.control.RoundOptions;
import io.netmap4j.bench.report.Figure;
import io.netmap4j.metrics.PortMeters;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench scrape}: what it costs the data path that another thread reads its meters. */
@Command(
    name = "scrape",
    description = {
      "Forwards between two cards (the driver alone: no PCIe, no model) and passes packets through a pipe, in batches of"
          + " 32, while a second thread reads all meters of their ports, as a scrape by Prometheus does, but much more"
          + " often. Turns with and without it take place in one process, one after the other; shows ns for a packet,"
          + " the ratio scraped/not scraped, and what that ratio is between two turns without it (A/A)."
    })
public final class ScrapeCommand implements Callable<Integer> {
  private static final int BATCH = 32;
  private static final int SLOTS = 1024;
  private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int WARM_UP_TURNS = 50;
  private static final int TURNS_PER_ROUND = 50;
  private static final int MOST_MILLIS = 10_000;
  private static final int CALLS_PER_LOOK = 16;

  @Mixin RoundOptions common;

  @Option(
      names = "--every",
      paramLabel = "MS",
      defaultValue = "10",
      description = "Milliseconds between two scrapes, 0 to 10000 (${DEFAULT-VALUE}).")
  int every;

  private volatile boolean scraping;
  private volatile boolean ended;
  private volatile long scrapes;

  /** How long turns take of each kind, ns per packet. */
  private record Turns(double[] quiet, double[] scraped, double[] again) {
    Turns(int count) {
      this(new double[count], new double[count], new double[count]);
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    common.begin();
    common.within("--every", every, 0, MOST_MILLIS);
    // The driver would warn that a device which does nothing has no module.
    System.setProperty("org.slf4j.simpleLogger.log.io.netmap4j", "error");
    System.setProperty("org.slf4j.simpleLogger.log.net.openhft", "off");
    List<Figure> figures = new ArrayList<>();
    SyncBench cards = new SyncBench();
    cards.batch = BATCH;
    cards.slots = SLOTS;
    cards.open();
    try (PortMeters meters = new PortMeters(cards.ports())) {
      measure("forward", cards::bridgeTouch, meters, figures);
    } finally {
      cards.close();
    }
    PipeBench pipe = new PipeBench();
    pipe.batch = BATCH;
    pipe.slots = SLOTS;
    pipe.open();
    try (PortMeters meters = new PortMeters(pipe.sender, pipe.receiver)) {
      measure("pipe", pipe::lockStep, meters, figures);
    } finally {
      pipe.close();
    }
    common.write(figures, Map.of());
    common.out().flush();
    return 0;
  }

  private void measure(String what, Runnable batch, PortMeters meters, List<Figure> figures)
      throws InterruptedException {
    int rounds = common.rounds();
    double[] quiet = new double[rounds];
    double[] scraped = new double[rounds];
    double[] ratios = new double[rounds];
    double[] spread = new double[rounds];
    ended = false;
    scrapes = 0;
    Thread scraper = new Thread(() -> scrape(meters), "scraper");
    scraper.setDaemon(true);
    scraper.start();
    try (Progress progress = new Progress(common.err())) {
      turns(batch, new Turns(WARM_UP_TURNS));
      for (int round = 0; round < rounds; round++) {
        String step = what + ", round " + (round + 1) + " of " + rounds;
        progress.show("bench scrape", step, (double) round / rounds);
        Turns turns = new Turns(TURNS_PER_ROUND);
        turns(batch, turns);
        quiet[round] = Figure.median(turns.quiet);
        scraped[round] = Figure.median(turns.scraped);
        ratios[round] = ratio(turns.scraped, turns.quiet);
        spread[round] = ratio(turns.again, turns.quiet);
      }
    } finally {
      ended = true;
      scraper.join();
    }
    figures.add(figure(what, RoundOptions.subject(), "ns per packet", quiet));
    figures.add(figure(what, RoundOptions.subject() + ", scraped", "ns per packet", scraped));
    figures.add(figure(what + "-scraped", RoundOptions.subject(), "ratio", ratios));
    figures.add(figure(what + "-a-a", RoundOptions.subject(), "ratio", spread));
    common
        .out()
        .printf(
            Locale.ROOT,
            "%s: %.2f ns, scraped %.2f ns a packet; scraped/not %s; A/A %s; %d scrapes%n",
            what,
            Figure.median(quiet),
            Figure.median(scraped),
            range(ratios),
            range(spread),
            scrapes);
  }

  private void turns(Runnable batch, Turns turns) {
    for (int i = 0; i < turns.quiet.length; i++) {
      turns.quiet[i] = turn(batch, false);
      turns.scraped[i] = turn(batch, true);
      turns.again[i] = turn(batch, false);
    }
  }

  private double turn(Runnable batch, boolean watched) {
    scraping = watched;
    long calls = 0;
    long begin = System.nanoTime();
    long spent;
    do {
      for (int i = 0; i < CALLS_PER_LOOK; i++) {
        batch.run();
      }
      calls += CALLS_PER_LOOK;
      spent = System.nanoTime() - begin;
    } while (spent < TURN_NANOS);
    scraping = false;
    return (double) spent / calls / BATCH;
  }

  /** Between two turns with it, this thread waits as it does between two scrapes. */
  private void scrape(PortMeters meters) {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    meters.bindTo(registry);
    double sum = 0;
    while (!ended) {
      if (scraping) {
        meters.refresh();
        for (var meter : registry.getMeters()) {
          for (var measurement : meter.measure()) {
            sum += measurement.getValue();
          }
        }
        scrapes++;
      }
      if (every > 0 || !scraping) {
        sleep(Math.max(1, every));
      }
    }
    if (sum == 0) {
      throw new IllegalStateException("no meter has counted anything");
    }
  }

  private static void sleep(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static double ratio(double[] above, double[] below) {
    double[] ratios = new double[above.length];
    Arrays.setAll(ratios, i -> above[i] / below[i]);
    return Figure.median(ratios);
  }

  private static String range(double[] values) {
    double least = Arrays.stream(values).min().orElseThrow();
    double most = Arrays.stream(values).max().orElseThrow();
    return String.format(Locale.ROOT, "%.3f (%.3f to %.3f)", Figure.median(values), least, most);
  }

  private Figure figure(String chart, String line, String unit, double[] values) {
    return Figure.of("scrape-" + chart, chart, line, 0, "scrapes", unit, values, common.command());
  }
}
