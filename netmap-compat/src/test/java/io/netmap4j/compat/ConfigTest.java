package io.netmap4j.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.NetmapException;
import io.netmap4j.NetmapMemory;
import io.netmap4j.spi.NicOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class ConfigTest {
  @TempDir Path folder;

  private Config read(String... lines) throws Exception {
    return Config.read(Files.write(folder.resolve("c.properties"), java.util.List.of(lines)));
  }

  @Test
  void aliasesOptionsAndMemoryAreRead() throws Exception {
    Config config =
        read(
            "# a comment",
            "nic.eth0 = vfio:0000:03:00.0",
            "nic.eth0.rx-rings = 4",
            "nic.eth0.mtu = 9000",
            "nic.fake0.slots = 1024",
            "memory.buf-num = 4096",
            "memory.ring-size = 70000",
            "memory.hugetlbfs = /dev/hugepages");
    assertThat(config.aliases())
        .containsOnlyKeys("eth0")
        .containsEntry("eth0", "vfio:0000:03:00.0");
    assertThat(config.options("eth0")).isEqualTo(NicOptions.DEFAULT.rings(1, 4).mtu(9000));
    assertThat(config.options("fake0")).isEqualTo(NicOptions.DEFAULT.slots(1024, 1024));
    assertThat(config.options("other")).isEqualTo(NicOptions.DEFAULT);
    assertThat(config.memory())
        .isEqualTo(
            new NetmapMemory.Options(100, 1024, 200, 70000, 4096, 2048, Path.of("/dev/hugepages")));
  }

  @Test
  void withoutMemoryKeysTheRegionIsLeftAlone() throws Exception {
    assertThat(read("nic.eth0 = uio:0000:03:00.1").memory()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "nic.eth0 = 0000 | nic.eth0: '0000' is not scheme:address, as in vfio:0000:03:00.0",
        "nic.eth-0 = uio:1 | nic.eth-0: 'eth-0' cannot be opened: a name is not empty and has none of - * ^ { } / @",
        "nic.eth0.rings = four | nic.eth0.rings: rings = 'four' is not a number",
        "nic.eth0.ring = 4 | nic.eth0.ring: unknown key 'ring'; known: rings tx-rings rx-rings slots tx-slots rx-slots mtu promiscuous drop wait",
        "memory.buf-num = 1 | memory.buf-num: bufNum = 1 is out of range: 4 to 1000000",
        "memory.bufs = 1 | memory.bufs: unknown key; known are if-num if-size ring-num ring-size buf-num buf-size hugetlbfs",
        "nics.eth0 = uio:1 | nics.eth0: unknown key; known are nic.NAME, nic.NAME.KEY and memory.KEY",
      })
  void errorsNameFileAndKey(String line, String message) {
    assertThatThrownBy(() -> read(line))
        .isInstanceOf(NetmapException.class)
        .hasMessage(folder.resolve("c.properties") + ": " + message);
  }

  @Test
  void aMissingFileIsNamed() {
    assertThatThrownBy(() -> Config.read(folder.resolve("none")))
        .isInstanceOfSatisfying(NetmapException.class, e -> assertThat(e.errno()).isEqualTo(2))
        .hasMessageContaining(folder.resolve("none").toString());
  }
}
