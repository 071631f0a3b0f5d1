package io.netmap4j.model.link;

import java.util.Locale;

/** What is in the cage. */
public enum ModuleKind {
  /** Something that the cable works with and that does not answer on I2C. */
  SILENT(Rates.ALL, Class.OTHER),
  ABSENT(0, Class.OTHER),
  SR_10G(Rates.R10G, Class.OPTICAL),
  LR_10G(Rates.R10G, Class.OPTICAL),
  /** A passive direct-attach cable. */
  DAC(Rates.R1G | Rates.R10G, Class.DIRECT_ATTACH),
  /** An active limiting one, which drivers initialise as they do optics. */
  ACTIVE_DAC(Rates.R10G, Class.OPTICAL),
  SX_1G(Rates.R1G, Class.OPTICAL),
  LX_1G(Rates.R1G, Class.OPTICAL),
  /** 10GBASE-SR and 1000BASE-SX, chosen by SDP5. */
  DUAL_RATE(Rates.R1G | Rates.R10G, Class.OPTICAL),
  /** A 10GBASE-SR of a vendor that the NVM does not list. */
  UNQUALIFIED(Rates.R10G, Class.OPTICAL),
  /** Its identifier is not that of an SFP. */
  UNKNOWN(Rates.R10G, Class.OTHER);

  /** Which words of the NVM's list a module wants in CORECTL (docs/82599.md 3.5). */
  public enum Class {
    DIRECT_ATTACH,
    OPTICAL,
    OTHER
  }

  private final int rates;
  private final Class analog;

  ModuleKind(int rates, Class analog) {
    this.rates = rates;
    this.analog = analog;
  }

  /** A mask of {@link Rates}. */
  public int rates() {
    return rates;
  }

  /** Which words it wants. */
  public Class analog() {
    return analog;
  }

  /** True when it has a laser and diagnostics. */
  public boolean optical() {
    return analog == Class.OPTICAL && this != ACTIVE_DAC;
  }

  /** {@code 10g-sr}, {@code absent}, ... */
  public String text() {
    return switch (this) {
      case SR_10G -> "10g-sr";
      case LR_10G -> "10g-lr";
      case SX_1G -> "1g-sx";
      case LX_1G -> "1g-lx";
      default -> name().toLowerCase(Locale.ROOT).replace('_', '-');
    };
  }

  /** The kind with this {@link #text}. @throws IllegalArgumentException when there is none */
  public static ModuleKind parse(String text) {
    StringBuilder all = new StringBuilder();
    for (ModuleKind kind : values()) {
      if (kind.text().equals(text)) {
        return kind;
      }
      all.append(all.isEmpty() ? "" : ", ").append(kind.text());
    }
    throw new IllegalArgumentException("module " + text + ": one of " + all);
  }
}
