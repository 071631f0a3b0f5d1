package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.compat.vale.ValeCtl;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** pkt-gen's functions against each other, over pipes and modelled cards. */
@Timeout(60)
class PktGenRunTest {
  private static Command both(String first, String second) {
    Command run = Command.run("run", "pkt-gen " + first, "pkt-gen " + second);
    assertThat(run.err()).doesNotContain("netmap4j:");
    assertThat(run.code()).isZero();
    return run;
  }

  @ParameterizedTest
  @CsvSource({
    "'', ''",
    "--vlan 7 -l 50, ''",
    "-6 -l 1514 -l 66, -e 5",
    "-F 3 -l 9000, ''",
    "-s 10.0.0.1:1-10.0.0.9:9 -e 9, -b 7",
    "-H 12, -H 12",
    "-C 64, -C 64",
    "--offset 64 -l 61, --offset 64",
    "--offset 100 -F 2 -l 3000 -e 3, --offset 100 -e 3",
  })
  void numbersArriveInOrderThroughAPipe(String tx, String rx) {
    Command run =
        both("-i netmap:seq}1 -f rxseq -n 5000 " + rx, "-i netmap:seq{1 -f txseq -n 5000 " + tx);
    assertThat(run.out())
        .contains("Sent 5000 packets")
        .contains("Received 5000 packets")
        .containsPattern("ring 0: 5000 in order, 0 gaps, 0 missing, 0 out of order, 0 duplicates");
  }

  @Test
  void numbersArriveInOrderOverModelledCards() {
    Command run =
        both(
            "-i netmap:model1 -f rxseq -n 2000 --nic drop=false",
            "-i netmap:model0 -f txseq -n 2000 --nic rings=2");
    assertThat(run.out()).contains("model1 ring 0: 2000 in order, 0 gaps");
  }

  @Test
  void packetsStartBehindTheirHeadroom() {
    Command run =
        both(
            "-i netmap:model1 -f rx -n 1 -X --offset 32",
            "-i netmap:model0 -f tx -n 1 -X --offset 128 -D 2:3:4:5:6:7");
    assertThat(Pattern.compile("    0: 02 03 04 05 06 07 ").matcher(run.out()).results().count())
        .as("sent and received")
        .isEqualTo(2);
  }

