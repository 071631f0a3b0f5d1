package io.netmap4j.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A container, its groups and its mappings, by a kernel that checks every number and structure. */
class ContainerTest {
  private static final int TYPE1V2 = 3;
  private static final int SPAPR_V1 = 2;
  private static final int SPAPR_V2 = 7;
  private static final long GIB = 1L << 30;

  @TempDir Path dev;
  private final Region region =
      Region.create(new MemoryOptions(4, 1024, 4, 8448, 2000, 2048, null));

  @AfterEach
  void close() {
    region.close();
  }

  private KernelContainer join(FakeKernel kernel, String group) {
    return KernelContainer.with(kernel, kernel.page, dev, group);
  }

  private static DmaMapping mapped(FakeKernel kernel, KernelContainer container, Region region) {
    DmaMapping mapping = container.domain().map(region);
    FakeKernel.Table table = kernel.containers.lastEntry().getValue().tables.get(0);
    assertThat(table.maps.get(mapping.iova(0))).containsExactly(region.address(), region.size());
    return mapping;
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 16384, 65536})
  void type1MapsWholePagesWithinTheRangesOfTheKernel(int page) {
    FakeKernel kernel = new FakeKernel(page, TYPE1V2, SPAPR_V2);
    kernel.ranges = new long[][] {{0, 0xfedf_ffffL}, {0x1_4000_0000L, -1}};
    KernelContainer container = join(kernel, "7");
    try (DmaMapping mapping = mapped(kernel, container, region)) {
      assertThat(mapping.iova(0)).isEqualTo(0x1_4000_0000L);
    }
    container.leave("7");
    assertThat(kernel.calls)
        .containsExactly("group joins", "IOMMU 3", "map", "unmap", "group leaves");
    assertThat(kernel.open).isEmpty();
  }

  @Test
  void type1ThatSaysNoRangesHasAllAddresses() {
    FakeKernel kernel = new FakeKernel(4096, TYPE1V2);
    KernelContainer container = join(kernel, "7");
    try (DmaMapping mapping = mapped(kernel, container, region)) {
      assertThat(mapping.iova(0)).isEqualTo(4 * GIB);
    }
    container.leave("7");
  }

  /** The window has the pages of the machine, which are behind any memory. */
  @ParameterizedTest
  @CsvSource({"4096, 16, 12, 2", "65536, 64, 16, 1"})
  void powerHasMemoryRegisteredAndAWindowOfItsOwn(int page, int gib, int shift, int levels) {
    FakeKernel kernel = new FakeKernel(page, SPAPR_V1, SPAPR_V2);
    KernelContainer container = join(kernel, "7");
    KernelContainer again = join(kernel, "8");
    assertThat(again).isSameAs(container);
    DmaMapping mapping = mapped(kernel, container, region);
    assertThat(mapping.iova(0)).isEqualTo(4 * GIB);
    VfioDmaDomain.Private ring = container.domain().allocate(100);
    assertThat(ring.size()).isPositive();
    container.domain().free(ring);
    mapping.close();
    container.leave("7");
    assertThat(kernel.open).as("the other group's").hasSize(2);
    container.leave("8");
    assertThat(kernel.calls)
        .containsExactly(
            "group joins",
            "IOMMU 7",
            "window away",
            "window of " + gib + " GiB, pages 2^" + shift + ", levels " + levels,
            "group joins",
            "register",
            "map",
            "register",
            "map",
            "unmap",
            "unregister",
            "unmap",
            "unregister",
            "group leaves",
            "group leaves");
    assertThat(kernel.open).isEmpty();
  }

  /** Each with the region mapped, and a window of its own. */
  @Test
  void groupsThatTheKernelKeepsApartHaveAContainerEach() {
    FakeKernel kernel = new FakeKernel(65536, SPAPR_V2);
    kernel.groupsApart = true;
    KernelContainer first = join(kernel, "7");
    KernelContainer second = join(kernel, "8");
    assertThat(second).isNotSameAs(first);
    assertThat(join(kernel, "7")).isSameAs(first);
    assertThat(join(kernel, "8")).isSameAs(second);
    first.leave("7");
    second.leave("8");
    try (DmaMapping one = first.domain().map(region);
        DmaMapping other = mapped(kernel, second, region)) {
      assertThat(other.iova(0)).isEqualTo(one.iova(0));
    }
    first.leave("7");
    assertThat(kernel.containers).hasSize(1);
    KernelContainer third = join(kernel, "9");
    assertThat(third).isNotSameAs(first);
    second.leave("8");
    third.leave("9");
    assertThat(kernel.open).isEmpty();
  }

  @Test
  void twoContainersMapTheSameMemoryAtOnce() throws Exception {
    FakeKernel kernel = new FakeKernel(65536, SPAPR_V2);
    kernel.groupsApart = true;
    kernel.pinNanos = 20_000_000;
    KernelContainer first = join(kernel, "7");
    KernelContainer second = join(kernel, "8");
    CompletableFuture<DmaMapping> one =
        CompletableFuture.supplyAsync(() -> first.domain().map(region));
    second.domain().map(region).close();
    one.get(30, TimeUnit.SECONDS).close();
    first.leave("7");
    second.leave("8");
  }

  /** What the kernel says when no container takes the group, and nothing is left open. */
  @Test
  void aGroupThatNoContainerTakesIsRefused() {
    FakeKernel kernel = new FakeKernel(65536, SPAPR_V2);
    KernelContainer first = join(kernel, "7");
    kernel.groupsApart = true;
    kernel.largestPiece = 1;
    kernel.levels = 1;
    assertThatThrownBy(() -> join(kernel, "8")).hasMessageContaining("TCE_CREATE");
    assertThat(kernel.open).hasSize(2);
    first.leave("7");
    assertThat(kernel.open).isEmpty();
  }

  @Test
  void pagesThatAreLargerThanTheMachinesAreNoUse() {
    FakeKernel kernel = new FakeKernel(4096, SPAPR_V2);
    kernel.pageSizes = 65536 | 16 << 20;
    assertThatThrownBy(() -> join(kernel, "7"))
        .isInstanceOf(NetmapException.class)
        .hasMessageContaining("pages of 0x1010000")
        .hasMessageNotContaining("\n");
    assertThat(kernel.open).isEmpty();
  }

  @Test
  void aTableThatIsTooLargeInOnePieceHasMoreLevels() {
    FakeKernel kernel = new FakeKernel(65536, SPAPR_V2);
    kernel.largestPiece = 65536;
    KernelContainer container = join(kernel, "7");
    assertThat(kernel.calls).endsWith("window of 64 GiB, pages 2^16, levels 2");
    container.leave("7");
  }

  @Test
  void aWindowThatTheHostRefusesIsTold() {
    FakeKernel kernel = new FakeKernel(65536, SPAPR_V2);
    kernel.largestPiece = 1;
    kernel.levels = 3;
    assertThatThrownBy(() -> join(kernel, "7"))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining(
            "VFIO_IOMMU_SPAPR_TCE_CREATE of 65536 MiB in pages of 64 KiB, 3 levels")
        .hasMessageContaining("memlock")
        .hasMessageNotContaining("\n");
    assertThat(kernel.open).isEmpty();
  }

  /** A guest, or an old host: the 2 GiB from 0 on are all that there is. */
  @Test
  void withoutDynamicWindowsTheFirstOneIsUsed() {
    FakeKernel kernel = new FakeKernel(65536, SPAPR_V2);
    kernel.ddw = false;
    KernelContainer container = join(kernel, "7");
    try (DmaMapping mapping = mapped(kernel, container, region)) {
      assertThat(mapping.iova(0)).isEqualTo(DmaMapping.PAGE);
      assertThatThrownBy(() -> container.domain().allocate(2 * GIB))
          .isInstanceOfSatisfying(
              NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENOMEM))
          .hasMessageContaining("the IOMMU allows [Window[first=0, last=2147483647]]");
    }
    container.leave("7");
    assertThat(kernel.calls).doesNotContain("window away");
  }

  @Test
  void memoryThatIsRefusedIsNotLeftRegistered() {
    FakeKernel kernel = new FakeKernel(65536, SPAPR_V2);
    KernelContainer container = join(kernel, "7");
    kernel.lockLimit = true;
    assertThatThrownBy(() -> container.domain().map(region))
        .isInstanceOfSatisfying(
            NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.ENOMEM))
        .hasMessageContaining("VFIO_IOMMU_SPAPR_REGISTER_MEMORY")
        .hasMessageContaining("ulimit -l");
    kernel.lockLimit = false;
    kernel.mapFails = true;
    assertThatThrownBy(() -> container.domain().map(region))
        .hasMessageContaining("VFIO_IOMMU_MAP_DMA");
    assertThat(kernel.containers.firstEntry().getValue().registered).isEmpty();
    kernel.mapFails = false;
    container.domain().map(region).close();
    assertThat(kernel.containers.firstEntry().getValue().registered).isEmpty();
    container.leave("7");
  }

  @Test
  void anIommuOfAnotherKindIsRefusedInOneLine() {
    for (FakeKernel kernel :
        new FakeKernel[] {new FakeKernel(4096), new FakeKernel(65536, SPAPR_V1)}) {
      assertThatThrownBy(() -> join(kernel, "7"))
          .isInstanceOfSatisfying(
              NetmapException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EOPNOTSUPP))
          .hasMessageContaining("without type1v2 and SPAPR TCE v2 IOMMU")
          .hasMessageNotContaining("\n");
      assertThat(kernel.open).isEmpty();
    }
  }
}
