package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NicOptions;
import io.netmap4j.model.ModelBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording has of ports and modelled cards. */
@Timeout(60)
class EventsTest {
  @TempDir Path folder;
  private final Recording recording = new Recording();
  private int dumps;

  @BeforeEach
  void record() {
    recording.start();
  }

  @AfterEach
  void end() {
    recording.close();
  }

  @Test
  void openAndClose() throws Exception {
    Netmap.open("netmap:e{0@conf:rings=2").close();
    RecordedEvent open = events("PortOpen").get(0);
    RecordedEvent close = events("PortClose").get(0);
    for (RecordedEvent event : List.of(open, close)) {
      assertThat(event.getString("name")).isEqualTo("e{0");
      assertThat(event.getInt("txRings")).isEqualTo(2);
      assertThat(event.getInt("rxRings")).isEqualTo(2);
      assertThat(event.getDuration()).isPositive();
      assertThat(event.getEventType().getCategoryNames()).containsExactly("netmap4j");
    }
    assertThat(close.getStartTime()).isAfterOrEqualTo(open.getEndTime());
  }

  @Test
  void aPortThatDoesNotOpenIsNoEvent() throws Exception {
    assertThat(Command.run("dump", "-i", "netmap:model0-7").code()).isEqualTo(Main.FAILED);
    assertThat(events("PortOpen")).isEmpty();
  }

  @Test
  void aReset() throws Exception {
    try (NetmapPort port = Netmap.open("netmap:model0")) {
      port.nic().reset();
    }
    List<RecordedEvent> resets = events("DeviceReset");
    assertThat(resets).hasSize(1);
    assertThat(resets.get(0).getString("name")).isEqualTo("model:0");
    assertThat(resets.get(0).getDuration()).isPositive();
  }

  @Test
  void aCableThatIsPulledAndPluggedIn() throws Exception {
    try (NetmapPort port = Netmap.open("netmap:model0")) {
      assertThat(port.awaitLink(5000)).isTrue();
      int before = events("LinkChange").size();
      assertThat(before).isEqualTo(1);
      ModelBackend.pair().card(0).setLink(false);
      await(() -> !port.link().up());
      ModelBackend.pair().card(0).setLink(true);
      assertThat(port.awaitLink(5000)).isTrue();
      List<RecordedEvent> changes = events("LinkChange");
      assertThat(changes).hasSize(3);
      assertThat(changes.get(1).getBoolean("up")).isFalse();
      assertThat(changes.get(2).getBoolean("up")).isTrue();
      assertThat(changes.get(2).getInt("mbps")).isEqualTo(10_000);
    }
  }

  @Test
  void packetsThatFindNoRoom() throws Exception {
    NetmapPort.Request small = NetmapPort.Request.DEFAULT.nic(NicOptions.DEFAULT.slots(512, 64));
    try (NetmapPort from = Netmap.open("netmap:model0", small);
        NetmapPort to = Netmap.open("netmap:model1", small)) {
      assertThat(from.awaitLink(5000) && to.awaitLink(5000)).isTrue();
      NetmapRing tx = from.tx(0);
      for (int i = 0; i < 200; i++) {
        tx.put(tx.head(), new byte[60]);
        tx.advance(tx.next(tx.head()));
      }
      assertThat(from.drain(5000)).isTrue();
      await(() -> !eventsNow("DropBurst").isEmpty());
      Thread.sleep(1200); // another look, which finds no more
      long told = eventsNow("DropBurst").stream().mapToLong(e -> e.getLong("packets")).sum();
      assertThat(told).isEqualTo(to.counters().get("QPRDC")).isPositive();
      RecordedEvent burst = eventsNow("DropBurst").get(0);
      assertThat(burst.getString("name")).isEqualTo("model:1");
      assertThat(burst.getDuration("millis").toMillis()).isBetween(1L, 60_000L);
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) { // ends with the test's time
      Thread.sleep(50);
    }
  }

  private List<RecordedEvent> eventsNow(String name) {
    try {
      return events(name);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private List<RecordedEvent> events(String name) throws Exception {
    Path file = folder.resolve("events" + dumps++ + ".jfr");
    recording.dump(file);
    List<RecordedEvent> all = new ArrayList<>();
    for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
      if (event.getEventType().getName().equals("io.netmap4j." + name)) {
        all.add(event);
      }
    }
    all.sort((a, b) -> a.getStartTime().compareTo(b.getStartTime()));
    return all;
  }
}