  @Test
  void whatIsNotInOrderIsSaidAndFails() throws Exception {
    CompletableFuture<Command> rx =
        CompletableFuture.supplyAsync(
            () -> Command.run("pkt-gen", "-i", "netmap:bad}1", "-f", "rxseq", "-n", "7"));
    try (NetmapPort port = Netmap.open("netmap:bad{1")) {
      NetmapRing ring = port.tx(0);
      for (int number : new int[] {5, 6, 9, 7, 7, 10}) {
        byte[] frame = new byte[60];
        ring.put(ring.head(), frame);
        ring.putShort(ring.head(), 12, 0x0800);
        ring.putShort(ring.head(), 14, 0x4500);
        ring.putByte(ring.head(), 23, 17);
        ring.putInt(ring.head(), 42, number);
        ring.advance(ring.next(ring.head()));
      }
      ring.put(ring.head(), new byte[60]);
      ring.advance(ring.next(ring.head()));
      port.txSync();
      Command run = rx.get();
      assertThat(run.code()).isEqualTo(Main.FAILED);
      assertThat(run.err())
          .contains("ring 0: Sequence GAP: exp 7 found 9")
          .contains("ring 0: Sequence OUT OF ORDER: exp 10 found 7")
          .as("two lines a second")
          .doesNotContain("DUPLICATE")
          .contains("netmap4j: netmap:bad}1: the numbers received were not all in order");
      assertThat(run.out())
          .contains("3 in order, 1 gaps, 1 missing, 1 out of order, 1 duplicates")
          .contains("1 packets without a number");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-6", "--vlan 9", "-6 --vlan 9 -l 200", "-s 10.0.0.1-10.0.0.9"})
  void everyPingComesBackWhateverItsHeaders(String options) {
    Command run = both("-i netmap:p}1 -f pong -n 50", "-i netmap:p{1 -f ping -n 50 " + options);
    assertThat(run.out()).containsPattern("Sent 50 pings of \\d+ bytes: (50|49) came back");
  }

  @Test
  void pongExchangesIpv6Addresses() throws Exception {
    CompletableFuture<Command> pong =
        CompletableFuture.supplyAsync(
            () -> Command.run("pkt-gen", "-i", "netmap:six}1", "-f", "pong", "-n", "1"));
    try (NetmapPort port = Netmap.open("netmap:six{1")) {
      NetmapRing tx = port.tx(0);
      byte[] frame = new byte[80];
      for (int i = 0; i < frame.length; i++) {
        frame[i] = (byte) (2 * i);
      }
      frame[12] = (byte) 0x81;
      frame[13] = 0;
      frame[16] = (byte) 0x86;
      frame[17] = (byte) 0xdd;
      tx.put(tx.head(), frame);
      tx.advance(tx.next(tx.head()));
      port.txSync();
      assertThat(port.poll(NetmapPort.POLLIN, 20_000)).isEqualTo(NetmapPort.POLLIN);
      byte[] back = port.rx(0).get(port.rx(0).head());
      port.rx(0).advance(port.rx(0).tail());
      port.rxSync();
      byte[] expected = frame.clone();
      System.arraycopy(frame, 0, expected, 6, 6);
      System.arraycopy(frame, 6, expected, 0, 6);
      System.arraycopy(frame, 18 + 8, expected, 18 + 24, 16);
      System.arraycopy(frame, 18 + 24, expected, 18 + 8, 16);
      assertThat(back).isEqualTo(expected);
    }
    assertThat(pong.get().code()).isZero();
  }

  @Test
  void aVirtioHeaderIsZerosBeforeTheFrame() throws Exception {
    try (NetmapPort port = Netmap.open("netmap:head}1")) {
      CompletableFuture<Command> run =
          CompletableFuture.supplyAsync(
              () ->
                  Command.run(
                      "pkt-gen -i netmap:head{1 -f tx -n 1 -H 10 -D 2:3:4:5:6:7".split(" ")));
      assertThat(port.poll(NetmapPort.POLLIN, 20_000)).isEqualTo(NetmapPort.POLLIN);
      byte[] frame = port.rx(0).get(port.rx(0).head());
      assertThat(frame).hasSize(70).startsWith(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 5, 6, 7);
      port.rx(0).advance(port.rx(0).tail());
      port.rxSync();
      assertThat(run.get().out()).contains("Sent 1 packets 70 bytes");
    }
  }

  @ParameterizedTest
  @CsvSource({"'100', 100 100 1 1", "'100,200', 100 200 1 1", "'0,0,2', 1024 1024 2 2"})
  void theOldFormOfACountIsThatOfTheNewPort(String counts, String got) {
    Command run = both("-i netmap:cfg{1 -f rx -n 1 -v -C " + counts, "-i netmap:cfg}1 -f tx -n 1");
    String[] n = got.split(" ");
    assertThat(run.err())
        .contains("-C is deprecated: use netmap:cfg")
        .containsPattern("TX0 at offset 0x[0-9a-f]+ slots " + n[0] + "\\R");
    assertThat(Pattern.compile("TX\\d+ at").matcher(run.err()).results().count())
        .isEqualTo(Long.parseLong(n[2]));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-s 10.0.0.1:1-10.0.0.9:99 -l 200 -l 60",
        "-6 -z -Z -S 2:0:0:0:0:1-2:0:0:0:0:ff",
        "-F 3 -e 10",
        "-R 10M"
      })
  void nothingIsAllocatedForAPacket(String options) {
    int packets = 200_000;
    List<Long> allocated = new ArrayList<>();
    try (NetmapPort rx = Netmap.open("netmap:heap}1")) {
      Thread sink =
          new Thread(
              () -> {
                while (!Thread.currentThread().isInterrupted()) {
                  rx.poll(NetmapPort.POLLIN, 10);
                  rx.rx(0).advance(rx.rx(0).tail());
                }
              });
      sink.start();
      Thread watch = watch(allocated);
      watch.start();
      Command run =
          Command.run(
              ("pkt-gen -i netmap:heap{1 -f tx -T 20000 -n " + packets + " " + options).split(" "));
      watch.interrupt();
      sink.interrupt();
      join(watch);
      join(sink);
      assertThat(run.err()).isEmpty();
      assertThat(run.out()).contains("Sent " + packets + " packets");
    }
    assertThat(allocated).isNotEmpty();
    assertThat(allocated.get(allocated.size() - 1))
        .as("bytes of the sender's thread, for %d packets", packets)
        .isLessThan(packets);
  }

  /** Follows what the thread that sends has allocated, as long as there is one. */
  private static Thread watch(List<Long> allocated) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return new Thread(
        () -> {
          while (!Thread.currentThread().isInterrupted()) {
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
              long bytes =
                  thread.getName().equals("tx 0")
                      ? threads.getThreadAllocatedBytes(thread.getId())
                      : -1;
              if (bytes > 0) {
                allocated.add(bytes);
              }
            }
          }
        });
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Memory outside the region, which each slot refers to. A receiver with too little time loses.
   */
  @ParameterizedTest
  @ValueSource(strings = {"-I -s 10.0.0.1:1-10.0.0.9:9", "-o 32 -6 -l 1514 -l 66", "-I -H 12"})
  void indirectFramesCrossASwitch(String options) throws Exception {
    try (NetmapPort port =
        Netmap.open("vale7:out", NetmapPort.Request.DEFAULT.addFlags(Netmap.NR_ACCEPT_VNET_HDR))) {
      if (options.endsWith("-H 12")) {
        ValeCtl.setHeader("vale7:out", 12);
      }
      Command run =
          Command.run(("pkt-gen -i vale7:in -f txseq -n 300 -S 2:0:0:0:0:1 " + options).split(" "));
      assertThat(run.err()).doesNotContain("netmap4j:");
      assertThat(run.code()).isZero();
      assertThat(run.out()).contains("Sent 300 packets");
      port.rxSync();
      NetmapRing rx = port.rx(0);
      assertThat(rx.space()).isEqualTo(300);
      int lead = options.endsWith("-H 12") ? 12 : 0;
      int payload = lead + (options.contains("-6") ? 62 : 42);
      for (int i = 0; i < 300; i++, rx.advance(rx.next(rx.head()))) {
        byte[] frame = rx.get(rx.head());
        assertThat(ByteBuffer.wrap(frame).getInt(payload)).isEqualTo(i);
        assertThat(ByteBuffer.wrap(frame).getInt(lead + 6)).isEqualTo(0x02000000);
      }
    }
  }

