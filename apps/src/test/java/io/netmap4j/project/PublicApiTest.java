package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netmap4j.linux.LinuxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import net.openhft.chronicle.bytes.PointerBytesStore;
import org.junit.jupiter.api.Test;

/** What programs see: {@code docs/api.txt}, and of which types it is made. */
class PublicApiTest {
  private static final String UPDATE = "netmap4j.api.update";
  private static final Path LISTING = Modules.ROOT.resolve("docs/api.txt");

  /** Chronicle's view of a buffer is handed out, and what netmap4j-metrics is for. */
  private static final Set<Class<?>> OTHERS =
      Set.of(PointerBytesStore.class, MeterBinder.class, MeterRegistry.class);

  @Test
  void isAsListed() throws Exception {
    PublicApi api = new PublicApi(type -> true);
    api.add(Modules.ours().values());
    if (Boolean.getBoolean(UPDATE)) {
      Files.writeString(LISTING, api.text());
    }
    assertThat(api.text())
        .as(
            "the public API differs from docs/api.txt. If that is meant:"
                + " mvn -B -Dquick -pl apps -am test -Dtest=PublicApiTest"
                + " -Dsurefire.failIfNoSpecifiedTests=false -D%s=true",
            UPDATE)
        .isEqualTo(Files.exists(LISTING) ? Files.readString(LISTING) : "");
  }

  @Test
  void mentionsNoInternalType() {
    PublicApi api = new PublicApi(userTypes());
    api.add(Modules.ours().values());
    assertThat(api.forbidden()).isEmpty();
    assertThat(api.text()).contains("class NetmapPort", "class PcapReader", "class Nm");
  }

  /** The check above sees what it looks for, wherever it is. */
  @Test
  void anInternalTypeIsSeen() {
    PublicApi api = new PublicApi(userTypes());
    api.add(Leaky.class);
    assertThat(api.forbidden())
        .hasSize(5)
        .allMatch(it -> it.endsWith(LinuxException.class.getName()));
    assertThat(api.text())
        .isEqualTo(
            """
            protected static class PublicApiTest.Leaky<T extends io.netmap4j.linux.LinuxException>
              protected java.util.List<? extends io.netmap4j.linux.LinuxException> field
              public PublicApiTest.Leaky(io.netmap4j.linux.LinuxException[])
              public final io.netmap4j.linux.LinuxException result()
              public static void thrown(String, int...) throws io.netmap4j.linux.LinuxException

            """
                .replace("public PublicApiTest.Leaky(", "public Leaky("));
  }

  @SuppressWarnings("unused")
  protected static class Leaky<T extends LinuxException> {
    protected List<? extends LinuxException> field;
    int ownPackage;

    public Leaky(LinuxException[] parameter) {}

    public final LinuxException result() {
      return null;
    }

    public static void thrown(String a, int... b) throws LinuxException {}

    private LinuxException own() {
      return null;
    }
  }

  private static Predicate<Class<?>> userTypes() {
    Set<String> packages = new TreeSet<>();
    Modules.ours().values().forEach(module -> packages.addAll(PublicApi.userPackages(module)));
    return type ->
        type.getName().startsWith("java.")
            || OTHERS.contains(type)
            || packages.contains(type.getPackageName()) && PublicApi.isVisible(type);
  }
}
