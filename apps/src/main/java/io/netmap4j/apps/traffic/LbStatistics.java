package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * lb's statistics in words: a JSON object for each pipe and one for all, as netmap's lb has them.
 */
final class LbStatistics {
  private final String input;
  private final List<String> pipes;
  private Balancer.Counts last;

  LbStatistics(String input, List<NetmapPort> pipes) {
    this.input = Ports.full(input);
    this.pipes = pipes.stream().map(port -> Ports.full(port.name())).toList();
  }

  /** The lines of the time since the last call; rates are 0 in those of the first. */
  List<String> lines(Balancer.Counts now) {
    double seconds = last == null ? 0 : (now.nanos() - last.nanos()) / 1e9;
    String time = String.format(Locale.ROOT, "%.6f", System.currentTimeMillis() / 1e3);
    List<String> lines = new ArrayList<>();
    LbPipe.Counts none = new LbPipe.Counts(0, 0, 0, 0, 0);
    LbPipe.Counts all = none;
    LbPipe.Counts allBefore = none;
    for (int i = 0; i < pipes.size(); i++) {
      LbPipe.Counts pipe = now.pipes().get(i);
      LbPipe.Counts before = last == null ? none : last.pipes().get(i);
      lines.add(
          String.format(
              Locale.ROOT,
              "{\"ts\":%s,\"interface\":\"%s\",\"output_ring\":%d,\"packets_forwarded\":%d,"
                  + "\"packets_dropped\":%d,%s,\"overflow_queue_size\":%d}",
              time,
              pipes.get(i),
              i,
              pipe.packets(),
              pipe.dropped(),
              rates(pipe, before, seconds),
              pipe.queued()));
      all = sum(all, pipe);
      allBefore = sum(allBefore, before);
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "{\"ts\":%s,\"interface\":\"%s\",\"output_ring\":null,\"packets_received\":%d,"
                + "\"packets_forwarded\":%d,\"packets_dropped\":%d,\"non_ip_packets\":%d,%s,"
                + "\"free_buffer_slots\":%d}",
            time,
            input,
            now.received(),
            all.packets(),
            all.dropped(),
            now.nonIp(),
            rates(all, allBefore, seconds),
            now.free()));
    last = now;
    return lines;
  }

  private static String rates(LbPipe.Counts now, LbPipe.Counts before, double seconds) {
    return String.format(
        Locale.ROOT,
        "\"data_forward_rate_Mbps\":%.4f,\"data_drop_rate_Mbps\":%.4f,"
            + "\"packet_forward_rate_kpps\":%.4f,\"packet_drop_rate_kpps\":%.4f",
        rate((now.bytes() - before.bytes()) * 8 / 1e6, seconds),
        rate((now.droppedBytes() - before.droppedBytes()) * 8 / 1e6, seconds),
        rate((now.packets() - before.packets()) / 1e3, seconds),
        rate((now.dropped() - before.dropped()) / 1e3, seconds));
  }

  private static double rate(double amount, double seconds) {
    return seconds > 0 ? amount / seconds : 0;
  }

  private static LbPipe.Counts sum(LbPipe.Counts a, LbPipe.Counts b) {
    return new LbPipe.Counts(
        a.packets() + b.packets(),
        a.bytes() + b.bytes(),
        a.dropped() + b.dropped(),
        a.droppedBytes() + b.droppedBytes(),
        a.queued() + b.queued());
  }

  /** The totals for JSON. */
  Map<String, Object> figures(Balancer.Counts counts, Drops drops) {
    List<Map<String, Object>> each = new ArrayList<>();
    for (int i = 0; i < pipes.size(); i++) {
      LbPipe.Counts pipe = counts.pipes().get(i);
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("pipe", Ports.brief(pipes.get(i)));
      one.put("packets", pipe.packets());
      one.put("bytes", pipe.bytes());
      one.put("dropped", pipe.dropped());
      each.add(one);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("port", Ports.brief(input));
    all.put("packets", counts.received());
    all.put("bytes", counts.bytes());
    all.put("non_ip", counts.nonIp());
    all.put("pipes", each);
    Map<String, Long> dropped = drops.figures();
    long full = counts.pipes().stream().mapToLong(LbPipe.Counts::dropped).sum();
    if (full > 0) {
      dropped.put("full_pipes", full);
    }
    all.put("drops", dropped);
    return all;
  }

  /** The line at the end; each group counts each packet. */
  static String totals(Balancer.Counts counts) {
    LbPipe.Counts all = counts.pipes().stream().reduce(LbStatistics::sum).orElseThrow();
    return String.format(
        Locale.ROOT,
        "%d packets received. %d packets forwarded.  %d packets dropped. Total %d",
        counts.received(),
        all.packets(),
        all.dropped(),
        all.packets() + all.dropped());
  }
}
