package io.netmap4j.project;

import static org.assertj.core.api.Assertions.assertThat;

import io.netmap4j.Netmap;
import io.netmap4j.compat.Nm;
import io.netmap4j.compat.Nmreq;
import io.netmap4j.compat.NmreqOption;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/netmap-api.md is complete and true: of netmap's names, of our constants, of the tests. */
class NetmapApiTest {
  private static final String UPDATE = "netmap4j.api.update";
  private static final Path DOCUMENT = Modules.ROOT.resolve("docs/netmap-api.md");
  private static final Pattern OF_HEADERS =
      Pattern.compile("(?:N[IMRS]_|NETMAP_|NIOC)[A-Z0-9_]+|(?:nm|nmport|nmreq|nmctx)_[a-z_]+");

  private final NetmapApi api = new NetmapApi(Sources.all());

  private SortedSet<String> documented() {
    SortedSet<String> all = new TreeSet<>();
    for (NetmapApi.Row row : api.rows) {
      for (String name : row.names()) {
        assertThat(all.add(name) || !OF_HEADERS.matcher(name).matches())
            .as("%s has two rows", name)
            .isTrue();
      }
    }
    return all;
  }

  @Test
  void everyNameOfTheHeadersHasARowAndNoOtherOne() {
    SortedSet<String> rows = documented();
    rows.removeIf(name -> !OF_HEADERS.matcher(name).matches());
    SortedSet<String> names = new TreeSet<>(api.names);
    names.removeIf(name -> !OF_HEADERS.matcher(name).matches());
    assertThat(rows).isEqualTo(names);
    assertThat(documented()).containsAll(api.names);
  }

  @Test
  void everyConstantHasARow() {
    SortedSet<String> missing = new TreeSet<>();
    SortedSet<String> rows = documented();
    for (Class<?> type : List.of(Netmap.class, Nm.class, Nmreq.class, NmreqOption.class)) {
      for (Field field : type.getFields()) {
        if (Modifier.isStatic(field.getModifiers()) && !rows.contains(field.getName())) {
          missing.add(type.getSimpleName() + "." + field.getName());
        }
      }
    }
    assertThat(missing).isEmpty();
  }

  @Test
  void everyRowHasAStateATestThatExistsOrAReason() {
    SortedSet<String> wrong = new TreeSet<>();
    for (NetmapApi.Row row : api.rows) {
      String name = String.join(" ", row.names());
      if (!NetmapApi.STATES.contains(row.state())) {
        wrong.add(name + ": state " + row.state());
      }
      if (!row.state().equals("works") && row.remark().isEmpty()) {
        wrong.add(name + ": no remark");
      }
      if (!row.state().equals("not here") && row.tests().isEmpty()) {
        wrong.add(name + ": no test");
      }
      for (String test : row.tests()) {
        if (!api.isTest(test)) {
          wrong.add(name + ": no test " + test);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void everyTestOfNetmapsHasOneHereOrAReason() {
    SortedSet<String> wrong = new TreeSet<>();
    SortedSet<String> ids = new TreeSet<>();
    for (NetmapApi.Case c : api.cases) {
      ids.add(c.id());
      if (api.found.containsKey(c.id()) != c.reason().isEmpty()) {
        wrong.add(
            c.id()
                + " "
                + c.name()
                + (c.reason().isEmpty() ? " has no test" : " has a test and a reason"));
      }
    }
    api.found.keySet().stream().filter(id -> !ids.contains(id)).forEach(id -> wrong.add(id + "?"));
    assertThat(wrong).isEmpty();
    assertThat(ids).hasSize(27 + 50);
  }

  @Test
  void theDocumentIsMadeOfTheLists() throws Exception {
    String text = api.document();
    if (Boolean.getBoolean(UPDATE)) {
      Files.writeString(DOCUMENT, text);
    }
    assertThat(Files.exists(DOCUMENT) ? Files.readString(DOCUMENT) : "")
        .as(
            "docs/netmap-api.md differs from its lists or from the tests that there are. To make it anew:"
                + " mvn -B -Dquick -pl apps -am test -Dtest=NetmapApiTest"
                + " -Dsurefire.failIfNoSpecifiedTests=false -D%s=true",
            UPDATE)
        .isEqualTo(text);
  }
}
