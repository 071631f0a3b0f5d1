package io.netmap4j.bench;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import io.netmap4j.bench.control.CLibrary;
import io.netmap4j.bench.control.CommonOptions;
import io.netmap4j.bench.control.Progress;
import io.netmap4j.bench.report.Figure;
import io.netmap4j.frames.Arp;
import io.netmap4j.frames.Icmp;
import io.netmap4j.frames.Ipv4;
import io.netmap4j.frames.Ipv6;
import io.netmap4j.frames.Packet;
import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.Tcp;
import io.netmap4j.frames.Udp;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench frames}: what it takes to find the headers of a frame, in Java and in C. */
@Command(
    name = "frames",
    description = {
      "Finds the headers of a capture's frames (Packet of module frames) and reads addresses and ports, beside a parser"
          + " in C with the same checks. Both work on the same memory in one process, in turns of a millisecond; shows"
          + " ns for a frame, and the ratio Java/C. What both have found is compared."
    })
public final class FramesCommand implements Callable<Integer> {
  private static final long SLICE_NANOS = 1_000_000;
  private static final int WARM_UP_TURNS = 300;
  private static final int TURNS_PER_ROUND = 100;

  @Mixin CommonOptions common;

  @Option(
      names = {"-r", "--read"},
      paramLabel = "FILE",
      defaultValue = "samples/mixed.pcap",
      description = "The frames, as replay takes them (${DEFAULT-VALUE}).")
  Path file;

  private final Packet packet = new Packet();
  private long[] frames;
  private int[] lengths;
  private int digest;

  @Override
  public Integer call() throws IOException {
    common.begin();
    List<byte[]> read = new ArrayList<>();
    try (PcapReader reader = PcapReader.open(file)) {
      while (reader.next()) {
        read.add(reader.bytes());
      }
    }
    if (read.isEmpty()) {
      throw new IOException(file + " has no frame");
    }
    long memory = Mem.allocate(read.stream().mapToLong(frame -> frame.length).sum());
    try (CLibrary c = common.library("frames");
        Progress progress = new Progress(common.err())) {
      place(read, memory);
      measure(c, progress);
    } finally {
      Mem.free(memory);
    }
    return 0;
  }

  private void place(List<byte[]> read, long memory) {
    frames = new long[read.size()];
    lengths = new int[read.size()];
    long next = memory;
    for (int i = 0; i < frames.length; i++) {
      byte[] frame = read.get(i);
      Mem.copyIn(frame, 0, next, frame.length);
      frames[i] = next;
      lengths[i] = frame.length;
      next += frame.length;
    }
  }

  private void measure(CLibrary c, Progress progress) throws IOException {
    long table = Mem.allocate(12L * frames.length + Integer.BYTES);
    try {
      for (int i = 0; i < frames.length; i++) {
        Mem.putLong(table + 8L * i, frames[i]);
        Mem.putInt(table + 8L * frames.length + 4L * i, lengths[i]);
      }
      turns(c, table, WARM_UP_TURNS, new double[WARM_UP_TURNS], new double[WARM_UP_TURNS]);
      int rounds = common.rounds();
      double[] java = new double[rounds];
      double[] control = new double[rounds];
      double[] ratios = new double[rounds];
      for (int round = 0; round < rounds; round++) {
        progress.show(
            "bench frames", "round " + (round + 1) + " of " + rounds, (double) round / rounds);
        double[] ours = new double[TURNS_PER_ROUND];
        double[] theirs = new double[TURNS_PER_ROUND];
        turns(c, table, TURNS_PER_ROUND, ours, theirs);
        java[round] = Figure.median(ours);
        control[round] = Figure.median(theirs);
        for (int i = 0; i < TURNS_PER_ROUND; i++) {
          ours[i] /= theirs[i];
        }
        ratios[round] = Figure.median(ours);
      }
      progress.clear();
      report(c != null, java, control, ratios);
    } finally {
      Mem.free(table);
    }
  }

