package io.netmap4j.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The driver's side of the lock-step, with a thread in the model's place. */
class ControlPageTest {
  @Test
  void asksAndReadsTheBill(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("control");
    MappedByteBuffer model = page(file);
    List<String> heard = new ArrayList<>();
    Thread thread =
        new Thread(
            () -> {
              for (int answered = 0; answered < 3; ) {
                if (model.getInt(0) == answered) {
                  Thread.onSpinWait();
                  continue;
                }
                answered++;
                heard.add(model.getInt(4) + " " + model.getInt(8) + " " + model.getInt(12));
                model.putLong(0x80 + 8 * 6, 100L * answered);
                model.putLong(0x100 + 8 * 3, 5);
                model.putInt(0x44, answered == 3 ? 1 : 0);
                model.putInt(0x40, answered);
              }
            });
    thread.start();
    try (ControlPage control = new ControlPage(file)) {
      control.ask(ControlPage.COMPLETE_TX | ControlPage.REFILL_RX, 60);
      control.ask(0, 1514);
      assertThat(control.bill(0)).containsExactly(0, 0, 0, 0, 0, 0, 200, 0, 0, 0);
      assertThat(control.bill(1)).containsExactly(0, 0, 0, 5, 0, 0, 0, 0, 0, 0);
      assertThatThrownBy(() -> control.ask(ControlPage.CLEAR_BILL, 60))
          .hasMessageContaining("refused request 3")
          .hasMessageContaining("status 1");
    }
    thread.join();
    assertThat(heard).containsExactly("3 60 255", "0 1514 255", "4 60 255");
  }

  @Test
  void saysThatThereIsNoModel(@TempDir Path folder) {
    assertThatThrownBy(() -> new ControlPage(folder.resolve("control")))
        .hasMessageContaining("control")
        .hasMessageContaining("nic-model");
  }

  private static MappedByteBuffer page(Path file) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(4096);
      MappedByteBuffer page = raw.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 4096);
      page.order(ByteOrder.LITTLE_ENDIAN);
      return page;
    }
  }
}
