package io.netmap4j.ixgbe;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.Libc;
import io.netmap4j.spi.NicDevice;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/** Waits for bits of a register, with a limit and by name. */
final class RegisterWait {
  private final NicDevice nic;

  RegisterWait(NicDevice nic) {
    this.nic = nic;
  }

  /** Waits until {@code (register & mask) == want}; 1 s is ours, no source gives a longer limit. */
  void await(String what, int register, int mask, int want) {
    if (!poll(register, mask, want, 1000)) {
      int value = nic.read32(register);
      throw new NetmapException(
          Libc.EIO,
          String.format(
              Locale.ROOT,
              "%s: waited 1 s for %s: register 0x%05x is 0x%08x%s",
              nic.name(),
              what,
              register,
              value,
              value == IxgbeDevice.ALL_ONES ? "; the device is gone" : ""));
    }
  }

  boolean poll(int register, int mask, int want, int millis) {
    long deadline = System.nanoTime() + millis * 1_000_000L;
    while ((nic.read32(register) & mask) != want) {
      if (System.nanoTime() - deadline > 0) {
        return (nic.read32(register) & mask) == want;
      }
      sleepMicros(10);
    }
    return true;
  }

  /** For a few microseconds, which a sleep would stretch to many. */
  static void spinMicros(int micros) {
    long deadline = System.nanoTime() + micros * 1000L;
    while (deadline - System.nanoTime() > 0) {
      Thread.onSpinWait();
    }
  }

  static void sleepMicros(long micros) {
    long deadline = System.nanoTime() + micros * 1000;
    boolean interrupted = false; // it would make every park return at once
    while (deadline - System.nanoTime() > 0) {
      LockSupport.parkNanos(deadline - System.nanoTime());
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
