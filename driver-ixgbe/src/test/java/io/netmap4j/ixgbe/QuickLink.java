package io.netmap4j.ixgbe;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The driver waits milliseconds for modules and speeds, not seconds, while a class's tests run. */
final class QuickLink implements BeforeAllCallback, AfterAllCallback {
  private final long retry = MacLink.retryNanos;
  private final long dualRate = MacLink.dualRateNanos;
  private final long soon = SfpCage.soonNanos;
  private final long later = SfpCage.laterNanos;

  @Override
  public void beforeAll(ExtensionContext context) {
    MacLink.retryNanos = 60_000_000;
    MacLink.dualRateNanos = 60_000_000;
    SfpCage.soonNanos = 5_000_000;
    SfpCage.laterNanos = 30_000_000;
  }

  @Override
  public void afterAll(ExtensionContext context) {
    MacLink.retryNanos = retry;
    MacLink.dualRateNanos = dualRate;
    SfpCage.soonNanos = soon;
    SfpCage.laterNanos = later;
  }
}
