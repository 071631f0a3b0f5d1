package io.netmap4j.model.dma;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.Nic82599;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DmaPagesTest {
  private static final int COMMAND = 0x04;
  private static final int MASTER = 4;

  private final List<String> lines = new ArrayList<>();
  private final DmaPages pages = new DmaPages(lines::add);

  @Test
  void pagesAreListedWhenDmaIsSwitchedOff() {
    pages.allowed(true);
    pages.access(DmaLog.Kind.PACKET_READ, 0, 0x200000, 60);
    pages.access(DmaLog.Kind.PACKET_WRITE, 0, 0x3FFFC0, 64);
    pages.access(DmaLog.Kind.STATUS_WRITE, 0, 0xFFE00000L, 16);
    pages.access(DmaLog.Kind.PACKET_WRITE, 0, 0x3FFFC0, 65);
    pages.allowed(false);
    pages.allowed(true);
    pages.allowed(false);
    assertThat(lines)
        .containsExactly(
            "dma on",
            "page 200000 reads 1 writes 2",
            "page 400000 reads 0 writes 1",
            "page ffe00000 reads 0 writes 1",
            "dma off",
            "dma on",
            "dma off");
  }

  @Test
  void theObserverHearsWhenDmaIsSwitched() {
    try (Nic82599 card = new Nic82599(CardOptions.port(0))) {
      card.memory().observer(pages);
      card.writeConfig(COMMAND, 2, MASTER);
      card.writeConfig(COMMAND, 2, MASTER);
      card.writeConfig(COMMAND, 2, 0);
      assertThat(lines).containsExactly("dma on", "dma off");
    }
  }
}
