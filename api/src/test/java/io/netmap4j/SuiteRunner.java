package io.netmap4j;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.TagFilter.includeTags;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs the tests tagged {@link #TAG} of a package in a plain JVM, for {@link MutantsContract}, up
 * to the first failure that names the cause.
 */
public final class SuiteRunner {
  /** Tests that a mutant must not survive. */
  public static final String TAG = "suite";

  /** Set in the JVMs of mutants: tests with many variants run one of them. */
  public static final String ONE_VARIANT = "netmap4j.one-variant";

  private SuiteRunner() {}

  /**
   * Classes that name a cause best come first (their @Order).
   *
   * @param args the package; a regular expression: what names the cause, empty for any failure
   */
  public static void main(String[] args) {
    System.setProperty(ONE_VARIANT, "true");
    Results results = new Results(args[1], new PrintWriter(System.out, true), SuiteRunner::end);
    try {
      execute(selectPackage(args[0]), results);
    } catch (Throwable e) { // what no test can go on after, as a heap that is full
      e.printStackTrace(System.out);
      results.failed++;
    }
    end(results);
  }

  /** What came of it, as {@link #main} tells it. */
  record Outcome(int failed, String text) {}

  /** Runs what is selected in this JVM. */
  static Outcome run(DiscoverySelector selected, String cause) {
    StringWriter text = new StringWriter();
    Results results = new Results(cause, new PrintWriter(text), enough -> {});
    execute(selected, results);
    return new Outcome(results.failed, text + results.count());
  }

  private static void execute(DiscoverySelector selected, Results results) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selected)
            .filters(includeTags(TAG))
            .configurationParameter(
                "junit.jupiter.testclass.order.default",
                "org.junit.jupiter.api.ClassOrderer$OrderAnnotation")
            .build();
    LauncherFactory.create().execute(request, results);
  }

  /** A mutant may leave threads behind that never end. */
  private static void end(Results results) {
    System.out.println(results.count());
    System.out.flush();
    Runtime.getRuntime().halt(results.failed == 0 ? 0 : 1);
  }

  private static final class Results implements TestExecutionListener {
    private final Pattern cause;
    private final PrintWriter out;
    private final Consumer<Results> found;
    private int passed;
    private int failed;

    /**
     * @param found is told when a failure names the cause
     */
    Results(String cause, PrintWriter out, Consumer<Results> found) {
      this.cause = Pattern.compile(cause);
      this.out = out;
      this.found = found;
    }

    String count() {
      return passed + " passed, " + failed + " failed";
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (result.getStatus() != TestExecutionResult.Status.FAILED) {
        passed += test.isTest() ? 1 : 0;
        return;
      }
      failed++;
      StringWriter report = new StringWriter();
      report.append(test.getUniqueId()).append('\n');
      result.getThrowable().ifPresent(e -> e.printStackTrace(new PrintWriter(report)));
      out.println(report);
      if (cause.matcher(report.toString()).find()) {
        found.accept(this);
      }
    }
  }
}