  private void turns(CLibrary c, long table, int count, double[] ours, double[] theirs)
      throws IOException {
    long result = table + 12L * frames.length;
    Function slice = c == null ? null : c.function("frames_slice");
    for (int i = 0; i < count; i++) {
      for (int turn = 0; turn < 2; turn++) {
        if ((turn == 0) == (i % 2 == 0)) {
          ours[i] = slice();
        } else if (c != null) {
          theirs[i] =
              slice.invokeDouble(
                  new Object[] {
                    new Pointer(table),
                    new Pointer(table + 8L * frames.length),
                    frames.length,
                    SLICE_NANOS,
                    new Pointer(result)
                  });
        }
      }
      if (c != null && Mem.getInt(result) != digest) {
        throw new IOException(
            file
                + ": Java and C have found different headers: "
                + digest
                + ", "
                + Mem.getInt(result));
      }
    }
  }

  /** As frames_slice in frames.c. */
  private double slice() {
    long begin = System.nanoTime();
    long spent;
    long passes = 0;
    do {
      digest = pass();
      passes++;
      spent = System.nanoTime() - begin;
    } while (spent < SLICE_NANOS);
    return (double) spent / passes / frames.length;
  }

  private int pass() {
    int sum = 0;
    for (int i = 0; i < frames.length; i++) {
      sum += digest(packet.wrap(frames[i], lengths[i]));
    }
    return sum;
  }

  /** As in frames.c. */
  private static int digest(Packet p) {
    int d =
        p.etherType()
            + 3 * p.protocol()
            + 5 * p.payloadOffset()
            + 7 * (p.payloadOffset() + p.payloadLength())
            + 11 * p.problem().ordinal()
            + 13 * p.vlans();
    Ipv4 ipv4 = p.ipv4();
    if (ipv4 != null) {
      d += ipv4.source() ^ ipv4.destination();
    }
    Ipv6 ipv6 = p.ipv6();
    if (ipv6 != null) {
      d += (int) ipv6.sourceLow() ^ (int) ipv6.destinationLow();
    }
    Tcp tcp = p.tcp();
    if (tcp != null) {
      d += tcp.sourcePort() + 17 * tcp.destinationPort();
    }
    Udp udp = p.udp();
    if (udp != null) {
      d += udp.sourcePort() + 19 * udp.destinationPort();
    }
    Icmp icmp = p.icmp();
    if (icmp != null) {
      d += 23 * icmp.type();
    }
    Arp arp = p.arp();
    if (arp != null) {
      d += 29 * arp.operation();
    }
    return d;
  }

  private void report(boolean compared, double[] java, double[] control, double[] ratios)
      throws IOException {
    List<Figure> figures = new ArrayList<>();
    figures.add(figure(CommonOptions.subject(), "frames-ns", "ns per frame", java));
    common.out().printf(Locale.ROOT, "%d frames of %s%n", frames.length, file);
    if (compared) {
      figures.add(figure("C", "frames-ns", "ns per frame", control));
      figures.add(figure(CommonOptions.subject(), "frames", "ratio Java/C", ratios));
      common
          .out()
          .printf(
              Locale.ROOT,
              "Java %.2f ns, C %.2f ns a frame; Java/C %.2f (%.2f to %.2f)%n",
              Figure.median(java),
              Figure.median(control),
              Figure.median(ratios),
              Arrays.stream(ratios).min().orElseThrow(),
              Arrays.stream(ratios).max().orElseThrow());
    } else {
      common.out().printf(Locale.ROOT, "Java %.2f ns a frame%n", Figure.median(java));
    }
    common.write(figures, Map.of());
    common.out().flush();
  }

  private Figure figure(String line, String chart, String unit, double[] values) {
    return Figure.of(chart, file.toString(), line, 0, "capture", unit, values, common.command());
  }
}
