package io.netmap4j.examples;

import io.netmap4j.frames.FlowHash;
import io.netmap4j.pipeline.PacketSlot;
import io.netmap4j.pipeline.Pipeline;
import io.netmap4j.pipeline.Verdict;
import io.netmap4j.pipeline.WhenFull;

/**
 * Spreads what comes from the first port over the others, so that both directions of a connection
 * meet at the same one; what these send goes back to the first. A server behind a full port costs
 * its own packets and no others'.
 */
public final class LoadBalancer {
  private LoadBalancer() {}

  public static void main(String[] args) throws Exception {
    Run.require(args.length >= 3, "LoadBalancer FRONT-PORT SERVER-PORT SERVER-PORT ...");
    Run.main(
        () -> {
          int servers = args.length - 1;
          FlowHash hash = new FlowHash();
          Pipeline.Builder builder = Pipeline.builder("balancer").whenFull(WhenFull.DROP);
          for (String port : args) {
            builder.port(port);
          }
          builder.stage("balance", () -> packet -> balance(packet, hash, servers));
          try (Pipeline pipeline = builder.open()) {
            Run.untilStopped(pipeline, () -> {});
          }
        });
  }

  private static Verdict balance(PacketSlot packet, FlowHash hash, int servers) {
    boolean fromFront = packet.input() == 0;
    packet.sendTo(fromFront ? 1 + Integer.remainderUnsigned(hash.of(packet.packet()), servers) : 0);
    return Verdict.FORWARD;
  }
}
