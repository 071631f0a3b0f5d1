package io.netmap4j.model;

import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.registers.RegisterMap82599;
import io.netmap4j.model.wire.TestWire;
import io.netmap4j.model.wire.WireEnd;

/**
 * A card at the end of a lit wire, and the pieces of link bring-up that foreign drivers are made
 * of, register by register. Time passes by {@link #pass} only.
 */
public final class LinkRig implements AutoCloseable {
  public static final int UP = 1 << 30;
  public static final int AN_RESTART = 1 << 12;
  public static final int LMS = 7 << 13;
  public static final int RST = 1 << 26;
  public static final int LRST = 1 << 3;
  public static final int LSC = 1 << 20;
  public static final int LASER_OFF = 1 << 3;
  private static final int LMS_TOP = 4 << 13;
  private static final long MILLI = 1_000_000;

  public final ModelClock clock = ModelClock.manual();
  public final TestWire wire = new TestWire();
  public final Nic82599 card;

  public LinkRig(String link) {
    this(0x10FB, link);
  }

  public LinkRig(int deviceId, String link) {
    card =
        new Nic82599(
            CardOptions.port(0).deviceId(deviceId).clock(clock).link(LinkOptions.parse(link)));
    card.attach(wire, WireEnd.A);
  }

  public int read(String register) {
    return card.read(RegisterMap82599.find(register).offset());
  }

  public void write(String register, int value) {
    card.write(RegisterMap82599.find(register).offset(), value);
  }

  public void set(String register, int bits) {
    write(register, read(register) | bits);
  }

  public void clear(String register, int bits) {
    write(register, read(register) & ~bits);
  }

  /** Milliseconds, in which the engines run once each. */
  public void pass(int millis) {
    for (int i = 0; i < millis; i++) {
      clock.advance(MILLI);
      card.run(8);
    }
  }

  public boolean up() {
    return (read("LINKS") & UP) != 0;
  }

  /** LINKS [29:28]: 3 is 10G, 2 is 1G. */
  public int speed() {
    return read("LINKS") >>> 28 & 3;
  }

  /** True when EICR had the cause, which the read clears. */
  public boolean caused(int bits) {
    return (read("EICR") & bits) != 0;
  }

  /** LX ixgbe_reset_hw_82599: LRST while the link is down, else RST. */
  public void reset() {
    set("CTRL", up() ? RST : LRST);
    pass(50);
  }

  /** LX ixgbe_reset_pipeline_82599. @return false: the arbitration stayed in state 0 */
  public boolean pipelineReset() {
    clear("AUTOC2", 0x70000000);
    int autoc = read("AUTOC") | AN_RESTART;
    write("AUTOC", autoc ^ LMS_TOP);
    boolean left = false;
    for (int i = 0; i < 10 && !left; i++) {
      pass(4);
      left = (read("ANLP1") & 0xF0000) != 0;
    }
    write("AUTOC", autoc);
    return left;
  }

  /** LX prot_autoc_write_82599. */
  public boolean protectedAutoc(int value) {
    write("AUTOC", value);
    return pipelineReset();
  }

  /** DP and LX ixgbe_setup_mac_link_82599, between the two fibre modes. */
  public void fibreMode(int lms) {
    protectedAutoc(read("AUTOC") & ~LMS | lms << 13);
    pass(50);
  }

  @Override
  public void close() {
    card.close();
  }
}
