package io.netmap4j.bench;

import java.lang.annotation.Annotation;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The JMH benchmarks without JMH, for those who run them for what they allocate. One thread. */
final class Benchmarks implements AutoCloseable {
  private final Object state;
  private final Map<String, MethodHandle> methods = new TreeMap<>();

  private Benchmarks(Object state) {
    this.state = state;
  }

  /** The names of all classes that have benchmarks, as the annotation processor listed them. */
  static Set<String> classes() {
    Set<String> names = new TreeSet<>();
    for (BenchmarkListEntry entry : entries()) {
      names.add(entry.getUserClassQName());
    }
    return names;
  }

  private static Set<BenchmarkListEntry> entries() {
    return BenchmarkList.defaultList()
        .getAll(
            OutputFormatFactory.createFormatInstance(System.err, VerboseMode.SILENT), List.of());
  }

  /**
   * Sets a class up.
   *
   * @param parameters values of fields with {@code @Param}; the first of the annotation for others
   * @throws ReflectiveOperationException when it has no public constructor, or setting up fails
   */
  static Benchmarks open(String className, Map<String, Integer> parameters)
      throws ReflectiveOperationException {
    Class<?> type = Class.forName(className);
    Benchmarks opened = new Benchmarks(type.getConstructor().newInstance());
    for (Class<?> c = type; c != Object.class; c = c.getSuperclass()) {
      for (Field field : c.getDeclaredFields()) {
        Param param = field.getAnnotation(Param.class);
        if (param != null) {
          field.setAccessible(true);
          Integer given = parameters.get(field.getName());
          field.setInt(opened.state, given == null ? Integer.parseInt(param.value()[0]) : given);
        }
      }
    }
    opened.call(Setup.class);
    for (BenchmarkListEntry entry : entries()) {
      if (entry.getUserClassQName().equals(className)) {
        String method = entry.getUsername().substring(className.length() + 1);
        opened.methods.put(
            method,
            MethodHandles.lookup()
                .unreflect(type.getMethod(method))
                .bindTo(opened.state)
                .asType(MethodType.methodType(void.class)));
      }
    }
    return opened;
  }

  /** The benchmarks by name; each is to be called by {@code invokeExact()}. */
  Map<String, MethodHandle> methods() {
    return methods;
  }

  private void call(Class<? extends Annotation> annotation) throws ReflectiveOperationException {
    List<Method> found = new ArrayList<>();
    for (Method method : state.getClass().getMethods()) {
      if (method.isAnnotationPresent(annotation)) {
        found.add(method);
      }
    }
    found.sort(Comparator.comparing(Method::getName));
    for (Method method : found) {
      method.invoke(state);
    }
  }

  @Override
  public void close() throws ReflectiveOperationException {
    try {
      call(TearDown.class);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(state + " could not be torn down", e.getCause());
    }
  }
}
