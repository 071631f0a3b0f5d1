package io.netmap4j.ixgbe;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.TagFilter.includeTags;

import java.io.PrintStream;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs the tests tagged {@link #TAG} of this package in a plain JVM up to the first failure, for
 * {@link MutantsTest}.
 */
final class SuiteRunner {
  /** Tests that a mutant must not survive. */
  static final String TAG = "suite";

  /** Set in the JVMs of mutants: tests with many variants run one of them. */
  static final String ONE_VARIANT = "netmap4j.one-variant";

  private SuiteRunner() {}

  /** Ends at the first failure: classes that name a cause best come first (their @Order). */
  public static void main(String[] args) {
    System.setProperty(ONE_VARIANT, "true");
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectPackage(SuiteRunner.class.getPackageName()))
            .filters(includeTags(TAG))
            .configurationParameter(
                "junit.jupiter.testclass.order.default",
                "org.junit.jupiter.api.ClassOrderer$OrderAnnotation")
            .build();
    FailFast listener = new FailFast();
    LauncherFactory.create().execute(request, listener);
    end(listener.passed, 0);
  }

  /** A mutant may leave threads behind that never end. */
  private static void end(int passed, int failed) {
    PrintStream out = System.out;
    out.println(passed + " passed, " + failed + " failed");
    out.flush();
    Runtime.getRuntime().halt(failed == 0 ? 0 : 1);
  }

  private static final class FailFast implements TestExecutionListener {
    private int passed;

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (result.getStatus() == TestExecutionResult.Status.FAILED) {
        System.out.println(test.getUniqueId());
        result.getThrowable().ifPresent(e -> e.printStackTrace(System.out));
        end(passed, 1);
      }
      passed += test.isTest() ? 1 : 0;
    }
  }
}
