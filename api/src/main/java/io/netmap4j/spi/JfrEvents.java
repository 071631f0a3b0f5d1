package io.netmap4j.spi;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** The events of {@link Events}, which loads this class only where there is a recorder. */
final class JfrEvents {
  private JfrEvents() {}

  /** Of the device or port as a whole, with a beginning and an end. */
  @Category("netmap4j")
  abstract static class Lasting extends Event implements Events.Lasting {
    @Label("Name")
    String name;

    @Label("TX Rings")
    int txRings;

    @Label("RX Rings")
    int rxRings;

    Events.Lasting started() {
      begin();
      return this;
    }

    @Override
    public void end(String of, int tx, int rx) {
      end();
      if (shouldCommit()) {
        name = of;
        txRings = tx;
        rxRings = rx;
        commit();
      }
    }
  }

  @Name("io.netmap4j.PortOpen")
  @Label("Port Open")
  @Description("A port was opened; rings are those that it has bound")
  static final class PortOpen extends Lasting {}

  @Name("io.netmap4j.PortClose")
  @Label("Port Close")
  @Description("A port was closed; the last one of a device stops it")
  static final class PortClose extends Lasting {}

  @Name("io.netmap4j.DeviceReset")
  @Label("Device Reset")
  @Description("A device was reset under its ports")
  static final class DeviceReset extends Lasting {}

  @Name("io.netmap4j.LinkChange")
  @Label("Link Change")
  @Description("Carrier or speed of a device changed")
  @Category("netmap4j")
  @StackTrace(false)
  static final class LinkChange extends Event {
    @Label("Name")
    String name;

    @Label("Up")
    boolean up;

    @Label("Mbit/s")
    @Description("0 without carrier, and where the device does not say")
    int mbps;
  }

  @Name("io.netmap4j.Stall")
  @Label("Stall")
  @Description(
      "A TX ring with packets and carrier sends nothing, or the server of a device is silent")
  @Category("netmap4j")
  @StackTrace(false)
  static final class Stall extends Event {
    @Label("Name")
    String name;

    @Label("What")
    String what;

    @Label("For")
    @Timespan(Timespan.MILLISECONDS)
    long millis;
  }

  @Name("io.netmap4j.DropBurst")
  @Label("Drop Burst")
  @Description("A device dropped packets for want of room")
  @Category("netmap4j")
  @StackTrace(false)
  static final class DropBurst extends Event {
    @Label("Name")
    String name;

    @Label("Packets")
    long packets;

    @Label("Within")
    @Timespan(Timespan.MILLISECONDS)
    long millis;
  }

  static void linkChange(String name, boolean up, int mbps) {
    LinkChange event = new LinkChange();
    if (event.shouldCommit()) {
      event.name = name;
      event.up = up;
      event.mbps = mbps;
      event.commit();
    }
  }

  static void stall(String name, String what, long millis) {
    Stall event = new Stall();
    if (event.shouldCommit()) {
      event.name = name;
      event.what = what;
      event.millis = millis;
      event.commit();
    }
  }

  static void dropBurst(String name, long packets, long millis) {
    DropBurst event = new DropBurst();
    if (event.shouldCommit()) {
      event.name = name;
      event.packets = packets;
      event.millis = millis;
      event.commit();
    }
  }
}
