package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.NetmapRing;
import io.netmap4j.common.NicOptions;
import io.netmap4j.common.WaitMode;
import io.netmap4j.ixgbe.RegisterTrace.Access;
import io.netmap4j.ixgbe.TraceTable.Use;
import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.spi.NicDevice;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What our driver does to the registers beside what Linux and DPDK do: every write and every read
 * of ours is theirs as well, or a row of docs/register-traces.md says why not. The rule is told
 * there.
 */
@Timeout(120)
@Tag("once")
class RegisterTracesTest {
  private static final Path DOCS = Path.of("../docs");
  private static final Path TABLES = DOCS.resolve("register-traces.md");
  private static final int LOGGED = 1 << 20;

  private static final String OURS_ONLY = "What we do and they do not";
  private static final String THEIRS_ONLY = "What they do and we do not";
  private static final String DATA = "Values that are data";

  private static final String ON_COPPER = ", on an X540 or X550";

  private static final List<Access> LINUX = kept("linux-ixgbe");
  private static final List<Access> LINE = kept("linux-ixgbe-line");
  private static final List<Access> DPDK = kept("dpdk-ixgbe");
  private static final List<Access> OURS = inTime(kept("netmap4j-vfio"));
  private static final List<Access> LINUX_MODULES = kept("linux-ixgbe-modules");
  private static final List<Access> DPDK_MODULES = kept("dpdk-ixgbe-modules");
  private static final List<List<Access>> LIVE = new ArrayList<>();

  private static final List<Copper> COPPERS =
      List.of(new Copper(0x1528, "x540"), new Copper(0x1563, "x550"));

  /** A chip with a 10GBASE-T PHY. */
  private static final class Copper {
    final int id;
    final List<Access> linux;
    final List<Access> line;
    final List<Access> dpdk;
    final List<Access> ours;
    final List<List<Access>> live = new ArrayList<>();

    Copper(int id, String name) {
      this.id = id;
      linux = kept("linux-ixgbe-" + name);
      line = kept("linux-ixgbe-line-" + name);
      dpdk = kept("dpdk-ixgbe-" + name);
      ours = inTime(kept("netmap4j-vfio-" + name));
    }

    Use live() {
      Use use = new Use();
      live.forEach(use::add);
      return use;
    }

    Map<String, String> oursOnly() {
      return live().beyond(new Use().add(linux).add(line).add(dpdk), data());
    }

    Map<String, String> theirsOnly() {
      Use both = Use.common(new Use().add(linux).add(line), new Use().add(dpdk));
      return both.beyond(live(), data());
    }
  }

  private static final List<String> MODULES =
      List.of(
          "dac",
          "active-dac",
          "10g-sr,link-disabled",
          "10g-lr",
          "1g-sx",
          "1g-lx",
          "dual-rate,partner=1g");

  private static final io.netmap4j.model.peripherals.Copper ASLEEP =
      io.netmap4j.model.peripherals.Copper.parse("lowpower");

  private static List<Access> kept(String name) {
    return RegisterTrace.load(DOCS.resolve("register-traces/" + name + ".txt"));
  }

  /** The driver as it is today, through all that it can do. */
  @BeforeAll
  static void runTheDriver() {
    NicOptions nic = NicOptions.DEFAULT.slots(72, 72).waitMode(WaitMode.INTERRUPT);
    ModelRig.Setup setup = ModelRig.Setup.DEFAULT.nic(nic.rings(2, 2));
    ModelRig.Setup more =
        setup.nic(nic.rings(16, 16).mtu(9000).promiscuous(false).dropWhenFull(false));
    run(setup, LIVE);
    run(setup.line(true), LIVE);
    for (String link : MODULES) {
      run(setup.link("module=" + link), LIVE);
    }
    run(more, LIVE);
    openWhileRequestsStayUnderWay();
    for (Copper copper : COPPERS) {
      UnaryOperator<CardOptions> card = c -> c.deviceId(copper.id);
      run(setup.card(card), copper.live);
      run(setup.line(true).card(card), copper.live);
      run(more.card(card), copper.live);
      run(setup.card(c -> card.apply(c).copper(ASLEEP)), copper.live);
      run(setup.nic(nic.rings(2, 2).speed(1000)).card(card), copper.live);
    }
    Copper x550 = COPPERS.get(1);
    run(setup.nic(nic.rings(2, 2).speed(2500)).card(c -> c.deviceId(x550.id)), x550.live);
    run(setup.nic(nic.rings(2, 2).speed(5000)).card(c -> c.deviceId(x550.id)), x550.live);
  }

