package io.netmap4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.linux.Mem;
import io.netmap4j.model.registers.RegisterMap82599;
import io.netmap4j.model.wire.TestFrames;
import io.netmap4j.model.wire.TestWire;
import io.netmap4j.model.wire.WireEnd;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The registers that other people's drivers write before their first packet, in their order: what
 * works with a card must work here, and what the card has to say of it is known.
 *
 * <p>A step is a letter, a register and a value in hexadecimal: w writes it, s sets bits, c clears
 * bits, p reads and finds all bits set, z reads and finds them clear. rx, tx and head are the low
 * halves of addresses, rx^, tx^ and head^ the high ones.
 */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class ForeignOrderTest {
  private static final String SPOILT = "DCA_RXCTRL bit 12 must be written 0";
  private static final Pattern STEP =
      Pattern.compile("([wscpz]) (0x)?(\\w+)(?:\\((\\d+)(?:\\.\\.(\\d+))?\\))? (\\S+)");

  /** The layout of descriptors that a driver uses, and how it asks for a report. */
  private enum Format {
    LEGACY,
    ADVANCED
  }

  private enum Driver {
    /**
     * intelx_probe, intelx_open and, in intel.c, intel_create_ring and intel_refill_rx; since 2013.
     * SECRC is bit 0 of RDRXCTL there.
     */
    IPXE(
        16,
        Format.LEGACY,
        Format.LEGACY,
        List.of("DMATXCTL.TE should be set", "RDRXCTL.CRCSTRIP and HLREG0.RXCRCSTRP should be"),
        """
        s CTRL 04000008
        w TDBAL(0) tx
        w TDBAH(0) tx^
        w TDLEN(0) 100
        w TDH(0) 0
        w TDT(0) 0
        s TXDCTL(0) 02000000
        w RDBAL(0) rx
        w RDBAH(0) rx^
        w RDLEN(0) 100
        w RDH(0) 0
        w RDT(0) 0
        s RXDCTL(0) 02000000
        w 0x05400 04030200
        w 0x05404 80000605
        w 0x0A200 04030200
        w 0x0A204 80000605
        w IVAR(0) 8180
        s DMATXCTL 1
        s FCTRL 700
        c 0x02100 1F
        s 0x02100 2
        s HLREG0 4
        w MAXFRS 05F20000
        s RDRXCTL 1
        c 0x02200 1000
        s RXCTRL 1
        w RDT(0) 8
        """),

    /** ixgbe.c: reset_and_init and what it calls, one queue each way, without interrupts. */
    IXY(
        512,
        Format.ADVANCED,
        Format.ADVANCED,
        List.of(),
        """
        w EIMS 0
        w EIMC 7FFFFFFF
        w CTRL 04000008
        z CTRL 04000008
        w EIMS 0
        w EIMC 7FFFFFFF
        p EEC 200
        p RDRXCTL 8
        s AUTOC 6000
        c AUTOC 180
        s AUTOC 1000
        c RXCTRL 1
        w RXPBSIZE(0) 20000
        w RXPBSIZE(1..7) 0
        s HLREG0 2
        s RDRXCTL 2
        s FCTRL 400
        c SRRCTL(0) 0E000000
        s SRRCTL(0) 02000000
        s SRRCTL(0) 10000000
        w RDBAL(0) rx
        w RDBAH(0) rx^
        w RDLEN(0) 2000
        w RDH(0) 0
        w RDT(0) 0
        s CTRL_EXT 10000
        c DCA_RXCTRL(0) 1000
        s RXCTRL 1
        s HLREG0 401
        w TXPBSIZE(0) A000
        w TXPBSIZE(1..7) 0
        w DTXMXSZRQ FFFF
        c RTTDCS 40
        w TDBAL(0) tx
        w TDBAH(0) tx^
        w TDLEN(0) 2000
        c TXDCTL(0) 7F7F7F
        s TXDCTL(0) 40824
        w DMATXCTL 1
        s RXDCTL(0) 02000000
        p RXDCTL(0) 02000000
        w RDH(0) 0
        w RDT(0) 1FF
        w TDH(0) 0
        w TDT(0) 0
        s TXDCTL(0) 02000000
        p TXDCTL(0) 02000000
        s FCTRL 300
        p LINKS 40000000
        """),

    /**
     * c/ixgbe/device.h: ixgbe_device_init, ixgbe_device_set_promiscuous, ixgbe_device_add_input and
     * ixgbe_device_add_output; the order is that of the datasheet's steps, which it quotes.
     */
    TINYNF(
        256,
        Format.LEGACY,
        Format.LEGACY,
        List.of(),
        """
        c RXDCTL(0..127) 02000000
        s CTRL 4
        z STATUS 80000
        s CTRL 04000000
        w EIMC 7FFFFFFF
        w EIMC_EX(0..1) FFFFFFFF
        w FCRTH(0) 7A000
        p EEC 300
        z FWSM 01F80000
        p RDRXCTL 8
        w UTA(0..127) 0
        w VLVF(0..63) 0
        w MPSAR(0) 1
        w MPSAR(1..255) 0
        w VLVFB(0..127) 0
        w MTA(0..127) 0
        c FTQF(0..127) 80000000
        s RDRXCTL 2
        c RDRXCTL 3E0000
        s RDRXCTL 02000000
        s RDRXCTL 04000000
        w RXPBSIZE(1..7) 0
        s MFLCN 8
        s FCCFG 8
        w RTTDQSEL 7F
        w RTTDT1C 0
        s RTTDCS 40
        w TXPBSIZE(1..7) 0
        w TXPBTHRESH(0) 9E
        s DTXMXSZRQ FFF
        c RTTDCS 40
        s FCTRL 200
        s FCTRL 100
        z RXDCTL(0) 02000000
        w RDBAH(0) rx^
        w RDBAL(0) rx
        w RDLEN(0) 1000
        s SRRCTL(0) 2
        s SRRCTL(0) 10000000
        s RXDCTL(0) 02000000
        p RXDCTL(0) 02000000
        w RDT(0) FF
        s SECRXCTRL 2
        p SECRXSTAT 1
        s RXCTRL 1
        c SECRXCTRL 2
        s CTRL_EXT 10000
        c DCA_RXCTRL(0) 1000
        w RDT(0) FF
        w TDBAH(0) tx^
        w TDBAL(0) tx
        w TDLEN(0) 1000
        s TXDCTL(0) 3C
        s TXDCTL(0) 400
        w TDWBAH(0) head^
        w TDWBAL(0) head|1
        c DCA_TXCTRL(0) 800
        s DMATXCTL 1
        s TXDCTL(0) 02000000
        p TXDCTL(0) 02000000
        """),

    /**
     * intel_mp.lua: Intel82599:init, Intel:init_tx_q and Intel:init_rx_q, without VMDq. It writes
     * RDRXCTL whole, its read-only bit off, and asks for no report: it reads TDH.
     */
    SNABB(
        512,
        Format.LEGACY,
        Format.ADVANCED,
        List.of(),
        """
        w EIMC FFFFFFFF
        w CTRL 04000008
        z CTRL 04000008
        p EEC 200
        p RDRXCTL 8
        s AUTOC 6000
        w AUTOC2 0
        s AUTOC2 20000
        s AUTOC 1000
        w RXCTRL 0
        w RXDSTATCTRL 10
        w RAL(1..127) 0
        w RAH(1..127) 0
        w UTA(0..127) 0
        w VFTA(0..127) 0
        w VLVFB(0..127) 0
        w SAQF(0..127) 0
        w DAQF(0..127) 0
        w SDPQF(0..127) 0
        w FTQF(0..127) 0
        w VLVF(0..63) 0
        w MPSAR(0..255) 0
        s FCTRL 700
        w VLNCTRL 8100
        w RXCSUM 0
        s RXPBSIZE(0) 80000
        s TXPBSIZE(0) 28000
        w TXPBTHRESH(0) A0
        c RXPBSIZE(1..7) FFC00
        c TXPBSIZE(1..7) FFC00
        w TXPBTHRESH(1..7) 0
        w MTQC 0
        w VT_CTL 0
        w RTRUP2TC 0
        w RTTUP2TC 0
        w DTXMXSZRQ FFF
        w MFLCN 8
        w FCCFG 8
        w RTTDT2C(0..7) 0
        w RTTPT2C(0..7) 0
        w RTRPT4C(0..7) 0
        w ETQF(0..7) 0
        w ETQS(0..7) 0
        w HLREG0 12C0F
        w MAXFRS 05EE0000
        w RDRXCTL 2
        s CTRL_EXT 2
        w 0x0EC80 0
        s 0x0EC80 1
        s 0x0EC80 F30000
        w RETA(0..31) 0
        w RSSRK(0..9) 12345678
        c SWSM 1
        w TDBAL(0) tx
        w TDBAH(0) tx^
        w TDLEN(0) 2000
        s DMATXCTL 1
        s TXDCTL(0) 04000120
        s TXDCTL(0) 02010000
        p TXDCTL(0) 02000000
        w RDBAL(0) rx
        w RDBAH(0) rx^
        w RDLEN(0) 2000
        w SRRCTL(0) 0
        s SRRCTL(0) 10000010
        z SWSM 1
        s RXDCTL(0) 02000000
        p RXDCTL(0) 02000000
        w RDT(0) 1FF
        s RXCTRL 1
        c DCA_RXCTRL(0) 1000
        c SWSM 1
        """),

    /** ixgbe_dev_start and what it calls, by docs/register-traces/dpdk-ixgbe.txt. */
    DPDK(
        256,
        Format.ADVANCED,
        Format.ADVANCED,
        List.of(),
        """
        s CTRL 04000000
        z CTRL 04000008
        w DCA_TXCTRL(0..127) 2200
        c DCA_RXCTRL(0..127) A000
        w HLREG0 08012C0B
        w TDBAL(0) tx
        w TDBAH(0) tx^
        w TDLEN(0) 1000
        w TDH(0) 0
        w TDT(0) 0
        w DCA_TXCTRL(0) 2200
        w RTTDCS 00C00040
        w MTQC 0
        w RTTDCS 00C00000
        w RXCTRL 0
        w FCTRL 3400
        w HLREG0 08012C0B
        w RDBAL(0) rx
        w RDBAH(0) rx^
        w RDLEN(0) 1000
        w RDH(0) 0
        w RDT(0) 0
        w SRRCTL(0) 02000002
        w RXCSUM 2000
        w RDRXCTL 0000880A
        w DMATXCTL 81000004
        w TXDCTL(0) 20
        w DMATXCTL 81000005
        w TDH(0) 0
        w TXDCTL(0) 02000020
        p TXDCTL(0) 02000000
        w TDT(0) 0
        w RXDCTL(0) 02000000
        p RXDCTL(0) 02000000
        w RDH(0) 0
        w RDT(0) FF
        w SECRXCTRL 3
        p SECRXSTAT 1
        w RXCTRL 1
        w SECRXCTRL 1
        w EIMS 00300000
        w FCTRL 3700
        """),

    /**
     * if_ix.c: ixgbe_if_init, ixgbe_initialize_transmit_units and _receive_units, then start_hw
     * (shared code: ixgbe_start_hw_gen2) behind the enabled queues; iflib writes RDT last.
     */
    FREEBSD(
        1024,
        Format.ADVANCED,
        Format.ADVANCED,
        List.of("RDRXCTL.CRCSTRIP and HLREG0.RXCRCSTRP should be"),
        """
        s CTRL 04000000
        z CTRL 04000008
        w TDBAL(0) tx
        w TDBAH(0) tx^
        w TDLEN(0) 4000
        w TDH(0) 0
        w TDT(0) 0
        c DCA_TXCTRL(0) 800
        s DMATXCTL 1
        s RTTDCS 40
        w MTQC 0
        c RTTDCS 40
        c FCTRL 300
        c RXCTRL 1
        s FCTRL 400
        c HLREG0 4
        w RDBAL(0) rx
        w RDBAH(0) rx^
        w RDLEN(0) 4000
        w SRRCTL(0) 02000002
        w RDH(0) 0
        w RDT(0) 0
        w PSRTYPE(0) 330
        s RXCSUM 2000
        s GPIE 40000036
        s TXDCTL(0) 02080120
        s RXDCTL(0) 02000000
        p RXDCTL(0) 02000000
        s SECRXCTRL 2
        p SECRXSTAT 1
        s RXCTRL 1
        c SECRXCTRL 2
        w VFTA(0..127) 0
        w RTTDQSEL 0
        w RTTBCNRC 0
        c DCA_TXCTRL(0..127) 800
        c DCA_RXCTRL(0..127) A000
        w RDT(0) 3FF
        """);

    final int ring;
    final Format rx;
    final Format tx;
    final List<String> warnings;
    final String steps;

    Driver(int ring, Format rx, Format tx, List<String> warnings, String steps) {
      this.ring = ring;
      this.rx = rx;
      this.tx = tx;
      this.warnings = warnings;
      this.steps = steps;
    }
  }

  private static final long IOVA = 0x7_1000_0000L;
  private static final int PAGE = 4096;
  private static final long MAC = 0x000203040506L;
  private static final long RX_RING = 0;
  private static final long TX_RING = 4 * PAGE;
  private static final long HEAD = 8 * PAGE;
  private static final long TX_BUFFER = 9 * PAGE;
  private static final long RX_BUFFER = 12 * PAGE;
  private static final long BYTES = 16 * PAGE;
  private static final int DD = 1;

  private final TestWire wire = new TestWire();
  private final long raw = Mem.allocate(BYTES + PAGE);
  private final long memory = (raw + PAGE - 1) & -PAGE;
  private Nic82599 card;

  private void power(CardOptions options) {
    card = new Nic82599(options.mac(MAC));
    card.memory().map(IOVA, BYTES, memory);
    card.attach(wire, WireEnd.A);
    card.writeConfig(0x04, 2, 0x6);
  }

  @AfterEach
  void free() {
    card.close();
    Mem.free(raw);
  }

  private void start(Driver driver) {
    // All receive descriptors share one buffer, of 16 KB.
    for (int i = 0; i < driver.ring; i++) {
      Mem.putLong(memory + RX_RING + 16L * i, IOVA + RX_BUFFER);
      Mem.putLong(memory + RX_RING + 16L * i + 8, 0);
    }
    driver.steps.lines().forEach(this::step);
  }

  private void steps(String... lines) {
    List.of(lines).forEach(this::step);
  }

  private void step(String line) {
    Matcher step = STEP.matcher(line);
    assertThat(step.matches()).as(line).isTrue();
    int first = step.group(4) == null ? 0 : Integer.parseInt(step.group(4));
    int last = step.group(5) == null ? first : Integer.parseInt(step.group(5));
    for (int i = first; i <= last; i++) {
      int at =
          step.group(2) == null
              ? RegisterMap82599.find(step.group(3)).offset(i)
              : Integer.parseInt(step.group(3), 16);
      access(line, step.group(1).charAt(0), at, value(step.group(6)));
    }
  }

  private static int value(String text) {
    String[] parts = text.split("\\|");
    long value =
        switch (parts[0].replace("^", "")) {
          case "rx" -> IOVA + RX_RING;
          case "tx" -> IOVA + TX_RING;
          case "head" -> IOVA + HEAD;
          default -> Long.parseLong(parts[0], 16);
        };
    return (int) (text.contains("^") ? value >>> 32 : value) | (parts.length > 1 ? 1 : 0);
  }

  private void access(String line, char kind, int at, int value) {
    switch (kind) {
      case 'w' -> card.write(at, value);
      case 's' -> card.write(at, card.read(at) | value);
      case 'c' -> card.write(at, card.read(at) & ~value);
      case 'p' -> assertThat(card.read(at) & value).as(line).isEqualTo(value);
      default -> assertThat(card.read(at) & value).as(line).isZero();
    }
  }

  /** A frame arrives in descriptor 0, as the driver would read it. */
  private void receives(Driver driver) {
    byte[] frame = TestFrames.plain(1, 100);
    wire.deliver(frame);
    card.run(8);
    long descriptor = memory + RX_RING;
    boolean legacy = driver.rx == Format.LEGACY;
    assertThat(Mem.getInt(descriptor + (legacy ? 12 : 8)) & DD).isEqualTo(DD);
    int length = Mem.getInt(descriptor + (legacy ? 8 : 12)) & 0xFFFF;
    assertThat(length).as("none of these wants the CRC").isEqualTo(frame.length);
    byte[] stored = new byte[length];
    Mem.copyOut(memory + RX_BUFFER, stored, 0, length);
    assertThat(stored).isEqualTo(frame);
  }

  private byte[] sends(Driver driver) {
    byte[] frame = TestFrames.plain(2, 90);
    Mem.copyIn(frame, 0, memory + TX_BUFFER, frame.length);
    Mem.putLong(memory + TX_RING, IOVA + TX_BUFFER);
    long command = 0x0B000000L | frame.length; // EOP, IFCS, RS
    boolean legacy = driver.tx == Format.LEGACY;
    Mem.putLong(
        memory + TX_RING + 8, legacy ? command : command | 0x20300000L | (long) frame.length << 46);
    card.write(RegisterMap82599.find("TDT").offset(), 1);
    card.run(8);
    return frame;
  }

  @ParameterizedTest
  @EnumSource(names = {"IPXE", "IXY", "TINYNF", "SNABB"})
  void isAcceptedByAStrictCard(Driver driver) {
    power(CardOptions.port(0));
    start(driver);
    receives(driver);
    byte[] frame = sends(driver);
    assertThat(wire.frames).containsExactly(frame);
    assertThat(card.read(RegisterMap82599.find("TDH").offset())).isEqualTo(1);
    assertThat(card.violations()).isEmpty();
    warned(driver);
  }

  private void warned(Driver driver) {
    assertThat(card.warnings()).hasSameSizeAs(driver.warnings);
    for (int i = 0; i < driver.warnings.size(); i++) {
      assertThat(card.warnings().get(i)).contains(driver.warnings.get(i));
    }
  }

  @Test
  void aQueueThatIsEnabledBeforeTeSendsOnceTeIsSet() {
    power(CardOptions.port(0));
    start(Driver.IPXE);
    steps("c DMATXCTL 1", "c TXDCTL(0) 02000000", "s TXDCTL(0) 02000000", "p TXDCTL(0) 02000000");
    byte[] frame = sends(Driver.IPXE);
    assertThat(wire.frames).as("without TE").isEmpty();
    steps("s DMATXCTL 1");
    card.run(8);
    assertThat(wire.frames).containsExactly(frame);
    assertThat(card.violations()).isEmpty();
  }

  @Test
  void theMacDecidesOnTheCrcWhenTheTwoBitsDiffer() {
    power(CardOptions.port(0));
    start(Driver.IXY);
    steps("c RXCTRL 1", "c HLREG0 2", "s RXCTRL 1");
    wire.deliver(TestFrames.plain(1, 100));
    assertThat(Mem.getInt(memory + RX_RING + 12) & 0xFFFF).as("with its CRC").isEqualTo(104);
    assertThat(card.warnings()).hasSize(1).first().asString().contains("CRCSTRIP", "HLREG0 says");
    assertThat(card.violations()).isEmpty();
  }

  @Test
  void bitTwelveMayBeClearedUntilTheFirstFrameAndNotBeSetLater() {
    power(CardOptions.port(0));
    start(Driver.DPDK);
    steps("c DCA_RXCTRL(0) 1000");
    receives(Driver.DPDK);
    steps("s DCA_RXCTRL(0) 1000");
    assertThatThrownBy(() -> wire.deliver(TestFrames.plain(3, 100))).hasMessageContaining(SPOILT);
  }

  @Test
  void tinyNfGetsTheHeadWrittenBack() {
    power(CardOptions.port(0));
    start(Driver.TINYNF);
    Mem.putInt(memory + HEAD, 0);
    sends(Driver.TINYNF);
    assertThat(Mem.getInt(memory + HEAD)).isEqualTo(1);
  }

  /** Neither ever clears bit 12; whether a card minds is not known (docs/82599.md 10.6 item 1). */
  @ParameterizedTest
  @EnumSource(names = {"DPDK", "FREEBSD"})
  void isStoppedAtItsFirstFrame(Driver driver) {
    power(CardOptions.port(0));
    start(driver);
    warned(driver);
    sends(driver);
    assertThat(wire.frames).as("sending is another matter").hasSize(1);
    assertThat(card.violations()).isEmpty();
    assertThatThrownBy(() -> wire.deliver(TestFrames.plain(1, 100)))
        .isInstanceOf(ModelViolation.class)
        .hasMessageContaining(SPOILT);
    assertThat(Mem.getLong(memory + RX_RING)).as("not stored").isEqualTo(IOVA + RX_BUFFER);
  }

  @ParameterizedTest
  @EnumSource(names = {"DPDK", "FREEBSD"})
  void isAcceptedByALenientCardWithOneWarning(Driver driver) {
    power(CardOptions.port(0).lenient());
    start(driver);
    receives(driver);
    wire.deliver(TestFrames.plain(3, 100));
    sends(driver);
    assertThat(wire.frames).hasSize(1);
    assertThat(card.violations()).hasSize(1).first().asString().contains(SPOILT, "queue 0");
  }
}
