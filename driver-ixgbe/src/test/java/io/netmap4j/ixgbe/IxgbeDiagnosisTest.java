package io.netmap4j.ixgbe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.memory.Region;
import io.netmap4j.model.CardOptions;
import io.netmap4j.model.ModelDevice;
import io.netmap4j.model.ModelDomain;
import io.netmap4j.model.ModelRunner;
import io.netmap4j.model.Nic82599;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.peripherals.Copper;
import io.netmap4j.model.wire.Cable;
import io.netmap4j.model.wire.CableMode;
import io.netmap4j.model.wire.WireEnd;
import io.netmap4j.spi.Finding;
import io.netmap4j.spi.Finding.Verdict;
import io.netmap4j.spi.NicDevice;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every fault that the model can show is named by its cause, and nothing else is found. */
@Timeout(60)
@Tag("once")
class IxgbeDiagnosisTest {
  private static final int HELD = IxgbeDiagnosis.heldMillis;
  private static final int STEADY = IxgbeLinkDiagnosis.steadyMillis;
  private static final long RETRY = MacLink.retryNanos;
  private static final long DUAL_RATE = MacLink.dualRateNanos;

  @BeforeEach
  void hurry() {
    IxgbeDiagnosis.heldMillis = 30;
    IxgbeLinkDiagnosis.steadyMillis = 40;
    MacLink.retryNanos = 60_000_000;
    MacLink.dualRateNanos = 60_000_000;
  }

  @AfterAll
  static void asBefore() {
    IxgbeDiagnosis.heldMillis = HELD;
    IxgbeLinkDiagnosis.steadyMillis = STEADY;
    MacLink.retryNanos = RETRY;
    MacLink.dualRateNanos = DUAL_RATE;
  }

  private static List<Finding> examine(
      int id, UnaryOperator<CardOptions> fault, UnaryOperator<NicDevice> around, int seconds) {
    List<Finding> found = new ArrayList<>();
    Nic82599 card = new Nic82599(fault.apply(CardOptions.port(0).deviceId(id)));
    Nic82599 other = new Nic82599(CardOptions.port(1).deviceId(id));
    Cable cable = new Cable(CableMode.FLOW_CONTROLLED);
    card.attach(cable, WireEnd.A);
    other.attach(cable, WireEnd.B);
    ModelDomain domain = ModelDomain.scattered(7);
    try (Region region = Region.create(ModelRig.Setup.DEFAULT.memory());
        ModelRunner runner = new ModelRunner(card, other).start()) {
      new IxgbeDiagnosis(
              () -> around.apply(ModelDevice.open(card, domain, "model:0")),
              region,
              seconds,
              found::add)
          .run();
      assertThat(card.violations()).isEmpty();
    } finally {
      card.close();
      other.close();
    }
    return found;
  }

