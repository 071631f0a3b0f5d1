package io.netmap4j.model.wire;

import io.netmap4j.frames.PcapReader;
import io.netmap4j.frames.PcapWriter;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins a card at end A to capture files: what it sends is written to one, what the other holds is
 * delivered to it by {@link #run}, from when a driver has first made the card ready to receive.
 * Captures of a host's own frames have runts, which no MAC delivers: they are padded to 60 bytes.
 *
 * <p>A capture that is damaged plays as far as it is whole; one that cannot be written is not
 * written further. Neither disturbs the card or its driver: there is a warning, and {@link #close}
 * throws.
 *
 * <p>At the recorded pace, frames that are due while the card does not listen any more (a reset, a
 * pulled cable) are lost, and counted; at full speed they wait.
 */
public final class PcapWire implements Wire {
  /** When the frames of a file are delivered. */
  public enum Pace {
    /** With the gaps that they were recorded with, by the model's clock. */
    AS_RECORDED,
    /** As soon as the card takes them. */
    AS_FAST_AS_POSSIBLE
  }

  private static final Logger LOG = LoggerFactory.getLogger(PcapWire.class);
  private static final int LONGEST = 1 << 18;

  /** How old what the card sent may become before it is in the file, while the card runs. */
  private static final long FLUSH_NANOS = 100_000_000;

  private final PcapReader in;
  private final PcapWriter out;
  private final Pace pace;
  private final LongSupplier clock;
  private final long frame = Mem.allocate(LONGEST + 64);
  private final WireCounters fromCard = new WireCounters();
  private final WireCounters fromFile = new WireCounters();
  private FrameSink card;
  private boolean loaded;
  private boolean armed;
  private boolean started;
  private int length;
  private long clockMinusFile;
  private boolean recording;
  private long flushed;
  private IOException failure;
  private boolean closed;

  /**
   * @param in frames for the card, or null for none
   * @param out where the card's frames go with nanoseconds of {@code clock}, or null for nowhere
   * @param clock nanoseconds, of the clock that the card has
   */
  public PcapWire(Path in, Path out, Pace pace, LongSupplier clock) throws IOException {
    this(in, out, pace, clock, () -> true);
  }

  /**
   * @param goOn as in {@link PcapReader#open(Path, BooleanSupplier)}: {@code in} may be a pipe
   */
  public PcapWire(Path in, Path out, Pace pace, LongSupplier clock, BooleanSupplier goOn)
      throws IOException {
    if (in != null && out != null && Files.exists(out) && Files.isSameFile(in, out)) {
      throw new FileSystemException(
          out.toString(), null, "the recording would overwrite the capture that is read");
    }
    this.pace = pace;
    this.clock = clock;
    this.in = in == null ? null : PcapReader.open(in, goOn);
    try {
      this.out = out == null ? null : PcapWriter.create(out, PcapWriter.Format.NSECPCAP);
      this.recording = this.out != null;
      this.loaded = this.in != null && load();
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private boolean load() throws IOException {
    if (!in.next()) {
      return false;
    }
    in.copyTo(frame);
    length = in.length();
    if (length < MIN_FRAME) {
      Mem.set(frame + length, MIN_FRAME - length, (byte) 0);
      length = MIN_FRAME;
    }
    return true;
  }

  @Override
  public void connect(WireEnd end, FrameSink sink) {
    card = sink;
  }

  @Override
  public boolean carrier(WireEnd end) {
    return true;
  }

  @Override
  public boolean send(WireEnd from, long address, int bytes) {
    if (recording) {
      try {
        out.write(clock.getAsLong(), address, bytes);
      } catch (IOException e) {
        recording = false;
        failed("what the card sends is not recorded further", e);
      }
    }
    fromCard.addSent(bytes);
    return true;
  }

  /** Delivers frames that are due until the card takes no more. */
  @Override
  public int run(int budget) {
    int done = 0;
    try {
      while (done < budget && loaded && card != null && begun() && due() && deliver()) {
        done++;
        loaded = load();
      }
    } catch (IOException e) {
      loaded = false;
      failed("no more frames for the card", e);
    }
    flush();
    return done;
  }

  private void flush() {
    if (recording && out.pending() && clock.getAsLong() - flushed >= FLUSH_NANOS) {
      flushed = clock.getAsLong();
      try {
        out.flush();
      } catch (IOException e) {
        recording = false;
        failed("what the card sends is not recorded further", e);
      }
    }
  }

  private void failed(String so, IOException e) {
    LOG.warn("{}: {}", e.getMessage(), so);
    failure = failure == null ? e : failure;
  }

  private boolean begun() {
    armed = armed || card.armed();
    return armed && (pace == Pace.AS_RECORDED || card.listening());
  }

  private boolean deliver() {
    return CableMode.FLOW_CONTROLLED.deliver(card, fromFile, frame, length);
  }

  private boolean due() {
    if (pace == Pace.AS_FAST_AS_POSSIBLE) {
      return true;
    }
    if (!started) {
      started = true;
      clockMinusFile = clock.getAsLong() - in.timestampNanos();
    }
    return clock.getAsLong() - clockMinusFile >= in.timestampNanos();
  }

  /** True when every frame of the file has been delivered. */
  public boolean exhausted() {
    return !loaded;
  }

  @Override
  public boolean plays() {
    return true;
  }

  /** {@link WireEnd#A}: what the card sent; {@link WireEnd#B}: what the file sent. */
  @Override
  public WireCounters counters(WireEnd from) {
    return from == WireEnd.A ? fromCard : fromFile;
  }

  /**
   * Idempotent.
   *
   * @throws UncheckedIOException a file was damaged or could not be written
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    loaded = false;
    recording = false;
    Mem.free(frame);
    try (in;
        out) {
      if (failure != null) {
        throw failure;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
