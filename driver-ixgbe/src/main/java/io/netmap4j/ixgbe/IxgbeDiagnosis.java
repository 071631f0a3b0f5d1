package io.netmap4j.ixgbe;

import static io.netmap4j.spi.Finding.failure;
import static io.netmap4j.spi.Finding.ok;
import static io.netmap4j.spi.Finding.warning;

import io.netmap4j.common.LinkState;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.PciRegs;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.NicDevice;
import io.netmap4j.spi.RingSet;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Examines a card for {@code netmap4j doctor}, in three rounds, each with the device opened anew:
 * its registers after a reset, its link as a port brings it up, and its rings with the MAC in
 * loopback. A round that cannot go on says why and the next one begins.
 */
final class IxgbeDiagnosis {
  private static final NicOptions ONE_RING = NicOptions.DEFAULT.slots(128, 128).dropWhenFull(false);

  /** Each length from 60 to 1514 once. */
  private static final int FRAMES = 1455;

  private static final int LINK_MILLIS = 5000;

  // The window of the I/O BAR (docs/82599.md 1.2).
  private static final int IOADDR = 0;
  private static final int IODATA = 4;

  private final Supplier<NicDevice> open;
  private final Region region;
  private final Consumer<Finding> to;

  IxgbeDiagnosis(Supplier<NicDevice> open, Region region, Consumer<Finding> to) {
    this.open = open;
    this.region = region;
    this.to = to;
  }

  /** One look at the device. */
  private interface Round {
    void look(NicDevice nic);
  }

  void run() {
    if (round("registers", this::registers)) {
      round("link", this::link);
      round("loopback", this::loopback);
    }
  }

  /**
   * @return false when the device could not be opened or did not answer
   */
  private boolean round(String what, Round round) {
    NicDevice nic = null;
    try {
      nic = open.get();
      round.look(nic);
      return true;
    } catch (NetmapException | LinuxException | InternalError e) {
      String text = nic == null ? String.valueOf(e.getMessage()) : IxgbeAdapter.message(nic, e);
      to.accept(failure(what, "stopped: " + text, ""));
      return false;
    } finally {
      if (nic != null) {
        nic.close();
      }
    }
  }

  private void registers(NicDevice nic) {
    nic.changeConfig(PciRegs.COMMAND, 2, 0, PciRegs.COMMAND_MEMORY);
    int status = nic.read32(Reg.STATUS);
    if (status == IxgbeDevice.ALL_ONES) {
      to.accept(
          failure(
              "registers",
              "STATUS reads all ones",
              "the card has no power, is not seated well, or was removed: switch the machine off and"
                  + " on; if that does not help, another slot"));
      throw new NetmapException(io.netmap4j.linux.Libc.ENXIO, "the card does not answer");
    }
    to.accept(ok("registers", hex("STATUS", status) + ", port " + (status >> 2 & 3)));
    firmware(nic);
    new IxgbeDevice(nic, ONE_RING).reset();
    to.accept(ok("reset", "done, DMA is initialised"));
    address(nic);
    ports(nic, status);
  }

  private void firmware(NicDevice nic) {
    int fwsm = nic.read32(Reg.FWSM);
    String value = hex("FWSM", fwsm);
    int error = (fwsm & Reg.FWSM_EXT_ERR) >>> 19;
    if ((fwsm & Reg.FWSM_FW_VALID) == 0 || error != 0) {
      to.accept(
          warning(
              "firmware",
              value + (error != 0 ? ", error " + error : ", not valid"),
              "the firmware in the NVM is missing, old or damaged: update the NVM with the vendor's tool"));
    } else {
      to.accept(ok("firmware", value));
    }
  }

  private void address(NicDevice nic) {
    int high = nic.read32(Reg.rah(0));
    byte[] mac = new IxgbeFilters(nic, false).macAddress();
    String text = text(mac);
    boolean none = text.equals("00:00:00:00:00:00") || text.equals("ff:ff:ff:ff:ff:ff");
    if ((high & Reg.RAH_AV) == 0 || none || (mac[0] & 1) != 0) {
      to.accept(
          failure(
              "MAC address",
              text + ", RAH(0).AV " + (high >>> 31),
              "the NVM holds no unicast address, so it was not loaded or is damaged: see the NVM's"
                  + " checksum; restore the NVM with the vendor's tool"));
    } else {
      to.accept(ok("MAC address", text));
    }
  }

