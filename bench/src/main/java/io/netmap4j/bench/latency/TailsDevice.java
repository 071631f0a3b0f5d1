package io.netmap4j.bench.latency;

import io.netmap4j.linux.Mem;
import io.netmap4j.linux.Order;
import io.netmap4j.linux.PciId;
import io.netmap4j.spi.DmaDomain;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import java.util.ArrayList;
import java.util.List;

/**
 * A modelled card whose tail registers are words of memory, as when BAR 0 is mapped: whoever runs
 * the card looks at them ({@link #passTails}).
 */
final class TailsDevice implements NicDevice {
  /** RDT and TDT of queue 0 (docs/82599.md 2.3, 2.5). */
  private static final int RDT = 0x1018;

  private static final int TDT = 0x6018;

  /** The two words lie in cache lines of their own. */
  private static final int APART = 256;

  private final NicDevice card;
  private final long tails = Mem.allocate(3 * APART);
  private final List<DmaBuffer> buffers = new ArrayList<>();
  private long table;
  private int passedRx;
  private int passedTx;

  TailsDevice(NicDevice card) {
    this.card = card;
  }

  long rxTail() {
    return tails + APART;
  }

  long txTail() {
    return tails + 2 * APART;
  }

  /** Descriptor memory, in the order in which the driver asked for it: the TX ring, the RX ring. */
  long descriptors(int i) {
    return buffers.get(i).address();
  }

  /** Device addresses of the region's pages. */
  long table() {
    return table;
  }

  /** Tells the card of tails that have changed. For the thread that runs it. */
  void passTails() {
    int rx = Mem.getIntVolatile(rxTail());
    if (rx != passedRx) {
      passedRx = rx;
      card.write32(RDT, rx);
    }
    int tx = Mem.getIntVolatile(txTail());
    if (tx != passedTx) {
      passedTx = tx;
      card.write32(TDT, tx);
    }
  }

  /** The address of a tail register's word; 0 for another register. */
  @Override
  public long mappedRegister(int register) {
    return register == RDT ? rxTail() : register == TDT ? txTail() : 0;
  }

  /**
   * Before the ports are used, the driver writes tails this way, too: then they are in the words.
   */
  @Override
  public void write32(int register, int value) {
    long word = mappedRegister(register);
    if (word != 0) {
      Order.writeRegister(word, value);
    }
    card.write32(register, value);
  }

  @Override
  public DmaBuffer allocateDma(long bytes) {
    DmaBuffer buffer = card.allocateDma(bytes);
    buffers.add(buffer);
    return buffer;
  }

  @Override
  public DmaDomain domain() {
    return region -> {
      DmaMapping mapping = card.domain().map(region);
      table = mapping.table();
      return mapping;
    };
  }

  /** When nobody can ring a doorbell any more. */
  void free() {
    Mem.free(tails);
  }

  @Override
  public String name() {
    return card.name();
  }

  @Override
  public PciId id() {
    return card.id();
  }

  @Override
  public int read32(int register) {
    return card.read32(register);
  }

  @Override
  public int readConfig(int offset, int bytes) {
    return card.readConfig(offset, bytes);
  }

  @Override
  public void writeConfig(int offset, int bytes, int value) {
    card.writeConfig(offset, bytes, value);
  }

  @Override
  public void freeDma(DmaBuffer buffer) {
    card.freeDma(buffer);
  }

  @Override
  public int irqVectors() {
    return card.irqVectors();
  }

  @Override
  public int[] enableIrqs(int count) {
    return card.enableIrqs(count);
  }

  @Override
  public boolean irqMessages() {
    return card.irqMessages();
  }

  @Override
  public void rearmIrq(int vector) {
    card.rearmIrq(vector);
  }

  @Override
  public boolean resetFunction() {
    return card.resetFunction();
  }

  @Override
  public void part() {
    card.part();
  }

  @Override
  public void close() {
    card.close();
  }
}