  @Test
  void aReceiverOnASwitchSeesWhatASenderSends() {
    Command run =
        both(
            "-i vale7:b -f rxseq -n 500",
            "-i vale7:a -f txseq -n 500 -b 50 -R 100K -S 2:0:0:0:0:1");
    assertThat(run.out()).contains("500 in order, 0 gaps");
  }

  @Test
  void whatASwitchDropsIsInTheTotals() throws Exception {
    Stop stop = new Stop();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream text = new PrintStream(out, true, StandardCharsets.UTF_8);
    Main receiver = new Main(stop, text, text);
    CompletableFuture<Integer> rx =
        CompletableFuture.supplyAsync(
            () -> receiver.run("pkt-gen -i vale7:slow -f rx -b 1".split(" ")));
    assertThat(receiver.awaitReady(60)).isTrue();
    try (NetmapPort seen = Netmap.open("vale7:slow/T")) {
      for (int i = 0; i < 100 && seen.counters().get("rx_drops") == 0; i++) {
        assertThat(
                Command.run("pkt-gen -i vale7:fast -f tx -n 5000 -S 2:0:0:0:0:1".split(" ")).code())
            .isZero();
      }
    }
    stop.request();
    assertThat(rx.get()).isEqualTo(Main.OK);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .containsPattern(
            "vale7:slow: [1-9]\\d* packets were dropped, for which its ring had no room");
  }

  @Test
  void whatHasNoRoomIsSaid() {
    Command run = Command.run("pkt-gen -f tx -i vale7:x -I -l 65520 -C 4096,4096,16,16".split(" "));
    assertThat(run.err())
        .contains("netmap4j: -I: frames of 65520 bytes for 16 rings of 4096 slots take 4.0 GiB");
    assertThat(run.err().lines().filter(line -> line.startsWith("netmap4j: "))).hasSize(1);
    assertThat(run.code()).isEqualTo(Main.FAILED);
  }

  @Test
  void indirectBuffersAreForSwitches() {
    Command run = Command.run("pkt-gen -i netmap:fake0 -f tx -I".split(" "));
    assertThat(run.err()).contains("-I: NS_INDIRECT is for tx and txseq on VALE ports");
    assertThat(run.code()).isEqualTo(Main.USAGE);
  }

  /** The letters of the original's getopt; -h is everywhere. */
  @Test
  void theHelpHasEveryOptionOfTheOriginal() {
    String help = Command.run("pkt-gen", "--help").out();
    for (String letter : "46afFNniIldsDSbcopTwWvRXCHrPzZAhBM".split("")) {
      assertThat(help).containsPattern("(?m)^ +(-\\w, )?-" + letter + "\\b");
    }
    for (String function : new String[] {"tx", "rx", "ping", "pong", "txseq", "rxseq"}) {
      assertThat(help).containsPattern("[|=]" + function + "\\b");
    }
    assertThat(help).contains("What differs from netmap's pkt-gen");
  }
}
