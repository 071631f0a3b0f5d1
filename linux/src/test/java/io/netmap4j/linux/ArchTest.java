package io.netmap4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Expected numbers are those that golang.org/x/sys/unix lists for each processor. */
class ArchTest {
  @Test
  void ioctlNumbersOfEachProcessor() {
    assertThat(Arch.X86_64.iow('T', 202, 4)).as("TUNSETIFF").isEqualTo(0x400454ca);
    assertThat(Arch.ARM64.iow('T', 202, 4)).as("TUNSETIFF").isEqualTo(0x400454ca);
    assertThat(Arch.PPC64LE.iow('T', 202, 4)).as("TUNSETIFF").isEqualTo(0x800454ca);
    assertThat(Arch.X86_64.iow('T', 226, 4)).as("TUNSETCARRIER").isEqualTo(0x400454e2);
    assertThat(Arch.PPC64LE.iow('T', 226, 4)).as("TUNSETCARRIER").isEqualTo(0x800454e2);
    assertThat(Arch.X86_64.io((char) 0x12, 97)).as("BLKFLSBUF").isEqualTo(0x1261);
    assertThat(Arch.PPC64LE.io((char) 0x12, 97)).as("BLKFLSBUF").isEqualTo(0x20001261);
  }

  @Test
  void openFlagsOfEachProcessor() {
    assertThat(Arch.X86_64.tmpFile()).isEqualTo(0x410000);
    assertThat(Arch.ARM64.tmpFile()).isEqualTo(0x404000);
    assertThat(Arch.PPC64LE.tmpFile()).isEqualTo(0x404000);
  }

  @Test
  void javasNamesOfProcessors() {
    assertThat(Arch.of("amd64")).isEqualTo(Arch.X86_64);
    assertThat(Arch.of("aarch64")).isEqualTo(Arch.ARM64);
    assertThat(Arch.of("ppc64le")).isEqualTo(Arch.PPC64LE);
  }

  @Test
  void anotherProcessorIsRefusedInOneLine() {
    for (String other : new String[] {"ppc64", "s390x", "riscv64", "arm", "i386"}) {
      assertThatThrownBy(() -> Arch.of(other))
          .isInstanceOf(UnsatisfiedLinkError.class)
          .hasMessageContaining("os.arch is " + other)
          .hasMessageContaining("amd64 (x86-64), aarch64 and ppc64le are")
          .hasMessageContaining(
              other.equals("ppc64") || other.equals("s390x") ? "little-endian" : "64-bit Java")
          .hasMessageNotContaining("\n");
    }
  }

  @Test
  void pagesAreThoseOfTheKernel() {
    assertThat(Machine.PAGE_SIZE).isGreaterThanOrEqualTo(4096);
    assertThat(Integer.bitCount(Machine.PAGE_SIZE)).isEqualTo(1);
  }
}
