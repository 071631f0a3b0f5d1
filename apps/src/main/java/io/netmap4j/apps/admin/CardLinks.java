package io.netmap4j.apps.admin;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.SharedChip;
import io.netmap4j.model.peripherals.Copper;
import io.netmap4j.model.registers.Chip;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of {@code nic-model} that say what is on the link side of its cards. */
final class CardLinks {
  @Option(
      names = "--link",
      paramLabel = "KEY=VALUE,...",
      description = {
        "Module, NVM, link partner and firmware; once for both cards, or once for each. Keys (times in milliseconds):",
        "  " + LinkOptions.KEYS,
      })
  List<String> links = new ArrayList<>();

  @Option(
      names = "--sfp",
      description = "A passive copper module, readable over I2C: --link module=dac.")
  boolean sfp;

  @Option(
      names = "--phy",
      paramLabel = "WORD,...",
      description = {"The PHY of an X540 or X550 and its cable. Words:", "  " + Copper.KEYS})
  String phy;

  @Option(
      names = "--one-chip",
      description =
          "The two cards are the two ports of one chip: they share its semaphores, which outlive resets and clients.")
  boolean oneChip;

  private final SharedChip chip = new SharedChip();

  /**
   * @return what is wrong with the options, null for nothing
   */
  String wrong(int deviceId) {
    if (phy != null && !Chip.of(deviceId).copper()) {
      return "--phy is for an X540 or X550, and device id "
          + Integer.toHexString(deviceId)
          + " is none: --device-id 1528, or 1563";
    }
    if (links.size() > 2) {
      return "--link once or twice, not " + links.size() + " times";
    }
    if (sfp && !links.isEmpty()) {
      return "--sfp is --link module=dac: give one of them";
    }
    try {
      links.forEach(LinkOptions::parse);
    } catch (IllegalArgumentException e) {
      return "--link: " + e.getMessage();
    }
    try {
      copper();
      return null;
    } catch (IllegalArgumentException e) {
      return "--phy: " + e.getMessage();
    }
  }

  private Copper copper() {
    return phy == null ? Copper.WELL : Copper.parse(phy);
  }

  /** The options of card {@code index} with its link side. */
  CardOptions of(int index, CardOptions options) {
    CardOptions card = (oneChip ? options.onChip(chip) : options).copper(copper());
    if (sfp) {
      return card.withSfp();
    }
    return links.isEmpty()
        ? card
        : card.link(LinkOptions.parse(links.get(Math.min(index, links.size() - 1))));
  }
}