  /** Registers through the I/O BAR: an older way in, which shows that the BAR is mapped. */
  private void ports(NicDevice nic, int status) {
    NicDevice.IoPorts ports = nic.ioPorts();
    if (ports == null) {
      to.accept(ok("I/O BAR", "none within reach; the driver needs none"));
      return;
    }
    nic.changeConfig(PciRegs.COMMAND, 2, 0, PciRegs.COMMAND_IO);
    try {
      ports.write32(IOADDR, Reg.STATUS);
      int seen = ports.read32(IODATA);
      int again = nic.read32(Reg.STATUS);
      if (seen == again || seen == status) {
        to.accept(ok("I/O BAR", ports.size() + " bytes, registers through it: STATUS equal"));
      } else {
        to.accept(
            warning(
                "I/O BAR",
                hex("STATUS", seen) + " through it, " + hex("", again).trim() + " in BAR 0",
                "the firmware of the machine gave the card no I/O ports, or a bridge does not forward"
                    + " them; the driver needs none"));
      }
    } catch (NetmapException | LinuxException e) {
      to.accept(warning("I/O BAR", IxgbeAdapter.message(nic, e), "the driver needs none"));
    } finally {
      nic.changeConfig(PciRegs.COMMAND, 2, PciRegs.COMMAND_IO, 0);
    }
  }

  private void link(NicDevice nic) {
    IxgbeAdapter adapter = new IxgbeAdapter(nic, region, ONE_RING);
    RingSet rings = RingSet.start(adapter, region);
    rings.hold();
    try {
      long start = System.nanoTime();
      LinkState link = adapter.link();
      while (!link.up() && System.nanoTime() - start < LINK_MILLIS * 1_000_000L) {
        RegisterWait.sleepMicros(10_000);
        link = adapter.link();
      }
      long millis = (System.nanoTime() - start) / 1_000_000;
      if (link.up()) {
        to.accept(ok("link", link.mbps() + " Mbit/s after " + millis + " ms"));
      } else {
        to.accept(
            failure(
                "link",
                "down for " + millis + " ms",
                "no cable, no partner, or a partner of another speed"));
      }
    } finally {
      rings.release();
    }
  }

  private void loopback(NicDevice nic) {
    IxgbeLoopback card = new IxgbeLoopback(nic, region, ONE_RING, false);
    RingSet rings = RingSet.start(card, region);
    rings.hold();
    try {
      IxgbeFrameTest test = new IxgbeFrameTest(rings, card.macAddress());
      long start = System.nanoTime();
      test.run(FRAMES);
      long micros = (System.nanoTime() - start) / 1000;
      report(test, micros, card.counters());
      if (test.received() == test.sent()) {
        wakeUp(nic, card, rings, test);
      }
    } finally {
      rings.release();
    }
  }

  private void report(IxgbeFrameTest test, long micros, Map<String, Long> all) {
    Map<String, Long> counts = new TreeMap<>(all);
    counts.values().removeIf(n -> n == 0);
    String value =
        String.format(
            Locale.ROOT,
            "ring 0: %d frames of 60 to 1514 bytes sent, %d received in %d us",
            test.sent(),
            test.received(),
            micros);
    if (!test.damage().isEmpty()) {
      to.accept(
          failure(
              "loopback",
              value + "; " + test.damage(),
              "frames are damaged on their way through the card or through DMA: send this report in"));
    } else if (test.received() < test.sent() || test.error() != 0) {
      to.accept(failure("loopback", value, why(test, all)));
    } else {
      to.accept(ok("loopback", value));
    }
    to.accept(ok("counters", counts.toString()));
  }

  /** Where the frames got lost, by the card's own counts. */
  private static String why(IxgbeFrameTest test, Map<String, Long> counts) {
    if (test.error() != 0) {
      return "a sync failed with errno " + test.error() + ": the device is gone, or its driver is";
    }
    if (counts.get("GPTC") == 0) {
      return "the card sent nothing: it does not reach descriptors or buffers; bus mastering, or an"
          + " IOMMU that refuses its DMA: see dmesg for DMAR or AMD-Vi faults";
    }
    if (counts.get("GPRC") == 0) {
      return "the card sent frames and received none: its MAC did not take up the loopback";
    }
    return "the card received frames and did not store them: see RXMPC and QPRDC in its counters";
  }

  private void wakeUp(NicDevice nic, IxgbeLoopback card, RingSet rings, IxgbeFrameTest test) {
    int fd = card.waitFd(rings.rx(0));
    String kind = nic.irqMessages() ? "MSI-X, " + nic.irqVectors() + " vectors" : "INTx";
    if (fd < 0) {
      to.accept(warning("interrupts", "none reach this process", "waits poll: wait = spin"));
      return;
    }
    long micros = test.wakeUp(card, fd);
    if (micros < 0) {
      to.accept(
          warning(
              "interrupts",
              kind + ": a received frame woke nobody within 1 s",
              "the machine does not deliver the card's interrupts: dmesg; with wait = spin a port works"
                  + " without"));
    } else {
      to.accept(ok("interrupts", kind + ": a received frame woke a sleeper"));
    }
  }

  private static String hex(String register, int value) {
    return String.format(Locale.ROOT, "%s 0x%08x", register, value);
  }

  private static String text(byte[] mac) {
    StringBuilder s = new StringBuilder();
    for (byte b : mac) {
      s.append(s.length() == 0 ? "" : ":").append(String.format(Locale.ROOT, "%02x", b));
    }
    return s.toString();
  }
}
