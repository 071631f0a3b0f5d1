package io.netmap4j.apps.admin;

import io.netmap4j.model.CardOptions;
import io.netmap4j.model.link.LinkOptions;
import io.netmap4j.model.link.SharedChip;
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
      names = "--one-chip",
      description =
          "The two cards are the two ports of one chip: they share its semaphores, which outlive resets and clients.")
  boolean oneChip;

  private final SharedChip chip = new SharedChip();

  /**
   * @return what is wrong with the options, null for nothing
   */
  String wrong() {
    if (links.size() > 2) {
      return "--link once or twice, not " + links.size() + " times";
    }
    if (sfp && !links.isEmpty()) {
      return "--sfp is --link module=dac: give one of them";
    }
    try {
      links.forEach(LinkOptions::parse);
      return null;
    } catch (IllegalArgumentException e) {
      return "--link: " + e.getMessage();
    }
  }

  /** The options of card {@code index} with its link side. */
  CardOptions of(int index, CardOptions options) {
    CardOptions card = oneChip ? options.onChip(chip) : options;
    if (sfp) {
      return card.withSfp();
    }
    return links.isEmpty()
        ? card
        : card.link(LinkOptions.parse(links.get(Math.min(index, links.size() - 1))));
  }
}
