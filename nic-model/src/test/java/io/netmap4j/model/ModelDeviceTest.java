package io.netmap4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.model.dma.DeviceMemory;
import io.netmap4j.model.dma.DmaLog;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.LoopbackWire;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.NicDevice.DmaBuffer;
import java.util.ServiceLoader;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ModelDeviceTest {
  private static final int STATUS = 0x00008;
  private static final int LENGTH = 60;

  private static void failsWith(int errno, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(NetmapException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }

  private static ModelDevice open(Nic82599 card) {
    return ModelDevice.open(card, ModelDomain.straight(), "model:test");
  }

  @Test
  void aCardIsOpenOnceAtATime() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    ModelDevice device = open(card);
    failsWith(Libc.EBUSY, () -> open(card));
    device.close();
    device.close();
    open(card).close();
  }

  @Test
  void accessesAfterCloseAreRefused() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    ModelDevice device = open(card);
    DmaBuffer buffer = device.allocateDma(100);
    device.enableIrqs(2);
    device.close();
    failsWith(Libc.ENXIO, () -> device.read32(STATUS));
    failsWith(Libc.ENXIO, () -> device.write32(0x05080, 0));
    failsWith(Libc.ENXIO, () -> device.readConfig(0, 2));
    failsWith(Libc.ENXIO, () -> device.allocateDma(1));
    assertThat(card.readConfig(0x04, 2)).as("bus mastering is off").isZero();
    assertThat(card.readConfig(0x72, 2) & 0x8000).as("interrupts are off").isZero();
    assertThat(unmapped(card, buffer.iova())).isTrue();
  }

  private static boolean unmapped(Nic82599 card, long iova) {
    return card.memory().unmap(iova, DeviceMemory.PAGE) == 0;
  }

  @Test
  void privateMemoryIsZeroedAlignedAndElsewhereForTheDevice() {
    try (ModelDevice device = open(new Nic82599(CardOptions.port(0)))) {
      DmaBuffer one = device.allocateDma(5000);
      DmaBuffer two = device.allocateDma(5000);
      assertThat(one.size()).isEqualTo(5000);
      assertThat(one.address() & 4095).isZero();
      assertThat(one.iova() & 4095).isZero();
      assertThat(one.iova()).isNotEqualTo(one.address()).isGreaterThanOrEqualTo(0x40_0000_0000L);
      assertThat(two.iova() - one.iova()).as("a gap follows").isGreaterThan(8192);
      assertThat(Mem.getLong(one.address() + 4992)).isZero();
      device.freeDma(one);
      failsWith(Libc.EINVAL, () -> device.freeDma(one));
    }
  }

  @Test
  void theIdsAreThoseOfThe82599() {
    try (ModelDevice device = open(new Nic82599(CardOptions.port(0)))) {
      assertThat(device.id()).hasToString("8086:10fb");
      assertThat(device.id().classCode()).isEqualTo(0x020000);
      assertThat(device.id().revision()).isEqualTo(1);
      assertThat(device.mappedRegister(0x06018)).isZero();
      assertThat(device.irqVectors()).isEqualTo(64);
      assertThat(device.readConfig(0x04, 2)).isEqualTo(6);
    }
  }

  @Test
  void interruptsReachEventfds() {
    try (ModelDevice device = open(new Nic82599(CardOptions.port(0)))) {
      int[] fds = device.enableIrqs(3);
      device.write32(0x00898, 1 << 4 | 1 << 31);
      device.write32(0x00880, 0x4);
      device.write32(0x00808, 0x4);
      assertThat(Libc.drain(fds[2])).isEqualTo(1);
      assertThat(Libc.drain(fds[0])).isZero();
      assertThat(device.resetFunction()).isTrue();
      assertThat(device.readConfig(0x04, 2)).isEqualTo(6);
      device.write32(0x00898, 1 << 4 | 1 << 31);
      device.write32(0x00880, 0x1);
      device.write32(0x00808, 0x1);
      assertThat(Libc.drain(fds[0])).as("the way survives a function reset").isEqualTo(1);
      assertThat(device.enableIrqs(0)).isEmpty();
      failsWith(Libc.EINVAL, () -> device.enableIrqs(65));
    }
  }

  @Test
  void aRegionIsMappedOnceForAllDevicesOfADomain() {
    MemoryOptions small = MemoryOptions.DEFAULT.rings(16, 36864).buffers(4096, 2048);
    ModelDomain domain = ModelDomain.scattered(7);
    Nic82599 a = new Nic82599(CardOptions.port(0));
    Nic82599 b = new Nic82599(CardOptions.port(1));
    try (Region region = Region.create(small);
        ModelDevice first = ModelDevice.open(a, domain, "model:a")) {
      DmaMapping one = first.domain().map(region);
      ModelDevice second = ModelDevice.open(b, domain, "model:b");
      DmaMapping two = second.domain().map(region);
      assertThat(two.iova(5 << 20)).isEqualTo(one.iova(5 << 20));
      assertThat(one.contiguous()).isFalse();
      one.close();
      assertThat(reach(b, two.iova(4096))).isTrue();
      second.close();
      assertThat(reach(b, two.iova(4096))).isFalse();
      assertThat(reach(a, two.iova(4096))).isTrue();
      long gone = two.iova(4096);
      two.close();
      assertThat(reach(a, gone)).isFalse();
    }
  }

  private static boolean reach(Nic82599 card, long iova) {
    boolean mine = card.memory().enter();
    try {
      return card.memory().direct(DmaLog.Kind.PACKET_READ, 0, iova, 1) != 0;
    } finally {
      if (mine) {
        card.memory().exit();
      }
    }
  }

  @Test
  void theBackendIsFoundAndOffersAPair() {
    NicBackend backend =
        ServiceLoader.load(NicBackend.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(each -> each.scheme().equals("model"))
            .findFirst()
            .orElseThrow();
    assertThat(backend.functions()).hasSize(2);
    assertThat(backend.functions().get(0).note()).isEqualTo("software 82599, cabled to model:1");
    failsWith(Libc.ENXIO, () -> backend.open("x"));
    failsWith(Libc.ENXIO, () -> backend.open("1024"));
    try (NicDevice one = backend.open("4")) {
      assertThat(one.name()).isEqualTo("model:4");
      failsWith(Libc.EBUSY, () -> backend.open("4"));
      assertThat(one.read32(0x042A4)).as("link").isEqualTo(0x70000080);
    }
    backend.open("4").close();
  }

  @Test
  void framesCrossThePairOnItsOwnThread() throws InterruptedException {
    ModelBackend backend = new ModelBackend();
    try (NicDevice sender = backend.open("6");
        NicDevice receiver = backend.open("7")) {
      DmaBuffer rx = receiveRing(receiver);
      DmaBuffer tx = transmit(sender, 5);
      for (int i = 0; i < 5; i++) {
        await(rx.address() + 16L * i + 8, 1);
        await(tx.address() + 16L * i + 12, 1);
        assertThat(Mem.getShort(rx.address() + 16L * i + 12)).isEqualTo((short) LENGTH);
        assertThat(Mem.getByte(rx.address() + 4096 + 2048L * i + 59)).isEqualTo((byte) (i + 1));
      }
      assertThat(receiver.read32(0x04074)).isEqualTo(5);
      assertThat(receiver.read32(0x04074)).isZero();
      assertThat(ModelBackend.pair(6).cable().counters(WireEnd.A).frames()).isEqualTo(5);
      assertThat(ModelBackend.pair(6).card(0).bill().snapshot().packetBytesRead())
          .isEqualTo(5L * LENGTH);
    }
    assertThat(ModelBackend.pair(6).card(0).violations()).isEmpty();
    assertThat(ModelBackend.pair(6).card(1).violations()).isEmpty();
  }

  @Test
  void registersAnswerWhileTheEnginesWork() {
    ModelBackend backend = new ModelBackend();
    try (NicDevice sender = backend.open("8");
        NicDevice receiver = backend.open("9")) {
      DmaBuffer rx = receiveRing(receiver);
      DmaBuffer tx = transmit(sender, 15);
      int frames = 15;
      int taken = 0;
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (taken < 2000) {
        assertThat(System.nanoTime())
            .as("%d of %d frames; TDH %d", taken, frames, sender.read32(0x06010))
            .isLessThan(until);
        int head = receiver.read32(0x01010);
        for (; taken % 16 != head; taken++) {
          int at = taken % 16;
          Mem.putLong(rx.address() + 16L * at, rx.iova() + 4096 + 2048L * at);
          Mem.putLong(rx.address() + 16L * at + 8, 0);
          receiver.write32(0x01018, at);
        }
        if (sender.read32(0x06010) == frames % 16 && frames < 2000) {
          describe(tx, frames++ % 16);
          sender.write32(0x06018, frames % 16);
        }
      }
      assertThat(receiver.read32(0x04074)).isEqualTo(2000);
    }
    assertThat(ModelBackend.pair(8).card(0).violations()).isEmpty();
    assertThat(ModelBackend.pair(8).card(1).violations()).isEmpty();
  }

  @Test
  void framesCrossASteppedPairInAnyOrderOfSteps() {
    for (int seed = 0; seed < 20; seed++) {
      Nic82599 a = new Nic82599(CardOptions.port(0));
      Nic82599 b = new Nic82599(CardOptions.port(1));
      Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
      a.attach(cable, WireEnd.A);
      b.attach(cable, WireEnd.B);
      SplittableRandom random = new SplittableRandom(seed);
      try (ModelRunner runner = new ModelRunner(a, b);
          ModelDevice sender = open(a);
          ModelDevice receiver = open(b)) {
        DmaBuffer rx = receiveRing(receiver);
        DmaBuffer tx = transmit(sender, 5);
        while (runner.step(random)) {
          // until nothing is left to do
        }
        assertThat(Mem.getInt(rx.address() + 16 * 4 + 8) & 1).isEqualTo(1);
        assertThat(Mem.getInt(tx.address() + 16 * 4 + 12) & 1).isEqualTo(1);
        assertThat(runner.runUntilIdle()).isZero();
      }
      a.close();
      b.close();
    }
  }

  @Test
  void aDeviceThatIsPulledOutReadsAllOnesAndSendsNothing() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    card.attach(new LoopbackWire(CableMode.FLOW_CONTROLLED), WireEnd.A);
    ModelDevice device = open(card);
    try (ModelRunner runner = new ModelRunner(card)) {
      transmit(device, 3);
      card.faults().pullOut();
      assertThat(device.read32(STATUS)).isEqualTo(-1);
      assertThat(runner.runUntilIdle()).isZero();
      device.close();
      failsWith(Libc.ENXIO, () -> open(card));
      card.faults().plugIn();
      open(card).close();
    }
  }

  @Test
  void aDeviceThatIsPluggedInAgainAnswers() {
    Nic82599 card = new Nic82599(CardOptions.port(0));
    try (ModelDevice device = open(card)) {
      card.faults().pullOut();
      card.faults().plugIn();
      assertThat(device.read32(STATUS)).isNotEqualTo(-1);
    }
  }

  /** Sixteen descriptors at 0 of the buffer, their 2 KB buffers from 4096 on. */
  private static DmaBuffer receiveRing(NicDevice device) {
    DmaBuffer memory = device.allocateDma(4096 + 16 * 2048);
    for (int i = 0; i < 16; i++) {
      Mem.putLong(memory.address() + 16L * i, memory.iova() + 4096 + 2048L * i);
    }
    device.write32(0x01000, (int) memory.iova());
    device.write32(0x01004, (int) (memory.iova() >>> 32));
    device.write32(0x01008, 16 * 16);
    device.write32(0x01014, 0x02000002);
    device.write32(0x0100C, 0);
    device.write32(0x02F00, 0xA);
    for (int i = 1; i < 8; i++) {
      device.write32(0x03C00 + 4 * i, 0);
    }
    device.write32(0x05080, 1 << 10 | 3 << 8);
    device.write32(0x01028, 1 << 25);
    device.write32(0x03000, 1);
    device.write32(0x01018, 15);
    return memory;
  }

  private static DmaBuffer transmit(NicDevice device, int count) {
    DmaBuffer memory = device.allocateDma(4096 + 16 * 2048);
    for (int i = 0; i < 16; i++) {
      Mem.set(memory.address() + 4096 + 2048L * i, 6, (byte) -1);
      Mem.putByte(memory.address() + 4096 + 2048L * i + 59, (byte) (i + 1));
      describe(memory, i);
    }
    device.write32(0x06000, (int) memory.iova());
    device.write32(0x06004, (int) (memory.iova() >>> 32));
    device.write32(0x06008, 16 * 16);
    device.write32(0x04A80, 1);
    device.write32(0x06028, 1 << 25);
    device.write32(0x06018, count);
    return memory;
  }

  /** The write-back spoils a descriptor: it is written anew for each frame. */
  private static void describe(DmaBuffer memory, int i) {
    Mem.putLong(memory.address() + 16L * i, memory.iova() + 4096 + 2048L * i);
    Mem.putInt(memory.address() + 16L * i + 8, LENGTH | 0x2B300000);
    Mem.putInt(memory.address() + 16L * i + 12, LENGTH << 14);
  }

  private static void await(long address, int bit) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while ((Mem.getIntVolatile(address) & bit) == 0) {
      assertThat(System.nanoTime()).as("waiting for DD").isLessThan(until);
      Thread.sleep(1);
    }
  }
}
