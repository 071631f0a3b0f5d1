package io.netmap4j.uio;

import static io.netmap4j.uio.UioRig.CARD;
import static io.netmap4j.uio.UioRig.COMMAND;
import static io.netmap4j.uio.UioRig.MASTER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.NicDevice.DmaBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(20)
class UioDeviceTest {
  private static final int MEMORY = 2;
  private static final int INTX_OFF = 1 << 10;

  @TempDir Path root;
  private UioRig rig;

  @BeforeEach
  void set() throws IOException {
    rig = new UioRig(root);
  }

  private NicDevice open(String driver) throws IOException {
    rig.card(CARD, driver);
    return rig.backend().open(CARD);
  }

  @Test
  void registersAreTheFileOfBar0() throws IOException {
    try (NicDevice device = open("uio_pci_generic")) {
      assertThat(device.name()).isEqualTo("uio:" + CARD);
      assertThat(device.id().toString()).isEqualTo("8086:10fb");
      device.write32(0x10, 0x12345678);
      Mem.putIntRelease(device.mappedRegister(0x1fffc), 0x9abcdef0);
      assertThat(device.read32(0x1fffc)).isEqualTo(0x9abcdef0);
      byte[] file = Files.readAllBytes(rig.device(CARD).resolve("resource0"));
      assertThat(new byte[] {file[0x10], file[0x13]}).containsExactly(0x78, 0x12);
      assertThat(file[0x1fffc] & 0xff).isEqualTo(0xf0);
      for (int wrong : new int[] {-4, 2, UioRig.REGISTERS}) {
        assertThatThrownBy(() -> device.read32(wrong)).hasMessageContaining("outside BAR 0");
      }
    }
  }

  @Test
  void theIoBarIsTheFileThatTheTableOfBarsNames() throws IOException {
    Path folder = rig.card(CARD, "uio_pci_generic");
    try (NicDevice device = rig.backend().open(CARD)) {
      assertThat(device.ioPorts()).as("no table of BARs").isNull();
    }
    String line = "0x%016x 0x%016x 0x%016x%n";
    Files.writeString(
        folder.resolve("resource"),
        String.format(Locale.ROOT, line, 0xfb000000L, 0xfb07ffffL, 0x14220cL)
            + String.format(Locale.ROOT, line, 0, 0, 0)
            + String.format(Locale.ROOT, line, 0xe020, 0xe03f, 0x40101));
    try (NicDevice device = rig.backend().open(CARD)) {
      assertThat(device.ioPorts()).as("the kernel has no file for them").isNull();
      Files.write(folder.resolve("resource2"), new byte[32]);
      NicDevice.IoPorts ports = device.ioPorts();
      if (!Machine.hasIoPorts()) {
        assertThat(ports).isNull();
        return;
      }
      assertThat(ports.size()).isEqualTo(32);
      ports.write32(0, 0x00000008);
      ports.write32(4, 0x12345678);
      assertThat(ports.read32(4)).isEqualTo(0x12345678);
      assertThat(Files.readAllBytes(folder.resolve("resource2"))).startsWith(8, 0, 0, 0, 0x78);
      assertThatThrownBy(() -> ports.read32(32)).hasMessageContaining("I/O BAR of 32 bytes");
      device.close();
      assertThatThrownBy(() -> ports.read32(4)).hasMessageContaining("is closed");
    }
  }

  @Test
  void aTableOfBarsThatIsNoneIsTold() throws IOException {
    Path folder = rig.card(CARD, "uio_pci_generic");
    Files.writeString(folder.resolve("resource"), "nonsense\n");
    assertThatThrownBy(() -> rig.backend().open(CARD).close())
        .hasMessageContaining("is no table of BARs");
  }

  /** With pages of 64 KiB, a BAR of 16 KiB need not begin where a page does. */
  @Test
  void aSmallBarIsWhereItBeginsInItsPage() throws IOException {
    UioRig arm = new UioRig(root.resolve("arm"), false, 65536, HugePages.GRAIN);
    Path folder = arm.card(CARD, "uio_pci_generic");
    Files.writeString(folder.resolve("resource"), "0x1008c000 0x1008ffff 0x0014220c\n");
    try (NicDevice device = arm.backend().open(CARD)) {
      device.write32(0x3ffc, 0x12345678);
      assertThat(Mem.getInt(device.mappedRegister(0x3ffc))).isEqualTo(0x12345678);
      byte[] page = Files.readAllBytes(folder.resolve("resource0"));
      assertThat(page[0xfffc]).isEqualTo((byte) 0x78);
      assertThatThrownBy(() -> device.read32(0x4000)).hasMessageContaining("outside BAR 0");
    }
  }

