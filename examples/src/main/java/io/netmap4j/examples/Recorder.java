package io.netmap4j.examples;

import io.netmap4j.frames.PcapWriter;
import io.netmap4j.pipeline.PacketSlot;
import io.netmap4j.pipeline.Pipeline;
import io.netmap4j.pipeline.Stage;
import io.netmap4j.pipeline.Verdict;
import io.netmap4j.pipeline.Worker;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;

/**
 * Records what a port receives into pcap files of a given size, and keeps the last ones: ring 0's
 * are capture-0-000000.pcap and so on. Each file is whole when the next one is begun.
 */
public final class Recorder {
  private Recorder() {}

  public static void main(String[] args) throws Exception {
    Run.require(args.length == 4, "Recorder PORT FOLDER KILOBYTES-A-FILE FILES-TO-KEEP");
    Run.main(
        () -> {
          long bytes = Run.number("KILOBYTES-A-FILE", args[2], 1, Integer.MAX_VALUE) * 1000L;
          int keep = Run.number("FILES-TO-KEEP", args[3], 1, Integer.MAX_VALUE);
          Path folder = folder(args[1]);
          try (Pipeline pipeline =
              Pipeline.builder("recorder")
                  .source(args[0])
                  .stage("files", () -> new Rotation(folder, bytes, keep))
                  .open()) {
            Run.untilStopped(pipeline, () -> {});
          }
        });
  }

  private static Path folder(String name) throws IOException {
    Path folder = Path.of(name);
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new FileSystemException(name, null, "it is a file; FOLDER must be a folder, or new");
    }
    return Files.createDirectories(folder);
  }

  /** The files of one ring. */
  private static final class Rotation implements Stage {
    private static final int RECORD_HEADER = 16;

    private final Path folder;
    private final long mostBytes;
    private final int keep;
    private final Clock clock = Clock.systemUTC();
    private final Deque<Path> files = new ArrayDeque<>();
    private int ring;
    private int number;
    private PcapWriter writer;
    private long written;

    Rotation(Path folder, long mostBytes, int keep) {
      this.folder = folder;
      this.mostBytes = mostBytes;
      this.keep = keep;
    }

    @Override
    public void start(Worker worker) throws IOException {
      ring = worker.index();
      next();
    }

    private void next() throws IOException {
      Path file =
          folder.resolve(String.format(Locale.ROOT, "capture-%d-%06d.pcap", ring, number++));
      writer = PcapWriter.create(file, PcapWriter.Format.NSECPCAP);
      written = 0;
      files.add(file);
      while (files.size() > keep) {
        Files.deleteIfExists(files.remove());
      }
    }

    @Override
    public Verdict process(PacketSlot packet) throws IOException {
      if (written > 0 && written + packet.length() + RECORD_HEADER > mostBytes) {
        writer.close();
        next();
      }
      writer.write(nanos(), packet.address(), packet.length(), (int) packet.bytes());
      written += packet.length() + RECORD_HEADER;
      return Verdict.CONSUME;
    }

    private long nanos() {
      Instant now = clock.instant();
      return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    /** What has been recorded is in the file soon, also when little comes. */
    @Override
    public void tick(long nanos) throws IOException {
      if (writer.pending()) {
        writer.flush();
      }
    }

    @Override
    public void stop() throws IOException {
      if (writer != null) {
        writer.close();
      }
    }
  }
}
