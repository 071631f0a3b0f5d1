package io.netmap4j.examples;

import io.netmap4j.frames.BpfFilter;
import io.netmap4j.pipeline.PacketSlot;
import io.netmap4j.pipeline.Pipeline;
import io.netmap4j.pipeline.Stage;
import io.netmap4j.pipeline.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * Stands between two ports, and lets through what its rules let through. A rule is "pass" or "drop"
 * and a filter as tcpdump understands it; the first one that a packet matches decides, and without
 * one it passes. Each rule counts what it has decided.
 */
public final class Firewall {
  /** A rule, shared by the threads; each has a filter of its own for it. */
  private record Rule(String text, Verdict verdict, String filter, LongAdder packets) {
    static Rule parse(String text) {
      String[] words = text.strip().split("\\s+", 2);
      Verdict verdict =
          switch (words[0]) {
            case "pass" -> Verdict.NEXT;
            case "drop" -> Verdict.DROP;
            default ->
                throw new IllegalArgumentException(
                    "rule '" + text + "': it begins with neither pass nor drop");
          };
      return new Rule(text, verdict, words.length == 2 ? words[1] : "", new LongAdder());
    }
  }

  private Firewall() {}

  public static void main(String[] args) throws Exception {
    Run.require(args.length >= 2, "Firewall PORT PORT \"drop tcp port 23\" \"pass ip\" drop ...");
    Run.main(
        () -> {
          List<Rule> rules = new ArrayList<>();
          for (int i = 2; i < args.length; i++) {
            rules.add(Rule.parse(args[i]));
          }
          try (Pipeline pipeline =
              Pipeline.builder("firewall")
                  .port(args[0])
                  .port(args[1])
                  .stage("rules", () -> new Rules(rules))
                  .open()) {
            Run.untilStopped(
                pipeline,
                () ->
                    rules.forEach(
                        rule -> System.out.println(rule.packets.sum() + " packets: " + rule.text)));
          }
        });
  }

  private static final class Rules implements Stage {
    private final List<Rule> rules;
    private final BpfFilter[] filters;

    Rules(List<Rule> rules) {
      this.rules = rules;
      this.filters =
          rules.stream().map(rule -> BpfFilter.compile(rule.filter)).toArray(BpfFilter[]::new);
    }

    @Override
    public Verdict process(PacketSlot packet) {
      for (int i = 0; i < filters.length; i++) {
        if (filters[i].matches(packet.address(), packet.length(), (int) packet.bytes())) {
          rules.get(i).packets.increment();
          return rules.get(i).verdict;
        }
      }
      return Verdict.NEXT;
    }
  }
}