  /** The pages of x86-64, of arm64 and of POWER. */
  @ParameterizedTest
  @CsvSource({"4096, 2", "16384, 32", "65536, 2", "65536, 16"})
  void descriptorsAndRegionsInPagesOfOtherSizes(int smallPage, int mib) throws IOException {
    UioRig other = new UioRig(root.resolve("other"), false, smallPage, (long) mib << 20);
    other.card(CARD, "uio_pci_generic");
    try (NicDevice device = other.backend().open(CARD);
        Region region = other.region()) {
      List<DmaBuffer> rings = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        rings.add(device.allocateDma(1 << 20));
      }
      long perPage = rings.stream().map(r -> r.iova() / ((long) mib << 20)).distinct().count();
      assertThat(perPage).isEqualTo(mib == 2 ? 5 : 1);
      DmaMapping mapping = device.domain().map(region);
      for (long offset = 0; offset < region.size(); offset += DmaMapping.PAGE) {
        assertThat(mapping.iova(offset) % DmaMapping.PAGE).isZero();
      }
      mapping.close();
    }
    assertThat(other.names()).isEmpty();
  }

  @Test
  void bothWaysOfConfigurationSpace() throws IOException {
    try (NicDevice device = open("uio_pci_generic")) {
      assertThat(device.readConfig(0, 4)).isEqualTo(0x10fb8086);
      assertThat(device.readConfig(3, 1)).isEqualTo(0x10);
      device.writeConfig(0x40, 2, 0xabcd);
      assertThat(device.readConfig(0x40, 4)).isEqualTo(0xabcd);
      assertThatThrownBy(() -> device.readConfig(0x1001, 4)).isInstanceOf(NetmapException.class);
      assertThatThrownBy(() -> device.readConfig(4096, 4)).isInstanceOf(NetmapException.class);
    }
  }

  @Test
  void aRegionIsTakenFromHugetlbfsOnlyAlsoByAnotherName() throws IOException {
    Path elsewhere = Files.createDirectories(root.resolve("elsewhere"));
    Path link = Files.createSymbolicLink(root.resolve("link"), rig.huge);
    try (NicDevice device = open("uio_pci_generic");
        Region wrong = Region.create(UioRig.small().hugetlbfs(elsewhere));
        Region right = Region.create(UioRig.small().hugetlbfs(link))) {
      assertThatThrownBy(() -> device.domain().map(wrong))
          .isInstanceOf(LinuxException.class)
          .hasMessageContaining("elsewhere is not in a hugetlbfs")
          .hasMessageContaining(rig.huge.toString());
      device.domain().map(right).close();
    }
  }

  @Test
  void busMasteringIsOffFromOpeningUntilTheDriverWantsItAndAfterClosing() throws IOException {
    rig.card(CARD, "uio_pci_generic");
    try (NicDevice device = rig.backend().open(CARD)) {
      assertThat(rig.command(CARD)).isEqualTo(0x400 | MEMORY);
      device.writeConfig(COMMAND, 2, rig.command(CARD) | MASTER);
    }
    assertThat(rig.command(CARD)).isEqualTo(0x400 | MEMORY);
  }

  @Test
  void oneHolderAtATime() throws IOException {
    NicDevice device = open("uio_pci_generic");
    assertThatThrownBy(() -> rig.backend().open(CARD))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EBUSY))
        .hasMessageContaining("in use by process " + ProcessHandle.current().pid());
    device.close();
    device.close();
    rig.backend().open(CARD).close();
  }

  @Test
  void afterClosingEachCallSaysSo() throws IOException {
    NicDevice device = open("uio_pci_generic");
    device.close();
    List<Runnable> calls =
        List.of(
            () -> device.read32(0),
            () -> device.write32(0, 0),
            () -> device.readConfig(0, 2),
            () -> device.allocateDma(4096),
            () -> device.rearmIrq(0),
            device::resetFunction);
    for (Runnable call : calls) {
      assertThatThrownBy(call::run).hasMessageContaining("is closed");
    }
    assertThat(device.enableIrqs(0)).isEmpty();
  }

  @Test
  void theLineOfUioPciGeneric() throws Exception {
    rig.card(CARD, "uio_pci_generic");
    Path node = rig.dev.resolve("uio0");
    Files.delete(node);
    assertThat(new ProcessBuilder("mkfifo", node.toString()).start().waitFor()).isZero();
    try (NicDevice device = rig.backend().open(CARD)) {
      assertThat(device.irqVectors()).isEqualTo(1);
      assertThat(device.irqMessages()).isFalse();
      int[] fds = device.enableIrqs(1);
      assertThat(rig.command(CARD) & INTX_OFF).isZero();
      assertThat(Libc.pollIn(fds, 0)).isZero();
      device.writeConfig(COMMAND, 2, rig.command(CARD) | INTX_OFF); // as the kernel's handler does
      Files.write(node, new byte[] {1, 0, 0, 0}, java.nio.file.StandardOpenOption.APPEND);
      assertThat(Libc.pollIn(fds, 1000)).isEqualTo(1);
      device.rearmIrq(0);
      assertThat(Libc.pollIn(fds, 0)).isZero();
      assertThat(rig.command(CARD) & INTX_OFF).isZero();
      device.enableIrqs(0);
      assertThat(rig.command(CARD) & INTX_OFF).isNotZero();
    }
  }

  @Test
  void theSwitchOfIgbUio() throws IOException {
    try (NicDevice device = open("igb_uio")) {
      device.enableIrqs(1);
      device.rearmIrq(0);
      device.enableIrqs(0);
      assertThat(Files.readAllBytes(rig.dev.resolve("uio0")))
          .containsExactly(1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    }
  }

  @Test
  void aFunctionIsResetThroughItsFile() throws IOException {
    try (NicDevice device = open("uio_pci_generic")) {
      assertThat(device.resetFunction()).isFalse();
      Path reset = Files.createFile(rig.device(CARD).resolve("reset"));
      assertThat(device.resetFunction()).isTrue();
      assertThat(reset).hasContent("1");
    }
  }

  @Test
  void aRegionHasItsPagesAndANameForAsLongAsItIsTheCards() throws IOException {
    try (NicDevice device = open("uio_pci_generic");
        Region region = rig.region()) {
      assertThat(rig.names()).as("nothing writes to it").isEmpty();
      DmaMapping first = device.domain().map(region);
      DmaMapping second = device.domain().map(region);
      assertThat(rig.names())
          .containsExactly(
              "netmap4j-" + ProcessHandle.current().pid() + "-" + region.memId() + "@" + CARD);
      assertThat(first.contiguous()).isFalse();
      for (long offset = 0; offset < region.size(); offset += DmaMapping.PAGE) {
        assertThat(first.iova(offset)).isPositive().isEqualTo(second.iova(offset));
        assertThat(first.iova(offset) % DmaMapping.PAGE).isZero();
      }
      first.close();
      assertThat(rig.names()).hasSize(1);
      second.close();
      assertThat(rig.names()).isEmpty();
    }
  }

  @Test
  void aNameStaysWhileTheCardMayWrite() throws IOException {
    Region region = rig.region();
    NicDevice device = open("uio_pci_generic");
    DmaMapping mapping = device.domain().map(region);
    device.writeConfig(COMMAND, 2, MEMORY | MASTER);
    mapping.close();
    region.close();
    assertThat(rig.names()).hasSize(1);
    device.close();
    assertThat(rig.names()).isEmpty();
  }

  /** Of a function that is removed, sysfs takes the folder away; its open files say ENODEV. */
  @Test
  void aFunctionThatIsRemovedKeepsNoPagesAndOneThatIsDeafDoes() throws IOException {
    Region region = rig.region();
    for (boolean removed : new boolean[] {false, true}) {
      String card = removed ? CARD : "0000:04:00.0";
      Path folder = rig.card(card, "uio_pci_generic");
      NicDevice device = rig.backend().open(card);
      device.allocateDma(4096);
      DmaMapping mapping = device.domain().map(region);
      device.writeConfig(COMMAND, 2, MEMORY | MASTER);
      Files.write(folder.resolve("config"), new byte[0]);
      if (removed) {
        Files.move(folder, root.resolve("removed"));
        mapping.close();
      }
      device.close();
      assertThat(rig.names().stream().filter(name -> name.endsWith(card)))
          .as(removed ? "nothing can write there" : "nobody knows whether it writes")
          .hasSize(removed ? 0 : 2);
    }
    region.close();
  }

  @Test
  void anAnonymousRegionNamesTheOption() throws IOException {
    try (NicDevice device = open("uio_pci_generic");
        Region region = Region.create(UioRig.small())) {
      assertThatThrownBy(() -> device.domain().map(region))
          .isInstanceOfSatisfying(
              NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EINVAL))
          .hasMessageContaining("memory.hugetlbfs = " + rig.huge);
    }
  }

  @Test
  void descriptorRingsShareAPageAndNeverLeaveIt() throws IOException {
    try (NicDevice device = open("uio_pci_generic")) {
      List<DmaBuffer> buffers = new ArrayList<>();
      for (int bytes : new int[] {1 << 20, 8192, 100, 1 << 20, 65536, 1 << 20, 4096}) {
        DmaBuffer buffer = device.allocateDma(bytes);
        assertThat(buffer.iova() % 4096).isZero();
        assertThat(buffer.address() % 4096).isZero();
        assertThat(buffer.iova() / HugePages.GRAIN)
            .isEqualTo((buffer.iova() + bytes - 1) / HugePages.GRAIN);
        for (DmaBuffer other : buffers) {
          assertThat(
                  buffer.iova() + buffer.size() <= other.iova()
                      || other.iova() + other.size() <= buffer.iova())
              .isTrue();
        }
        UioRig.fill(buffer.address(), bytes);
        buffers.add(buffer);
      }
      assertThat(rig.names()).hasSize(2);
      DmaBuffer freed = buffers.get(1);
      device.freeDma(freed);
      DmaBuffer again = device.allocateDma(5000);
      assertThat(again.iova()).isEqualTo(freed.iova());
      assertThat(Mem.getLong(again.address())).as("zeroed").isZero();
      assertThatThrownBy(() -> device.freeDma(freed)).hasMessageContaining("is not a buffer");
      for (long wrong : new long[] {0, -1, HugePages.GRAIN + 1}) {
        assertThatThrownBy(() -> device.allocateDma(wrong)).hasMessageContaining("contiguous");
      }
    }
    assertThat(rig.names()).isEmpty();
  }
}
