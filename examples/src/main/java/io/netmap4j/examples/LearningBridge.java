package io.netmap4j.examples;

import io.netmap4j.frames.Ethernet;
import io.netmap4j.pipeline.PacketSlot;
import io.netmap4j.pipeline.Pipeline;
import io.netmap4j.pipeline.Stage;
import io.netmap4j.pipeline.Verdict;
import java.util.HashMap;
import java.util.Map;

/**
 * An Ethernet switch of two or more ports: remembers behind which port each address is, sends
 * frames for it there alone, and everything else to all other ports. Addresses that nothing was
 * heard of for five minutes are forgotten.
 */
public final class LearningBridge {
  private LearningBridge() {}

  public static void main(String[] args) throws Exception {
    Run.require(args.length >= 2, "LearningBridge PORT PORT ...");
    Run.main(
        () -> {
          Pipeline.Builder builder = Pipeline.builder("bridge");
          for (String port : args) {
            builder.port(port);
          }
          builder.stage("learn", () -> new Learn(args.length));
          try (Pipeline pipeline = builder.open()) {
            Run.untilStopped(pipeline, () -> {});
          }
        });
  }

  private static final class Learn implements Stage {
    private static final long FORGET_NANOS = 300_000_000_000L;
    private static final int MOST_ADDRESSES = 100_000;

    private static final class Place {
      private int port;
      private long heard;
    }

    private final int ports;
    private final Map<Long, Place> places = new HashMap<>();
    private long now = System.nanoTime();
    private long lastSweep = now;

    Learn(int ports) {
      this.ports = ports;
    }

    @Override
    public Verdict process(PacketSlot packet) {
      Ethernet ethernet = packet.packet().ethernet();
      if (ethernet == null) {
        return Verdict.DROP;
      }
      learn(ethernet.source(), packet.input());
      boolean group = (ethernet.destination() >>> 40 & 1) != 0;
      Place place = group ? null : places.get(ethernet.destination());
      if (place != null) {
        if (place.port == packet.input()) {
          return Verdict.DROP; // it is where it should be
        }
        packet.sendTo(place.port);
        return Verdict.FORWARD;
      }
      return flood(packet);
    }

    private void learn(long source, int port) {
      boolean group = (source >>> 40 & 1) != 0;
      Place place = places.get(source);
      if (place == null && !group && places.size() < MOST_ADDRESSES) {
        place = new Place();
        places.put(source, place);
      }
      if (place != null) {
        place.port = port;
        place.heard = now;
      }
    }

    /** Copies for all but the last one, which gets the packet itself. */
    private Verdict flood(PacketSlot packet) {
      int last = packet.input() == ports - 1 ? ports - 2 : ports - 1;
      for (int port = 0; port < last; port++) {
        if (port != packet.input()) {
          packet.copyTo(port); // a port without room goes without
        }
      }
      packet.sendTo(last);
      return Verdict.FORWARD;
    }

    @Override
    public void tick(long nanos) {
      now = nanos;
      if (now - lastSweep > FORGET_NANOS / 10) {
        lastSweep = now;
        places.values().removeIf(place -> now - place.heard > FORGET_NANOS);
      }
    }
  }
}
