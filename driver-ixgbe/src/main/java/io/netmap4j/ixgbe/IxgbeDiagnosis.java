package io.netmap4j.ixgbe;

import static io.netmap4j.spi.Finding.failure;
import static io.netmap4j.spi.Finding.ok;
import static io.netmap4j.spi.Finding.warning;

import io.netmap4j.common.NetmapException;
import io.netmap4j.common.NicOptions;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.LinuxException;
import io.netmap4j.linux.PciRegs;
import io.netmap4j.memory.Region;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.NicDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Examines a card for {@code netmap4j doctor}, in three rounds, each with the device opened anew:
 * its registers after a reset, its link as a port brings it up, and its rings with the MAC in
 * loopback. A round that cannot go on says why and the next one begins.
 */
final class IxgbeDiagnosis {
  static final NicOptions ONE_RING = NicOptions.DEFAULT.slots(128, 128).dropWhenFull(false);

  /** A semaphore is somebody's for milliseconds; Linux waits for 1 s at most. Tests hurry. */
  static volatile int heldMillis = 1000;

  /** In SW_FW_SYNC: what drivers hold (docs/82599.md 2.1). */
  private static final int SOFTWARE_BITS = 0x41f;

  private static final int CHECKSUM = 0x3f;
  private static final int ETRACK = 0x2d;

  // The window of the I/O BAR (docs/82599.md 1.2).
  private static final int IOADDR = 0;
  private static final int IODATA = 4;

  private final Supplier<NicDevice> open;
  private final Region region;
  private final int linkSeconds;
  private final Consumer<Finding> to;
  private final IxgbeLinkDiagnosis link;

  /**
   * @param linkSeconds how long to wait for a link
   */
  IxgbeDiagnosis(Supplier<NicDevice> open, Region region, int linkSeconds, Consumer<Finding> to) {
    this.open = open;
    this.region = region;
    this.linkSeconds = linkSeconds;
    this.to = to;
    this.link = new IxgbeLinkDiagnosis(region, to);
  }

  /** One look at the device. */
  private interface Round {
    void look(NicDevice nic);
  }

  void run() {
    if (round("registers", this::registers)) {
      round("link", nic -> link.bringUp(nic, linkSeconds));
      round("loopback", nic -> new IxgbeRingDiagnosis(region, to).look(nic));
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
    IxgbeId id = IxgbeId.of(nic.id().device());
    if (id.refusal() != null) {
      to.accept(
          failure(
              "card",
              id.name() + ", not driven: " + id.refusal(),
              "leave it to the kernel's ixgbe"));
      throw new NetmapException(Libc.EOPNOTSUPP, "the driver does not set this card up");
    }
    to.accept(ok("card", id.name()));
    nic.changeConfig(PciRegs.COMMAND, 2, 0, PciRegs.COMMAND_MEMORY);
    int status = nic.read32(Reg.STATUS);
    if (status == IxgbeDevice.ALL_ONES) {
      to.accept(
          failure(
              "registers",
              "STATUS reads all ones",
              "the card has no power, is not seated well, or was removed: switch the machine off and"
                  + " on; if that does not help, another slot"));
      throw new NetmapException(Libc.ENXIO, "the card does not answer");
    }
    to.accept(ok("registers", hex("STATUS", status) + ", port " + (status >> 2 & 3)));
    IxgbeChip chip = id.chip();
    firmware(nic);
    semaphores(nic, chip);
    IxgbeSemaphores semaphores = new IxgbeSemaphores(nic, chip);
    IxgbeNvm nvm = new IxgbeNvm(nic, chip, semaphores);
    nvm(nic, nvm);
    new IxgbeDevice(nic, ONE_RING).reset();
    to.accept(ok("reset", "done, DMA is initialised"));
    address(nic);
    ports(nic, status);
    link.examine(nic, id, semaphores, nvm);
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

  /**
   * Whether somebody holds what the drivers of both ports share, for longer than anybody needs it:
   * a driver that was killed meanwhile. Leaves everything as it was.
   */
  private void semaphores(NicDevice nic, IxgbeChip chip) {
    long start = System.nanoTime();
    boolean lock = new RegisterWait(nic).poll(Reg.SWSM, Reg.SWSM_SMBI, 0, heldMillis);
    // On X540 and X550 it has no part.
    boolean firmwares =
        chip.copper() || new RegisterWait(nic).poll(Reg.SWSM, Reg.SWSM_SWESMBI, 0, heldMillis);
    int held = softwareBits(nic, chip);
    while (held != 0 && System.nanoTime() - start < heldMillis * 1_000_000L) {
      RegisterWait.sleepMicros(5000);
      held &= softwareBits(nic, chip);
    }
    if (lock) { // the read that found it clear has taken it
      nic.write32(Reg.SWSM, nic.read32(Reg.SWSM) & ~Reg.SWSM_SMBI);
    }
    List<String> kept = new ArrayList<>();
    if (!lock) {
      kept.add("SWSM.SMBI");
    }
    if (!firmwares) {
      kept.add("SWSM.SWESMBI");
    }
    if (held != 0) {
      kept.add(hex("SW_FW_SYNC", held));
    }
    if (kept.isEmpty()) {
      to.accept(ok("semaphores", "free"));
      return;
    }
    to.accept(
        warning(
            "semaphores",
            String.join(", ", kept) + " held all the time",
            "a driver was killed while it held them, or the other port's hangs: netmap4j takes them"
                + " over when it opens the card; if they are held again, end the other port's driver,"
                + " or switch the machine off and on"));
  }

  /** A read on X540 and X550 that finds REGSMP clear takes it. */
  private static int softwareBits(NicDevice nic, IxgbeChip chip) {
    int sync = nic.read32(Reg.GSSR);
    if (chip.copper() && (sync & Reg.GSSR_REGSMP) == 0) {
      nic.write32(Reg.GSSR, sync);
    }
    return sync & SOFTWARE_BITS;
  }

  private void nvm(NicDevice nic, IxgbeNvm nvm) {
    if ((nic.read32(Reg.EEC) & Reg.EEC_PRES) == 0) {
      to.accept(
          failure(
              "NVM",
              hex("EEC", nic.read32(Reg.EEC)) + ": the card sees none",
              "the NVM is empty or broken: load the card's firmware anew (Intel's nvmupdate)"));
      return;
    }
    try {
      int sum = nvm.checksum();
      int stored = nvm.word(CHECKSUM);
      int etrack = nvm.word(ETRACK + 1) << 16 | nvm.word(ETRACK);
      String value =
          String.format(
              Locale.ROOT,
              "%d words, word 0x3f is 0x%04x, etrack 0x%08x",
              nvm.words(),
              stored,
              etrack);
      if (sum == stored) {
        to.accept(ok("NVM", value));
      } else {
        to.accept(
            failure(
                "NVM",
                value + String.format(Locale.ROOT, ": the checksum should be 0x%04x", sum),
                "the NVM's contents are damaged, so the card's settings cannot be trusted, and"
                    + " Intel's drivers refuse it: load its firmware anew (Intel's nvmupdate)"));
      }
    } catch (NetmapException e) {
      to.accept(
          failure(
              "NVM",
              "cannot be read: " + IxgbeAdapter.message(nic, e),
              "load the card's firmware anew (Intel's nvmupdate)"));
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
      to.accept(ok("I/O BAR", "none within reach (they are x86's); the driver needs none"));
      return;
    }
    int command = nic.readConfig(PciRegs.COMMAND, 2);
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
      nic.changeConfig(PciRegs.COMMAND, 2, PciRegs.COMMAND_IO & ~command, 0);
    }
  }

  static String hex(String register, int value) {
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