  private static void run(ModelRig.Setup setup, List<List<Access>> live) {
    Nic82599[] cards;
    try (ModelRig rig = new ModelRig(setup, () -> {}, card -> card.log().enable(LOGGED))) {
      cards = rig.cards;
      exchange(rig);
      control(rig.a);
      rig.a.nic().reset();
      assertThat(rig.a.awaitLink(5000) && rig.b.awaitLink(5000)).isTrue();
      exchange(rig);
      assertEquals("", rig.violations());
    }
    for (Nic82599 card : cards) {
      live.add(logged(card));
    }
  }

  private static List<Access> logged(Nic82599 card) {
    assertThat(card.log().total()).isLessThan(LOGGED);
    return inTime(
        RegisterTrace.decode(
            card.log().accesses().stream().map(a -> Access.of(a.toString())).toList()));
  }

  /** Without what is read only when frames are late, as on a busy machine. */
  private static List<Access> inTime(List<Access> trace) {
    return trace.stream().filter(a -> !a.is(false, "TDH") && !a.is(false, "TDT")).toList();
  }

  /** Frames both ways on ring 0, each waited for. */
  private static void exchange(ModelRig rig) {
    for (int i = 0; i < 100; i++) {
      send(rig.a);
      receive(rig.b);
      send(rig.b);
      receive(rig.a);
    }
  }

  private static void send(NetmapPort port) {
    NetmapRing tx = port.tx(0);
    byte[] frame = new byte[60];
    Arrays.fill(frame, 0, 6, (byte) 0xff);
    tx.put(tx.head(), frame);
    tx.slotFlags(tx.head(), Netmap.NS_REPORT);
    tx.advance(tx.next(tx.head()));
    port.txSync();
    port.poll(NetmapPort.POLLOUT, 1000);
  }

  private static void receive(NetmapPort port) {
    assertThat(port.poll(NetmapPort.POLLIN, 5000)).isEqualTo(NetmapPort.POLLIN);
    port.rx(0).advance(port.rx(0).tail());
  }

  private static void control(NetmapPort port) {
    byte[] one = {2, 9, 9, 9, 9, 9};
    byte[] group = {1, 0, 0x5e, 0, 0, 7};
    port.nic().promiscuous(false);
    port.nic().allMulticast(true);
    port.nic().addAddress(one);
    port.nic().addAddress(group);
    port.nic().removeAddress(one);
    port.nic().removeAddress(group);
    port.nic().allMulticast(false);
    port.nic().promiscuous(true);
    port.nic().macAddress();
    port.counters();
  }

  /** The way out that a card wants whose requests do not end. */
  private static void openWhileRequestsStayUnderWay() {
    try (Nic82599 card = new Nic82599(CardOptions.port(0));
        ModelRunner runner = new ModelRunner(card);
        Region region = Region.create(ModelRig.Setup.DEFAULT.memory())) {
      card.log().enable(LOGGED);
      runner.start();
      ModelDevice device = ModelDevice.open(card, ModelDomain.scattered(7), "model:0");
      NicDevice busy =
          (NicDevice)
              Proxy.newProxyInstance(
                  RegisterTracesTest.class.getClassLoader(),
                  new Class<?>[] {NicDevice.class},
                  (proxy, method, args) -> {
                    Object result = method.invoke(device, args);
                    boolean status =
                        method.getName().equals("read32") && (int) args[0] == Reg.STATUS;
                    return status ? (int) result | Reg.STATUS_GIO : result;
                  });
      new IxgbeDriver().attach(busy, region, NicOptions.DEFAULT).close();
      LIVE.add(logged(card));
    }
  }

  private static Use ours() {
    Use ours = new Use();
    LIVE.forEach(ours::add);
    return ours;
  }

