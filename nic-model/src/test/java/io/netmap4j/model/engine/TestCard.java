package io.netmap4j.model.engine;

import static io.netmap4j.model.engine.DatapathRegisters.*;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.ModelClock;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.PcieBill;
import io.netmap4j.model.fault.CardFaults;
import io.netmap4j.model.link.Rates;
import io.netmap4j.model.registers.Chip;
import java.util.ArrayList;
import java.util.List;

/** Registers, memory and counters for the engines, without the card around them. */
public final class TestCard implements CardState, AutoCloseable {
  public static final long IOVA = 0x7_0000_0000L;
  public static final long MAC =
      0x0000_0605_0403_0201L ^ 0x01; // 00:02:03:04:05:06, as bytes of memory

  public final int[] regs = new int[0x20000 / 4];
  public final long[] counters = new long[0x20000 / 4];
  public final int[] reported = new int[QUEUES];
  public final int[] written = new int[QUEUES];
  public final List<String> violations = new ArrayList<>();
  public final DeviceMemory memory =
      new DeviceMemory((kind, iova, length, from, words) -> violation(words));
  public final PcieBill bill = new PcieBill();
  public final CardFaults faults = new CardFaults(null);
  public final ModelClock clock = ModelClock.manual();
  public Chip chip = Chip.I82599;
  public final TxEngine tx = new TxEngine(this);
  public final RxEngine rx = new RxEngine(this);
  public final long raw;
  public final long base;
  public boolean strict = true;
  public boolean link = true;
  public int byteNanos;
  private long used;

  public TestCard(long bytes) {
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
  public long take(long bytes) {
    long at = used;
    used += (bytes + 4095) & -4096;
    return at;
  }

  public void set(int register, int value) {
    regs[register / 4] = value;
    tx.configChanged();
    rx.configChanged();
  }

  public long counter(int register) {
    return counters[register / 4];
  }

  @Override
  public Chip chip() {
    return chip;
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
  public long nanos() {
    return clock.nanos();
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
  public CardFaults faults() {
    return faults;
  }

  @Override
  public int rates() {
    return link ? Rates.ALL : 0;
  }

  @Override
  public boolean garbles() {
    return false;
  }

  @Override
  public int byteNanos() {
    return byteNanos;
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
