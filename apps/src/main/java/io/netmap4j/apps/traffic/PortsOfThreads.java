package io.netmap4j.apps.traffic;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.Offsets;
import io.netmap4j.common.RingCounts;
import io.netmap4j.compat.vale.ValeCtl;
import java.util.List;
import java.util.Locale;

/** Opens what pkt-gen works on: one port with everything, or one ring for each thread. */
final class PortsOfThreads {
  /** Of nic.NAME.rings. */
  private static final int MOST_RINGS = 16;

  private final PktGen command;
  private final String name;
  private final int threads;
  private final boolean vale;
  private final NetmapPort.Request request;

  PortsOfThreads(PktGen command) {
    this.command = command;
    this.name = command.setup.name;
    this.threads = command.threads.threads;
    this.vale = Ports.spec(name).vale();
    NetmapPort.Request plain =
        NetmapPort.Request.DEFAULT
            .extraBuffers((int) command.extraBuffers)
            .addFlags(command.function.startsWith("rx") ? Netmap.NR_NO_TX_POLL : 0)
            .addFlags(vale ? Netmap.NR_ACCEPT_VNET_HDR : 0)
            .offsets(
                command.offset == 0 ? null : new Offsets(command.offset, command.offset, 0, 0));
    this.request = command.counts == null ? plain : plain.counts(command.counts);
  }

  /**
   * Opens them.
   *
   * @param ports takes each as it is opened; the caller closes them, also when this fails
   */
  void open(List<NetmapPort> ports) {
    try {
      if (threads == 1) {
        ports.add(command.setup.open(name, command.need(), request));
      } else {
        openEach(ports);
      }
    } catch (NetmapException e) {
      boolean tooFar = e.errno() == Errno.EINVAL && e.getMessage().contains("offsets up to ");
      command.require(!tooFar, "--offset " + command.offset + ": " + e.getMessage());
      throw e;
    }
    for (NetmapPort port : ports) {
      requireExtra(port);
    }
    requireCounts(ports.get(0));
    if (vale) {
      agreeOnHeader();
    }
  }

  /** PORT_HDR_SET, or PORT_HDR_GET: a VALE port may have frames with virtio-net headers. */
  private void agreeOnHeader() {
    String port = Ports.spec(name).name();
    if (command.frames.header != 0) {
      ValeCtl.setHeader(port, command.frames.header);
    } else {
      command.frames.header = ValeCtl.header(port);
    }
  }

  private void openEach(List<NetmapPort> ports) {
    int mode = Ports.spec(name).mode();
    boolean host = mode == Netmap.NR_REG_SW;
    command.require(
        host || mode == Netmap.NR_REG_ALL_NIC || mode == Netmap.NR_REG_NIC_SW,
        "-p " + threads + " needs every ring: leave the suffix of " + name + " out");
    int rings = Integer.MAX_VALUE;
    for (int i = 0; i < threads; i++) {
      // With the host's rings too, those come behind the NIC's.
      boolean sw = host || i >= rings;
      NetmapPort.Request one =
          request.mode(
              sw ? Netmap.NR_REG_ONE_SW : Netmap.NR_REG_ONE_NIC, sw && !host ? i - rings : i);
      ports.add(command.setup.open(name, command.need(), one));
      NetmapPort first = ports.get(0);
      boolean tx = command.need().tx;
      int nic = tx ? first.nifp().txRings() : first.nifp().rxRings();
      int hosts = tx ? first.nifp().hostTxRings() : first.nifp().hostRxRings();
      rings = mode == Netmap.NR_REG_NIC_SW ? nic : Integer.MAX_VALUE;
      requireThreads(host ? hosts : mode == Netmap.NR_REG_NIC_SW ? nic + hosts : nic);
    }
  }

  private void requireThreads(int rings) {
    command.require(
        threads <= rings,
        "-p "
            + threads
            + ": "
            + Ports.spec(name).name()
            + " has "
            + rings
            + " "
            + command.function
            + " ring(s); "
            + moreRings());
  }

  private String moreRings() {
    if (vale || Ports.spec(name).pipe()) {
      return Ports.full(Ports.spec(name).name()) + "@conf:rings=" + threads;
    }
    return threads <= MOST_RINGS
        ? "--nic rings=" + threads
        : "a card has at most " + MOST_RINGS + ", with --nic rings=" + MOST_RINGS;
  }

  private void requireExtra(NetmapPort port) {
    int got = port.extraBuffers();
    if (got == 0 && command.extraBuffers > 0) {
      throw new NetmapException(
          Errno.ENOMEM,
          "-e " + command.extraBuffers + ": " + port.memory() + " has no buffers left for it");
    }
    if (got < command.extraBuffers) {
      command.context.err.printf(
          Locale.ROOT,
          "Only %d of %d extra buffers are free in the memory of %s%n",
          got,
          command.extraBuffers,
          port.name());
    }
  }

  /** A NIC, for one, has what its configuration says, whatever a registration asks for. */
  private void requireCounts(NetmapPort port) {
    RingCounts asked = command.counts == null ? RingCounts.DEFAULT : command.counts;
    int txSlots =
        port.firstTxRing() < port.endTxRing() ? port.tx(port.firstTxRing()).numSlots() : 0;
    int rxSlots =
        port.firstRxRing() < port.endRxRing() ? port.rx(port.firstRxRing()).numSlots() : 0;
    boolean given =
        Ports.spec(name).pipe() // counts are those of the master, whichever end asks
            || isGiven(asked.txRings(), port.nifp().txRings())
                && isGiven(asked.rxRings(), port.nifp().rxRings())
                && (txSlots == 0 || isGiven(asked.txSlots(), txSlots))
                && (rxSlots == 0 || isGiven(asked.rxSlots(), rxSlots));
    command.require(
        given,
        String.format(
            Locale.ROOT,
            "-C: %s has %d TX and %d RX rings, of %d and %d slots, and does not change that for a port; %s",
            name,
            port.nifp().txRings(),
            port.nifp().rxRings(),
            txSlots,
            rxSlots,
            vale
                ? "close its other ports, or ask for less"
                : "a NIC does for --nic tx-slots=...,rx-slots=...,tx-rings=...,rx-rings=..."));
  }

  private static boolean isGiven(int asked, int got) {
    return asked == 0 || asked == got;
  }
}
