package io.netmap4j.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.DmaMapping;
import io.netmap4j.spi.NicDevice;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The client against a server that others wrote, on the socket {@code -Dnetmap4j.stranger=SOCKET}:
 * libvfio-user with a test device of 64 registers in BAR 0, all of them storage, but
 *
 * <ul>
 *   <li>4 and 8: a device address, 12: a length
 *   <li>16, when written: bit 0 fills that memory with 0xa5, else its bytes are added up into 20;
 *       24 is then 0 or an errno; bit 1 signals the MSI-X vector in 28, of 20
 * </ul>
 */
@Timeout(60)
class StrangerTest {
  private final String socket = System.getProperty("netmap4j.stranger", "");

  @BeforeEach
  void there() {
    assumeTrue(
        !socket.isEmpty(), "no server that others wrote: give one with -Dnetmap4j.stranger=SOCKET");
  }

  private NicDevice open() {
    return new VfioUserBackend().open(socket);
  }

  private static void command(NicDevice device, long iova, int length, int command) {
    device.write32(4, (int) iova);
    device.write32(8, (int) (iova >>> 32));
    device.write32(12, length);
    device.write32(16, command);
  }

  @Test
  void idsRegistersMemoryInterruptsReset() {
    for (int round = 0; round < 3; round++) { // and it can be left and come back to
      try (Region region = Region.create(MemoryOptions.DEFAULT.buffers(4096, 2048));
          NicDevice device = open()) {
        assertThat(device.id().vendor()).isEqualTo(0x8086);
        assertThat(device.id().classCode()).isEqualTo(0x020000);
        device.write32(40, 0x12345678);
        assertThat(device.read32(40)).isEqualTo(0x12345678);

        DmaMapping mapping = device.domain().map(region);
        long at = region.address() + (3 << 20);
        Mem.set(at, 100, (byte) 3);
        command(device, mapping.iova(3 << 20), 100, 0);
        assertThat(device.read32(24)).isZero();
        assertThat(device.read32(20)).isEqualTo(300);
        command(device, mapping.iova(3 << 20), 99, 1);
        assertThat(device.read32(24)).isZero();
        assertThat(Mem.getByte(at + 98)).isEqualTo((byte) 0xa5);
        assertThat(Mem.getByte(at + 99)).isEqualTo((byte) 3);

        NicDevice.DmaBuffer ring = device.allocateDma(4096);
        command(device, ring.iova(), 4096, 1);
        assertThat(device.read32(24)).isZero();
        assertThat(Mem.getByte(ring.address() + 4095)).isEqualTo((byte) 0xa5);
        device.freeDma(ring);
        command(device, ring.iova(), 16, 1);
        assertThat(device.read32(24)).as("errno after unmap").isNotZero();

        int[] fds = device.enableIrqs(20); // more than it takes descriptors in one message
        for (int vector : new int[] {0, 7, 8, 19}) {
          device.write32(28, vector);
          command(device, mapping.iova(0), 1, 2);
          assertThat(device.read32(28)).isEqualTo(vector);
          assertThat(Libc.drain(fds[vector])).as("vector " + vector).isEqualTo(1);
        }
        device.enableIrqs(0);
        assertThat(device.resetFunction()).isTrue();
        assertThat(device.read32(40)).isZero();
        mapping.close();
      }
    }
  }

  @Test
  void whatItRefusesIsNotTheEnd() {
    try (NicDevice device = open()) {
      assertThatThrownBy(() -> device.readConfig(4094, 4)).isInstanceOf(NetmapException.class);
      assertThat(device.id().vendor()).isEqualTo(0x8086);
    }
  }
}
