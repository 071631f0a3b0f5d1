package io.netmap4j.model.link;

/** All that makes the link side of a card. {@link #DEFAULT} comes up at once, without a module. */
public record LinkOptions(
    ModuleKind module,
    LinkStart start,
    Analog analog,
    NvmOptions nvm,
    PartnerOptions partner,
    FirmwareOptions firmware) {
  public static final LinkOptions DEFAULT =
      new LinkOptions(
          ModuleKind.SILENT,
          LinkStart.AT_ONCE,
          Analog.ANY,
          NvmOptions.DEFAULT,
          PartnerOptions.DEFAULT,
          FirmwareOptions.DEFAULT);

  /**
   * Reads {@code key=value,key,...}; {@link #KEYS} has them.
   *
   * @throws IllegalArgumentException which says what is wrong
   */
  public static LinkOptions parse(String text) {
    return new LinkSpec().parse(text);
  }

  /** A copy with this module. */
  public LinkOptions module(ModuleKind kind) {
    return new LinkOptions(kind, start, analog, nvm, partner, firmware);
  }

  /** The keys of {@link #parse}, for a help text. */
  public static final String KEYS =
      "module=silent|absent|10g-sr|10g-lr|dac|active-dac|1g-sx|1g-lx|dual-rate|unqualified|unknown;"
          + " start=at-once|restart|pipeline|lrst; analog=any|crc|dark; lms=0..7; no-sfi; untrained-kr;"
          + " link-disabled; no-sequences; intel-only; crosstalk; lesm; bad-checksum; no-mac; partner=any|1g|10g|none; slow=MS;"
          + " flap=MS[/SEED[/COUNT]]; vanish=AFTER[/FOR]; busy[=SEED]; firmware=HOLD/EVERY; veto;"
          + " left=smbi+swesmbi+gssr:HEX";
}
