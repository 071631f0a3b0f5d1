package io.netmap4j.uio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.linux.HugePages;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Machine;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a killed process leaves: nothing is freed before the cards that knew it are quiet. */
@Timeout(90)
class UioLeftOversTest {
  // No machine has them: with the machine's own hugetlbfs, nobody's names are meant but ours.
  private static final String X = "ffff:ff:1e.0";
  private static final String Y = "ffff:ff:1e.1";

  private static final int PAGES = 12;

  @TempDir Path root;

  private void killed(UioRig rig, boolean real) throws Exception {
    rig.card(X, "uio_pci_generic");
    rig.card(Y, "igb_uio");
    Victim.live(rig, real, X, Y);
    assertThat(rig.names()).hasSize(4).allMatch(n -> n.endsWith("@" + X) || n.endsWith("@" + Y));
    assertThat(rig.command(X) & UioRig.MASTER).as("the card goes on").isNotZero();
  }

  @Test
  void eachCardIsQuietedBeforeItsNamesGo() throws Exception {
    UioRig rig = new UioRig(root);
    killed(rig, false);
    rig.watched = X;
    try (NicDevice x = rig.open(X)) {
      assertThat(rig.names()).hasSize(2).allMatch(n -> n.endsWith("@" + Y));
      int[] asked = rig.commands.stream().mapToInt(c -> c & UioRig.MASTER).toArray();
      assertThat(asked).startsWith(UioRig.MASTER).endsWith(0);
      assertThat(rig.command(Y) & UioRig.MASTER).isNotZero();
      rig.open(Y).close();
      assertThat(rig.names()).isEmpty();
      assertThat(x.readConfig(UioRig.COMMAND, 2) & UioRig.MASTER).isZero();
    }
  }

  @Test
  void aFolderBelowTheMountIsSweptWhenARegionIsThere() throws Exception {
    UioRig rig = new UioRig(root);
    rig.card(X, "uio_pci_generic");
    Path below = Files.createDirectories(rig.huge.resolve("below"));
    Files.createFile(below.resolve("netmap4j-1-1@" + X));
    Files.createFile(below.resolve("netmap4j-1-1@" + Y));
    Files.createFile(below.resolve("somebody-else@" + X));
    try (Region region = Region.create(UioRig.small().hugetlbfs(below));
        NicDevice device = rig.open(X)) {
      device.domain().map(region); // until the device is closed
      assertThatThrownBy(region::close).hasMessageContaining("in use by a mapping for uio:" + X);
      DmaMapping again = device.domain().map(region);
      assertThat(below.resolve("netmap4j-1-1@" + X)).doesNotExist();
      assertThat(below.resolve("netmap4j-1-1@" + Y)).exists();
      assertThat(below.resolve("somebody-else@" + X)).exists();
      again.close();
      assertThat(below.toFile().list()).hasSize(3);
    }
    assertThat(below.toFile().list()).hasSize(2);
  }

  @Test
  void realPagesLiveUntilTheLastCardIsQuiet() throws Exception {
    try (RealHugePages machine = RealHugePages.mount(root.resolve("huge"), PAGES)) {
      UioRig rig = new UioRig(root, true);
      long free = machine.free();
      killed(rig, true);
      assertThat(machine.free()).isLessThan(free - HugePages.GRAIN);
      NicDevice x = rig.open(X);
      assertThat(machine.free()).isLessThan(free - HugePages.GRAIN);
      rig.open(Y).close();
      assertThat(machine.free()).isEqualTo(free);
      x.close();
    }
  }

  @Test
  void aKilledProcessThatNoCardKnewLeavesNothing() throws Exception {
    try (RealHugePages machine = RealHugePages.mount(root.resolve("huge"), PAGES)) {
      UioRig rig = new UioRig(root, true);
      long free = machine.free();
      Victim.live(rig, true);
      assertThat(rig.names()).isEmpty();
      assertThat(machine.free()).isEqualTo(free);
    }
  }

  @Test
  void realPagesAreWhereThePagemapSays() throws Exception {
    try (RealHugePages machine = RealHugePages.mount(root.resolve("huge"), PAGES)) {
      UioRig rig = new UioRig(root, true);
      rig.card(X, "uio_pci_generic");
      long free = machine.free();
      try (NicDevice device = rig.open(X);
          Region region = rig.region()) {
        DmaMapping mapping = device.domain().map(region);
        for (long offset = 0; offset < region.size(); offset += HugePages.GRAIN) {
          assertHuge(mapping.iova(offset));
        }
        NicDevice.DmaBuffer ring = device.allocateDma(65536);
        assertHuge(ring.iova());
        assertThat(Mem.getLong(ring.address())).isZero();
        assertThat(rig.names()).hasSize(2);
        mapping.close();
      }
      assertThat(machine.free()).isEqualTo(free);
    }
  }

  /** The kernel says of the page there that it is a huge one. */
  private static void assertHuge(long physical) throws IOException {
    assertThat(physical).isPositive();
    try (RandomAccessFile flags = new RandomAccessFile("/proc/kpageflags", "r")) {
      flags.seek(physical / Machine.PAGE_SIZE * 8);
      byte[] entry = new byte[8];
      flags.readFully(entry);
      assertThat(entry[2] & 2).as("KPF_HUGE, bit 17").isNotZero();
    }
  }

  @Test
  void tooFewPagesAreCounted() throws Exception {
    try (RealHugePages machine = RealHugePages.mount(root.resolve("huge"), 2)) {
      assertThat(machine.free()).isEqualTo(2 * HugePages.GRAIN);
      MemoryOptions options = UioRig.small().buffers(8192, 2048).hugetlbfs(root.resolve("huge"));
      assertThatThrownBy(() -> Region.create(options))
          .hasMessageContaining("9 free pages of 2 MiB")
          .hasMessageContaining("nr_hugepages");
    }
  }

  @Test
  void whenPagesRunOutDescriptorsAreRefused() throws Exception {
    try (RealHugePages machine = RealHugePages.mount(root.resolve("huge"), 2)) {
      assertThat(machine.free()).isEqualTo(2 * HugePages.GRAIN);
      UioRig rig = new UioRig(root, true);
      rig.card(X, "uio_pci_generic");
      try (NicDevice device = rig.open(X)) {
        List.of(1, 2).forEach(i -> device.allocateDma(HugePages.GRAIN));
        assertThatThrownBy(() -> device.allocateDma(4096))
            .isInstanceOf(io.netmap4j.common.NetmapException.class)
            .hasMessageContaining("no page is left for descriptors: it takes 1 free pages of 2 MiB")
            .extracting(e -> ((io.netmap4j.common.NetmapException) e).errno())
            .isEqualTo(Libc.ENOMEM);
      }
      assertThat(rig.names()).isEmpty();
    }
  }
}