  /**
   * The device with another answer here and there.
   *
   * @param answer to a call, or null for the device's own
   * @param write changes the arguments of write32
   */
  private static NicDevice around(
      NicDevice nic, BiFunction<String, Object[], Object> answer, UnaryOperator<Object[]> write) {
    return (NicDevice)
        Proxy.newProxyInstance(
            NicDevice.class.getClassLoader(),
            new Class<?>[] {NicDevice.class},
            (proxy, method, arguments) -> {
              Object other = answer.apply(method.getName(), arguments);
              try {
                return other != null
                    ? other
                    : method.invoke(
                        nic,
                        method.getName().equals("write32") ? write.apply(arguments) : arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static List<Finding> fibre(String spec) {
    IxgbeLinkDiagnosis.steadyMillis = steadyMillis(spec);
    return examine(
        0x10fb, o -> o.link(LinkOptions.parse(spec)), UnaryOperator.identity(), seconds(spec));
  }

  /** Links that come up take a little; those that don't needn't be waited for. */
  private static int seconds(String spec) {
    return spec.matches(".*(dual-rate|flap|low|busy|start|lesm|firmware|delay|left).*") ? 20 : 0;
  }

  /** What comes and goes needs a machine that looks in time, and this one may be busy. */
  private static int steadyMillis(String spec) {
    return spec.matches(".*(flap|crc).*") ? 3000 : 40;
  }

  private static void assertOnly(List<Finding> found, String... wanted) {
    assertThat(found)
        .filteredOn(f -> f.verdict() != Verdict.OK)
        .extracting(f -> f.verdict() + " " + f.what() + ": " + f.value() + " -> " + f.advice())
        .hasSize(wanted.length)
        .allSatisfy(
            line -> {
              boolean named = false;
              for (String words : wanted) {
                boolean all = true;
                for (String word : words.split(" [.][.] ")) {
                  all &= line.contains(word);
                }
                named |= all;
              }
              assertThat(named).as(line).isTrue();
            });
    assertThat(found)
        .filteredOn(f -> f.what().equals("loopback"))
        .extracting(Finding::value)
        .singleElement()
        .asString()
        .contains("1455 frames of 60 to 1514 bytes sent, 1455 received");
  }

  @Test
  void aCardThatIsWell() {
    List<Finding> found = fibre("module=dac");
    assertOnly(found);
    assertThat(found)
        .extracting(Finding::what)
        .containsExactly(
            "card",
            "registers",
            "firmware",
            "semaphores",
            "NVM",
            "reset",
            "MAC address",
            "I/O BAR",
            "module",
            "link settings",
            "link",
            "loopback",
            "counters",
            "interrupts");
    assertThat(found).anyMatch(f -> f.value().contains("registers through it: STATUS equal"));
    assertThat(found).anyMatch(f -> f.value().contains("GPRC=1455"));
  }

  // What the model's options can say of a link side: what each is found as.

  private static final String FIBRE =
      """
      module=dac,bad-checksum | FAILURE NVM .. the checksum should be .. nvmupdate
      module=dac,no-mac | FAILURE MAC address: 00:00:00:00:00:00 .. no unicast address
      module=dac,link-disabled | WARNING link settings .. the NVM has the link disabled
      module=dac,lms=1 | WARNING link settings .. (LMS 1) is not SFI's
      module=dac,no-sfi | WARNING link settings .. is not SFI's
      module=dac,left=smbi | WARNING semaphores: SWSM.SMBI held .. a driver was killed
      module=dac,left=swesmbi | WARNING semaphores: SWSM.SWESMBI held .. a driver was killed
      module=dac,left=gssr:2 | WARNING semaphores: SW_FW_SYNC 0x00000002 held .. killed
      module=silent | WARNING module .. does not answer on I2C .. not seated
      module=unqualified | WARNING module .. FOREIGN .. not one of Intel's
      module=10g-sr,no-sequences | WARNING module .. no analog words .. nvmupdate
      module=unknown | FAILURE module .. identifier 0x0d .. use a 10GBASE-SR
      module=10g-sr,partner=1g | FAILURE link: down .. receives a signal .. 1 Gbit/s only
      module=10g-sr,partner=none | FAILURE link: down .. no signal: the cable
      module=10g-sr,vanish=0 | FAILURE link: down .. no signal: the cable
      module=dual-rate,partner=1g | WARNING link: 1000 Mbit/s .. the partner offers no more
      module=dac,flap=10 | WARNING link: .. then lost .. the partner's port goes up and down
      """;

  private static final String FIBRE_TWICE =
      """
      module=absent | FAILURE module: none .. into the cage | FAILURE link: down .. there is no module in the cage
      module=absent,crosstalk | FAILURE module: none .. into the cage | FAILURE link: down .. there is no module in the cage
      module=1g-sx,partner=1g | WARNING module .. 1 Gbit/s optical .. for 10 Gbit/s | WARNING link: 1000 Mbit/s .. the module can no more
      module=1g-lx,partner=1g | WARNING module .. 1 Gbit/s optical .. for 10 Gbit/s | WARNING link: 1000 Mbit/s .. the module can no more
      module=10g-sr,no-sequences,analog=dark | WARNING module .. no analog words | FAILURE link: down .. analog part is not set up
      module=10g-sr,no-sequences,analog=crc,busy=1 | WARNING module .. no analog words | WARNING link: 10000 Mbit/s .. CRC errors .. the NVM's words
      module=dac,lms=1,veto | WARNING management .. BMC | WARNING link settings .. LMS 1
      """;

  /** No faults: the driver brings them up. */
  private static final String FIBRE_WELL =
      """
      module=10g-lr
      module=dac,untrained-kr
      module=active-dac
      module=dac,start=at-once,analog=any,partner=any
      module=dac,start=restart
      module=dac,start=pipeline
      module=dac,start=lrst
      module=10g-sr,partner=10g,lesm
      module=dac,intel-only
      module=dac,slow=20
      module=dac,firmware=3/20
      """;

  private static final String COPPER =
      """
      1528 | partner=10g | |
      1528 | delay=20,pause=none | |
      1563 | pause=rx | |
      1563 | pause=tx | |
      1563 | pause=both | |
      1563 | lowpower | WARNING PHY .. in low power .. wakes it |
      1528 | hot | FAILURE PHY .. over temperature .. let the card cool | FAILURE link: down .. too hot
      1563 | absent | FAILURE PHY: no PHY answers | FAILURE link .. no PHY answers
      1528 | partner=1g | WARNING link: 1000 Mbit/s .. the partner offers no more |
      1563 | partner=100m | WARNING link: 100 Mbit/s .. the partner offers no more |
      1563 | partner=5g+2.5g | FAILURE link: down .. on request: nic.NAME.speed = 2500 |
      """;

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = FIBRE)
  void aFaultOfAnSfpCard(String spec, String words) {
    assertOnly(fibre(spec), words);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = FIBRE_TWICE)
  void aFaultThatShowsInSeveralPlaces(String spec, String first, String second) {
    List<Finding> found = fibre(spec);
    if (spec.contains("veto")) { // and a link that the firmware does not let be started
      assertOnly(found, first, second, "FAILURE link: down .. the firmware forbids");
    } else {
      assertOnly(found, first, second);
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = FIBRE_WELL)
  void whatTheDriverBringsUpIsNoFault(String spec) {
    assertOnly(fibre(spec));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = COPPER)
  void aFaultOfACopperCard(String id, String spec, String first, String second) {
    List<Finding> found =
        examine(
            Integer.parseInt(id, 16),
            o -> o.copper(Copper.parse(spec)),
            UnaryOperator.identity(),
            seconds(spec));
    assertOnly(found, Stream.of(first, second).filter(Objects::nonNull).toArray(String[]::new));
  }

  @Test
  void everyOptionOfTheModelIsExamined() {
    Set<String> fibre = used(FIBRE + FIBRE_TWICE + FIBRE_WELL, 0);
    Set<String> copper = used(COPPER, 1);
    assertThat(fibre).containsAll(known(LinkOptions.KEYS)).hasSizeGreaterThan(40);
    assertThat(copper).containsAll(known(Copper.KEYS)).hasSizeGreaterThan(10);
  }

  /** Of a help text {@code key=word|word; key=NUMBER; flag (which ...)}: key=word, key, flag. */
  private static Set<String> known(String keys) {
    Set<String> all = new TreeSet<>();
    for (String item : keys.replaceAll("\\([^)]*\\)", "").split(";")) {
      String[] parts = item.strip().split("[=\\[]", 2);
      all.add(parts[0]);
      for (String word : parts.length < 2 ? new String[0] : parts[1].split("[|+]")) {
        if (word.matches("[a-z0-9.-]*[a-z][a-z0-9.-]*(:HEX)?")) {
          all.add(parts[0] + "=" + word.replace(":HEX", ""));
        }
      }
    }
    return all;
  }

  private static Set<String> used(String table, int column) {
    Set<String> all = new TreeSet<>();
    table
        .lines()
        .map(line -> line.split("\\|")[column].strip())
        .flatMap(spec -> Stream.of(spec.split(",")))
        .forEach(
            item -> {
              String[] parts = item.split("=", 2);
              all.add(parts[0]);
              for (String word : parts.length < 2 ? new String[0] : parts[1].split("[+:/]")) {
                all.add(parts[0] + "=" + word);
              }
            });
    return all;
  }

  @Test
  void aCardWithoutPowerIsOneFailureAndNothingElseIsTried() {
    List<Finding> found =
        examine(
            0x10fb,
            UnaryOperator.identity(),
            nic ->
                around(nic, (name, arguments) -> name.equals("read32") ? -1 : null, value -> value),
            0);
    assertThat(found)
        .filteredOn(f -> f.verdict() == Verdict.FAILURE)
        .extracting(Finding::value)
        .containsExactly("STATUS reads all ones", "stopped: the card does not answer");
    assertThat(found).extracting(Finding::what).doesNotContain("link", "loopback");
  }

  @Test
  void aCardThatTheDriverRefusesIsNamed() {
    List<Finding> found = examine(0x151c, UnaryOperator.identity(), UnaryOperator.identity(), 0);
    assertThat(found.get(0).verdict()).isEqualTo(Verdict.FAILURE);
    assertThat(found.get(0).value()).contains("external PHY").contains("not driven");
    assertThat(found).extracting(Finding::what).doesNotContain("loopback");
  }

  @Test
  void aDamagedFrameIsToldByItsNumberAndByte() {
    List<Finding> found =
        examine(
            0x10fb,
            o -> o.link(LinkOptions.parse("module=dac")),
            nic ->
                around(
                    nic,
                    (name, arguments) -> null,
                    arguments -> {
                      // Without stripping, a frame is received with four bytes more.
                      if (arguments[0].equals(Reg.HLREG0)) {
                        arguments[1] = (int) arguments[1] & ~Reg.HLREG0_RXCRCSTRP;
                      } else if (arguments[0].equals(Reg.RDRXCTL)) {
                        arguments[1] = (int) arguments[1] & ~Reg.RDRXCTL_CRCSTRIP;
                      }
                      return arguments;
                    }),
            0);
    assertThat(found)
        .filteredOn(f -> f.verdict() == Verdict.FAILURE)
        .extracting(Finding::value)
        .singleElement()
        .asString()
        .contains("frame 0 has 64 bytes and was sent with 60");
  }
}
