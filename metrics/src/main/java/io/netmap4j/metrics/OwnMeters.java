package io.netmap4j.metrics;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * The meters of one object in its registries. To whoever registers a meter again a registry gives
 * the one that it has, though that shows another object: here the last object takes it over, and
 * when that removes it, the one before has it again.
 */
final class OwnMeters {
  /** Registers one meter in a registry, or finds it there. */
  interface Registration {
    Meter register(MeterRegistry registry);
  }

  /** By registry and meter: of each object that has it, the last one at the end. */
  private static final Map<MeterRegistry, Map<Meter.Id, List<WeakReference<Registration>>>> ALL =
      new WeakHashMap<>();

  private final Map<MeterRegistry, Map<Meter.Id, Registration>> own = new HashMap<>();

  /**
   * Does nothing if the meter is here already.
   *
   * @param meter as {@code builder::register}
   */
  void add(MeterRegistry registry, Registration meter) {
    synchronized (ALL) {
      Meter.Id id = meter.register(registry).getId(); // as the registry's filters make it
      if (own.computeIfAbsent(registry, r -> new HashMap<>()).putIfAbsent(id, meter) != null) {
        return;
      }
      List<WeakReference<Registration>> all =
          all(registry).computeIfAbsent(id, i -> new ArrayList<>());
      if (!all.isEmpty()) {
        registry.remove(id);
        meter.register(registry);
      }
      all.removeIf(other -> other.refersTo(null));
      all.add(new WeakReference<>(meter));
    }
  }

  /** Removes the meters, but for those that another object has taken over. */
  void remove() {
    synchronized (ALL) {
      own.forEach((registry, meters) -> meters.forEach((id, meter) -> remove(registry, id, meter)));
      own.clear();
    }
  }

  private static void remove(MeterRegistry registry, Meter.Id id, Registration meter) {
    List<WeakReference<Registration>> all = requireNonNull(all(registry).get(id));
    WeakReference<Registration> last = all.get(all.size() - 1);
    all.removeIf(other -> other.refersTo(null) || other.refersTo(meter));
    if (all.contains(last)) {
      return;
    }
    registry.remove(id);
    if (all.isEmpty()) {
      all(registry).remove(id);
      return;
    }
    Registration before = all.get(all.size() - 1).get();
    if (before != null) {
      before.register(registry);
    }
  }

  private static Map<Meter.Id, List<WeakReference<Registration>>> all(MeterRegistry registry) {
    return ALL.computeIfAbsent(registry, r -> new HashMap<>());
  }
}
