package io.netmap4j.compat.monitor;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
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
