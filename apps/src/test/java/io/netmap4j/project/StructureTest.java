package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The layers of modules, and that no packages depend on each other. */
class StructureTest {
  private static final String LINUX = "io.netmap4j.linux";
  private static final String API = "io.netmap4j";
  private static final String FRAMES = "io.netmap4j.frames";
  private static final String MODEL = "io.netmap4j.model";
  private static final String COMPAT = "io.netmap4j.compat";
  private static final String PIPELINE = "io.netmap4j.pipeline";
  private static final String METRICS = "io.netmap4j.metrics";

  /**
   * A module, and those of ours that it may name. The compiler holds a module to what its
   * module-info requires; bench is none, as the jar of jcstress has a package of the JDK's.
   */
  private static final Map<String, Set<String>> LAYERS =
      Map.ofEntries(
          Map.entry(LINUX, Set.of()),
          Map.entry(API, Set.of(LINUX)),
          Map.entry(FRAMES, Set.of(LINUX)),
          Map.entry(MODEL, Set.of(LINUX, API, FRAMES)),
          Map.entry("io.netmap4j.ixgbe", Set.of(LINUX, API)),
          Map.entry("io.netmap4j.uio", Set.of(LINUX, API)),
          Map.entry("io.netmap4j.vfio", Set.of(LINUX, API)),
          Map.entry(COMPAT, Set.of(LINUX, API)),
          Map.entry(PIPELINE, Set.of(LINUX, API, FRAMES)),
          Map.entry(METRICS, Set.of(API, PIPELINE)),
          Map.entry("io.netmap4j.apps", Set.of(LINUX, API, FRAMES, MODEL, COMPAT, METRICS)));

  /** Packages that programs see; all others are exported to modules of ours, or not at all. */
  private static final Set<String> USER_PACKAGES =
      Set.of(API, "io.netmap4j.common", FRAMES, COMPAT, COMPAT + ".vale", PIPELINE, METRICS);

  @Test
  void aModuleRequiresOnlyThoseBelowIt() {
    SortedMap<String, ModuleReference> ours = Modules.ours();
    assertThat(ours.keySet()).isEqualTo(new TreeSet<>(LAYERS.keySet()));
    ours.forEach(
        (name, module) ->
            assertThat(module.descriptor().requires())
                .as(name)
                .extracting(ModuleDescriptor.Requires::name)
                .filteredOn(Modules::isOurs)
                .isSubsetOf(LAYERS.get(name)));
  }

  @Test
  void onlyUserPackagesAreExportedToAll() {
    Set<String> exported = new TreeSet<>();
    for (ModuleReference module : Modules.ours().values()) {
      exported.addAll(PublicApi.userPackages(module));
      for (ModuleDescriptor.Exports exports : module.descriptor().exports()) {
        // The compiler takes any name: a module above isn't built yet.
        assertThat(LAYERS.keySet()).as(exports.toString()).containsAll(exports.targets());
      }
    }
    assertThat(exported).isEqualTo(new TreeSet<>(USER_PACKAGES));
  }

  /** The compiler checks it where a package says so. */
  @Test
  void userPackagesSayWhatMayBeNull() throws Exception {
    for (String name : USER_PACKAGES) {
      Class<?> info = Class.forName(name + ".package-info");
      assertThat(info.isAnnotationPresent(NullMarked.class)).as(name).isTrue();
    }
  }

  /**
   * A program on the class path finds services by META-INF, one on the module path by module-info.
   */
  @Test
  void bothPathsOfferTheSameServices() throws Exception {
    for (ModuleReference module : Modules.ours().values()) {
      Map<String, List<String>> modulePath = new TreeMap<>();
      module.descriptor().provides().forEach(p -> modulePath.put(p.service(), p.providers()));
      Map<String, List<String>> classPath = new TreeMap<>();
      String folder = "META-INF/services/";
      try (var reader = module.open()) {
        for (String file : (Iterable<String>) reader.list()::iterator) {
          if (file.startsWith(folder) && !file.equals(folder)) {
            String lines =
                new String(reader.open(file).orElseThrow().readAllBytes(), StandardCharsets.UTF_8);
            classPath.put(
                file.substring(folder.length()), lines.lines().collect(Collectors.toList()));
          }
        }
      }
      assertThat(classPath).as(module.toString()).isEqualTo(modulePath);
    }
  }

  @Test
  void noPackagesDependOnEachOther() {
    Map<String, Set<String>> edges = packageEdges();
    assertThat(edges).containsKeys(API, MODEL, "io.netmap4j.apps");
    assertThat(edges.get(API)).contains(LINUX);
    assertThat(cycle(edges)).isEmpty();
  }

  @Test
  void aCycleIsFound() {
    Map<String, Set<String>> edges = new HashMap<>();
    edges.put("a", new TreeSet<>(Set.of("b", "c", "d")));
    edges.put("b", Set.of("d"));
    edges.put("c", Set.of("d"));
    assertThat(cycle(edges)).isEmpty();
    edges.put("d", Set.of("e", "c"));
    assertThat(cycle(edges)).containsExactly("d", "c", "d");
  }

  /** For each package of ours, the others of ours that its classes name, as jdeps sees it. */
  private static Map<String, Set<String>> packageEdges() {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--multi-release",
                "base",
                "-verbose:class",
                "-filter:none",
                "--module-path",
                Modules.classPath().stream()
                    .map(Path::toString)
                    .filter(entry -> !entry.endsWith("-tests.jar"))
                    .collect(Collectors.joining(File.pathSeparator))));
    Modules.ours().values().forEach(m -> arguments.add(Path.of(m.location().get()).toString()));
    StringWriter out = new StringWriter();
    int exit =
        ToolProvider.findFirst("jdeps")
            .orElseThrow()
            .run(new PrintWriter(out), new PrintWriter(out), arguments.toArray(String[]::new));
    assertThat(exit).as(out.toString()).isZero();
    // "   a.package.Class   -> another.package.Class   another.package (qualified)"
    Pattern line = Pattern.compile("(?m)^ +(\\S+)\\.[^.\\s]+ +-> (\\S+)\\.[^.\\s]+ ");
    Map<String, Set<String>> edges = new TreeMap<>();
    for (Matcher m = line.matcher(out.toString()); m.find(); ) {
      String from = m.group(1);
      String to = m.group(2);
      if (Modules.isOurs(from) && Modules.isOurs(to) && !from.equals(to)) {
        edges.computeIfAbsent(from, any -> new TreeSet<>()).add(to);
      }
    }
    return edges;
  }

  /** A circle of packages, the first one again at the end; empty if there is none. */
  private static List<String> cycle(Map<String, Set<String>> edges) {
    Set<String> done = new TreeSet<>();
    for (String start : new TreeSet<>(edges.keySet())) {
      List<String> found = cycle(edges, start, new ArrayList<>(), done);
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  private static List<String> cycle(
      Map<String, Set<String>> edges, String at, List<String> way, Set<String> done) {
    int seen = way.indexOf(at);
    way.add(at);
    if (seen >= 0) {
      return way.subList(seen, way.size());
    }
    for (String next : edges.getOrDefault(at, Set.of())) {
      if (!done.contains(next)) {
        List<String> found = cycle(edges, next, way, done);
        if (!found.isEmpty()) {
          return found;
        }
      }
    }
    way.remove(way.size() - 1);
    done.add(at);
    return List.of();
  }
}
