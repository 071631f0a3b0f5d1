package io.netmap4j.spi;
/** Placeholder until the next commit of this file. */
public final class Kring {}
