package io.netmap4j.porting;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPoll;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.Nm;
import io.netmap4j.compat.Nmport;
import io.netmap4j.compat.vale.ValeCtl;
import java.util.List;

/** The right column of docs/porting.md, which PortingGuideTest compares with this. */
final class Snippets {
  private Snippets() {}

  private static void use(Object... values) {}

  static void open() {
    NetmapPort port;
    try {
      port = Netmap.open("netmap:eth0-1/x");
    } catch (NetmapException e) {
      System.err.println(e.getMessage()); // and e.errno()
      return;
    }
    NetmapRing tx = port.tx(port.firstTxRing());
    port.close();
    use(tx);
  }

  static void openInStages() {
    Nmport d = Nmport.prepare("netmap:eth0");
    d.reg.nrMode = Netmap.NR_REG_ONE_NIC;
    d.reg.nrRingid = 1;
    d.reg.nrExtraBufs = 64;
    d.openDesc(); // throws NetmapException
    NetmapPort port = d.port();
    use(port);
  }

  static void send(NetmapPort port, byte[] frame) {
    port.poll(NetmapPort.POLLOUT, 1000);
    NetmapRing ring = port.tx(0);
    int slot = ring.head();
    for (int n = ring.space(); n > 0; n--) {
      ring.put(slot, frame);
      slot = ring.next(slot);
    }
    ring.advance(slot);
    port.txSync();
  }

  static void drain(NetmapPort port) {
    boolean sent = port.drain(1000);
    use(sent);
  }

  private static void handle(int type, long address, int length) {}

  static void receive(NetmapPort port) {
    port.poll(NetmapPort.POLLIN, 1000);
    NetmapRing ring = port.rx(0);
    while (!ring.isEmpty()) {
      int slot = ring.head();
      int type = ring.getUnsignedShort(slot, 12); // network order
      long address = ring.buffer(slot); // or ring.get(slot): a copy
      handle(type, address, ring.len(slot));
      ring.advance(ring.next(slot));
    }
  }

  static void forward(NetmapRing rx, int i, NetmapRing tx, int j) {
    rx.swap(i, tx, j);
  }

  static void exchange(NetmapRing rx, int i, NetmapRing tx, int j) {
    int buffer = tx.bufIdx(j);
    tx.bufIdx(j, rx.bufIdx(i));
    tx.lenAndFlags(j, rx.len(i), Netmap.NS_BUF_CHANGED);
    rx.bufIdx(i, buffer);
    rx.slotFlags(i, Netmap.NS_BUF_CHANGED);
  }

  static void poll(NetmapPort a, NetmapPort b) {
    try (NetmapPoll fds = new NetmapPoll()) {
      fds.add(a, NetmapPort.POLLIN).add(b, NetmapPort.POLLOUT);
      int n = fds.poll(1000);
      if ((fds.ready(a) & NetmapPort.POLLIN) != 0) {
        use(n, a);
      }
      fds.events(a, 0); // the next poll() does not wait for it
    }
  }

  static void pipes() {
    NetmapPort master = Netmap.open("netmap:eth0{3");
    NetmapPort slave = Netmap.open("netmap:eth0}3");
    use(master, slave);
  }

  static void extraBuffers() {
    NetmapPort port = Netmap.open("netmap:eth0", NetmapPort.Request.DEFAULT.extraBuffers(64));
    NetmapMemory memory = port.memory();
    int mine = port.nifp().bufsHead();
    port.nifp().bufsHead(memory.nextExtraBuffer(mine));
    // ... it changes places with buffers of slots; before close():
    memory.nextExtraBuffer(mine, port.nifp().bufsHead());
    port.nifp().bufsHead(mine);
    port.close();
  }

  static void vale() {
    NetmapPort port = Netmap.open("vale0:a");
    ValeCtl.attach("vale0:eth0"); // vale-ctl -a vale0:eth0
    List<ValeCtl.Port> all = ValeCtl.list();
    use(port, all);
  }

  static void helpers(long buffer, int length) {
    Nm d = Nm.nmOpen("netmap:eth0");
    d.nmInject(buffer, length);
    d.port().poll(NetmapPort.POLLIN, 1000);
    d.nmDispatch(-1, (header, at) -> System.out.println(header.len));
    d.nmClose();
  }
}
