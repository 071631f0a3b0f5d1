package io.netmap4j.model.vfiouser;

import io.netmap4j.linux.Libc;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * What a register access and a mapping cost over a socket, both ends in one process: main prints
 * it.
 */
final class VfioUserBenchmark {
  private static final int STATUS = 0x00008;
  private static final int IVAR = 0x00900;
  private static final int PAGES = 16_384;
  private static final long PAGE = 4096;

  private VfioUserBenchmark() {}

  public static void main(String[] args) throws Exception {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
    Path folder = Files.createTempDirectory("vfio-user");
    Nic82599 card = new Nic82599(CardOptions.port(0));
    try (VfioUserServer server = VfioUserServer.serve(card, folder.resolve("s"));
        ModelRunner runner = new ModelRunner(card).start();
        RawVfioUser client = RawVfioUser.open(server.path())) {
      int file = Libc.memfd("bench");
      Libc.truncate(file, PAGES * PAGE, "");
      for (int i = 0; i < rounds; i++) {
        roundTrips(client);
        posted(client);
        mappings(client, file);
      }
      Libc.closeFd(file);
      runner.close();
    }
    Files.delete(folder);
  }

  private static void roundTrips(RawVfioUser client) {
    long[] nanos = new long[50_000];
    for (int i = 0; i < nanos.length; i++) {
      long begin = System.nanoTime();
      client.read32(STATUS);
      nanos[i] = System.nanoTime() - begin;
    }
    Arrays.sort(nanos);
    print(
        "read32: %.1f us median, %.1f us 99th of 100",
        nanos[nanos.length / 2] / 1e3, nanos[nanos.length / 100 * 99] / 1e3);
  }

  private static void posted(RawVfioUser client) {
    byte[] message = RawVfioUser.access(0, IVAR, RawVfioUser.word(0));
    int count = 500_000;
    long begin = System.nanoTime();
    for (int i = 0; i < count; i++) {
      client.post(10, message);
    }
    client.read32(STATUS);
    double seconds = (System.nanoTime() - begin) / 1e9;
    print(
        "posted writes: %.0f thousand a second, %.2f us each",
        count / seconds / 1e3, seconds / count * 1e6);
  }

  private static void mappings(RawVfioUser client, int file) {
    long begin = System.nanoTime();
    for (int i = 0; i < PAGES; i++) {
      client.post(2, RawVfioUser.mapping(3, (i ^ 1) * PAGE, i * PAGE, PAGE), file);
    }
    client.read32(STATUS);
    double mapped = (System.nanoTime() - begin) / 1e6;
    begin = System.nanoTime();
    for (int i = 0; i < PAGES; i++) {
      client.post(3, RawVfioUser.unmapping(0, i * PAGE, PAGE));
    }
    client.read32(STATUS);
    print(
        "%d mappings: %.0f ms, and %.0f ms to take them back",
        PAGES, mapped, (System.nanoTime() - begin) / 1e6);
  }

  private static void print(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