  /** Registers that all write and whose bits are a matter of addresses, indices and keys. */
  private static Set<String> data() {
    return new TraceTable(TABLES, DATA).registers();
  }

  private static Use linux() {
    return new Use().add(LINUX).add(LINE).add(LINUX_MODULES);
  }

  private static Use dpdk() {
    return new Use().add(DPDK).add(DPDK_MODULES);
  }

  private static Use theirs() {
    return linux().add(DPDK).add(DPDK_MODULES);
  }

  @Test
  void whatWeDoAndTheyDoNotIsExplained() {
    assertThat(new TraceTable(TABLES, OURS_ONLY).faults(ours().beyond(theirs(), data()))).isEmpty();
  }

  @Test
  void whatBothOfThemDoAndWeDoNotIsExplained() {
    Map<String, String> both = Use.common(linux(), dpdk()).beyond(ours(), data());
    assertThat(new TraceTable(TABLES, THEIRS_ONLY).faults(both)).isEmpty();
  }

  /** When this fails, take the traces again: vm/traces netmap4j-vfio and those of it on copper. */
  @Test
  void theKeptTracesOfOursHaveNothingThatTheDriverDoesNotDo() {
    assertThat(new Use().add(OURS).beyond(ours(), data())).isEmpty();
    for (Copper copper : COPPERS) {
      assertThat(new Use().add(copper.ours).beyond(copper.live(), data())).isEmpty();
    }
  }

  /** An 82599's rows hold on an X540 and X550, too; what is left has rows of its own. */
  private static List<String> faultsOnCopper(
      String heading, Function<Copper, Map<String, String>> differences) {
    Map<String, String> all =
        TraceTable.union(differences.apply(COPPERS.get(0)), differences.apply(COPPERS.get(1)));
    return new TraceTable(TABLES, heading + ON_COPPER)
        .faults(new TraceTable(TABLES, heading).unexplained(all));
  }

  @Test
  void whatWeDoOnCopperAndTheyDoNotIsExplained() {
    assertThat(faultsOnCopper(OURS_ONLY, Copper::oursOnly)).isEmpty();
  }

  @Test
  void whatBothOfThemDoOnCopperAndWeDoNotIsExplained() {
    assertThat(faultsOnCopper(THEIRS_ONLY, Copper::theirsOnly)).isEmpty();
  }

  @Test
  void whatIsCalledDataIsWrittenByUsAndByThem() {
    Use theirs = theirs();
    Use ours = ours();
    for (Copper copper : COPPERS) {
      theirs.add(copper.linux).add(copper.line).add(copper.dpdk);
      copper.live.forEach(ours::add);
    }
    assertThat(ours.ones).containsKeys(data().toArray(String[]::new));
    assertThat(theirs.ones).containsKeys(data().toArray(String[]::new));
  }

  @Test
  void everybodyKeepsTheOrders() {
    assertThat(RegisterOrder.broken(LINUX)).isEmpty();
    assertThat(RegisterOrder.broken(LINE)).isEmpty();
    assertThat(RegisterOrder.broken(DPDK)).containsExactly(RegisterOrder.ADDRESS);
    assertThat(RegisterOrder.broken(OURS)).isEmpty();
    LIVE.forEach(trace -> assertThat(RegisterOrder.broken(trace)).isEmpty());
    for (Copper copper : COPPERS) {
      assertThat(RegisterOrder.broken(copper.linux)).containsExactly(RegisterOrder.HELD);
      assertThat(RegisterOrder.broken(copper.line)).containsExactly(RegisterOrder.HELD);
      // Where DPDK leaves RDRXCTL alone, its trace does not show CRCSTRIP.
      assertThat(RegisterOrder.broken(copper.dpdk))
          .filteredOn(rule -> copper.id != 0x1563 || !rule.equals(RegisterOrder.CRC))
          .containsExactlyInAnyOrder(
              RegisterOrder.ADDRESS, RegisterOrder.HELD, RegisterOrder.POLLED);
      assertThat(RegisterOrder.broken(copper.ours)).isEmpty();
      copper.live.forEach(trace -> assertThat(RegisterOrder.broken(trace)).isEmpty());
    }
  }

