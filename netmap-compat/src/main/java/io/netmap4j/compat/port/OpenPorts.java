package io.netmap4j.compat.port;

import io.netmap4j.spi.RingSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The rings of one kind of port that are open in this process, by key. Of two threads that open the
 * same port, one starts it and the other shares it.
 *
 * @param <S> what a port was started with
 */
public final class OpenPorts<S> {
  private final ConcurrentHashMap<String, Entry<S>> entries = new ConcurrentHashMap<>();

  /** A port that is open, or was. Its lock is held while the port starts. */
  private static final class Entry<S> {
    /** Null while it is not. */
    RingSet rings;

    S settings;

    boolean hold() {
      return rings != null && rings.hold();
    }

    PortType.Hold held() {
      RingSet held = rings;
      return new PortType.Hold(held, () -> release(held));
    }

    private void release(RingSet held) {
      try {
        held.release();
      } finally {
        synchronized (this) {
          if (rings == held && !held.isOpen()) {
            rings = null; // nobody else remembers it
            settings = null;
          }
        }
      }
    }
  }

  /** A port's rings, and what it was started with. */
  public record Started<S>(RingSet rings, S settings) {}

  /**
   * Holds a port's rings.
   *
   * @param check throws when the port is open and not as it should be
   * @param start makes the rings, when the port is not open
   */
  public PortType.Hold hold(String key, Consumer<Started<S>> check, Supplier<Started<S>> start) {
    Entry<S> entry = entries.computeIfAbsent(key, k -> new Entry<>());
    synchronized (entry) {
      if (entry.hold()) {
        try {
          check.accept(new Started<>(entry.rings, entry.settings));
        } catch (RuntimeException e) {
          entry.rings.release();
          throw e;
        }
      } else {
        Started<S> started = start.get();
        started.rings.hold();
        entry.rings = started.rings;
        entry.settings = started.settings;
      }
      return entry.held();
    }
  }

  /** Holds a port's rings if they are open; else null. */
  public PortType.Hold find(String key) {
    Entry<S> entry = entries.get(key);
    if (entry == null) {
      return null;
    }
    synchronized (entry) {
      return entry.hold() ? entry.held() : null;
    }
  }
}
