package io.netmap4j.apps;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On the modelled pair. */
@Timeout(120)
class DemoTest {
  @Test
  void everyCountAgreesAndEveryRingReceives() {
    Command demo = Command.run("demo", "-n", "20000", "--rings", "4");
    assertThat(demo.out()).contains("Received 20000 packets", "All counts agree.");
    assertThat(demo.out())
        .containsPattern("program: sent +20000 +0")
        .containsPattern("on ring 3 +[1-9]\\d*")
        .containsPattern("card: GPTC +20000 +0")
        .containsPattern("card: GPRC +0 +20000")
        .containsPattern("cable: frames in +20000 +0");
    assertThat(demo.code()).isZero();
  }

  /** Its counts would be wrong beside another's traffic. */
  @Test
  void itHasBothCardsForItself() {
    Command run = Command.run("run", "pkt-gen -i model1 -f rx", "demo --rings 2 -n 1000");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.err()).contains("netmap4j: netmap:model").doesNotContain("not expected");
    assertThat(run.out()).contains("Received nothing.");
  }

  @Test
  void aCardWhosePeerNobodyHasSaysSo() {
    Command run = Command.run("pkt-gen", "-i", "netmap:model0", "-f", "tx", "-n", "10", "-w", "1");
    assertThat(run.err())
        .contains("Wait 1 secs until model1, the other end of model0, is opened")
        .contains(
            "model0 is cabled to model1 of the same process, which is not open: what model0 sends is lost");
  }
}
