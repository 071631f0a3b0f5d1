package io.netmap4j.ixgbe;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.TagFilter.includeTags;

import java.io.PrintWriter;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs the tests tagged {@link #TAG} of this package in a plain JVM, for {@link MutantsTest}. */
final class SuiteRunner {
  /** Tests that a mutant must not survive. */
  static final String TAG = "suite";

  private SuiteRunner() {}

  public static void main(String[] args) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectPackage(SuiteRunner.class.getPackageName()))
            .filters(includeTags(TAG))
            .build();
    Launcher launcher = LauncherFactory.create();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    launcher.execute(request, listener);
    PrintWriter out = new PrintWriter(System.out, true);
    listener.getSummary().printFailuresTo(out, 12);
    long failed = listener.getSummary().getTotalFailureCount();
    out.println(listener.getSummary().getTestsSucceededCount() + " passed, " + failed + " failed");
    out.flush();
    Runtime.getRuntime().halt(failed == 0 ? 0 : 1); // a mutant may leave threads behind
  }
}
