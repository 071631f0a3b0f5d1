package io.netmap4j.project;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Our modules, as they are on the class path of the tests. */
final class Modules {
  /** The folder of the root pom. */
  static final Path ROOT = Path.of(System.getProperty("basedir", "")).toAbsolutePath().getParent();

  private Modules() {}

  /** Everything on the class path, ours and others'. */
  static List<Path> classPath() {
    List<Path> entries = new ArrayList<>();
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    for (String entry : path.split(File.pathSeparator)) {
      entries.add(Path.of(entry));
    }
    return entries;
  }

  /** By name. */
  static SortedMap<String, ModuleReference> ours() {
    SortedMap<String, ModuleReference> ours = new TreeMap<>();
    for (Path entry : classPath()) {
      for (ModuleReference module : ModuleFinder.of(entry).findAll()) {
        ModuleDescriptor descriptor = module.descriptor();
        if (isOurs(descriptor.name()) && !descriptor.isAutomatic()) {
          ours.put(descriptor.name(), module);
        }
      }
    }
    if (ours.isEmpty()) {
      throw new IllegalStateException("no module of ours on the class path: build with Maven");
    }
    return ours;
  }

  static boolean isOurs(String name) {
    return name.equals("io.netmap4j") || name.startsWith("io.netmap4j.");
  }

  /** The classes of a package of a module, nested ones too. Nothing is initialised. */
  static List<Class<?>> classes(ModuleReference module, String packageName) {
    String folder = packageName.replace('.', '/') + "/";
    try (ModuleReader reader = module.open()) {
      List<Class<?>> classes = new ArrayList<>();
      for (String file : (Iterable<String>) reader.list()::iterator) {
        if (file.startsWith(folder)
            && file.endsWith(".class")
            && file.indexOf('/', folder.length()) < 0
            && !file.endsWith("package-info.class")) {
          String name = file.substring(0, file.length() - ".class".length()).replace('/', '.');
          classes.add(Class.forName(name, false, Modules.class.getClassLoader()));
        }
      }
      return classes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }
}
