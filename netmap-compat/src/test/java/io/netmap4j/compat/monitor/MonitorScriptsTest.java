package io.netmap4j.compat.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.vale.IndirectMemory;
import io.netmap4j.compat.vale.ValeCtl;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What netmap's scripts 012 to 020 and 025 to 027 assert (utils/tests), with random frames. */
@Timeout(60)
class MonitorScriptsTest {
  private final List<byte[]> frames = Ends.frames(30, 10_049, System.nanoTime());

  /** A receive monitor that copies has the frames before the port's owner reads, who gets them. */
  private void receiveCopy(NetmapPort from, NetmapPort to, String monitored) {
    try (NetmapPort monitor = Netmap.open(monitored + "/r")) {
      Ends.send(from, frames);
      Ends.receive(monitor, frames, false);
      Ends.receive(to, frames, false);
      Ends.nothing(monitor);
    }
  }

  /** A zero-copy one has none of them until the owner has read. */
  private void receiveZeroCopy(NetmapPort from, NetmapPort to, String monitored) {
    try (NetmapPort monitor = Netmap.open(monitored + "/z")) {
      Ends.send(from, frames);
      Ends.nothing(monitor);
      Ends.receive(to, frames, false);
      Ends.nothing(monitor);
      Ends.nothing(to); // the sync that gives them back
      Ends.receive(monitor, frames, false);
    }
  }

  /** A transmit monitor that copies has the frames as soon as they are sent. */
  private void sendCopy(NetmapPort from, NetmapPort to, String monitored) {
    try (NetmapPort monitor = Netmap.open(monitored + "/t")) {
      Ends.send(from, frames);
      Ends.receive(monitor, frames, true);
      Ends.receive(to, frames, false);
      Ends.nothing(monitor);
    }
  }

  /** A zero-copy one of a switch's port: it completes at once. */
  private void sendZeroCopy(NetmapPort from, NetmapPort to, String monitored) {
    try (NetmapPort monitor = Netmap.open(monitored + "/z")) {
      Ends.send(from, frames);
      Ends.receive(monitor, frames, true);
      Ends.receive(to, frames, false);
      Ends.nothing(monitor);
    }
  }

  /** On two ports of a switch. */
  private interface Script {
    void run(NetmapPort from, NetmapPort to);
  }

  private static void ephemeral(Script script) {
    try (NetmapPort v0 = Netmap.open("vale0:v0");
        NetmapPort v1 = Netmap.open("vale0:v1")) {
      script.run(v0, v1);
    }
  }

  /** Monitors name a port by the name of its interface. */
  private static void persistent(Script script) {
    for (String name : new String[] {"mv0", "mv1"}) {
      ValeCtl.newIf(name, RingCounts.DEFAULT, 0);
      ValeCtl.attach("vale0:" + name);
    }
    try (NetmapPort v0 = Netmap.open("netmap:mv0");
        NetmapPort v1 = Netmap.open("netmap:mv1")) {
      script.run(v0, v1);
    } finally {
      for (String name : new String[] {"mv0", "mv1"}) {
        ValeCtl.detach("vale0:" + name);
        ValeCtl.delIf(name);
      }
    }
  }

  @Test
  void script012_rec_cp_mon_ephemeral_vale_port() {
    ephemeral((v0, v1) -> receiveCopy(v0, v1, "vale0:v1"));
  }

  @Test
  void script013_rec_cp_mon_persistent_vale_port() {
    persistent((v0, v1) -> receiveCopy(v0, v1, "netmap:mv1"));
  }

  @Test
  void script015_rec_zcp_mon_ephemeral_vale_port() {
    ephemeral((v0, v1) -> receiveZeroCopy(v0, v1, "vale0:v1"));
  }

  @Test
  void script016_rec_zcp_mon_persistent_vale_port() {
    persistent((v0, v1) -> receiveZeroCopy(v0, v1, "netmap:mv1"));
  }

  @Test
  void script018_send_cp_mon_ephemeral_vale_port() {
    ephemeral((v0, v1) -> sendCopy(v0, v1, "vale0:v0"));
  }

  @Test
  void script019_send_cp_mon_persistent_vale_port() {
    persistent((v0, v1) -> sendCopy(v0, v1, "netmap:mv0"));
  }

  @Test
  void script025_send_zcp_mon_ephemeral_vale_port() {
    ephemeral((v0, v1) -> sendZeroCopy(v0, v1, "vale0:v0"));
  }

  @Test
  void script026_send_zcp_mon_persistent_vale_port() {
    persistent((v0, v1) -> sendZeroCopy(v0, v1, "netmap:mv0"));
  }

  @Test
  void bytesThatAreNotInTheBufferAreCopiedAndNeverExchanged() {
    ByteBuffer elsewhere = ByteBuffer.allocateDirect(100);
    byte[] frame = Ends.frames(1, 60, 1).get(0);
    elsewhere.put(frame);
    try (NetmapPort v0 = Netmap.open("vale0:v0");
        NetmapPort v1 = Netmap.open("vale0:v1");
        NetmapPort copy = Netmap.open("vale0:v0/t");
        NetmapPort z = Netmap.open("vale0:v0/z");
        IndirectMemory memory = IndirectMemory.of(elsewhere)) {
      for (long address : new long[] {memory.address(), 4096}) {
        NetmapRing tx = v0.tx(0);
        tx.lenAndFlags(tx.head(), 60, Netmap.NS_INDIRECT);
        tx.ptr(tx.head(), address);
        tx.advance(tx.next(tx.head()));
        v0.txSync();
      }
      Ends.receive(v1, List.of(frame), false);
      Ends.receive(copy, List.of(frame), true);
      Ends.nothing(copy);
      Ends.nothing(z);
      assertThat(copy.counters()).containsEntry("monitor_unreadable", 1L);
      assertThat(z.counters()).containsEntry("monitor_unreadable", 2L);
    }
  }

  @Test
  void script014_rec_cp_mon_pipe() {
    try (NetmapPort slave = Netmap.open("netmap:pipeM}1");
        NetmapPort master = Netmap.open("netmap:pipeM{1")) {
      receiveCopy(slave, master, "netmap:pipeM{1");
    }
  }

  @Test
  void script017_rec_zcp_mon_pipe() {
    try (NetmapPort slave = Netmap.open("netmap:pipeM}1");
        NetmapPort master = Netmap.open("netmap:pipeM{1")) {
      receiveZeroCopy(slave, master, "netmap:pipeM{1");
    }
  }

  @Test
  void script020_send_cp_mon_pipe() {
    try (NetmapPort slave = Netmap.open("netmap:pipeM}1");
        NetmapPort master = Netmap.open("netmap:pipeM{1")) {
      sendCopy(master, slave, "netmap:pipeM{1");
    }
  }

  @Test
  void script027_send_zcp_mon_pipe() {
    try (NetmapPort slave = Netmap.open("netmap:pipeM}1");
        NetmapPort master = Netmap.open("netmap:pipeM{1");
        NetmapPort monitor = Netmap.open("netmap:pipeM{1/z")) {
      Ends.send(master, frames);
      Ends.nothing(monitor);
      Ends.receive(slave, frames, false);
      Ends.nothing(slave);
      Ends.nothing(monitor);
      master.txSync();
      Ends.receive(monitor, frames, true);
    }
  }
}
