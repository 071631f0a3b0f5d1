package io.netmap4j;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.TagFilter.includeTags;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.regex.Pattern;
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
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectPackage(args[0]))
            .filters(includeTags(TAG))
            .configurationParameter(
                "junit.jupiter.testclass.order.default",
                "org.junit.jupiter.api.ClassOrderer$OrderAnnotation")
            .build();
    Results results = new Results(Pattern.compile(args[1]));
    try {
      LauncherFactory.create().execute(request, results);
    } catch (Throwable e) { // what no test can go on after, as a heap that is full
      e.printStackTrace(System.out);
      results.failed++;
    }
    end(results.passed, results.failed);
  }

  /** A mutant may leave threads behind that never end. */
  private static void end(int passed, int failed) {
    PrintStream out = System.out;
    out.println(passed + " passed, " + failed + " failed");
    out.flush();
    Runtime.getRuntime().halt(failed == 0 ? 0 : 1);
  }

  private static final class Results implements TestExecutionListener {
    private final Pattern cause;
    private int passed;
    private int failed;

    Results(Pattern cause) {
      this.cause = cause;
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
      System.out.println(report);
      if (cause.matcher(report.toString()).find()) {
        end(passed, failed);
      }
    }
  }
}
