package io.netmap4j.apps.traffic;

import io.netmap4j.NetmapPort;
import io.netmap4j.common.Errno;
import io.netmap4j.common.NetmapException;
import java.util.List;

/** pkt-gen's ping and pong, each with its thread, reports and totals. */
final class PingPong {
  private final PktGen command;

  PingPong(PktGen command) {
    this.command = command;
  }

  void ping(NetmapPort own) throws Exception {
    Stop stop = command.context.stop.child();
    Workers workers = new Workers(stop);
    RoundTrips times = new RoundTrips();
    Pinger pinger =
        new Pinger(
            own,
            command.frames.frame(PktGen.ownMac(own), Pinger.RESERVED, false),
            command.pps,
            times);
    workers.start(
        "ping",
        () -> {
          command.threads.place(0, command.context);
          pinger.run(command.count, stop);
        });
    Progress progress = command.context.progress(command.count, "pings");
    workers.run(
        command.report.step(),
        command.report.every(progress, times::frames, times::line),
        () -> {
          progress.close();
          command.context.out.println(times.totals(command.frames.size()));
          command.printCounters(own);
          command.json(times.figures(), own, null);
        });
    if (times.allLost()) {
      throw new NetmapException(
          Errno.ETIMEDOUT,
          command.setup.name
              + ": no ping came back within a second: link "
              + own.link()
              + "; the other end has to answer: netmap4j pkt-gen -i PORT -f pong");
    }
  }

  void pong(NetmapPort own, Drops drops) throws Exception {
    Stop stop = command.context.stop.child();
    Workers workers = new Workers(stop);
    Tally tally = new Tally();
    command.show("pong", own, tally);
    Limits limits = new Limits(own);
    long refused = own.unsent();
    Ponger ponger =
        new Ponger(own, command.burst, command.frames.header, PktGen.ownMac(own), tally, limits);
    workers.start(
        "pong",
        () -> {
          command.threads.place(0, command.context);
          ponger.run(command.count, command.untilSilence, stop);
        });
    Rates lines = new Rates(List.of(tally), command.rates.style(command.frames.average()));
    Progress progress = command.context.progress(command.count, "packets");
    workers.run(
        command.report.step(),
        command.report.every(
            progress, tally::packets, () -> lines.line(command.context, command.names())),
        () -> {
          progress.close();
          command.context.out.println(lines.totals("Answered"));
          drops.print(command.context.out);
          command.printCounters(own);
          command.json(lines.figures(), own, drops);
        });
    limits.requireNone();
    Ports.requireAllSent(own, refused);
  }
}
