package io.netmap4j.porting;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import java.util.ArrayDeque;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/**
 * Backlog PORT NAME: hands what PORT receives to a worker through the pipe NAME{1. What the pipe
 * has no room for waits in extra buffers; nothing is copied.
 */
public final class Backlog {
  private static final int EXTRA = 256;

  /** A slot that waits: a packet, or a part of one. */
  private record Waiting(int buffer, int length, int moreFrag) {}

  private final NetmapPort port;
  private final NetmapRing pipe;
  private final ArrayDeque<Waiting> backlog = new ArrayDeque<>();
  private final ArrayDeque<Integer> free = new ArrayDeque<>();

  private Backlog(NetmapPort port, NetmapPort pipe) {
    this.port = port;
    this.pipe = pipe.tx(0);
    NetmapMemory memory = port.memory();
    for (int b = port.nifp().bufsHead(); b != 0; b = memory.nextExtraBuffer(b)) {
      free.add(b);
    }
    port.nifp().bufsHead(0); // they are ours
  }

  public static void main(String[] args) throws Exception {
    System.out.println(run(args[0], args[1], 1000) + " packets at the worker");
  }

  static long run(String portName, String pipeName, int millis) throws Exception {
    NetmapPort.Request extra = NetmapPort.Request.DEFAULT.extraBuffers(EXTRA);
    try (NetmapPort port = Netmap.open(portName, extra);
        NetmapPort pipe =
            Netmap.open(pipeName + "{1", NetmapPort.Request.DEFAULT.region(port.memory()));
        NetmapPort end = Netmap.open(pipeName + "}1")) {
      FutureTask<Long> worker = new FutureTask<>(worker(end, millis));
      new Thread(worker, "worker").start();
      Backlog self = new Backlog(port, pipe);
      try {
        while ((port.poll(NetmapPort.POLLIN, millis) & NetmapPort.POLLIN) != 0) {
          self.takeBack();
          self.receive();
          pipe.txSync();
        }
        while (!self.backlog.isEmpty() && pipe.poll(NetmapPort.POLLOUT, millis) != 0) {
          self.takeBack();
        }
        pipe.drain(millis);
      } finally {
        self.giveBack();
      }
      return worker.get();
    }
  }

  /** What has waited longest goes first. */
  private void takeBack() {
    while (!backlog.isEmpty() && !pipe.isEmpty()) {
      Waiting first = backlog.remove();
      int slot = pipe.head();
      free.add(pipe.bufIdx(slot));
      pipe.bufIdx(slot, first.buffer);
      pipe.lenAndFlags(slot, first.length, first.moreFrag | Netmap.NS_BUF_CHANGED);
      pipe.advance(pipe.next(slot));
    }
  }

  private void receive() {
    for (int r = port.firstRxRing(); r < port.endRxRing(); r++) {
      NetmapRing rx = port.rx(r);
      int slot = rx.head();
      for (int space = rx.space(); space > 0; space--) {
        if (backlog.isEmpty() && !pipe.isEmpty()) {
          rx.swap(slot, pipe, pipe.head());
          pipe.advance(pipe.next(pipe.head()));
        } else if (!free.isEmpty()) {
          int moreFrag = rx.slotFlags(slot) & Netmap.NS_MOREFRAG;
          backlog.add(new Waiting(rx.bufIdx(slot), rx.len(slot), moreFrag));
          rx.bufIdx(slot, free.remove());
          rx.slotFlags(slot, Netmap.NS_BUF_CHANGED);
        } else {
          break; // it stays in the ring: the sender waits, or the card drops
        }
        slot = rx.next(slot);
      }
      rx.advance(slot);
    }
  }

  /** The list that close() frees: all buffers that are in no slot. */
  private void giveBack() {
    backlog.forEach(waiting -> free.add(waiting.buffer));
    int next = 0;
    for (int buffer : free) {
      port.memory().nextExtraBuffer(buffer, next);
      next = buffer;
    }
    port.nifp().bufsHead(next);
  }

  /** Counts what comes, until nothing comes for as long as two of the others' waits. */
  private static Callable<Long> worker(NetmapPort end, int millis) {
    return () -> {
      long packets = 0;
      while ((end.poll(NetmapPort.POLLIN, 2 * millis) & NetmapPort.POLLIN) != 0) {
        packets += end.rx(0).space();
        end.rx(0).advance(end.rx(0).tail());
      }
      return packets;
    };
  }
}
