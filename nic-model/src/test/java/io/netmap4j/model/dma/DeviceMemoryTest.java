package io.netmap4j.model.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.wire.TestFrames;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class DeviceMemoryTest {
  private static final DmaLog.Kind READ = DmaLog.Kind.PACKET_READ;
  private static final DmaLog.Kind WRITE = DmaLog.Kind.PACKET_WRITE;
  private static final long PAGE = DeviceMemory.PAGE;

  private final List<String> faults = new ArrayList<>();
  private final DeviceMemory memory =
      new DeviceMemory((kind, iova, length, from, words) -> faults.add(words));
  private final long host = Mem.allocate(64 * PAGE);

  @AfterEach
  void free() {
    Mem.free(host);
  }

  @Test
  void anAddressIsFoundOnlyWhereAllOfItIsMapped() {
    memory.map(0x10000, 2 * PAGE, host);
    memory.map(0x7FFF_FFFF_F000L, PAGE, host + 8 * PAGE);
    assertThat(memory.direct(READ, 0, 0x10000, 2 * PAGE)).isEqualTo(host);
    assertThat(memory.direct(READ, 0, 0x10010, 16)).isEqualTo(host + 16);
    assertThat(memory.direct(READ, 0, 0x10000, 2 * PAGE + 1)).isZero();
    assertThat(memory.direct(READ, 0, 0xFFFF, 2)).isZero();
    assertThat(memory.direct(READ, 0, 0, 1)).isZero();
    assertThat(memory.direct(READ, 0, -1, 1)).isZero();
    assertThat(memory.direct(READ, 0, 0x7FFF_FFFF_FFFFL, 1)).isEqualTo(host + 9 * PAGE - 1);
    assertThat(faults).isEmpty();
  }

  @Test
  void anAccessAcrossScatteredPagesWorksPiecewise() {
    byte[] bytes = TestFrames.plain(1, (int) (3 * PAGE - 200));
    long from = Mem.allocate(3 * PAGE);
    Mem.copyIn(bytes, 0, from, bytes.length);
    for (int i = 0; i < 3; i++) {
      memory.map(0x10000 + i * PAGE, PAGE, host + (2L - i) * 2 * PAGE);
    }
    assertThat(memory.write(WRITE, 0, 0x10000 + 100, from, bytes.length)).isTrue();
    Mem.set(from, bytes.length, (byte) 0);
    assertThat(memory.read(READ, 0, 0x10000 + 100, from, bytes.length)).isTrue();
    byte[] back = new byte[bytes.length];
    Mem.copyOut(from, back, 0, back.length);
    assertThat(back).isEqualTo(bytes);
    assertThat(Mem.getByte(host + 4 * PAGE + 100)).isEqualTo(bytes[0]);
    Mem.free(from);
  }

  @Test
  void sixteenThousandPagesAreFoundEachInItsPlace() {
    int pages = 16_384;
    for (long i = 0; i < pages; i++) {
      memory.map(i * 2 * PAGE, PAGE, host + (i % 64) * PAGE);
    }
    for (long i = 0; i < pages; i++) {
      assertThat(memory.direct(READ, 0, i * 2 * PAGE + 8, 8)).isEqualTo(host + i % 64 * PAGE + 8);
      assertThat(memory.direct(READ, 0, (i * 2 + 1) * PAGE, 8)).isZero();
    }
  }

  @Test
  void aFaultIsReportedAndCountedAndStopsTheCopy() {
    memory.map(0x10000, PAGE, host);
    long ours = Mem.allocate(2 * PAGE);
    assertThat(memory.read(READ, 7, 0x10000, ours, 2 * PAGE)).isFalse();
    assertThat(faults)
        .containsExactly(
            "DMA fault: PACKET_READ of queue 7 at 0x11000 + 4096 is outside every mapping,"
                + " an IOMMU would block it");
    assertThat(memory.faults()).isEqualTo(1);
    Mem.free(ours);
  }

  @Test
  void mappingsAreWholePagesDoNotOverlapAndAreUnmappedWhole() {
    memory.map(0x10000, 4 * PAGE, host);
    memory.map(0x14000, PAGE, host + 4 * PAGE);
    assertThatThrownBy(() -> memory.map(0x20001, PAGE, host)).hasMessageContaining("whole pages");
    assertThatThrownBy(() -> memory.map(0x13000, PAGE, host)).hasMessageContaining("overlaps");
    assertThatThrownBy(() -> memory.map(0xF000, 2 * PAGE, host)).hasMessageContaining("overlaps");
    assertThatThrownBy(() -> memory.unmap(0x10000, PAGE)).hasMessageContaining("would cut");
    assertThatThrownBy(() -> memory.unmap(0x11000, 4 * PAGE)).hasMessageContaining("would cut");
    assertThat(memory.unmap(0x30000, PAGE)).isZero();
    assertThat(memory.unmap(0x0, 0x100000)).isEqualTo(5 * PAGE);
    assertThat(memory.direct(READ, 0, 0x10000, 1)).isZero();
    memory.map(0x10000, PAGE, host);
    memory.unmapAll();
    assertThat(memory.direct(READ, 0, 0x10000, 1)).isZero();
  }

  @Test
  void unmapWaitsForTheBatchThatIsUnderWay() throws InterruptedException {
    memory.map(0x10000, PAGE, host);
    AtomicBoolean unmapped = new AtomicBoolean();
    Thread other =
        new Thread(
            () -> {
              memory.unmap(0x10000, PAGE);
              unmapped.set(true);
            });
    assertThat(memory.enter()).isTrue();
    assertThat(memory.enter()).as("already within one").isFalse();
    other.start();
    other.join(100);
    assertThat(unmapped).isFalse();
    assertThat(memory.direct(READ, 0, 0x10000, 1)).isEqualTo(host);
    memory.exit();
    other.join();
    assertThat(memory.direct(READ, 0, 0x10000, 1)).isZero();
  }

  @Test
  void aThreadThatWaitsGetsTheLockBeforeTheNextBatch() throws InterruptedException {
    for (int i = 0; i < 20; i++) {
      AtomicBoolean had = new AtomicBoolean();
      Thread other =
          new Thread(
              () -> {
                memory.enter();
                had.set(true);
                memory.exit();
              });
      memory.enter();
      other.start();
      while (other.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      memory.exit();
      memory.yieldToWaiters();
      memory.enter();
      assertThat(had).isTrue();
      memory.exit();
      other.join();
    }
  }

  @Test
  void theLogKeepsTheLastAccessesAndCountsAll() {
    DmaLog log = new DmaLog(3);
    memory.map(0x10000, PAGE, host);
    memory.observer(log);
    for (int i = 0; i < 5; i++) {
      memory.direct(i % 2 == 0 ? READ : WRITE, i, 0x10000 + 16 * i, 16);
    }
    memory.descriptor(DmaLog.Kind.STATUS_WRITE, 9, 0x99000, 16);
    assertThat(log.total()).isEqualTo(6);
    assertThat(log.accesses())
        .containsExactly(
            new DmaLog.Access(WRITE, 3, 0x10030, 16),
            new DmaLog.Access(READ, 4, 0x10040, 16),
            new DmaLog.Access(DmaLog.Kind.STATUS_WRITE, 9, 0x99000, 16));
    log.clear();
    assertThat(log.accesses()).isEmpty();
  }
}