  static Stream<Arguments> accessesThatAreMissed() {
    return Stream.of(
        arguments("write EIMC 0x7FFFFFFF", RegisterOrder.MASKED),
        arguments("write CTRL 0x00000004", RegisterOrder.QUIET),
        arguments("read CTRL 0x00000000", RegisterOrder.RESET_DONE),
        arguments("write RDLEN(1) 0x", RegisterOrder.RING_FIRST),
        arguments("write DMATXCTL 0x", RegisterOrder.TX_ENGINE),
        arguments("read TXDCTL(0) 0x02", RegisterOrder.POLLED),
        arguments("read RXDCTL(1) 0x02", RegisterOrder.POLLED),
        arguments("write RTTDCS 0x00C00040", RegisterOrder.ARBITER),
        arguments("read SECRXSTAT 0x", RegisterOrder.HELD),
        arguments("write RDRXCTL 0x", RegisterOrder.CRC),
        arguments("write RXCTRL 0x00000000", RegisterOrder.RXEN_OFF_FIRST),
        arguments("write IVAR(0) 0x", RegisterOrder.VECTORS),
        arguments("write RAH(1) 0x00000000", RegisterOrder.ADDRESS));
  }

  @ParameterizedTest
  @MethodSource
  void accessesThatAreMissed(String missing, String rule) {
    assertThat(RegisterOrder.broken(without(missing, LIVE.get(0)))).contains(rule);
  }

  @Test
  void accessesThatAreMissedOnAnX550() {
    Copper x550 = COPPERS.get(1);
    assertThat(RegisterOrder.broken(without("write COMMAND 0x000000DE", x550.linux)))
        .contains(RegisterOrder.RXEN_OFF_FIRST);
    List<Access> unlocked = without("read GSSR", without("write GSSR", x550.live.get(0)));
    assertThat(RegisterOrder.broken(unlocked)).containsExactly(RegisterOrder.RESET_DONE);
  }

  private static List<Access> without(String missing, List<Access> trace) {
    List<Access> left = new ArrayList<>(trace);
    assertThat(left.removeIf(a -> a.toString().startsWith(missing))).isTrue();
    return left;
  }

  @Test
  void aQueueThatIsEnabledAfterRxenIsFound() {
    List<Access> trace = new ArrayList<>(LIVE.get(0));
    int rxen = trace.indexOf(Access.of("write RXCTRL 0x00000001"));
    trace.add(rxen + 1, Access.of("write RXDCTL(9) 0x02000000"));
    assertThat(RegisterOrder.broken(trace)).contains(RegisterOrder.RXEN_LAST);
  }

  @Test
  void aStrayBitAStrayReadAndAStaleRowAreFound() {
    TraceTable table = new TraceTable(TABLES, OURS_ONLY);
    Use theirs = theirs();
    Use ours =
        ours().add(List.of(Access.of("write RXCSUM 0x00002001"), Access.of("read MRQC 0x0")));
    assertThat(table.faults(ours.beyond(theirs, data())))
        .containsExactlyInAnyOrder(
            OURS_ONLY + ": RXCSUM write 1 0x00000001: no row", OURS_ONLY + ": MRQC read : no row");
    assertThat(table.faults(Map.of()))
        .contains(OURS_ONLY + ": FTQF write: the row explains nothing, take it away");
  }

  /** Work on a bus, and of traffic the tails of small batches, lose their order on purpose. */
  private static List<Access> inOrder(List<Access> trace) {
    return trace.stream()
        .filter(a -> !RegisterTrace.onBus(a) && !RegisterTrace.movesTail(a))
        .toList();
  }

  @Test
  void foldingLosesNothing() {
    for (List<Access> live : LIVE) {
      List<Access> trace = inOrder(live);
      List<Access> again = new ArrayList<>();
      RegisterTrace.fold(trace).forEach(loop -> loop.expand(again));
      assertThat(again).isEqualTo(trace);
    }
  }

  @Test
  void whatIsFoldedCanBeReadAgain(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("trace.txt");
    List<Access> trace = inOrder(LIVE.get(0));
    Files.write(file, RegisterTrace.fold(trace).stream().map(Object::toString).toList());
    assertThat(RegisterTrace.load(file)).isEqualTo(trace);
  }
}
