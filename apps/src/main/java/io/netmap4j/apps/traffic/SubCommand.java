package io.netmap4j.apps.traffic;

import picocli.CommandLine.Command;

/** A command with the usual options for help and version. */
@Command(mixinStandardHelpOptions = true, sortOptions = false)
public abstract class SubCommand extends PlainCommand {}
