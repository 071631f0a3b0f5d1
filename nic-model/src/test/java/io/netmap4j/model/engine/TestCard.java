package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.ModelClock;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.PcieBill;
import java.util.ArrayList;
import java.util.List;

/** Registers, memory and counters for the engines, without the card around them. */
final class TestCard implements CardState, AutoCloseable {
  static final long IOVA = 0x7_0000_0000L;
  static final long MAC = 0x0000_0605_0403_0201L ^ 0x01; // 00:02:03:04:05:06, as bytes of memory

  final int[] regs = new int[0x20000 / 4];
  final long[] counters = new long[0x20000 / 4];
  final int[] reported = new int[QUEUES];
  final int[] written = new int[QUEUES];
  final List<String> violations = new ArrayList<>();
  final DeviceMemory memory =
      new DeviceMemory((kind, iova, length, from, words) -> violation(words));
  final PcieBill bill = new PcieBill();
  final ModelClock clock = ModelClock.manual();
  final TxEngine tx = new TxEngine(this);
  final RxEngine rx = new RxEngine(this);
  final long raw;
  final long base;
  boolean strict = true;
  boolean link = true;
  private long used;

  TestCard(long bytes) {
    raw = Mem.allocate(bytes + 4096);
    base = (raw + 4095) & -4096;
    memory.map(IOVA, bytes, base);
    regs[RXPBSIZE / 4] = 0x80000;
    regs[HLREG0 / 4] = 0x08012C0B;
    regs[MAXFRS / 4] = 0x05EE0000;
    regs[VLNCTRL / 4] = 0x8100;
    regs[DMATXCTL / 4] = 0x81000004 | DMATXCTL_TE;
    regs[DTXTCPFLGL / 4] = 0x0F760FF6;
    regs[DTXTCPFLGH / 4] = 0x00000F7F;
    regs[RXCTRL / 4] = RXCTRL_RXEN;
    regs[RAL / 4] = (int) MAC;
    regs[RAL / 4 + 1] = (int) (MAC >>> 32) | 1 << 31;
  }

  /** Takes page-aligned memory. @return its offset from {@link #base} and {@link #IOVA} */
  long take(long bytes) {
    long at = used;
    used += (bytes + 4095) & -4096;
    return at;
  }

  void set(int register, int value) {
    regs[register / 4] = value;
    tx.configChanged();
    rx.configChanged();
  }

  long counter(int register) {
    return counters[register / 4];
  }

  @Override
  public int reg(int offset) {
    return regs[offset >> 2];
  }

  @Override
  public void setReg(int offset, int value) {
    regs[offset >> 2] = value;
  }

  @Override
  public DeviceMemory memory() {
    return memory;
  }

  @Override
  public PcieBill bill() {
    return bill;
  }

  @Override
  public ModelClock clock() {
    return clock;
  }

  @Override
  public void count(int statisticsRegister, long n) {
    counters[statisticsRegister >> 2] += n;
  }

  @Override
  public void txReported(int queue) {
    reported[queue]++;
  }

  @Override
  public void rxWritten(int queue) {
    written[queue]++;
  }

  @Override
  public void violation(String rule) {
    violations.add(rule);
    if (strict) {
      throw new IllegalStateException(rule);
    }
  }

  @Override
  public boolean linkUp() {
    return link;
  }

  @Override
  public void close() {
    tx.close();
    rx.close();
    Mem.free(raw);
  }
}
