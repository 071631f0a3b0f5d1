package io.netmap4j.model;

/** The card; to come. */
public final class Nic82599 {}
