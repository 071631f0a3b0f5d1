package io.netmap4j.ixgbe;

import io.netmap4j.common.NicControl;

/** What a program may change while the port is open: addresses, filters, RSS, reset. */
final class IxgbeControl implements NicControl {
  private final IxgbeAdapter adapter;
  private final IxgbeDevice device;
  private final IxgbeHousekeeping housekeeping;

  IxgbeControl(IxgbeAdapter adapter, IxgbeDevice device, IxgbeHousekeeping housekeeping) {
    this.adapter = adapter;
    this.device = device;
    this.housekeeping = housekeeping;
  }

  /** With the device to oneself, and while it is open. */
  private void withDevice(Runnable change) {
    synchronized (housekeeping) {
      housekeeping.requireRunning();
      change.run();
    }
  }

  @Override
  public byte[] macAddress() {
    synchronized (housekeeping) {
      housekeeping.requireRunning();
      return device.filters().macAddress();
    }
  }

  @Override
  public void promiscuous(boolean on) {
    withDevice(() -> device.filters().promiscuous(on));
  }

  @Override
  public void allMulticast(boolean on) {
    withDevice(() -> device.filters().allMulticast(on));
  }

  @Override
  public void addAddress(byte[] mac) {
    withDevice(() -> device.filters().addAddress(mac));
  }

  @Override
  public void removeAddress(byte[] mac) {
    withDevice(() -> device.filters().removeAddress(mac));
  }

  @Override
  public void rss(byte[] key, int[] table) {
    withDevice(() -> device.rss(key, table));
  }

  @Override
  public void reset() {
    withDevice(adapter::resetDevice);
  }
}
