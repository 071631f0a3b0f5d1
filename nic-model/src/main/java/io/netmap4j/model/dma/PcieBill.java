package io.netmap4j.model.dma;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a driver made cross PCIe: the same for every run of the same program, so free of noise.
 * Doorbells are counted by whoever rings them, everything else under the card's lock; {@link
 * #snapshot} may be called from any thread and is exact when the card is idle.
 */
public final class PcieBill {
  private static final int DESCRIPTOR_BYTES = 16;
  private final AtomicLong doorbells = new AtomicLong();
  private final AtomicLong registerReads = new AtomicLong();
  private final AtomicLong registerWrites = new AtomicLong();
  private long descriptorsRead;
  private long descriptorsWritten;
  private long packetBytesRead;
  private long packetBytesWritten;

  /**
   * Totals, or the difference of two.
   *
   * @param doorbells tail register writes
   * @param registerReads reads of BAR 0
   * @param registerWrites writes of BAR 0 other than doorbells
   * @param descriptorsRead descriptors that the card fetched, 16 bytes each
   * @param descriptorsWritten descriptors that the card wrote back, 16 bytes each
   * @param packetBytesRead bytes of frames fetched for transmission
   * @param packetBytesWritten bytes of frames stored on receipt
   */
  public record Snapshot(
      long doorbells,
      long registerReads,
      long registerWrites,
      long descriptorsRead,
      long descriptorsWritten,
      long packetBytesRead,
      long packetBytesWritten) {
    /** What was added since {@code before}. */
    public Snapshot since(Snapshot before) {
      return new Snapshot(
          doorbells - before.doorbells,
          registerReads - before.registerReads,
          registerWrites - before.registerWrites,
          descriptorsRead - before.descriptorsRead,
          descriptorsWritten - before.descriptorsWritten,
          packetBytesRead - before.packetBytesRead,
          packetBytesWritten - before.packetBytesWritten);
    }

    /** Bytes of descriptors, both ways. */
    public long descriptorBytes() {
      return (descriptorsRead + descriptorsWritten) * DESCRIPTOR_BYTES;
    }

    /** One line: each item divided by {@code packets}. */
    public String perPacket(long packets) {
      double n = Math.max(1, packets);
      return String.format(
          Locale.ROOT,
          "doorbells %.4f, register reads %.4f, register writes %.4f, descriptor reads %.3f,"
              + " write-backs %.3f, descriptor bytes %.1f, packet bytes %.1f",
          doorbells / n,
          registerReads / n,
          registerWrites / n,
          descriptorsRead / n,
          descriptorsWritten / n,
          descriptorBytes() / n,
          (packetBytesRead + packetBytesWritten) / n);
    }
  }

  public void doorbell() {
    doorbells.getAndIncrement();
  }

  public void registerRead() {
    registerReads.getAndIncrement();
  }

  public void registerWrite() {
    registerWrites.getAndIncrement();
  }

  public void descriptorReads(int n) {
    descriptorsRead += n;
  }

  public void descriptorWrites(int n) {
    descriptorsWritten += n;
  }

  public void packetRead(long bytes) {
    packetBytesRead += bytes;
  }

  public void packetWritten(long bytes) {
    packetBytesWritten += bytes;
  }

  public Snapshot snapshot() {
    return new Snapshot(
        doorbells.get(),
        registerReads.get(),
        registerWrites.get(),
        descriptorsRead,
        descriptorsWritten,
        packetBytesRead,
        packetBytesWritten);
  }
}
